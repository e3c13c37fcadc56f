"""What can go wrong here besides the kernel's own."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import DomainError


class NameTaken(DomainError):
    """There is a source of this name. Params: name."""

    code = "name_taken"
    http_status = 409
    template = _("There is already a source called “%(name)s”. Give another name, or issue a new key for that one.")


class KeysInForce(DomainError):
    """Two keys are in force already. Params: name."""

    code = "keys_in_force"
    http_status = 409
    template = _("“%(name)s” has two keys in force already. Revoke one first.")


class SilenceTooLong(DomainError):
    """Longer than this person may silence. Params: hours."""

    code = "silence_too_long"
    http_status = 422
    template = _("You may silence alerts for at most %(hours)s hours.")


class NotReadable(DomainError):
    """It still cannot be read. Params: problem."""

    code = "not_readable"
    http_status = 409
    template = _("It still cannot be read: %(problem)s.")
