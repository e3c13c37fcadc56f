"""Proving that business runs on a side: traffic, probes, a marked order placed and read back. Network, so never in a transaction."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from contingency.catalog.models import Side
from incidents.switchover.executors import Outcome, Result, Target, executor_for
from incidents.switchover.executors.base import answer_of, client
from incidents.switchover.problems import problem
from monitoring.probes import selectors as probes

BUDGET_S = 10.0  # a customer waits so long, the gateway's hold included; so does the check
_PAUSE_S = 0.2


@dataclass(frozen=True)
class BusinessAnswer:
    """What came of one marked order: who answered, and why it is no proof."""

    is_ok: bool
    side: str
    took_ms: int
    evidence: dict[str, Any]
    error: str = ""


def business_check(target: Target, *, key: str = "", budget_s: float = BUDGET_S) -> BusinessAnswer:
    """Place a marked order through the gateway and read it back (X-Business-Check: 1; the key makes a second try the same order).

    The mark keeps it out of the business' own figures.
    """
    key = key or f"business-check-{uuid4()}"
    started = time.monotonic()
    error = ""
    while time.monotonic() - started < budget_s:
        try:
            answer = _place_and_read(target.base_url, key, budget_s - (time.monotonic() - started))
        except httpx.HTTPError as lost:
            error = problem("no_gateway", kind=type(lost).__name__)
        else:
            took_ms = round((time.monotonic() - started) * 1000)
            if not answer["error"]:
                evidence = {"order_id": answer["order_id"], "idempotency_key": key, "side": answer["side"], "read_back": True}
                return BusinessAnswer(True, answer["side"], took_ms, evidence)
            error = answer["error"]
        time.sleep(_PAUSE_S)
    return BusinessAnswer(False, "", round((time.monotonic() - started) * 1000), {"idempotency_key": key, "read_back": False, "error": error}, error)


def _place_and_read(base_url: str, key: str, limit_s: float) -> dict[str, Any]:
    headers = {"Idempotency-Key": key, "X-Business-Check": "1"}
    with client(max(0.5, limit_s)) as http:
        placed = http.post(
            f"{base_url}/orders", json={"customer": "business check", "item": "sample", "quantity": 1, "amount_cents": 100}, headers=headers
        )
        order_id = str(answer_of(placed).get("id", ""))
        if not placed.is_success or not order_id:
            return {"error": problem("placing_answered", status=placed.status_code)}
        read = http.get(f"{base_url}/orders/{order_id}", headers={"X-Business-Check": "1"})
    body = answer_of(read)
    if not read.is_success or str(body.get("id")) != order_id:
        return {"error": problem("reading_answered", status=read.status_code)}
    return {"error": "", "order_id": order_id, "side": str(body.get("side") or read.headers.get("X-Order-Side") or "")}


def verify_step(name: str, *, target: Target, to_side: str, moved_at: datetime, key: str, limit_s: float) -> Outcome:
    """One proof of a switch. A refusal means: not yet, try again."""
    if name == "verify_traffic":
        return _verify_traffic(target, to_side, limit_s)
    if name == "verify_probes":
        return _verify_probes(target, to_side, moved_at)
    return _verify_business(target, to_side, key, limit_s)


def _verify_traffic(target: Target, to_side: str, limit_s: float) -> Outcome:
    give_up = time.monotonic() + limit_s
    while True:
        view = executor_for(target).status()
        if view.serving == to_side:
            return Outcome(Result.OK, {"serving": view.serving, "lag_bytes": view.lag_bytes, "streaming": view.is_streaming})
        if time.monotonic() > give_up:
            return Outcome(Result.REFUSED, view.summary(), view.problem or _elsewhere(view.serving))
        time.sleep(_PAUSE_S)


def _elsewhere(serving: str | None) -> str:
    return problem("traffic_elsewhere", name=serving) if serving else problem("traffic_nowhere")


def _verify_probes(target: Target, to_side: str, moved_at: datetime) -> Outcome:
    """The side's own readiness now, and what the probes saw since traffic moved (None: nothing is probed there)."""
    address = target.sides[to_side]
    try:
        with client(2.0) as http:
            answered = http.get(address.ready_url or address.url).status_code
    except httpx.HTTPError as lost:
        return Outcome(Result.REFUSED, error=problem("readiness_silent", kind=type(lost).__name__))
    if answered >= 300:
        return Outcome(Result.REFUSED, {"ready_url": address.ready_url, "answered": answered}, problem("readiness_answered", status=answered))
    side = Side.objects.select_related("part").get(part_id=target.part_id, role=to_side)
    seen = [state for state in probes.probe_state(side.part) if state.side_role == to_side and state.state != "paused"]
    health = probes.side_is_healthy(side, moved_at)
    evidence = {"ready_url": address.ready_url, "answered": answered, "probes": [state.name for state in seen], "probes_healthy": health}
    if health is False:
        return Outcome(Result.REFUSED, evidence, problem("probe_unhealthy"))
    if health is None and seen:
        return Outcome(Result.REFUSED, evidence, problem("probe_silent"))
    return Outcome(Result.OK, evidence)


def _verify_business(target: Target, to_side: str, key: str, limit_s: float) -> Outcome:
    answer = business_check(target, key=key, budget_s=limit_s - 1)
    evidence = {**answer.evidence, "took_ms": answer.took_ms}
    if not answer.is_ok:
        return Outcome(Result.REFUSED, evidence, answer.error)
    if answer.side and answer.side != to_side:
        return Outcome(Result.REFUSED, evidence, problem("order_elsewhere", name=answer.side))
    return Outcome(Result.OK, evidence)
