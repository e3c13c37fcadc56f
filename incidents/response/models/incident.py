"""The incident and its life cycle (INC-01). The moves change memory only: no queries, no clock, no mail."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import RETURN_VALUE, FSMField, transition

from contingency.catalog.models import FaultClass, Part
from contingency.plan.models import Grade
from incidents.response.models.roles import IncidentRole
from incidents.response.models.states import CHANGES, GRADED_OPEN, NOT_OVER, OPEN, State
from kernel.actors import Actor
from kernel.models import Stateful
from monitoring.alerts.models import Silence

OPEN_VALUES = [state.value for state in OPEN]
# Whom an incident concerns wherever its part stands in the org chart: business feels every part, customers ask about every part.
SEES_EVERY_PART = frozenset({"business_ops", "customer_service"})
# Roles in an incident that give rights of their own there, beyond being in it.
RIGHTS_OF_ROLES = frozenset({IncidentRole.Role.COMMANDER.value, IncidentRole.Role.TECHNICAL_LEAD.value, IncidentRole.Role.BUSINESS_LEAD.value})


def stops_business_by(part: Part, grade: str) -> bool:
    """A severe or major failure of the order system stops business; of a channel or a line, a person must say so."""
    return part.stops_business and part.kind == Part.Kind.ORDER_SYSTEM and grade in (Grade.SEVERE, Grade.MAJOR)


class WithPart(models.Manager["Incident"]):
    """Every right to an incident hangs on its part's unit, so it comes along: no query of its own."""

    def get_queryset(self) -> models.QuerySet["Incident"]:
        """Incidents with their part and its unit."""
        return super().get_queryset().select_related("part__unit")


class Incident(Stateful):
    """One disturbance of one guarded part, from the first sign to the closed report.

    `level` is the response level as it was when it was copied on (slug, calls, groups, playbooks): editing the plan must not
    change a running response. `round` counts how often it was handled: end conditions are reported per round.
    """

    journal_kind = "incident"
    State = State

    class DetectedBy(models.TextChoices):
        ALERT = "alert", _("An alert")
        OUTAGE = "outage", _("An outage")
        PERSON = "person", _("A person")

    number = models.CharField(max_length=20, unique=True, editable=False)
    part = models.ForeignKey("catalog.Part", on_delete=models.PROTECT, related_name="+")
    fault_class = models.CharField(max_length=10, choices=FaultClass.choices)
    fault_kind = models.ForeignKey("catalog.FaultKind", null=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=300)
    scope = models.TextField(blank=True)
    finding = models.TextField(blank=True)
    state = FSMField(choices=State.choices, default=State.DISCOVERED, protected=True)
    fence = models.CharField(max_length=60, blank=True)
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    detected_by = models.CharField(max_length=10, choices=DetectedBy.choices)

    grade = models.CharField(max_length=10, choices=Grade.choices, blank=True)
    proposed_grade = models.CharField(max_length=10, choices=Grade.choices)
    proposal = models.JSONField(default=dict)
    stops_business = models.BooleanField(null=True)
    level = models.JSONField(default=dict)
    plan_version = models.ForeignKey("plan.PlanVersion", null=True, on_delete=models.PROTECT, related_name="+")
    update_every = models.DurationField(null=True)
    update_due_at = models.DateTimeField(null=True)
    update_generation = models.PositiveIntegerField(default=0)

    outage = models.ForeignKey("switchover.Outage", null=True, on_delete=models.PROTECT, related_name="+")
    silence = models.ForeignKey("alerts.Silence", null=True, on_delete=models.PROTECT, related_name="+")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged_here")
    state_before_merge = models.CharField(max_length=20, blank=True)
    lent_outage = models.BooleanField(default=False)
    round = models.PositiveSmallIntegerField(default=1)
    unanswered_since = models.DateTimeField(null=True)

    failing_since = models.DateTimeField()
    discovered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    located_at = models.DateTimeField(null=True)
    handling_at = models.DateTimeField(null=True)
    verifying_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    report_summary = models.TextField(blank=True)
    report_author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    report_accepted_at = models.DateTimeField(null=True)

    objects: ClassVar[WithPart] = WithPart()

    _extra_roles: dict[int, frozenset[str]] | None = None

    class Meta:
        db_table = "response_incident"
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=[(old.value, new.value) for old, new in CHANGES])]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="incident_state_known"),
            models.CheckConstraint(condition=Q(grade__in=["", *Grade.values]), name="incident_grade_known"),
            models.CheckConstraint(condition=Q(proposed_grade__in=Grade.values), name="incident_proposed_grade_known"),
            models.CheckConstraint(condition=Q(fault_class__in=FaultClass.values), name="incident_fault_class_known"),
            models.CheckConstraint(
                condition=Q(state__in=["discovered", "false_alarm", "merged"]) | (~Q(grade="") & Q(confirmed_at__isnull=False)),
                name="incident_confirmed_has_grade",
            ),
            models.CheckConstraint(condition=Q(confirmed_at=None) | Q(confirmed_at__gte=F("failing_since")), name="incident_confirmed_after_failure"),
            models.CheckConstraint(
                condition=~Q(state__in=["resolved", "in_review", "closed"]) | Q(resolved_at__isnull=False), name="incident_resolved_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | (Q(closed_at__isnull=False) & Q(report_accepted_at__isnull=False)), name="incident_closed_has_report"
            ),
            models.CheckConstraint(
                condition=(Q(state="merged") & Q(merged_into__isnull=False) & Q(state_before_merge__in=OPEN_VALUES))
                | (~Q(state="merged") & Q(merged_into=None) & Q(state_before_merge="")),
                name="incident_merged_knows_where",
            ),
            models.CheckConstraint(condition=Q(merged_into=None) | ~Q(merged_into=F("id")), name="incident_not_merged_into_itself"),
            models.UniqueConstraint(fields=["part", "fault_class"], name="incident_one_open_per_part_and_class", condition=Q(state__in=OPEN_VALUES)),
        ]
        indexes = [
            models.Index(fields=["part", "-id"], name="incident_by_part"),
            models.Index(fields=["state", "-id"], name="incident_by_state"),
            models.Index(fields=["grade", "-id"], name="incident_by_grade"),
            models.Index(fields=["fault_class", "-id"], name="incident_by_class"),
            models.Index(fields=["part", "fault_class"], name="incident_merged_home", condition=Q(state="merged")),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"

    def journal_label(self) -> str:
        """The number that people say."""
        return self.number

    def permission_path(self) -> str:
        """An incident belongs to the unit of its part."""
        return self.part.permission_path()

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """`responder` for those who hold a role in this incident now, and RIGHTS_OF_ROLES; see also SEES_EVERY_PART.

        One query per person and loaded row.
        """
        if actor.user_id is None:
            return frozenset()
        if self._extra_roles is None:
            self._extra_roles = {}
        if actor.user_id not in self._extra_roles:
            held = set(self.roles.filter(user_id=actor.user_id, ended_at=None).values_list("role", flat=True))
            own = {"responder"} if held else set()
            own |= held & RIGHTS_OF_ROLES
            self._extra_roles[actor.user_id] = frozenset(own)
        return self._extra_roles[actor.user_id] | (actor.roles & SEES_EVERY_PART)

    @property
    def is_open(self) -> bool:
        """Whether it takes further alerts of its part and class."""
        return self.state in OPEN

    @property
    def response_grade(self) -> str:
        """The grade decided, else the one proposed."""
        return self.grade or self.proposed_grade

    @property
    def proposed_stops_business(self) -> str:
        """What the form of the confirmation begins with: the answer that leaving it out would give for the proposed grade."""
        return "yes" if stops_business_by(self.part, self.proposed_grade) else "no"

    # -- the way through -------------------------------------------------------------------------------------------

    @transition(field="state", source=State.DISCOVERED, target=State.CONFIRMED)
    def confirm(self, *, grade: str, fault_class: str, scope: str, stops_business: bool, failing_since: datetime, at: datetime) -> None:
        """INC-02: a discovered incident gets type, scope and one of three grades before anyone acts on it."""
        self.grade = grade
        self.fault_class = fault_class
        self.scope = scope
        self.stops_business = stops_business
        self.failing_since = failing_since
        self.confirmed_at = at
        self.unanswered_since = None

    @transition(field="state", source=State.CONFIRMED, target=State.LOCATED)
    def locate(self, *, finding: str, fault_kind_id: int | None, at: datetime) -> None:
        """The fault was found before anybody began to act."""
        self._found(finding, fault_kind_id, at)

    @transition(field="state", source=[State.HANDLING, State.VERIFYING], target=None)
    def locate_while_handling(self, *, finding: str, fault_kind_id: int | None, at: datetime) -> None:
        """The fault was found while people were already acting; the state stays."""
        self._found(finding, fault_kind_id, at)

    @transition(field="state", source=[State.CONFIRMED, State.LOCATED], target=State.HANDLING)
    def handle(self, *, at: datetime) -> None:
        """People act. The first time counts, a reopening does not move it."""
        self.handling_at = at

    @transition(field="state", source=State.HANDLING, target=State.VERIFYING)
    def verify(self, *, at: datetime) -> None:
        """The measures are taken; recovery is being verified."""
        self.verifying_at = at

    @transition(field="state", source=State.VERIFYING, target=State.RESOLVED)
    def resolve(self, *, at: datetime) -> None:
        """INC-07: the end conditions hold, or were overridden by name."""
        self.resolved_at = at
        self.update_due_at = None

    @transition(field="state", source=State.RESOLVED, target=State.IN_REVIEW)
    def review(self, *, at: datetime) -> None:
        """Summary and evaluation."""
        self.reviewed_at = at

    @transition(field="state", source=State.IN_REVIEW, target=State.CLOSED)
    def close(self, *, at: datetime) -> None:
        """The report is accepted."""
        self.closed_at = at

    # -- ways out, and back ------------------------------------------------------------------------------------------

    @transition(field="state", source=[State.DISCOVERED, State.CONFIRMED], target=State.FALSE_ALARM)
    def dismiss(self) -> None:
        """It was nothing."""
        self.update_due_at = None

    @transition(field="state", source=list(OPEN), target=State.MERGED)
    def merge(self, *, into: "Incident", lends_outage: bool) -> None:
        """Another incident goes on for both; this one keeps its history and may be taken out again."""
        self.state_before_merge = self.state
        self.merged_into = into
        self.lent_outage = lends_outage
        self.update_due_at = None

    @transition(field="state", source=State.MERGED, target=RETURN_VALUE(*OPEN))
    def unmerge(self) -> str:
        """Back to the state it had before it was merged."""
        earlier = self.state_before_merge
        self.merged_into = None
        self.state_before_merge = ""
        self.lent_outage = False
        return earlier

    @transition(field="state", source=[State.VERIFYING, State.RESOLVED], target=State.HANDLING)
    def reopen(self) -> None:
        """It was not over: a new round of handling; the earlier end was none."""
        self.round += 1
        self.verifying_at = None
        self.resolved_at = None
        self.report_accepted_at = None

    # -- what changes an incident without moving it --------------------------------------------------------------------

    @transition(field="state", source=list(GRADED_OPEN), target=None)
    def regrade(self, *, grade: str) -> None:
        """A higher or lower grade."""
        self.grade = grade

    @transition(field="state", source=list(GRADED_OPEN), target=None)
    def stop_business(self, *, failing_since: datetime) -> None:
        """It turned out that the part's business stands still."""
        self.stops_business = True
        self.failing_since = failing_since

    @transition(field="state", source=[state for state in NOT_OVER if state != State.DISCOVERED], target=None)
    def staff(self) -> None:
        """A role was given or handed over: the version rises, so that of two people who assign at once one is told."""
        self._extra_roles = None

    @transition(field="state", source=list(GRADED_OPEN), target=None)
    def tell(self, *, due_at: datetime | None) -> None:
        """An update was posted; the cadence begins anew."""
        self.cadence(due_at=due_at)

    @transition(field="state", source=list(GRADED_OPEN), target=None)
    def add_work(self) -> None:
        """A further playbook was started by hand."""

    @transition(field="state", source=list(GRADED_OPEN), target=None)
    def quieten(self, *, silence: Silence) -> None:
        """The part's alerts open no further incident for a while."""
        self.silence = silence

    @transition(field="state", source=list(GRADED_OPEN), target=None)
    def unquieten(self) -> None:
        """They do again."""
        self.silence = None

    @transition(field="state", source=[State.HANDLING, State.VERIFYING], target=None)
    def check_end(self) -> None:
        """One of the end conditions was reported or overridden."""

    @transition(field="state", source=[State.RESOLVED, State.IN_REVIEW], target=None)
    def accept_report(self, *, at: datetime) -> None:
        """Whoever approved the report stands for it; a general incident's few words are accepted by its close."""
        self.report_accepted_at = at

    def write_report(self, *, summary: str, author_id: int | None) -> None:
        """The few words of a general incident, at its close."""
        self.report_summary = summary
        self.report_author_id = author_id

    def cadence(self, *, due_at: datetime | None) -> None:
        """When the next update is due; each change is a generation, so that an older deadline can never speak for a newer."""
        self.update_due_at = due_at
        self.update_generation += 1

    def copy_level(self, *, level: dict[str, Any], plan_version_id: int | None, update_every: timedelta | None) -> None:
        """Freeze the response level and the version of the plan that it came from."""
        self.level = level
        self.plan_version_id = plan_version_id
        self.update_every = update_every

    def _found(self, finding: str, fault_kind_id: int | None, at: datetime) -> None:
        self.finding = finding
        self.located_at = at
        if fault_kind_id is not None:
            self.fault_kind_id = fault_kind_id
