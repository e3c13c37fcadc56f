"""The practice order system as a guarded part: sides, gateway, matchers, probes, from its address book."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contingency.catalog import services as catalog
from contingency.catalog.models import Part
from kernel.actors import SYSTEM
from monitoring.probes import services as probes
from monitoring.probes.models import AllowedTarget, Probe

SLUG = "order-system"
UNIT, ROSTER, CHAIN = "operations", "operations-duty", "operations"
NAMES = {"primary": "Hall A (primary)", "standby": "Hall B (standby)"}
EVERY, SLOW = timedelta(seconds=2), timedelta(seconds=5)
SERIES = (("orders_success_ratio", "share of orders answered well"), ("orders_p95_seconds", "seconds, 19 of 20 answers"))
LABELS = (("service", "order-system"), ("job", "orders"), ("part", "order-system"))


def address_book(path: Path) -> dict[str, Any] | None:
    """The practice system's addresses; None when it was never started here."""
    try:
        book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return book


def practice_part_define(path: Path) -> Part | None:
    """Make the practice system a guarded part, or bring its addresses up to date. Doing it again changes only what differs."""
    book = address_book(path)
    if book is None:
        return None
    sides = [
        catalog.SideSpec(
            role=role,
            name=NAMES[role],
            url=side["gate_url"],
            ready_url=f"{side['service_url']}/ready",
            metrics_url=side["metrics_url"],
        )
        for role, side in sorted(book["sides"].items())
    ]
    gateway = catalog.GatewaySpec(kind="lab", control_url=book["control"]["url"], admin_url=book["gateway"]["admin_url"], secret_file=str(path))
    part = catalog.part_define(
        actor=SYSTEM,
        slug=SLUG,
        name_en="Order system",
        name_zh="订单系统",
        kind=Part.Kind.ORDER_SYSTEM,
        unit=UNIT,
        roster=ROSTER,
        chain=CHAIN,
        stops_business=True,
        base_url=book["gateway"]["url"],
        sides=sides,
        gateway=gateway,
    )
    if not part.matchers.exists():
        rules = [catalog.MatcherSpec(label=label, value=value, fault_class="software", fault_kind="application") for label, value in LABELS]
        catalog.matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=rules)
    _targets_allow(book)
    _probes_define(part, book)
    return part


def _targets_allow(book: dict[str, Any]) -> None:
    """Probes may reach exactly the practice system's own ports."""
    urls = [book["gateway"]["url"], *(side[name] for side in book["sides"].values() for name in ("service_url", "gate_url"))]
    for url in urls:
        port = urlsplit(url).port
        if port is not None and not AllowedTarget.objects.filter(network="127.0.0.1/32", port_from=port, port_to=port).exists():
            probes.target_allow(actor=SYSTEM, network="127.0.0.1/32", port_from=port, port_to=port, note="practice order system")


def _probes_define(part: Part, book: dict[str, Any]) -> None:
    """A failing upgrade is seen within fifteen seconds: the service's own health every two seconds, twice failed is failing."""
    sides = {side.role: side for side in part.sides.all()}
    wanted: list[dict[str, Any]] = [
        {"name": "Orders through the gateway", "kind": "http", "target": f"{book['gateway']['url']}/ready", "every": EVERY},
    ]
    for role, side in sorted(book["sides"].items()):
        base = {"side": sides[role]}
        wanted.append({**base, "name": f"{NAMES[role]}: order service", "kind": "http", "target": side["health_url"], "every": EVERY})
        measured = {**base, "kind": "metric", "target": side["metrics_url"], "every": SLOW, "fail_after": 6, "severity": "warning"}
        wanted += [{**measured, "name": f"{NAMES[role]}: {words}", "metric": metric} for metric, words in SERIES]
    there = {(probe.name, probe.target) for probe in Probe.objects.filter(part=part)}
    for probe in wanted:
        if (probe["name"], probe["target"]) not in there:
            probes.probe_define(actor=SYSTEM, part=part, fault_class="software", **probe)
