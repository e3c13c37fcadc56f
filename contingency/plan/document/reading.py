"""From text to document: YAML events → plain values with the line of each → schema → rules."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from contingency.plan.document.problems import Location, PlanDocumentInvalid, Problem, spell
from contingency.plan.document.rules import broken_rules
from contingency.plan.document.schema import PlanDocument

LARGEST_BYTES = 2 * 1024 * 1024
DEEPEST = 20

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}

Lines = dict[Location, int]


def read(text: str) -> PlanDocument:
    """The document in this text. Raises PlanDocumentInvalid with all problems of the first stage that finds any.

    Stages: YAML itself; shape (types, missing and unknown keys); rules (references, completeness).
    """
    if len(text.encode("utf-8", "replace")) > LARGEST_BYTES:
        raise PlanDocumentInvalid([Problem(1, "", _("The document is larger than 2 MiB."))])
    values, lines = _Builder(text).build()
    try:
        document = PlanDocument.model_validate(values)
    except ValidationError as error:
        raise PlanDocumentInvalid([_as_problem(dict(item), lines) for item in error.errors()]) from None
    problems = [Problem(_line_of(location, lines), spell(location), message) for location, message in broken_rules(document)]
    if problems:
        raise PlanDocumentInvalid(problems)
    return document


class _Builder:
    """Builds plain values from YAML events and remembers where each stood.

    Only what the format needs: mappings with text keys, lists, text, whole numbers, true, false, null. `no` and
    `2025-01-01` stay text. Anchors, aliases and tags are refused; so is a key given twice, which YAML libraries let pass.
    """

    def __init__(self, text: str) -> None:
        self.text = text.removeprefix("\ufeff")
        self.lines: Lines = {}
        self.problems: list[Problem] = []

    def build(self) -> tuple[Any, Lines]:
        """Values and lines. Raises PlanDocumentInvalid."""
        try:
            self.events = self._events()
            value = self._document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._complain(mark, (), _("This is not YAML: %(problem)s.") % {"problem": error.problem or error.context or ""})
        except (yaml.YAMLError, UnicodeEncodeError) as error:
            position = getattr(error, "position", getattr(error, "start", 0))
            line = self.text.count("\n", 0, position) + 1
            self.problems.append(Problem(line, "", _("There is a character here that cannot be printed.")))
        if self.problems:
            raise PlanDocumentInvalid(self.problems)
        return value, self.lines

    def _events(self) -> Iterator[yaml.Event]:
        for event in yaml.parse(self.text, Loader=_Loader):
            if isinstance(event, yaml.NodeEvent) and event.anchor:
                self._complain(event.start_mark, (), _("Anchors and aliases are not used here; write the value out."))
                raise PlanDocumentInvalid(self.problems)
            yield event

    def _document(self) -> Any:
        value: Any = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._complain(event.start_mark, (), _("There is a second document in this file."))
                    break
                value = self._value(next(self.events), ())
        if not documents:
            self.problems.append(Problem(1, "", _("The document is empty.")))
        return value

    def _value(self, event: yaml.Event, location: Location) -> Any:
        self.lines.setdefault(location, _line(event))
        if len(location) > DEEPEST:
            self._complain(event.start_mark, (), _("This is nested too deeply."))
            raise PlanDocumentInvalid(self.problems)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(location)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(location)
        return self._scalar(event, location)

    def _mapping(self, location: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._complain(event.start_mark, location, _("A key must be a word."))
                raise PlanDocumentInvalid(self.problems)
            key = event.value
            if key in found:
                self._complain(event.start_mark, (*location, key), _("“%(key)s” is given twice.") % {"key": key})
            else:
                self.lines[(*location, key)] = _line(event)
            found[key] = self._value(next(self.events), (*location, key))
        return found

    def _sequence(self, location: Location) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*location, len(found))))
        return found

    def _scalar(self, event: yaml.Event, location: Location) -> Any:
        assert isinstance(event, yaml.ScalarEvent)
        if event.tag not in {None, "!"}:
            self._complain(event.start_mark, location, _("Tags such as “%(tag)s” are not used here.") % {"tag": event.tag})
        if not event.implicit[0]:
            return event.value
        if _WHOLE_NUMBER.fullmatch(event.value):
            return int(event.value)
        return _WORDS.get(event.value, event.value)

    def _complain(self, mark: Any, location: Location, message: str | Promise) -> None:
        self.problems.append(Problem(mark.line + 1 if mark else 1, spell(location), message))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _line_of(location: Location, lines: Lines) -> int:
    """The line of that place, or of what encloses it where it is missing."""
    while location and location not in lines:
        location = location[:-1]
    return lines.get(location, 1)


_MESSAGES: dict[str, Any] = {
    "missing": _("“%(key)s” is missing."),
    "extra_forbidden": _("“%(key)s” is not known here."),
    "string_type": _("Text is expected here; put a number or a bare word in quotes."),
    "int_type": _("A whole number is expected here."),
    "bool_type": _("true or false is expected here."),
    "list_type": _("A list is expected here."),
    "model_type": _("Keys with values are expected here."),
    "too_short": _("The list must not be empty."),
    "string_pattern_mismatch": _("“%(input)s” is no short name: lower-case letters, digits and hyphens only."),
    "string_too_long": _("Too long: at most %(max_length)s characters."),
    "greater_than_equal": _("Too small: at least %(ge)s."),
    "less_than_equal": _("Too large: at most %(le)s."),
    "literal_error": _("%(expected)s is expected here."),
    "duration": _("A length of time is expected here, such as “20 s”, “5 min”, “2 h” or “7 d”."),
    "empty_text": _("The text is empty."),
    "unprintable": _("The text holds a character that cannot be printed (tabs count as such)."),
    "one_of": _("“%(input)s” is not known; expected one of: %(words)s."),
    "one_line": _("This must be one line."),
    "whole_minutes": _("Whole minutes are expected here, at least one."),
    "not_nothing": _("This must be longer than nothing."),
    "thresholds": _("The per cent must rise and end with 100."),
}
_OTHER = _("This is not accepted: %(msg)s.")


def _as_problem(error: dict[str, Any], lines: Lines) -> Problem:
    """One complaint of the schema in our words, with its line."""
    location: Location = tuple(error["loc"])
    params = {"key": location[-1] if location else "", "input": str(error.get("input"))[:60], "msg": error["msg"], **error.get("ctx", {})}
    message = _MESSAGES.get(error["type"], _OTHER) % params
    return Problem(_line_of(location, lines), spell(location), message)
