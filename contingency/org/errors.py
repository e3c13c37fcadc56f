"""What the organisation refuses."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import Conflict, DomainError


class RolesExclude(Conflict):
    """Auditor and administrator exclude every operating role and each other. Params: person, role, other."""

    code = "roles_exclude"
    template = _("%(person)s cannot be %(role)s and %(other)s at the same time: whoever audits or administers must not operate.")


class HoldingOverlaps(Conflict):
    """The person holds that position already in that time. Params: person, position."""

    code = "holding_overlaps"
    template = _("%(person)s already holds the position “%(position)s” in that time.")


class ShiftOverlaps(Conflict):
    """Somebody else has that rank of the roster in that time. Params: roster, rank."""

    code = "shift_overlaps"
    template = _("Somebody is already on duty at rank %(rank)s of “%(roster)s” in that time. End or cancel that shift first.")


class NameTaken(Conflict):
    """A user name exists once, in any case. Params: username."""

    code = "name_taken"
    template = _("The user name “%(username)s” is taken.")


class PasswordTooWeak(DomainError):
    """The password rules refuse it. Params: problems."""

    code = "password_too_weak"
    http_status = 422
    template = _("This password will not do: %(problems)s")


class UnknownScope(DomainError):
    """A token's scope that opens nothing. Params: scope."""

    code = "unknown_scope"
    http_status = 422
    template = _("There is no scope “%(scope)s”. A scope is a collection and a right, such as “incidents:read” or “incidents:write”.")


class LastOfItsKind(Conflict):
    """The organisation must not lock itself out. Params: role."""

    code = "last_of_its_kind"
    template = _("This is the last person with the role %(role)s; give it to somebody else first.")


class WrongCode(DomainError):
    """No code of this person, or one that was used before."""

    code = "wrong_code"
    http_status = 422
    template = _("This code is wrong or was used before. An app shows a new one every 30 seconds.")


class PasskeyRefused(DomainError):
    """Signature, origin or owner do not fit; which one is not told."""

    code = "passkey_refused"
    http_status = 422
    template = _("This passkey does not open this console. Try another one, or log in with your password.")


class CodesNeedFactor(Conflict):
    """Recovery codes stand in for a factor; without one they have nothing to stand in for."""

    code = "codes_need_factor"
    template = _("Add an authenticator app or a passkey first; recovery codes are for the day it is lost.")


class FactorRemovedAlready(Conflict):
    """It opens nothing any more."""

    code = "factor_removed_already"
    template = _("This second factor is removed already.")
