"""Where this console's passkeys work: they belong to a host name, never to an address in numbers."""

from django.conf import settings
from django.http import HttpRequest


def passkeys_elsewhere(request: HttpRequest) -> str:
    """The same page at the host that passkeys belong to; "" where it is this one already."""
    here = request.get_host().partition(":")[0]
    return "" if here == settings.PASSKEY_HOST else f"{settings.PASSKEY_ORIGINS[-1]}{request.get_full_path()}"
