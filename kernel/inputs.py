"""What a person must say with a move; REST schemas and HTML forms are made from these."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from kernel.errors import Invalid
from kernel.journal.plain import clean_text

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class Input:
    """One value: its name in services and API, its label and help on screens, whether it must be given."""

    name: str
    label: Words
    help: Words = ""
    required: bool = False

    def clean(self, value: Any) -> Any:
        """The Python value of what came in. Raises Invalid; None or "" for an optional one left out gives `empty`."""
        if value is None or value == "":
            if self.required:
                raise Invalid(field=self.label, problem=_now("this is needed."))
            return self.empty
        return self.read(value)

    @property
    def empty(self) -> Any:
        """What the service gets when nothing was given."""
        return None

    def read(self, value: Any) -> Any:
        """Turn a given value into what the service expects."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Text(Input):
    """A line or paragraph of text."""

    multiline: bool = False
    max_length: int = 10_000

    @property
    def empty(self) -> str:
        """No text."""
        return ""

    def read(self, value: Any) -> str:
        """Refuses what is not text or too long."""
        if not isinstance(value, str):
            raise Invalid(field=self.label, problem=_now("this must be text."))
        text = clean_text(value).strip()
        if len(text) > self.max_length:
            raise Invalid(field=self.label, problem=_now("at most %(count)s characters.") % {"count": self.max_length})
        if self.required and not text:
            raise Invalid(field=self.label, problem=_now("this is needed."))
        return text


@dataclass(frozen=True, kw_only=True)
class Choice(Input):
    """One of a fixed set. `choices`: (value, words) pairs, or a function giving them at the time."""

    choices: Iterable[tuple[str, Words]] | Callable[[], Iterable[tuple[str, Words]]]

    @property
    def empty(self) -> str:
        """Nothing chosen."""
        return ""

    def options(self) -> list[tuple[str, Words]]:
        """The pairs to choose from now."""
        return list(self.choices() if callable(self.choices) else self.choices)

    def read(self, value: Any) -> str:
        """Refuses what is not among the choices."""
        if value not in [option for option, _words in self.options()]:
            raise Invalid(
                field=self.label, problem=_now("choose one of: %(choices)s.") % {"choices": ", ".join(option for option, _w in self.options())}
            )
        return str(value)


@dataclass(frozen=True, kw_only=True)
class When(Input):
    """A moment, ISO 8601 with zone; without one it is read in the person's zone by the screen, refused by the API."""

    def read(self, value: Any) -> datetime:
        """An aware moment, UTC."""
        moment = value if isinstance(value, datetime) else None
        if isinstance(value, str):
            try:
                moment = parse_datetime(value)
            except ValueError:
                moment = None
        if moment is None or moment.tzinfo is None:
            raise Invalid(field=self.label, problem=_now("give date, time and zone, such as 2026-11-21T09:30:00+08:00."))
        return moment.astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Identifier(Input):
    """Another record, by its public id. `options` may offer (id, words) pairs for a screen."""

    kind: str = ""
    options_for: Callable[[], Iterable[tuple[str, Words]]] | None = None

    def read(self, value: Any) -> UUID:
        """A UUID."""
        try:
            return value if isinstance(value, UUID) else UUID(str(value))
        except ValueError:
            raise Invalid(field=self.label, problem=_now("this is not an id.")) from None


@dataclass(frozen=True, kw_only=True)
class Person(Identifier):
    """A person, by public id."""


@dataclass(frozen=True, kw_only=True)
class Flag(Input):
    """Yes or no; left out means no."""

    @property
    def empty(self) -> bool:
        """No."""
        return False

    def read(self, value: Any) -> bool:
        """True for true, "true", "on", "1"; False for their opposites."""
        if value in (True, "true", "on", "1", "True"):
            return True
        if value in (False, "false", "off", "0", "False"):
            return False
        raise Invalid(field=self.label, problem=_now("this is yes or no."))


@dataclass(frozen=True, kw_only=True)
class Number(Input):
    """A number within bounds."""

    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None

    def read(self, value: Any) -> Decimal:
        """A finite Decimal within the bounds."""
        try:
            number = Decimal(str(value)) if not isinstance(value, bool) else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or len(str(value)) > 40:
            raise Invalid(field=self.label, problem=_now("this must be a number."))
        if self.minimum is not None and number < self.minimum:
            raise Invalid(field=self.label, problem=_now("at least %(bound)s.") % {"bound": self.minimum})
        if self.maximum is not None and number > self.maximum:
            raise Invalid(field=self.label, problem=_now("at most %(bound)s.") % {"bound": self.maximum})
        return number


@dataclass(frozen=True, kw_only=True)
class Mapping(Input):
    """Names and texts (labels of a silence, a field mapping): a JSON object of short strings."""

    max_items: int = 64

    @property
    def empty(self) -> dict[str, str]:
        """No pairs."""
        return {}

    def read(self, value: Any) -> dict[str, str]:
        """From a JSON object, or from lines `name = value` of a form."""
        if isinstance(value, str):
            pairs = [line.partition("=") for line in value.splitlines() if line.strip()]
            value = {name.strip(): text.strip() for name, _equals, text in pairs}
        if (
            not isinstance(value, dict)
            or len(value) > self.max_items
            or not all(isinstance(key, str) and isinstance(text, str) for key, text in value.items())
        ):
            raise Invalid(field=self.label, problem=_now("this must be pairs of name and text."))
        return {clean_text(key): clean_text(text) for key, text in value.items()}


REASON = Text(name="reason", label=_("Reason"), multiline=True)
