"""What can go wrong in a use case: a code, parameters, an HTTP status, and a text formatted late, in the reader's language."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refusal with a reason. Logs, journal and tests use `code`; people read `message`."""

    code = "domain_error"
    http_status = 400
    template: str | Promise = _("The request cannot be carried out.")

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code, params)
        self.params = params

    @property
    def message(self) -> str:
        """The text in the language active now; parameters that are lazy texts follow it."""
        return str(self.template) % {key: str(value) for key, value in self.params.items()}

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class InvalidTransition(DomainError):
    """The life cycle does not allow this move now. Params: state, action."""

    code = "invalid_transition"
    http_status = 409
    template = _("A record in state “%(state)s” does not allow “%(action)s”.")


class Stale(DomainError):
    """Somebody else was quicker: the record is newer than what the person saw. Params: state, version."""

    code = "stale"
    http_status = 409
    template = _("Somebody else changed this meanwhile: it is now “%(state)s”. Look again, then decide.")


class NotPermitted(DomainError):
    """The actor has no right to this move. Params: action."""

    code = "not_permitted"
    http_status = 403
    template = _("You are not permitted to do this: %(action)s.")


class NeedsSecondPerson(NotPermitted):
    """Permitted only when a second, different person agrees. Params: action."""

    code = "needs_second_person"
    template = _("This needs a second person: %(action)s.")


class ProofNeeded(DomainError):
    """A change of how somebody gets in, or of what they may do, asks for a password or factor given a short while ago, at this browser."""

    code = "proof_needed"
    http_status = 403
    template = _("Prove first that it is you: give your password or a second factor once more, at the console in a browser.")


class NotFound(DomainError):
    """No such record, or none that this actor may know of. Params: kind."""

    code = "not_found"
    http_status = 404
    template = _("There is no such record (%(kind)s), or you may not see it.")


class ReasonRequired(DomainError):
    """The move needs a reason for the record. Params: action."""

    code = "reason_required"
    http_status = 422
    template = _("Give a reason: it becomes part of the record (%(action)s).")


class Invalid(DomainError):
    """An input is missing or wrong. Params: field, problem."""

    code = "invalid"
    http_status = 422
    template = _("%(field)s: %(problem)s")


class Conflict(DomainError):
    """The request contradicts something that exists. Params: problem."""

    code = "conflict"
    http_status = 409
    template = _("%(problem)s")
