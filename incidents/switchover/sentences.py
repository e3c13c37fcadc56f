"""What this room's entries say to people."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from incidents.switchover import sequences
from incidents.switchover.models import ClockKind, Mode, Outage
from incidents.switchover.problems import problem_words
from incidents.switchover.texts import failure_words, instruction_words
from kernel import sentences
from kernel.i18n import language_suffix
from kernel.models import Entry
from kernel.sentences import Words

Reading = Callable[[Any], str]


def _label(choices: Any) -> Reading:
    """The value's name in the reader's language."""
    return lambda value: str(dict(choices.choices).get(value, value))


def _moment(value: Any) -> str:
    """Date and time in the reader's zone."""
    return date_format(localtime(datetime.fromisoformat(value)), "Y-m-d H:i:s")


def _step(value: Any) -> str:
    """The step's title in the reader's language."""
    return sequences.title_of(str(value), language_suffix())


def _seen(value: Any) -> str:
    """What was seen, as a sentence of its own."""
    return gettext("%(what)s.") % {"what": problem_words(str(value)).rstrip(".。")} if value else ""


READINGS: Mapping[str, Reading] = {
    "kind": _label(ClockKind),
    "mode": _label(Mode),
    "state": _label(Outage.State),
    "step": _step,
    "after_step": _step,
    "failure": failure_words,
    "instruction": instruction_words,
    "error": problem_words,
    "detail": _seen,
    **dict.fromkeys(("due_at", "started_at", "failing_since", "earlier_value"), _moment),
}


def _read(template: Words) -> Callable[[Entry], str]:
    """The template, with codes and moments as people read them."""

    def words(entry: Entry) -> str:
        text = str(template)
        for key, reading in READINGS.items():
            if f"%({key})s" in text and entry.payload.get(key) is not None:
                text = text.replace(f"%({key})s", reading(entry.payload[key]).replace("%", "%%"))
        return text

    return words


def _clock(template: Words) -> Callable[[Entry], str]:
    """A sentence about a clock: its label holds the clock's code behind the outage's number, and the sentence names it already."""
    read = _read(template)
    return lambda entry: read(entry).replace("%(subject)s", entry.subject_label.partition(" ")[0].replace("%", "%%"))


def _met(entry: Entry) -> str:
    late = _("The clock “%(kind)s” was met late (%(subject)s).")
    in_time = _("The clock “%(kind)s” was met (%(subject)s).")
    return _clock(late if entry.payload.get("late") else in_time)(entry)


SENTENCES: Mapping[str, Words | Callable[[Entry], Words]] = {
    "outage_opened": _read(_("Outage %(subject)s was opened: failing since %(failing_since)s.")),
    "outage_start_corrected": _read(_("%(actor)s corrected the start of %(subject)s from %(earlier_value)s to %(failing_since)s: %(reason)s")),
    "outage_graded": _("%(subject)s was graded %(grade)s."),
    "outage_moved": _read(_("%(subject)s is now: %(state)s.")),
    "business_normal": _("%(actor)s recorded business normal on the standby (%(subject)s)."),
    "repaired": _("%(actor)s recorded the repair of the original (%(subject)s)."),
    "repaired_in_place": _("%(actor)s recorded %(subject)s as repaired in place."),
    "outage_called_off": _("%(actor)s called off %(subject)s: %(reason)s"),
    "clock_started": _clock(_("The clock “%(kind)s” runs; it is due at %(due_at)s (%(subject)s).")),
    "clock_corrected": _clock(_("The clock “%(kind)s” counts from %(started_at)s; it is due at %(due_at)s (%(subject)s).")),
    "clock_warned": _clock(_("%(percent)s %% of the clock “%(kind)s” is used up (%(subject)s).")),
    "clock_breached": _clock(_("The clock “%(kind)s” is breached (%(subject)s).")),
    "clock_met": _met,
    "clock_cancelled": _clock(_("The clock “%(kind)s” was cancelled (%(subject)s).")),
    "clock_waived": _clock(_("The clock “%(kind)s” was waived by %(agreed_by)s, proposed by %(proposed_by)s: %(reason)s")),
    "switch_ordered": _read(_("%(actor)s ordered the switch %(subject)s (%(mode)s).")),
    "switch_approved": _("%(actor)s approved the switch %(subject)s."),
    "switch_started": _("The switch %(subject)s began."),
    "switch_step_done": _read(_("%(step)s: done in %(took_ms)s ms.")),
    "switch_step_failed": _read(_("%(step)s: failed. %(error)s")),
    "switch_step_undone": _read(_("%(step)s: taken back.")),
    "switch_turned_emergency": _read(_("The old side died at “%(after_step)s”: %(subject)s goes on as an emergency switch.")),
    "switch_abort_asked": _("%(actor)s stopped the switch %(subject)s: %(reason)s"),
    "switch_verifying": _("Traffic moved (%(subject)s); the proof is being gathered."),
    "switched_over": _("Business runs on the standby: proved by gateway, probes and a marked order (%(subject)s)."),
    "switched_back": _("Business is back where it belongs: proved by gateway, probes and a marked order (%(subject)s)."),
    "switch_failed": _read(_("%(subject)s failed: %(failure)s %(detail)s %(instruction)s")),
    "switch_reverted": _("The switch %(subject)s was taken back: traffic is where it was."),
    "switch_dry_run_made": _("%(actor)s made a dry run of a switch of %(subject)s."),
}

for name, template in SENTENCES.items():
    sentences.register(f"incidents.{name}.v1", template)
