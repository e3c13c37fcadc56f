"""What probes may reach."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from kernel import journal
from kernel.actors import Actor
from kernel.errors import Invalid
from kernel.permissions import require
from monitoring.probes.events import TargetAllowed
from monitoring.probes.looking import Allowed, Rules
from monitoring.probes.models import AllowedTarget

_LOOPBACK = ("127.0.0.1", "::1")


def rules_in_force() -> Rules:
    """The allowed ranges, and our own database, broker and mail server, which no row can allow. One query."""
    allowed = tuple(Allowed(ipaddress.ip_network(row.network), row.port_from, row.port_to) for row in AllowedTarget.objects.all())
    return Rules(allowed=allowed, denied=_own_services())


def _own_services() -> frozenset[tuple[str, int]]:
    database = settings.DATABASES["default"]
    found = [(str(database["HOST"]), int(database["PORT"] or 5432))]
    for url, port in ((settings.CELERY_BROKER_URL, 6379), (settings.SMTP_URL, 25)):
        if url:
            parts = urlsplit(url)
            found.append((parts.hostname or "", parts.port or port))
    denied = set()
    for host, port in found:
        if host in ("localhost", "", *_LOOPBACK):
            denied |= {(address, port) for address in _LOOPBACK}
        else:
            denied.add((host, port))
    return frozenset(denied)


@transaction.atomic
def target_allow(*, actor: Actor, network: str, port_from: int = 1, port_to: int = 65535, note: str = "", reason: str = "") -> AllowedTarget:
    """Let probes reach a range of addresses and ports; twice is once. Raises NotPermitted, Invalid."""
    require(actor, "monitoring.target_allow")
    try:
        plain = str(ipaddress.ip_network(network.strip()))
    except ValueError as error:
        raise Invalid(field="network", problem=_("this is no network, such as 10.1.0.0/16.")) from error
    if not 1 <= int(port_from) <= int(port_to) <= 65535:
        raise Invalid(field="port_from", problem=_("ports go from 1 to 65535."))
    row, is_new = AllowedTarget.objects.get_or_create(network=plain, port_from=int(port_from), port_to=int(port_to), defaults={"note": note[:200]})
    if is_new:
        event = TargetAllowed(network=plain, ports=f"{row.port_from}-{row.port_to}")
        journal.record(event, subject=row, actor=actor, reason=reason)
    return row
