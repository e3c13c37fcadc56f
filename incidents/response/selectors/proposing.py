"""What an incident looks like from its facts: a grade, and whether business stands still. A person decides."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from contingency.catalog.models import Part
from contingency.plan.models import Grade
from incidents.response.models.incident import stops_business_by

# How severe an alert is, worst last; what senders say otherwise counts as the mildest.
SEVERITIES = ("info", "warning", "error", "critical")
MANY_ALERTS = 3  # different alerts at once: "several modules" of INC-02
LONG = timedelta(minutes=30)  # unconfirmed for so long: "longer" of INC-02


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known before anybody looked: INC-02 names scope, loss and duration."""

    worst_severity: str
    alert_count: int
    part_kind: str
    part_stops_business: bool
    failing_for: timedelta

    @property
    def is_critical(self) -> bool:
        """Whether the worst alert is as bad as alerts get."""
        return self.worst_severity == SEVERITIES[-1]


@dataclass(frozen=True, kw_only=True)
class GradeProposal:
    """A grade with its reasons (codes; the screen has the words)."""

    grade: Grade
    reasons: tuple[str, ...]


# First rule that holds gives the grade; the table is INC-02 in our words.
RULES: tuple[tuple[str, Grade, Callable[[Facts], bool]], ...] = (
    (
        "order_system_down",
        Grade.MAJOR,
        lambda f: f.part_kind == Part.Kind.ORDER_SYSTEM and f.part_stops_business and f.is_critical and f.alert_count >= MANY_ALERTS,
    ),
    ("business_stops_long", Grade.MAJOR, lambda f: f.part_stops_business and f.is_critical and f.failing_for >= LONG),
    ("business_stops", Grade.SEVERE, lambda f: f.part_stops_business and f.is_critical),
    ("several_alerts", Grade.SEVERE, lambda f: f.alert_count >= MANY_ALERTS and f.worst_severity in SEVERITIES[2:]),
)


def propose_grade(facts: Facts) -> GradeProposal:
    """The grade that the facts suggest, and why."""
    for reason, grade, holds in RULES:
        if holds(facts):
            return GradeProposal(grade=grade, reasons=(reason,))
    return GradeProposal(grade=Grade.GENERAL, reasons=("part_of_functions",))


propose_stops_business = stops_business_by


def worst_severity(severities: Iterable[str]) -> str:
    """The worst of them; `info` when there is none."""
    return max(severities, key=severity_rank, default=SEVERITIES[0])


def severity_rank(severity: str) -> int:
    """0 (mildest) … 3 (critical)."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


def grade_rank(grade: str) -> int:
    """0 general, 1 severe, 2 major; -1 while there is none."""
    return list(Grade.values).index(grade) if grade in Grade.values else -1
