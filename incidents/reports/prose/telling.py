"""How moments, spans, names and lists read inside a sentence, in the language that is active."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from contingency.org.models import User
from incidents.reports.selectors.facts import Facts
from kernel.actors import SYSTEM
from kernel.i18n import in_readers_words, language_suffix, listed, one_of, pick

DAYS_FROM = 172_800  # seconds: a target of 24 hours is called that
MINUTES_ONLY_FROM = timedelta(minutes=10)  # nobody counts seconds of what took longer
SECONDS_UNTIL = timedelta(minutes=30)  # an incident over sooner is told to the second: "at 10:14" five times tells nothing
_INNER_QUOTES = str.maketrans("“”", "‘’")  # a quotation within one


class Teller:
    """Tells facts of one incident in one language and in the report's time zone."""

    def __init__(self, facts: Facts, language: str) -> None:
        self.facts = facts
        self.is_chinese = language_suffix(language) == "zh"
        self.first_day = facts.incident.failing_since.astimezone(facts.zone).date()
        self.pattern = "%H:%M:%S" if facts.lasted is not None and facts.lasted < SECONDS_UNTIL else "%H:%M"

    def day(self, moment: datetime) -> str:
        """22 November 2026."""
        return date_format(moment.astimezone(self.facts.zone), pgettext("date in a sentence", "j F Y"))

    def at(self, moment: datetime | None) -> str:
        """10:14 (of a short incident 10:14:05); with the day where it is not the first one of the incident."""
        return self._at(moment, self.pattern)

    def _at(self, moment: datetime | None, pattern: str) -> str:
        if moment is None:
            return "–"
        local = moment.astimezone(self.facts.zone)
        time = local.strftime(pattern)
        if local.date() == self.first_day:
            return time
        return _("%(time)s on %(day)s") % {"time": time, "day": date_format(local, pgettext("day in a sentence", "j F"))}

    def exact(self, moment: datetime | None) -> str:
        """As `at`, to the second."""
        return self._at(moment, "%H:%M:%S")

    def span(self, length: timedelta, *, exact: bool = False) -> str:
        """2 hours 26 minutes; 41 seconds. `exact`: to the second however long it is."""
        seconds = max(0, round(length.total_seconds()))
        if not seconds:
            return _("less than a second")
        if length >= MINUTES_ONLY_FROM and not exact:
            seconds = round(seconds / 60) * 60
        days, rest = divmod(seconds, 86400) if seconds >= DAYS_FROM else (0, seconds)
        hours, rest = divmod(rest, 3600)
        minutes, rest = divmod(rest, 60)
        words = [
            ngettext("%(n)d day", "%(n)d days", days) % {"n": days} if days else "",
            ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else "",
            ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes} if minutes else "",
            ngettext("%(n)d second", "%(n)d seconds", rest) % {"n": rest} if rest else "",
        ]
        return self.glue.join(word for word in words if word)

    def between(self, start: datetime | None, end: datetime | None) -> str:
        """How long from one moment to the other."""
        return self.span(self.length(start, end)) if start is not None and end is not None else "–"

    @staticmethod
    def length(start: datetime, end: datetime) -> timedelta:
        """From one moment to the other as they are told, in whole seconds: 20:25:41 to 20:26:22 are 41 seconds to whoever subtracts."""
        return end.replace(microsecond=0) - start.replace(microsecond=0)

    def apart(self, name: str) -> str:
        """A name inside a sentence: a blank on both sides of a Latin one among Chinese signs."""
        return f" {name} " if self.is_chinese and name[:1].isascii() else name

    @property
    def glue(self) -> str:
        """What stands between two sentences: Chinese needs no blank."""
        return "" if self.is_chinese else " "

    def person(self, user: User | None) -> str:
        """Their name."""
        return pick(user, "display_name") if user is not None else self.name(SYSTEM.label)

    def name(self, label: str) -> str:
        """The name of one who acted, in the reader's language; of Switchback itself: “the console”."""
        if label == SYSTEM.label:
            return _("the console")
        plain = one_of(label)
        return self.facts.names_zh.get(plain, plain) if self.is_chinese else plain

    def names(self, words: Iterable[str]) -> str:
        """A, B and C. Each only once."""
        items = list(dict.fromkeys(word for word in words if word))
        if len(items) < 2:
            return "".join(items) or "–"
        return listed(items[:-1]) + pgettext("before the last item of a list", " and ") + items[-1]

    def quote(self, text: str) -> str:
        """Somebody's own words, on one line, without the full stop that the sentence around them brings."""
        words = " ".join(in_readers_words(text, may_be_name=False).split()).rstrip(".。").translate(_INNER_QUOTES)
        return pgettext("quotation", "“%s”") % words

    def part(self) -> str:
        """The guarded part's name."""
        return pick(self.facts.incident.part, "name")

    def side(self, role: str) -> str:
        """The primary (Hall A)."""
        names = {"primary": _("the primary"), "standby": _("the standby")}
        word, name = names.get(role, role), one_of(self.facts.sides.get(role, ""))
        if not name or name.lower() == role or role in name.lower():
            return word
        return pgettext("a side and its name", "%(side)s (%(name)s)") % {"side": word, "name": name}

    def paragraph(self, *sentences: str) -> str:
        """Sentences as one paragraph; empty ones are left out; each begins with a capital."""
        return self.glue.join(_capital(sentence) for sentence in sentences if sentence)

    def paragraphs(self, *paragraphs: str) -> str:
        """Paragraphs with an empty line between them."""
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)

    def items(self, sentences: Sequence[str]) -> str:
        """A list, an item a line."""
        return "\n".join(f"- {_capital(sentence)}" for sentence in sentences if sentence)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def reason_of(entry: Any) -> str:
    """Why, in the words of the one who did it."""
    return str(entry.reason or entry.payload.get("reason") or entry.payload.get("text") or "")
