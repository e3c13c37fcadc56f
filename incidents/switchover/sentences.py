"""What this room's entries say to people."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from incidents.switchover.models import ClockKind
from incidents.switchover.texts import failure_words, instruction_words
from kernel import sentences
from kernel.models import Entry
from kernel.sentences import Words


def _clock(template: Words) -> Callable[[Entry], str]:
    """The template with the clock's name in the reader's language."""

    def words(entry: Entry) -> str:
        name = dict(ClockKind.choices).get(entry.payload.get("kind", ""), "")
        return str(template).replace("%(clock)s", str(name))

    return words


def _failed(entry: Entry) -> str:
    text = str(_("%(subject)s failed: "))
    return text + _literal(f"{failure_words(entry.payload['failure'])} {entry.payload['detail']} {instruction_words(entry.payload['instruction'])}")


def _met(entry: Entry) -> str:
    words = _("The %(clock)s clock was met late (%(subject)s).") if entry.payload.get("late") else _("The %(clock)s clock was met (%(subject)s).")
    return _clock(str(words))(entry)


def _literal(text: str) -> str:
    return text.replace("%", "%%").strip()


sentences.register("incidents.outage_opened.v1", _("Outage %(subject)s was opened: failing since %(failing_since)s."))
sentences.register(
    "incidents.outage_start_corrected.v1", _("%(actor)s corrected the start of %(subject)s from %(earlier_value)s to %(failing_since)s: %(reason)s")
)
sentences.register("incidents.outage_graded.v1", _("%(subject)s was graded %(grade)s."))
sentences.register("incidents.outage_moved.v1", _("%(subject)s is now: %(state)s."))
sentences.register("incidents.business_normal.v1", _("%(actor)s recorded business normal on the standby (%(subject)s)."))
sentences.register("incidents.repaired.v1", _("%(actor)s recorded the repair of the original (%(subject)s)."))
sentences.register("incidents.repaired_in_place.v1", _("%(actor)s recorded %(subject)s as repaired in place."))
sentences.register("incidents.outage_called_off.v1", _("%(actor)s called off %(subject)s: %(reason)s"))
sentences.register("incidents.clock_started.v1", _clock(_("The %(clock)s clock runs; it is due at %(due_at)s (%(subject)s).")))
sentences.register(
    "incidents.clock_corrected.v1", _clock(_("The %(clock)s clock counts from %(started_at)s; it is due at %(due_at)s (%(subject)s)."))
)
sentences.register("incidents.clock_warned.v1", _clock(_("%(percent)s %% of the %(clock)s clock is used up (%(subject)s).")))
sentences.register("incidents.clock_breached.v1", _clock(_("The %(clock)s clock is breached (%(subject)s).")))
sentences.register("incidents.clock_met.v1", _met)
sentences.register("incidents.clock_cancelled.v1", _clock(_("The %(clock)s clock was cancelled (%(subject)s).")))
sentences.register("incidents.clock_waived.v1", _clock(_("The %(clock)s clock was waived by %(agreed_by)s, proposed by %(proposed_by)s: %(reason)s")))
sentences.register("incidents.switch_ordered.v1", _("%(actor)s ordered the switch %(subject)s (%(mode)s)."))
sentences.register("incidents.switch_approved.v1", _("%(actor)s approved the switch %(subject)s."))
sentences.register("incidents.switch_started.v1", _("The switch %(subject)s began."))
sentences.register("incidents.switch_step_done.v1", _("Step %(step)s is done in %(took_ms)s ms."))
sentences.register("incidents.switch_step_failed.v1", _("Step %(step)s failed: %(error)s"))
sentences.register("incidents.switch_step_undone.v1", _("Step %(step)s was taken back."))
sentences.register("incidents.switch_turned_emergency.v1", _("The old side died at step %(after_step)s: %(subject)s goes on as an emergency switch."))
sentences.register("incidents.switch_abort_asked.v1", _("%(actor)s stopped the switch %(subject)s: %(reason)s"))
sentences.register("incidents.switch_verifying.v1", _("Traffic moved (%(subject)s); the proof is being gathered."))
sentences.register("incidents.switched_over.v1", _("Business runs on the standby: proved by gateway, probes and a marked order (%(subject)s)."))
sentences.register("incidents.switched_back.v1", _("Business is back where it belongs: proved by gateway, probes and a marked order (%(subject)s)."))
sentences.register("incidents.switch_failed.v1", _failed)
sentences.register("incidents.switch_reverted.v1", _("The switch %(subject)s was taken back: traffic is where it was."))
sentences.register("incidents.switch_dry_run_made.v1", _("%(actor)s made a dry run of a switch of %(subject)s."))
