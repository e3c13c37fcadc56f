"""A move's form, built from its row in the table of moves; keeps what was typed, knows what each field is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contingency.org import selectors as org
from kernel.errors import DomainError
from kernel.inputs import Choice, Flag, Identifier, Input, Number, Person, Text, When
from kernel.inputs import Mapping as Pairs
from kernel.moves import Move

FEW = 6  # that many choices are shown at once instead of in a list


@dataclass
class Field:
    """One field as the template draws it."""

    name: str
    label: str
    widget: str  # line, paragraph, buttons, list, moment, tick, number, pairs, secret
    help: str = ""
    required: bool = False
    value: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""
    only_with: str = ""  # "kind=heartbeat": a script hides it while that field says something else

    @property
    def id(self) -> str:
        """Its id in the page."""
        return f"field-{self.name}"


@dataclass
class MoveForm:
    """All fields of a move, what was typed, and what was wrong with it."""

    move: Move
    fields: list[Field]
    errors: list[str] = field(default_factory=list)

    @property
    def inputs(self) -> dict[str, Any]:
        """What goes to the move: only what was filled in; moments with the person's zone."""
        by_name = {item.name: item for item in self.move.inputs}
        return {shown.name: _outgoing(by_name[shown.name], shown.value) for shown in self.fields if shown.name in by_name and shown.value != ""}

    @property
    def reason(self) -> str:
        """Why."""
        return next((shown.value for shown in self.fields if shown.name == "reason"), "")

    def take(self, refusal: DomainError) -> None:
        """Put a refusal to the field it is about, or above the form."""
        label = str(refusal.params.get("field", ""))
        wanted = "reason" if refusal.code == "reason_required" else ""
        for shown in self.fields:
            if (label and label in (shown.name, shown.label)) or shown.name == wanted:
                shown.error = str(refusal.params.get("problem") or refusal.message)
                return
        self.errors.append(refusal.message)


def move_form(move: Move, typed: Mapping[str, str] | None = None, record: Any = None) -> MoveForm:
    """The form of a move for a record, filled with what was typed or linked to."""
    typed = typed or {}
    secrets = move.extra.get("secret_inputs", ())
    given = move.extra.get("given_inputs", ())  # come with the link; without it they are asked for
    first = move.extra.get("chosen_first", ())  # one choice was pressed to come here: it stands before the others
    only_with = move.extra.get("only_with", {})  # asked for only when another field says so
    fields = [
        _field(item, typed.get(item.name), record, is_secret=item.name in secrets, is_given=item.name in given, is_first=item.name in first)
        for item in move.inputs
    ]
    for shown in fields:
        shown.only_with = only_with.get(shown.name, "")
    if not any(shown.name == "reason" for shown in fields):
        words = _("Why? It becomes part of the record.") if move.reason_required else _("It becomes part of the record.")
        fields.append(Field("reason", gettext("Reason"), "paragraph", str(words), move.reason_required, typed.get("reason", "")))
    return MoveForm(move, fields)


def _field(item: Input, typed: str | None, record: Any, *, is_secret: bool, is_given: bool, is_first: bool) -> Field:
    shown = Field(item.name, str(item.label), "line", str(item.help), item.required)
    if isinstance(item, Text):
        shown.widget = "paragraph" if item.multiline else "line"
    elif isinstance(item, Choice):
        shown.options = [(value, str(words)) for value, words in item.options()]
        shown.widget = "buttons" if len(shown.options) <= FEW else "list"
    elif isinstance(item, When):
        shown.widget = "moment"
        zone = gettext("In your time zone (%(zone)s).") % {"zone": timezone.get_current_timezone_name()}
        gap = " " if shown.help and not shown.help.endswith("。") else ""
        shown.help = f"{shown.help}{gap}{zone}"
    elif isinstance(item, Identifier):
        shown.options = _records(item)
        shown.widget = "list" if shown.options else "line"
    elif isinstance(item, Flag):
        shown.widget = "tick"
    elif isinstance(item, Number):
        shown.widget = "number"
    elif isinstance(item, Pairs):
        shown.widget = "pairs"
        shown.help = shown.help or gettext("One per line: name = value")
    choices_of_record = getattr(record, f"{item.name}_choices", None)
    if callable(choices_of_record):  # what this record has to choose from, instead of asking people to type it off another screen
        shown.options = choices_of_record()
        shown.widget = "buttons" if shown.options else shown.widget
    if is_first and typed:
        shown.options.sort(key=lambda option: option[0] != typed)
    if is_secret:
        shown.widget = "secret"
    shown.value = typed if typed is not None else _present(item, record)
    shown.required = shown.required or item.name in getattr(record, "inputs_needed", ())
    if is_given and shown.value:
        shown.widget = "hidden"
    return shown


def _records(item: Identifier) -> list[tuple[str, str]]:
    if item.options_for is not None:
        return [(str(value), str(words)) for value, words in item.options_for()]
    if isinstance(item, Person):
        return [(str(user.public_id), str(user)) for user in org.user_list()]
    return []


def _present(item: Input, record: Any) -> str:
    """What the record holds already under the same name, so that a correction starts from it."""
    if record is None or item.name == "password":
        return ""
    value = getattr(record, item.name, None) or getattr(record, f"proposed_{item.name}", None)
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, bool):
        return "on" if value else ""
    return str(value) if isinstance(value, str | int) else ""


def _outgoing(item: Input, value: str) -> Any:
    if isinstance(item, When):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment if moment.tzinfo else timezone.make_aware(moment)
    return value
