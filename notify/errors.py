"""What can go wrong with pages and messages."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import DomainError


class NobodyLeft(DomainError):
    """The chain has no further step. No params."""

    code = "nobody_left"
    http_status = 409
    template = _("The chain has nobody left to call.")


class LinkRefused(DomainError):
    """The acknowledgement link opens nothing: forged, never sent, or of a person who may not log in. No params."""

    code = "link_refused"
    http_status = 404
    template = _("This link is not valid. Open the console and acknowledge there.")
