"""Everything is set up and nothing is wrong: a part that is guarded, tools that report, probes that answer."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from contingency.catalog import services as catalog
from contingency.catalog.models import Part, Side
from contingency.org.services import factors, token_create, totp
from incidents.switchover import services as switchover
from kernel import clock
from kernel.actors import SYSTEM
from monitoring.alerts.services.sources import source_create
from monitoring.probes import services as probes
from monitoring.probes.models import Probe
from tests.screenshots import stage

HALLS = {"primary": "Hall A", "standby": "Hall B"}
TOOLS = (("alertmanager", "Prometheus of production"), ("pagerduty", "Payment provider"), ("generic", "Log watch"), ("heartbeat", "Nightly backup"))
LATENCY = "orders_p95_seconds"
RATIO = "orders_success_ratio"


def furnish() -> None:
    """Part, sources, probes; a dry run of the switch, as the plan asks for."""
    orders = _orders()
    _payments()
    for kind, name in TOOLS:
        period = {"period": timedelta(days=1), "grace": timedelta(hours=1)} if kind == "heartbeat" else {}
        mapping = {"summary": "message", "dedup_key": "rule", "severity": "level"} if kind == "generic" else None
        _source, key = source_create(kind=kind, name=name, actor=SYSTEM, part=orders if kind == "heartbeat" else None, mapping=mapping, **period)
        (Path(os.environ["SWITCHBACK_HOME"]) / f"{kind}.key").write_text(key)
    switchover.gateway_watch()
    stage.heard()
    switchover.switch_dry_run(public_id=orders.public_id, actor=stage.actor("chen.yu"))
    token_create(actor=stage.actor("gao.peng"), scopes=("incidents:read",), name="Status display in the hall")
    second_factor("wang.lei")
    stage.heard()


def second_factor(name: str) -> None:
    """An authenticator app, so that this person's log-in has a second step."""
    offer, _address = totp.app_offer(stage.person(name), issuer="Switchback")
    secret, _address = totp.app_offered(stage.person(name), offer)
    code = TOTP(secret, totp.DIGITS, SHA1(), totp.STEP_S).generate(int(time.time())).decode()
    factors.totp_enrol(actor=replace(stage.actor(name), proved=True), name="My phone", offer=offer, code=code)


def tool(kind: str) -> stage.Tool:
    """One of the tools, with the key it was given."""
    return stage.Tool(kind, (Path(os.environ["SWITCHBACK_HOME"]) / f"{kind}.key").read_text())


def _orders() -> Part:
    sides = [
        catalog.SideSpec(role=role, name=name, url=f"{stage.CONTROL}/side/{role}", ready_url=f"{stage.CONTROL}/side/{role}/ready")
        for role, name in HALLS.items()
    ]
    book = Path(os.environ["SWITCHBACK_HOME"]) / "lab.json"
    part = catalog.part_define(
        actor=SYSTEM,
        slug="order-system",
        name_en="Order system",
        name_zh="订单系统",
        kind=Part.Kind.ORDER_SYSTEM,
        unit="operations",
        roster="operations-duty",
        chain="operations",
        base_url=stage.CONTROL,
        sides=sides,
        gateway=catalog.GatewaySpec(kind="lab", control_url=stage.CONTROL, secret_file=str(book)),
    )
    rules = [catalog.MatcherSpec(label="service", value="order-system", fault_class="software", fault_kind="application")]
    catalog.matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=rules)
    return part


def _payments() -> Part:
    part = catalog.part_define(
        actor=SYSTEM,
        slug="card-payments",
        name_en="Card payments",
        name_zh="银行卡支付",
        kind=Part.Kind.PAYMENT_CHANNEL,
        unit="operations",
        roster="operations-duty",
        chain="operations",
        stops_business=False,
    )
    rules = [catalog.MatcherSpec(label="service", value="payments", fault_class="network", severities=("critical",))]
    catalog.matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=rules)
    return part


def probes_define(part: Part, *, failing_for: timedelta = timedelta(0)) -> None:
    """Four probes with two hours behind them, and how long orders took."""
    now = clock.now()
    sides = {side.role: side for side in Side.objects.filter(part=part)}
    for role, name in HALLS.items():
        common = {"actor": SYSTEM, "part": part, "side": sides[role], "fault_class": "software"}
        probes.probe_define(name=f"{name}: order service", kind="http", target=f"{stage.CONTROL}/side/{role}/ready", **common)
        probes.probe_define(name=f"{name}: share of orders answered well", kind="metric", target=f"{stage.CONTROL}/metrics", metric=RATIO, **common)
        failing = role == "primary" and bool(failing_for)
        _write(part, sides[role], failing=failing, since=now - failing_for)
    times = [now - timedelta(minutes=number) for number in range(120, 0, -1)]
    bad_since = now - failing_for
    latency = [(moment, _latency(index, is_bad=bool(failing_for) and moment >= bad_since)) for index, moment in enumerate(times)]
    probes.samples_add(part=part, name=LATENCY, samples=latency)


def _write(part: Part, side: Side, *, failing: bool, since: object) -> None:
    now = clock.now()
    times = [now - timedelta(minutes=number) for number in range(120, 0, -1)]
    bad = [failing and moment >= since for moment in times]  # type: ignore[operator]
    quick = [
        (moment, 3000.0 if is_bad else 38 + 9 * ((index * 7919) % 13) / 13) for index, (moment, is_bad) in enumerate(zip(times, bad, strict=True))
    ]
    share = [
        (moment, 0.31 if is_bad else 0.995 + 0.004 * ((index * 31) % 7) / 7) for index, (moment, is_bad) in enumerate(zip(times, bad, strict=True))
    ]
    for probe in Probe.objects.filter(part=part, side=side).select_related("series"):
        probes.samples_add(part=part, side=side, name=probe.series.name, samples=quick if probe.kind == "http" else share)
        last: dict[str, object] = {"last_at": times[-1], "last_is_ok": not failing, "last_took_ms": 3000 if failing else 41}
        if failing:
            last["last_problem"] = "status_503" if probe.kind == "http" else "no_measure"
            Probe.objects.filter(pk=probe.pk).update(state="failing", state_since=since, failing_since=since, failures=564, **last)
        else:
            Probe.objects.filter(pk=probe.pk).update(state="healthy", state_since=times[0], **last)


def _latency(index: int, *, is_bad: bool) -> float:
    """Seconds that nineteen of twenty orders take: as usual, or six times that."""
    return (6.2 if is_bad else 0.9) * (1 + 0.1 * ((index * 31) % 7) / 7)
