"""What the response refuses, and why."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import Conflict, DomainError


class CommanderMissing(DomainError):
    """INC-01: no handling without a commander."""

    code = "commander_missing"
    http_status = 409
    template = _("Nobody commands this incident yet. Assign a commander first.")


class GradeMissing(DomainError):
    """INC-01: no handling without a grade."""

    code = "grade_missing"
    http_status = 409
    template = _("This incident has no grade yet. Confirm and grade it first.")


class AnotherIsOpen(Conflict):
    """One open incident per part and class. Params: number, part, fault_class."""

    code = "another_is_open"
    template = _("%(number)s is already open for %(part)s, class %(fault_class)s. Go on there, or merge the two.")


class PlaybookRunsAlready(Conflict):
    """INC-04: a playbook is worked through once per incident. Params: playbook."""

    code = "playbook_runs_already"
    template = _("The playbook “%(playbook)s” runs in this incident already: its tasks are among those below. Reopen what must be done again.")


class EndConditionsMissing(DomainError):
    """INC-07: the end may be declared only with evidence, or with an override by name. Params: missing."""

    code = "end_conditions_missing"
    http_status = 409
    template = _("The end cannot be declared yet. Not shown, or failed: %(missing)s. Report them with evidence, or override each with a reason.")


class OutageStillOpen(DomainError):
    """Business is not back where it belongs. Params: number, state."""

    code = "outage_still_open"
    http_status = 409
    template = _("The outage %(number)s is still open (%(state)s). Switch back or record the repair first.")


class ReportMissing(DomainError):
    """INC-01: no close without an accepted report."""

    code = "report_missing"
    http_status = 409
    template = _(
        "The report of this incident is not approved yet. It drafted itself when the incident was resolved;"
        " somebody other than its author must approve it."
    )


class NoRoleToAcknowledge(Conflict):
    """Only a holder can answer for a role."""

    code = "no_role_to_acknowledge"
    template = _("You have no role in this incident that still waits for your answer.")


class AlertsSilenced(Conflict):
    """One silence at a time."""

    code = "alerts_silenced"
    template = _("The alerts of this part are silenced for this incident already.")


class NotSilenced(Conflict):
    """There is nothing to end."""

    code = "not_silenced"
    template = _("No silence of this incident is in force.")


class GradeNotHigher(DomainError):
    """Raising means higher. Params: grade, present."""

    code = "grade_not_higher"
    http_status = 409
    template = _("The grade is already “%(present)s”; “%(grade)s” is not higher.")


class GradeNotLower(DomainError):
    """Lowering means lower. Params: grade, present."""

    code = "grade_not_lower"
    http_status = 409
    template = _("The grade is “%(present)s”; “%(grade)s” is not lower.")


class MergeWouldHide(Conflict):
    """A merge must not hide a graver incident in a lesser one. Params: number, grade."""

    code = "merge_would_hide"
    template = _("%(number)s is graded lower (%(grade)s). Raise its grade first, or merge the other way round.")


class MergeTargetNotOpen(Conflict):
    """Only an open incident can go on for two. Params: number, state."""

    code = "merge_target_not_open"
    template = _("%(number)s is not open (%(state)s): nothing can be merged into it.")


class MergeIntoItself(Conflict):
    """An incident is not its own duplicate."""

    code = "merge_into_itself"
    template = _("An incident cannot be merged into itself.")


class OutageWouldBeLost(Conflict):
    """The outage of another part would have no incident. Params: number, part."""

    code = "outage_would_be_lost"
    template = _("The outage %(number)s of %(part)s is open. Merge the other incident into this one instead.")


class OutageInTheWay(Conflict):
    """A false alarm cannot have moved traffic. Params: number, state."""

    code = "outage_in_the_way"
    template = _("The outage %(number)s is under way (%(state)s); this is no false alarm any more. Resolve the incident instead.")


class RoleIsHeld(Conflict):
    """Somebody answers for this role; it is handed over, not taken. Params: person."""

    code = "role_is_held"
    template = _("%(person)s has this role and has answered. Let it be handed over.")


class AlreadyStopsBusiness(Conflict):
    """The outage is open already. Params: number."""

    code = "already_stops_business"
    template = _("The outage %(number)s is already open.")
