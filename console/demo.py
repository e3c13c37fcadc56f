"""The demo company on a fresh installation: plan in force, people on duty, the practice order system guarded and probed.

Everything goes through the ordinary services, in the names of the people who would do it. Doing it again adds what is missing.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from contingency.catalog import services as catalog
from contingency.catalog.models import Part, Side
from contingency.org.demo import AUTHOR, DIRECTOR, DemoLogin, demo_people_create, demo_rosters_fill
from contingency.org.selectors import actor_of_user, user_get
from contingency.plan import services as plan
from contingency.plan.models import PlanVersion
from kernel.actors import SYSTEM
from monitoring.probes import services as probes

SHIPPED_PLAN = Path(plan.__file__).resolve().parents[1] / "shipped" / "plan.yaml"
LOGINS_FILE = "demo_logins.txt"
PART = "order-system"
SIDE_NAMES = {"primary": "Orders A", "standby": "Orders B"}
PROBE_EVERY = timedelta(seconds=2)
FAIL_AFTER = 2
MEASURES = (("order success ratio", "orders_success_ratio"), ("order time p95", "orders_p95_seconds"))
MEASURE_EVERY = timedelta(seconds=5)


def set_up(*, address_book: Path) -> Iterator[str]:
    """Set up what is missing and tell what was done, line by line. `address_book`: the practice order system's, may be absent."""
    text = SHIPPED_PLAN.read_text(encoding="utf-8")
    is_new = not PlanVersion.objects.filter(state=PlanVersion.State.APPROVED).exists()
    if is_new:
        plan.organisation_found(text=text, actor=SYSTEM)
    logins = demo_people_create()
    if logins:
        _keep(logins)
        yield f"{len(logins)} people of the demo company"
    if is_new:
        author, director = (actor_of_user(user_get(name)) for name in (AUTHOR, DIRECTOR))
        draft = plan.plan_load(text=text, actor=author)
        draft = plan.plan_submit(public_id=draft.public_id, version=draft.version, actor=author)
        plan.plan_approve(public_id=draft.public_id, version=draft.version, actor=director)
        yield f"the shipped plan, handed in by {author.label}, approved by {director.label}"
    if shifts := demo_rosters_fill():
        yield f"{shifts} shifts on the duty rosters"
    if address_book.exists():
        yield from _guard_practice_system(json.loads(address_book.read_text(encoding="utf-8")), address_book)


def logins_text() -> str:
    """The log-ins that were made here, as kept in the home folder; empty when there are none."""
    path = settings.HOME / LOGINS_FILE
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _keep(logins: list[DemoLogin]) -> None:
    """Only hashes are in the database, so the words are kept where only the installation's owner reads them."""
    path = settings.HOME / LOGINS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{login.username:<12} {login.password:<14} {login.name} {login.name_zh}, {login.position}" for login in logins]
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _guard_practice_system(book: dict[str, Any], address_book: Path) -> Iterator[str]:
    sides = [
        catalog.SideSpec(
            role=role,
            name=SIDE_NAMES[role],
            url=book["sides"][role]["gate_url"],
            ready_url=book["sides"][role]["health_url"],
            metrics_url=book["sides"][role]["metrics_url"],
        )
        for role in ("primary", "standby")
    ]
    is_new = not Part.objects.filter(slug=PART).exists()
    part = catalog.part_define(
        actor=SYSTEM,
        slug=PART,
        name_en="Order system",
        name_zh="订单系统",
        kind=Part.Kind.ORDER_SYSTEM,
        unit="operations",
        roster="operations-duty",
        chain="operations",
        base_url=book["gateway"]["url"],
        sides=sides,
        gateway=catalog.GatewaySpec(
            kind="lab", control_url=book["control"]["url"], admin_url=book["gateway"]["admin_url"], secret_file=str(address_book)
        ),
    )
    matchers = [
        catalog.MatcherSpec(label="system", value="orders", fault_class="software", fault_kind="application"),
        catalog.MatcherSpec(label="job", value="orders", fault_class="software", fault_kind="application"),
        catalog.MatcherSpec(label="database", value="orders", fault_class="data"),
    ]
    catalog.matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=matchers)
    probes.target_allow(actor=SYSTEM, network="127.0.0.0/8", note="the practice order system on this machine")
    _probe(part)
    if is_new:
        yield "the practice order system as a guarded part, with probes on its gateway and both sides"


def _probe(part: Part) -> None:
    """What the business sees through the gateway, and each side by itself, so that a failing upgrade is noticed within seconds."""
    _http("orders through the gateway", part, f"{part.base_url}/health", None, "critical")
    for side in part.sides.order_by("role"):
        severity = "critical" if side.role == Side.Role.PRIMARY else "warning"
        _http(f"orders on the {side.role}", part, side.ready_url, side, severity)
        for name, metric in MEASURES:
            probes.probe_define(
                actor=SYSTEM,
                name=f"{name}, {side.role}",
                part=part,
                side=side,
                kind="metric",
                target=side.metrics_url,
                metric=f'{metric}{{side="{side.role}"}}',
                every=MEASURE_EVERY,
                severity="info",
                fail_after=10,
            )


def _http(name: str, part: Part, target: str, side: Side | None, severity: str) -> None:
    probes.probe_define(
        actor=SYSTEM, name=name, part=part, side=side, kind="http", target=target, every=PROBE_EVERY, fail_after=FAIL_AFTER, severity=severity
    )
