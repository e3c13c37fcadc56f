"""What the incident's entries say to people."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from contingency.catalog.models import FaultClass
from contingency.plan.models import Grade
from incidents.response import events
from incidents.response.models import EndCondition, Incident, IncidentRole
from incidents.response.models.states import State
from kernel.i18n import both, in_readers_words, listed, one_of
from kernel.models import Entry
from kernel.sentences import Words, register, register_words


def _label(choices: type, value: str) -> str:
    """The word for a code, in the reader's language; the code itself for one that is no longer known."""
    return str(choices(value).label) if value in choices.values else value or "–"  # type: ignore[attr-defined]


def _said(text: str) -> str:
    """Words that go into a sentence which is filled in afterwards: their own per cent signs stay."""
    return text.replace("%", "%%")


def _opened(entry: Entry) -> str:
    payload = entry.payload
    words = {"fault_class": _label(FaultClass, payload["fault_class"]), "grade": _label(Grade, payload["proposed_grade"])}
    if payload["detected_by"] == Incident.DetectedBy.PERSON:
        text = str(_("%(actor)s reported a disturbance: {fault_class}. Proposed grade: {grade}."))
    else:
        text = ngettext(
            "%(subject)s was opened by %(alert_count)s alert: {fault_class}. Proposed grade: {grade}.",
            "%(subject)s was opened by %(alert_count)s alerts: {fault_class}. Proposed grade: {grade}.",
            payload["alert_count"],
        )
    return text.format(**words)


def _joined(entry: Entry) -> str:
    return ngettext("%(alert_count)s further alert joined.", "%(alert_count)s further alerts joined.", entry.payload["alert_count"])


def _cleared(entry: Entry) -> str:
    return ngettext(
        "The one alert was resolved by its sender. That alone ends nothing.",
        "All %(alert_count)s alerts were resolved by their senders. That alone ends nothing.",
        entry.payload["alert_count"],
    )


def _confirmed(entry: Entry) -> str:
    stops = entry.payload["stops_business"]
    text = _("%(actor)s confirmed and graded it {grade}; business stands still.") if stops else _("%(actor)s confirmed and graded it {grade}.")
    return str(text).format(grade=_label(Grade, entry.payload["grade"]))


def _started(entry: Entry) -> str:
    called = _said(listed(in_readers_words(name) for name in entry.payload["called"])) or "–"
    names = entry.payload.get("playbooks") or entry.payload["task_lists"]
    lists = _said(listed(one_of(name) for name in names)) or "–"
    return str(_("The response level {grade} holds. Called: {called}. Playbooks: {lists}.")).format(
        grade=_label(Grade, entry.payload["grade"]), called=called, lists=lists
    )


def _unanswered(entry: Entry) -> Words:
    topic = _said(one_of(entry.payload.get("topic", "")))
    if topic:
        return str(_("{topic}: nobody answered to the end of the chain.")).format(topic=topic)
    return _("Nobody answered to the end of the chain.")


def _playbook(entry: Entry) -> str:
    name = one_of(both(entry.payload["name_en"], entry.payload["name_zh"]))
    return str(_("%(actor)s added the playbook “{playbook}”.")).format(playbook=_said(name))


def _raised(entry: Entry) -> str:
    grades = {"earlier": _label(Grade, entry.payload["earlier"]), "grade": _label(Grade, entry.payload["grade"])}
    return str(_("%(actor)s raised the grade from {earlier} to {grade}.")).format(**grades)


def _lowered(entry: Entry) -> str:
    grades = {"earlier": _label(Grade, entry.payload["earlier"]), "grade": _label(Grade, entry.payload["grade"])}
    return str(_("%(actor)s lowered the grade from {earlier} to {grade}.")).format(**grades)


def _assigned(entry: Entry) -> str:
    role = _label(IncidentRole.Role, entry.payload["role"])
    text = _("{role}: %(person)s takes over from %(earlier)s.") if entry.payload["earlier"] else _("{role}: %(person)s.")
    return str(text).format(role=role)


def _answered(entry: Entry) -> str:
    roles = listed(_label(IncidentRole.Role, role) for role in entry.payload["roles"])
    return str(_("%(person)s has it ({roles}).")).format(roles=roles)


def _condition(entry: Entry) -> str:
    words = {"condition": _label(EndCondition.Kind, entry.payload["condition"]), "outcome": _label(EndCondition.Outcome, entry.payload["outcome"])}
    return str(_("{condition}: {outcome}, says %(actor)s: %(text)s")).format(**words)


def _overridden(entry: Entry) -> str:
    return str(_("%(actor)s overrode “{condition}”: %(reason)s")).format(condition=_label(EndCondition.Kind, entry.payload["condition"]))


def _resolved(entry: Entry) -> str:
    overridden = listed(_label(EndCondition.Kind, kind) for kind in entry.payload["overridden"])
    text = _("%(actor)s declared the end; overridden: {overridden}.") if overridden else _("%(actor)s declared the end.")
    return str(text).format(overridden=overridden)


def _can(entry: Entry) -> str:
    needs = "%(needs)s" if entry.payload["needs"] else _said(str(_("nothing")))
    return str(_("%(actor)s reports. Condition: %(condition)s Actions: %(actions)s Needs: {needs}")).format(needs=needs)


def _state_named(text: object, key: str) -> str:
    return str(text).format(state=_label(State, key))


register_words(dict(Grade.choices))
register(events.IncidentOpened.name, _opened)
register(events.AlertsJoined.name, _joined)
register(events.AlertsFlapping.name, _("%(alert_count)s alerts come and go again and again; further turns are only counted."))
register(events.AlertsCleared.name, _cleared)
register(events.IncidentConfirmed.name, _confirmed)
register(events.ResponseStarted.name, _started)
register(events.PlaybookAdded.name, _playbook)
register(events.GradeRaised.name, _raised)
register(events.GradeLowered.name, _lowered)
register(events.BusinessStopped.name, _("%(actor)s recorded that business stands still."))
register(events.IncidentLocated.name, _("%(actor)s located the fault: %(text)s"))
register(events.HandlingStarted.name, _("%(actor)s began the handling."))
register(events.VerifyingStarted.name, _("%(actor)s began to verify the recovery."))
register(events.IncidentResolved.name, _resolved)
register(events.ReviewStarted.name, _("%(actor)s began the review."))
register(events.IncidentClosed.name, _("%(actor)s closed %(subject)s."))
register(events.FalseAlarmDeclared.name, _("%(actor)s declared a false alarm: %(reason)s"))
register(events.IncidentMerged.name, _("%(actor)s merged %(subject)s into %(into)s."))
register(
    events.IncidentUnmerged.name,
    lambda entry: _state_named(_("%(actor)s took %(subject)s out of %(was_in)s; it is “{state}” again."), entry.payload["state"]),
)
register(events.IncidentReopened.name, _("%(actor)s reopened %(subject)s: %(reason)s"))
register(events.OutageJoined.name, _("The outage %(outage)s belongs to %(subject)s."))
register(events.RoleAssigned.name, _assigned)
register(events.RoleAcknowledged.name, _answered)
register(events.PageUnanswered.name, _unanswered)
register(events.LeadsCalled.name, _("A recovery clock ran out: those who lead were called."))
register(events.NoteAdded.name, _("%(actor)s: %(text)s"))
register(events.DecisionRecorded.name, _("%(actor)s decided: %(text)s"))
register(events.UpdatePosted.name, _("%(actor)s told: %(text)s"))
register(events.CanReported.name, _can)
register(events.EntryPinned.name, _("%(actor)s pinned an entry of the timeline."))
register(events.EntryUnpinned.name, _("%(actor)s took the pin off an entry of the timeline."))
register(events.EntryAnnotated.name, _("%(actor)s remarked on an entry: %(text)s"))
register(events.EntryRetimed.name, _("%(actor)s placed an entry at %(placed_at)s; it was recorded at %(recorded_at)s."))
register(events.UpdateOverdue.name, _("The next update is due."))
register(events.EndConditionReported.name, _condition)
register(events.EndConditionOverridden.name, _overridden)
register(events.ReportWritten.name, _("%(actor)s wrote the report."))
register(events.ReportAccepted.name, _("%(actor)s accepted the report."))
