"""What a switch would do, where traffic is now, and whether the standby is ready."""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import DateTimeField, F, Func
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from contingency.catalog.models import Part
from incidents.switchover import sequences
from incidents.switchover.executors import GatewayView, SideAddress, Target, executor_for
from incidents.switchover.models import Direction, Duration, GatewaySample, Mode, Outage, PartCheck, Switch
from incidents.switchover.problems import problem
from incidents.switchover.selectors.evidence import expected_seconds, has_orders, part_check_latest
from incidents.switchover.selectors.outages import open_outage, switch_active
from incidents.switchover.sequences import StepPlan
from incidents.switchover.texts import CHECKS
from kernel.errors import NotFound
from kernel.i18n import language_suffix, pick

FRESH_S = 1.0
STALE_S = 10.0
_MACHINE_TIME = Func(function="clock_timestamp", output_field=DateTimeField())
_asked: dict[int, tuple[float, GatewayView]] = {}


@dataclass(frozen=True)
class Check:
    """One thing looked at before a switch. A blocking one that is not right refuses the order."""

    code: str
    is_ok: bool
    is_blocking: bool
    detail: str = ""

    @property
    def title(self) -> str | Promise:
        """What was looked at, in words."""
        return CHECKS[self.code]


@dataclass(frozen=True)
class PreviewStep:
    """One step as it will be carried out."""

    plan: StepPlan
    title: str
    effect: str
    undo: str
    point_of_no_return: bool
    expected_s: float | None


@dataclass(frozen=True)
class SwitchPreview:
    """What ordering the switch now would do, exactly."""

    part: Part
    direction: str
    mode: str
    from_side: str
    to_side: str
    traffic_now: str | None
    traffic_after: str
    needs_second: bool
    may_turn_emergency: bool
    steps: list[PreviewStep]
    checks: list[Check]
    expected_s: float | None
    view: GatewayView = field(repr=False)

    @property
    def refusal(self) -> Check | None:
        """The first thing that forbids the order."""
        return next((check for check in self.checks if check.is_blocking and not check.is_ok), None)


@dataclass(frozen=True)
class Readiness:
    """The standby's readiness (SWO-04)."""

    view: GatewayView
    last_dry_run: PartCheck | None
    last_business_check: PartCheck | None
    last_switch: Switch | None
    last_took_s: float | None
    checks: list[Check]

    @property
    def is_ready(self) -> bool:
        """Whether a switch over could be ordered and would be a planned one."""
        return all(check.is_ok for check in self.checks)


def part_find(part: Part | UUID | str) -> Part:
    """A part by itself, public id or slug, with all a switch needs. Raises NotFound, also for one without gateway or sides."""
    if isinstance(part, Part):
        lookup: dict[str, Any] = {"pk": part.pk}
    else:
        try:
            lookup = {"public_id": part if isinstance(part, UUID) else UUID(part)}
        except ValueError:
            lookup = {"slug": str(part)}
    found = Part.objects.select_related("unit", "gateway").prefetch_related("sides").filter(**lookup).first()
    if found is None:
        raise NotFound(kind=_("guarded part"))
    return found


def target_of(part: Part) -> Target:
    """What executors need to know. Raises NotFound for a part that cannot be switched. No query for a part from `part_find`."""
    gateway = getattr(part, "gateway", None)
    sides = {side.role: SideAddress(side.role, side.name, side.url.rstrip("/"), side.ready_url) for side in part.sides.all()}
    if gateway is None or set(sides) != {"primary", "standby"}:
        raise NotFound(kind=_("gateway with a primary and a standby"))
    return Target(
        part_id=part.pk,
        slug=part.slug,
        name=part.name_en,
        base_url=part.base_url.rstrip("/"),
        gateway_kind=gateway.kind,
        control_url=gateway.control_url,
        admin_url=gateway.admin_url,
        secret_file=gateway.secret_file,
        sides=sides,
    )


def traffic_now(part: Part) -> GatewayView:
    """Where traffic goes and how the sides are.

    The sample that a worker takes every second, while it is fresh; an older one is renewed by asking the gateway, at most
    once a second per process. Inside a transaction the network is never used: there a sample of ten seconds still counts,
    and an older one counts as not known.
    """
    sample, age_s = _sample(part)
    if sample is not None and age_s <= FRESH_S:
        return sample
    if connection.in_atomic_block:
        return sample if sample is not None and age_s <= STALE_S else GatewayView(is_known=False, problem=problem("gateway_not_seen"))
    kept = _asked.get(part.pk)
    if kept is None or time.monotonic() - kept[0] > FRESH_S:
        kept = _asked[part.pk] = (time.monotonic(), executor_for(target_of(part)).status())
    return kept[1]


def _sample(part: Part) -> tuple[GatewayView | None, float]:
    """The kept sample and its age in seconds."""
    row = GatewaySample.objects.filter(part=part).exclude(seen_at=None).annotate(age=_MACHINE_TIME - F("seen_at")).values_list("view", "age").first()
    return (None, 0.0) if row is None else (GatewayView.from_json(row[0]), row[1].total_seconds())


def sides_of(direction: str, outage: Outage | None) -> tuple[str, str]:
    """(from, to) of a switch in this direction."""
    home, away = (outage.origin, outage.spare) if outage is not None else ("primary", "standby")
    return (home, away) if direction == Direction.OVER else (away, home)


def choose_mode(view: GatewayView, *, from_side: str, to_side: str) -> str:
    """Verification only when traffic is there already; planned while the old side lives; else emergency.

    When nothing is known of the gateway the order is refused anyway (see `checks_of`).
    """
    if view.serving == to_side:
        return Mode.VERIFY
    return Mode.PLANNED if view.is_reachable(from_side) else Mode.EMERGENCY


def checks_of(
    view: GatewayView, *, mode: str, direction: str, from_side: str, to_side: str, outage: Outage | None, active: Switch | None
) -> list[Check]:
    """Everything a switch needs, looked at without changing anything."""
    target = view.sides.get(to_side)
    alive = target is not None and (target.is_reachable or (target.needs_rebuild and direction == Direction.BACK))
    checks = [
        Check("control_answers", view.is_known, True, view.problem),
        Check("target_alive", alive, True),
        Check("target_ready", target is not None and target.is_ready is not False, False),
        Check("traffic_on_old_side", view.serving == from_side, False, view.serving or ""),
        Check("no_other_switch", active is None, True, active.number if active is not None else ""),
    ]
    if mode == Mode.PLANNED and view.is_streaming is not None:
        lag = "" if view.lag_bytes is None else f"{view.lag_bytes} B"
        checks.append(Check("replication_streaming", view.is_streaming, False, lag))
    if outage is not None and direction == Direction.BACK:
        checks.append(Check("facts_for_back", None not in (outage.business_normal_at, outage.repaired_at), True))
    return checks


def plans_for(part: Part, view: GatewayView, *, mode: str, to_side: str) -> tuple[StepPlan, ...]:
    """The steps of a switch ordered now, the verification last (a marked order only where orders can be placed)."""
    target = view.sides.get(to_side)
    rebuilds = target is not None and target.needs_rebuild
    narrowed = view.is_narrowed and mode == Mode.PLANNED
    acting = sequences.acting(part.gateway.kind, mode, rebuilds=rebuilds, restores_gateway=narrowed)
    return acting + verification_of(part)


def verification_of(part: Part) -> tuple[StepPlan, ...]:
    """The proofs that a switch of this part needs."""
    return tuple(plan for plan in sequences.VERIFICATION if plan is not sequences.VERIFY_BUSINESS or has_orders(part))


def switch_preview(part: Part, direction: str) -> SwitchPreview:
    """What a switch in this direction would do if it were ordered now."""
    part = part_find(part)
    view = traffic_now(part)
    outage, active = open_outage(part), switch_active(part)
    from_side, to_side = sides_of(direction, outage)
    mode = choose_mode(view, from_side=from_side, to_side=to_side)
    target = target_of(part)
    plans = plans_for(part, view, mode=mode, to_side=to_side)
    history = expected_seconds(part, [f"step/{mode}/{plan.name}" for plan in plans])
    steps = [_preview_step(plan, target, from_side, to_side, history.get(f"step/{mode}/{plan.name}")) for plan in plans]
    known = [step.expected_s for step in steps if step.expected_s is not None]
    return SwitchPreview(
        part=part,
        direction=direction,
        mode=mode,
        from_side=from_side,
        to_side=to_side,
        traffic_now=view.serving,
        traffic_after=to_side,
        needs_second=outage is not None and outage.needs_second,
        may_turn_emergency=turns_emergency(target.gateway_kind, mode, direction, outage),
        steps=steps,
        checks=checks_of(view, mode=mode, direction=direction, from_side=from_side, to_side=to_side, outage=outage, active=active),
        expected_s=round(sum(known), 3) if len(known) == len(steps) else None,
        view=view,
    )


def turns_emergency(gateway_kind: str, mode: str, direction: str, outage: Outage | None) -> bool:
    """Whether a planned switch goes on as an emergency when the old side dies on the way: out of an outage only.

    Business is interrupted already and its data is on both sides; without an outage the old side is left alone instead.
    """
    return gateway_kind == "lab" and mode == Mode.PLANNED and direction == Direction.OVER and outage is not None


def _preview_step(plan: StepPlan, target: Target, from_side: str, to_side: str, expected_s: float | None) -> PreviewStep:
    words = step_words(target, from_side, to_side)
    undo = sequences.UNDO_TITLES.get(plan.undo)
    return PreviewStep(
        plan=plan,
        title=pick(plan, "title").format(**words),
        effect=pick(plan, "effect").format(**words),
        undo=undo[language_suffix()].format(**words) if undo else "",
        point_of_no_return=plan.point_of_no_return,
        expected_s=expected_s,
    )


def step_words(target: Target, from_side: str, to_side: str) -> dict[str, str]:
    """What the placeholders of a step's texts stand for."""
    return {"old": target.sides[from_side].name, "new": target.sides[to_side].name, "part": target.name}


def readiness(part: Part) -> Readiness:
    """Whether the standby could take over now, and when that was last tried."""
    part = part_find(part)
    view = traffic_now(part)
    outage = open_outage(part)
    from_side, to_side = sides_of(Direction.OVER, outage)
    mode = choose_mode(view, from_side=from_side, to_side=to_side)
    last = Switch.objects.filter(part=part, state="done").order_by("-done_at").first()
    took = Duration.objects.filter(part=part, what__startswith="switch/").order_by("-at").values_list("took_ms", flat=True).first()
    return Readiness(
        view=view,
        last_dry_run=part_check_latest(part, PartCheck.Kind.DRY_RUN),
        last_business_check=part_check_latest(part, PartCheck.Kind.BUSINESS),
        last_switch=last,
        last_took_s=None if took is None else took / 1000,
        checks=checks_of(view, mode=mode, direction=Direction.OVER, from_side=from_side, to_side=to_side, outage=None, active=switch_active(part)),
    )
