"""What the keys and values of a plan document are called, in the reader's language."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel

from contingency.catalog.models import FaultClass
from contingency.org.models import Layer
from contingency.org.roles import Role
from contingency.plan.document import PlanDocument
from contingency.plan.document.durations import spell
from contingency.plan.models import Audience, Clock, Grade, MessageKind, ResponseRole, RiskField, ScheduleKind, Track
from kernel import moves
from kernel.errors import NotFound
from kernel.i18n import language_suffix, listed

LABELS: Mapping[str, str | Promise] = {
    "title": _("Title"),
    "purpose": _("Purpose"),
    "scope": pgettext_lazy("of a plan", "Scope"),
    "principles": _("Principles"),
    "units": _("Units of the organisation"),
    "positions": _("Positions and duties"),
    "groups": _("Emergency groups"),
    "rosters": _("Duty rosters"),
    "faults": _("Faults"),
    "failure_causes": _("Why upgrades fail"),
    "impact_areas": _("What a failure harms"),
    "recovery_targets": _("Recovery targets"),
    "escalation_chains": _("Escalation chains"),
    "playbooks": _("Playbooks"),
    "response_levels": _("Response levels"),
    "message_texts": _("Message texts"),
    "procedures": _("How we work"),
    "risks": _("Risks"),
    "meeting_kinds": _("Meetings"),
    "schedules": _("What comes round again"),
    "evaluation": _("How a drill or an incident is judged"),
    "resources": _("Resources"),
    "format": _("Format"),
    "slug": _("Short name"),
    "name": pgettext_lazy("of a thing", "Name"),
    "parent": _("Belongs to"),
    "unit": _("Unit"),
    "layer": _("Layer"),
    "role": _("Role"),
    "duties": _("Duties"),
    "members": _("Members"),
    "ranks": _("People on duty at once"),
    "rank": _("Rank"),
    "kinds": _("Kinds"),
    "kind": _("Kind"),
    "causes": _("Causes"),
    "description": _("Description"),
    "clock": _("Clock"),
    "part": _("Part"),
    "target": _("Target"),
    "thresholds": _("Warns at per cent"),
    "steps": _("Steps"),
    "gives_up_after": _("Gives up after"),
    "after": _("After"),
    "roster": _("Roster"),
    "position": _("Position"),
    "track": _("Track"),
    "expected": _("Expected"),
    "safe": _("Can do no harm"),
    "move": _("Done by the console"),
    "instruction": _("What to do"),
    "where": _("Where"),
    "success": _("It worked when"),
    "otherwise": _("If not"),
    "fault_class": _("Fault class"),
    "fault_kind": _("Fault kind"),
    "after_upgrade": _("After an upgrade"),
    "recognise": _("How to recognise it"),
    "criteria": _("Criteria"),
    "calls": _("Who is called"),
    "chain": _("Escalation chain"),
    "update_every": _("Updates every"),
    "grade": _("Grade"),
    "subject": _("Subject"),
    "body": _("Text"),
    "texts": _("Texts to send"),
    "signs": _("How it shows"),
    "first_measure": _("First measure"),
    "field": _("Where it comes from"),
    "likelihood": _("Likelihood"),
    "impact": _("Impact"),
    "owner": _("Responsible"),
    "measures": _("Measures"),
    "every": _("Every"),
    "occasion": _("On what occasion"),
    "lasts": _("Lasts"),
    "led_by": _("Led by"),
    "agenda": _("Agenda"),
    "outcome": _("Outcome"),
    "what": _("What is done"),
    "measure": _("What is measured"),
    "standard": _("Good enough"),
    "audience": _("For whom"),
}

# fields whose value is a fixed word
_WORDS: Mapping[str, Any] = {
    "layer": Layer,
    "clock": Clock,
    "grade": Grade,
    "track": Track,
    "fault_class": FaultClass,
    "audience": Audience,
    "field": RiskField,
}
_KINDS: tuple[Any, ...] = (MessageKind, ScheduleKind)  # no word of one is a word of the other
# fields whose value is the short name of something in the document: where it is listed
_NAMES: Mapping[str, str] = {
    "unit": "units",
    "parent": "units",
    "roster": "rosters",
    "position": "positions",
    "chain": "escalation_chains",
    "members": "positions",
    "groups": "groups",
    "playbooks": "playbooks",
    "texts": "message_texts",
    "positions": "positions",
    "led_by": "positions",
    "owner": "positions",
}


def is_pair(value: Any) -> bool:
    """Whether it is one text in both languages."""
    return isinstance(value, BaseModel) and set(type(value).model_fields) == {"en", "zh"}


def said(value: Any) -> str:
    """The reader's half of a text in both languages."""
    return str(getattr(value, language_suffix())) if is_pair(value) else str(value or "")


def label_of(field: str) -> str:
    """What a key is called; an unknown one by its own name."""
    return str(LABELS.get(field, field.replace("_", " ").capitalize()))


_UNITS = {"s": gettext_noop("s"), "min": gettext_noop("min"), "h": gettext_noop("h")}


class Names:
    """Short names of documents → what people call them, and values of fields as words."""

    def __init__(self, *documents: PlanDocument) -> None:
        self._found: dict[tuple[str, str], Any] = {}
        for document in documents:
            for section in set(_NAMES.values()):
                self._found |= {(section, item.slug): item.name for item in getattr(document, section, [])}
            for fault in document.faults:
                self._kinds(fault.kinds)

    def _kinds(self, kinds: Iterable[Any]) -> None:
        for kind in kinds:
            self._found["fault_kind", kind.slug] = kind.name
            self._kinds(kind.kinds)

    def of(self, section: str, slug: str) -> str:
        """The name of something; its short name when it is not listed."""
        found = self._found.get((section, slug))
        return said(found) if found is not None else slug

    def value(self, field: str, value: Any) -> str:
        """One value of a field as people read it."""
        if value is None or value == "" or value == []:
            return "—"
        if isinstance(value, list):
            return listed(self.value(field, item) for item in value)
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if isinstance(value, timedelta):
            return spoken(value)
        if is_pair(value):
            return said(value)
        return self._word(field, value)

    def _word(self, field: str, value: Any) -> str:
        if field in _WORDS and value in _WORDS[field].values:
            return str(_WORDS[field](value).label)
        if field == "role":
            return str(role_words(value))
        if field == "kind":
            return next((str(words(value).label) for words in _KINDS if value in words.values), str(value))
        if field == "fault_kind":
            return self.of("fault_kind", value)
        if field == "move":
            return move_words(value)
        return self.of(_NAMES[field], value) if field in _NAMES and isinstance(value, str) else str(value)

    def whom(self, call: Any) -> str:
        """Whom a step of a chain or a call of a level means."""
        if call.roster:
            return gettext("%(roster)s, rank %(rank)s") % {"roster": self.of("rosters", call.roster), "rank": call.rank or 1}
        return self.of("positions", call.position or "")


def role_words(role: str) -> str | Promise:
    """A standing role, or one held in an incident."""
    if role in Role.values:
        return Role(role).label
    return ResponseRole(role).label if role in ResponseRole.values else role


def move_words(move_id: str) -> str:
    """What a move is called; its id when the console has no such move."""
    try:
        return str(moves.get(move_id).title)
    except NotFound:
        return move_id


def spoken(length: timedelta) -> str:
    """A length of time as the plan writes it, in the reader's language: 5 min, 24 h, 90 d."""
    number, _blank, unit = spell(length).partition(" ")
    if unit == "d":
        return ngettext("%(n)d day", "%(n)d days", int(number)) % {"n": int(number)}
    return f"{number} {gettext(_UNITS[unit])}"
