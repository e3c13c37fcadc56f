"""What was observed of a part, and what it proves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.utils.translation import gettext as _

from contingency.catalog.models import Part, Side
from incidents.switchover.models import Duration, PartCheck
from monitoring.probes import selectors as probes

FRESH = timedelta(seconds=90)  # an older business check proves nothing about now; one is made every ten seconds in an outage
_HISTORY = 20  # runs


@dataclass(frozen=True)
class BusinessEvidence:
    """Whether business is proved, by what, and else what is missing (in the reader's language)."""

    is_proved: bool
    at: datetime | None
    evidence: dict[str, Any]
    problem: str = ""


def part_check_latest(part: Part, kind: str) -> PartCheck | None:
    """The last check of this kind."""
    return PartCheck.objects.filter(part=part, kind=kind).order_by("-at").first()


def has_orders(part: Part) -> bool:
    """Whether a marked order can be placed with this part."""
    return part.kind == Part.Kind.ORDER_SYSTEM and bool(part.base_url)


def business_evidence(part: Part, *, role: str, since: datetime, now: datetime) -> BusinessEvidence:
    """Proof that business is normal on a side: the last marked order since `since` came back, and no probe of the side says otherwise.

    Three queries.
    """
    side = Side.objects.filter(part=part, role=role).first()
    health = probes.side_is_healthy(side, since) if side is not None else None
    if not has_orders(part):  # a line or a channel takes no orders: its probes are the business check
        problem = "" if health else _("no probe of the side was healthy since then.")
        return BusinessEvidence(bool(health), now, {"probes": {"side": role, "healthy": health}}, problem)
    check = part_check_latest(part, PartCheck.Kind.BUSINESS)
    if check is None or check.at < since:
        return BusinessEvidence(False, None, {}, _("no marked order was placed since then."))
    evidence = {"business_check": {"id": str(check.public_id), "at": check.at.isoformat(), **check.evidence}}
    if not check.is_ok:
        return BusinessEvidence(False, check.at, evidence, _("the last marked order failed."))
    if now - check.at > FRESH:
        return BusinessEvidence(False, check.at, evidence, _("the last marked order is too old."))
    evidence["probes"] = {"side": role, "healthy": health}
    if health is False:
        return BusinessEvidence(False, check.at, evidence, _("a probe of the side fails."))
    return BusinessEvidence(True, check.at, evidence)


def expected_seconds(part: Part, whats: list[str]) -> dict[str, float]:
    """The median of the last runs of each, in seconds; those never run are left out. One query."""
    found: dict[str, list[int]] = {}
    rows = Duration.objects.filter(part=part, what__in=whats).order_by("-at").values_list("what", "took_ms")[: _HISTORY * max(1, len(whats))]
    for what, took_ms in rows:
        found.setdefault(what, []).append(took_ms)
    return {what: median(values[:_HISTORY]) / 1000 for what, values in found.items()}
