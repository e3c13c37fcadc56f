"""What this room refuses, and why."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import DomainError, NotPermitted


class OutageAlreadyOpen(DomainError):
    """One open outage per part. Params: part, number."""

    code = "outage_already_open"
    http_status = 409
    template = _("%(part)s already has an open outage: %(number)s.")


class SwitchAlreadyActive(DomainError):
    """One switch at a time per part. Params: part, number."""

    code = "switch_already_active"
    http_status = 409
    template = _("A switch of %(part)s is under way: %(number)s. Wait for it, or stop it.")


class NotReadyToSwitchBack(DomainError):
    """Switching back needs both facts. Params: missing."""

    code = "not_ready_to_switch_back"
    http_status = 409
    template = _("Switching back needs more first: %(missing)s.")


class EvidenceMissing(DomainError):
    """The console does not say "recovered" without evidence. Params: problem."""

    code = "evidence_missing"
    http_status = 409
    template = _("There is no evidence for this: %(problem)s A person may override it, with a reason; it is recorded and counted as that.")


class SecondMustDiffer(NotPermitted):
    """Whoever ordered may not approve. Params: action."""

    code = "second_must_differ"
    template = _("Another person must approve this, not the one who ordered it: %(action)s.")


class PastPointOfNoReturn(DomainError):
    """Stopping would now do more harm than finishing. Params: number."""

    code = "past_point_of_no_return"
    http_status = 409
    template = _("%(number)s is past its point of no return: let it finish, then order the switch back.")


class NothingToSwitch(DomainError):
    """The part cannot be switched that way. Params: part, problem."""

    code = "nothing_to_switch"
    http_status = 409
    template = _("%(part)s cannot be switched: %(problem)s")


class TargetMissing(DomainError):
    """The plan in force lacks a recovery target. Params: part, clock."""

    code = "target_missing"
    http_status = 409
    template = _("The plan in force sets no target for the clock “%(clock)s” of %(part)s. Approve a plan with all three targets.")
