"""A small company to respond in: units, people with positions and duty, a plan in force, one order system."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contingency.catalog.models import FaultKind, Part
from contingency.org.models import ContactPoint, EmergencyGroup, Holding, Position, Roster, Shift, Unit, User
from contingency.org.selectors import actor_of_user
from contingency.plan.models import ChainStep, EscalationChain, LevelCall, Plan, PlanVersion, Playbook, PlaybookStep, RecoveryTarget, ResponseLevel
from incidents.response import services
from incidents.response.models import Incident
from kernel import clock, journal
from kernel.actors import SYSTEM, Actor
from kernel.journal.relay import relay
from kernel.models import Entry
from monitoring.alerts.events import AlertFlapping, AlertRaised, AlertResolved
from monitoring.alerts.models import Alert, Source
from tests.harness.template import Template

PEOPLE = {
    "olga": ("ops_engineer", "operations"),
    "oscar": ("ops_engineer", "operations"),
    "lena": ("team_lead", "technology"),
    "leo": ("team_lead", "technology"),
    "bea": ("business_ops", "business"),
    "cyril": ("customer_service", "business"),
    "dora": ("director", "board"),
    "dirk": ("director", "board"),
    "anton": ("auditor", "board"),
    "ada": ("administrator", "board"),
    "sam": ("ops_engineer", "warehouse"),
}
STEPS = (("check-log", "technical", "technical_lead"), ("restart", "technical", "technical_lead"), ("tell-sales", "business", "business_lead"))
UPDATES = {"general": 60, "severe": 30, "major": 15}


@dataclass
class World:
    """What a test may ask for by name."""

    users: dict[str, User] = field(default_factory=dict)
    part: Part = None  # type: ignore[assignment]
    other_part: Part = None  # type: ignore[assignment]
    source: Source = None  # type: ignore[assignment]
    version: PlanVersion = None  # type: ignore[assignment]
    alerts_made: int = 0

    def actor(self, name: str, *, scopes: frozenset[str] | None = None) -> Actor:
        """The person as one who acts, with the rights of this moment."""
        return actor_of_user(self.users[name], scopes=scopes)

    # -- incidents in every state ------------------------------------------------------------------------------------

    def opened(self, *, fault_class: str = "software", part: Part | None = None, by: str = "olga", title: str = "Orders are refused") -> Incident:
        """An incident in discovered."""
        actor = SYSTEM if part is self.other_part and part is not None else self.actor(by)
        return services.incident_open(actor=actor, part=(part or self.part).slug, fault_class=fault_class, title=title)

    def confirmed(self, *, grade: str = "severe", stops_business: str = "no", by: str = "lena", reported_by: str = "olga", **fields: Any) -> Incident:
        """A confirmed incident; unless told otherwise its business goes on."""
        incident = self.opened(by=reported_by, **fields)
        return services.incident_confirm(
            public_id=incident.public_id, version=incident.version, actor=self.actor(by), grade=grade, stops_business=stops_business, reason="seen it"
        )

    def located(self, **fields: Any) -> Incident:
        """A located incident."""
        incident = self.confirmed(**fields)
        return services.incident_locate(public_id=incident.public_id, version=incident.version, actor=self.actor("lena"), finding="migration 0187")

    def handling(self, **fields: Any) -> Incident:
        """An incident on which people act."""
        incident = self.confirmed(**fields)
        return services.incident_handle(public_id=incident.public_id, version=incident.version, actor=self.actor("lena"))

    def verifying(self, **fields: Any) -> Incident:
        """An incident whose recovery is being verified."""
        incident = self.handling(**fields)
        return services.incident_verify(public_id=incident.public_id, version=incident.version, actor=self.actor("lena"))

    def shown(self, incident: Incident) -> Incident:
        """All three end conditions are reported as passed."""
        for condition in ("functions", "data", "business"):
            incident = services.end_condition_check(
                public_id=incident.public_id,
                version=incident.version,
                actor=self.actor("lena"),
                condition=condition,
                evidence="checked",
                passed="yes",
            )
        return incident

    def resolved(self, **fields: Any) -> Incident:
        """An incident whose end was declared."""
        incident = self.shown(self.verifying(**fields))
        return services.incident_resolve(public_id=incident.public_id, version=incident.version, actor=self.actor("lena"))

    def in_review(self, **fields: Any) -> Incident:
        """An incident in review."""
        incident = self.resolved(**fields)
        return services.incident_review(public_id=incident.public_id, version=incident.version, actor=self.actor("lena"))

    def closed(self, **fields: Any) -> Incident:
        """A closed incident (of general grade, with its short report)."""
        incident = self.in_review(**{"grade": "general", **fields})
        return services.incident_close(
            public_id=incident.public_id, version=incident.version, actor=self.actor("lena"), report_summary="Config slip."
        )

    def false_alarm(self, **fields: Any) -> Incident:
        """A dismissed incident."""
        incident = self.opened(**fields)
        return services.incident_false_alarm(public_id=incident.public_id, version=incident.version, actor=self.actor("lena"), reason="a test")

    def merged(self, **fields: Any) -> Incident:
        """An incident merged into another one (of class network)."""
        target = self.opened(fault_class="network")
        incident = self.opened(**fields)
        return services.incident_merge(public_id=incident.public_id, version=incident.version, actor=self.actor("lena"), into=target.public_id)

    def in_state(self, state: str, **fields: Any) -> Incident:
        """An incident in this state, reached by its legal moves."""
        return getattr(self, {"discovered": "opened"}.get(state, state))(**fields)

    # -- alerts ----------------------------------------------------------------------------------------------------

    def alert(
        self, *, key: str = "", severity: str = "critical", part: Part | None = None, started_at: datetime | None = None, is_flapping: bool = False
    ) -> Alert:
        """A firing alert's row, as the intake stores it."""
        self.alerts_made += 1
        now = clock.now()
        return Alert.objects.create(
            source=self.source,
            dedup_key=key or f"key-{self.alerts_made}",
            episode_start=started_at or now,
            severity=severity,
            summary=f"Alert {self.alerts_made}",
            part=part or self.part,
            fault_class="software",
            opens_incident=True,
            times_seen=1,
            first_seen_at=now,
            last_seen_at=now,
            is_flapping=is_flapping,
        )

    def raised(self, alert: Alert, *, opens: bool = True, fault_class: str = "software") -> AlertRaised:
        """What the intake records about it."""
        return AlertRaised(
            alert_id=alert.public_id,
            source_id=self.source.public_id,
            part_id=alert.part.public_id if alert.part else None,
            fault_class=fault_class,
            fault_kind="",
            severity=alert.severity,
            summary=alert.summary,
            started_at=alert.episode_start,
            opens_incident=opens,
            is_flapping=alert.is_flapping,
        )

    def hear(self, *alerts: Alert, opens: bool = True, fault_class: str = "software") -> None:
        """Record these alerts as raised and let everybody hear of it."""
        records = [journal.Record(event=self.raised(alert, opens=opens, fault_class=fault_class), subject=alert) for alert in alerts]
        journal.record_many(records, actor=SYSTEM)
        relay()

    def resolve(self, *alerts: Alert) -> None:
        """Their senders say that these are over."""
        now = clock.now()
        for alert in alerts:
            alert.resolve(at=now, by="sender")
            alert.save()
            event = AlertResolved(
                alert_id=alert.public_id,
                part_id=alert.part.public_id if alert.part else None,
                fault_class=alert.fault_class,
                resolved_by="sender",
                resolved_at=now,
            )
            journal.record(event, subject=alert, actor=SYSTEM)
        relay()

    def flap(self, alert: Alert, *, turns: int) -> None:
        """The intake says that it comes and goes."""
        event = AlertFlapping(alert_id=alert.public_id, part_id=alert.part.public_id if alert.part else None, turns=turns)
        journal.record(event, subject=alert, actor=SYSTEM)
        relay()


def names(incident: Incident) -> list[str]:
    """The names of the incident's own entries, oldest first."""
    found = Entry.objects.filter(links__kind="incident", links__record_id=str(incident.public_id), links__role="subject")
    return list(found.order_by("id").values_list("name", flat=True))


def entries(incident: Incident, name: str) -> list[Entry]:
    """The incident's own entries of one name, oldest first."""
    found = Entry.objects.filter(name=name, links__kind="incident", links__record_id=str(incident.public_id), links__role="subject")
    return list(found.order_by("id"))


def fresh(incident: Incident | UUID) -> Incident:
    """The incident as the database has it."""
    return Incident.objects.get(public_id=incident if isinstance(incident, UUID) else incident.public_id)


def build() -> World:
    """Everything, by ordinary rows."""
    world = World()
    now = clock.now()
    units = _units()
    positions = _people(world, units, now)
    world.version = _plan(now)
    rosters = _rosters(world, units, now)
    chain = _chain(world.version, rosters)
    _levels(world.version, rosters, positions, chain)
    fields: dict[str, Any] = {"kind": "order_system", "roster": rosters["ops"], "chain": "standard", "name_zh": "订单系统"}
    world.part = Part.objects.create(slug="orders", name_en="Order system", unit=units["operations"], **fields)
    world.other_part = Part.objects.create(
        slug="payments", name_en="Payment channel", unit=units["operations"], **{**fields, "kind": "payment_channel"}
    )
    world.source = Source.objects.create(kind="alertmanager", name="am", created_at=now)
    return world


def _units() -> dict[str, Unit]:
    paths = {
        "board": "/board/",
        "technology": "/technology/",
        "operations": "/technology/operations/",
        "business": "/business/",
        "warehouse": "/warehouse/",
    }
    return {slug: Unit.objects.create(slug=slug, name_en=slug, name_zh=slug, layer="execution", path=path) for slug, path in paths.items()}


def _people(world: World, units: dict[str, Unit], now: datetime) -> dict[str, Position]:
    positions: dict[str, Position] = {}
    for name, (role, unit) in PEOPLE.items():
        slug = f"{role.replace('_', '-')}-{unit}"
        if slug not in positions:
            positions[slug] = Position.objects.create(slug=slug, name_en=slug, name_zh=slug, unit=units[unit], role=role)
        user = User(username=name, display_name=name.capitalize(), joined_at=now)
        user.set_unusable_password()
        user.save()
        ContactPoint.objects.create(user=user, kind="email", address=f"{name}@example.com", order=1)
        Holding.objects.create(user=user, position=positions[slug], starts_at=now - timedelta(days=1))
        world.users[name] = user
    return positions


def _plan(now: datetime) -> PlanVersion:
    plan = Plan.objects.create(slug="contingency", name_en="Plan", name_zh="预案")
    return PlanVersion.objects.create(plan=plan, number=1, text="", digest="0" * 64, loaded_at=now)


def _rosters(world: World, units: dict[str, Unit], now: datetime) -> dict[str, Roster]:
    duty = {"ops": ("olga", "oscar"), "leads": ("lena",)}
    rosters = {}
    for slug, people in duty.items():
        rosters[slug] = Roster.objects.create(slug=slug, name_en=slug, name_zh=slug, unit=units["operations"], ranks=len(people))
        for rank, name in enumerate(people, start=1):
            times = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=30)}
            Shift.objects.create(roster=rosters[slug], user=world.users[name], rank=rank, **times)
    return rosters


def _chain(version: PlanVersion, rosters: dict[str, Roster]) -> EscalationChain:
    chain = EscalationChain.objects.create(
        slug="standard", plan_version=version, name_en="Standard", name_zh="标准", gives_up_after=timedelta(minutes=5)
    )
    for order, (roster, rank) in enumerate((("ops", 1), ("ops", 2), ("leads", 1))):
        ChainStep.objects.create(chain=chain, order=order, roster=rosters[roster], rank=rank, after=timedelta(minutes=5 if order else 0))
    return chain


def _levels(version: PlanVersion, rosters: dict[str, Roster], positions: dict[str, Position], chain: EscalationChain) -> None:
    FaultKind.objects.create(slug="application", fault_class="software", name_en="Application", name_zh="应用")
    kind = FaultKind.objects.create(slug="database", fault_class="software", name_en="Database", name_zh="数据库")
    playbook = _playbook(version, "application-failed")
    _playbook(version, "database-failed", fault_kind=kind)
    emergency = _playbook(version, "emergency-plan", fault_class="")
    group = EmergencyGroup.objects.create(slug="technical-group", name_en="Technical group", name_zh="技术组")
    assert playbook
    calls: dict[str, list[dict[str, Any]]] = {
        "general": [{"role": "technical_lead", "roster": rosters["ops"], "rank": 1}],
        "severe": [
            {"role": "commander", "roster": rosters["leads"], "rank": 1},
            {"role": "technical_lead", "roster": rosters["ops"], "rank": 1},
            {"role": "business_lead", "position": positions["business-ops-business"]},
        ],
    }
    calls["major"] = [
        *calls["severe"],
        {"role": "communications_lead", "position": positions["customer-service-business"]},
        {"role": "", "position": positions["director-board"]},
    ]
    for order, (grade, minutes) in enumerate(UPDATES.items()):
        level = ResponseLevel.objects.create(
            slug=grade, plan_version=version, order=order, grade=grade, name_en=grade, name_zh=grade, update_every=timedelta(minutes=minutes)
        )
        level.groups.add(group)
        if grade == "major":
            level.playbooks.add(emergency)
        for place, call in enumerate(calls[grade]):
            LevelCall.objects.create(level=level, order=place, chain=chain, **call)
    for clock_kind, hours in (("switchover", 1), ("recovery", 2), ("switchback", 24)):
        RecoveryTarget.objects.create(
            slug=clock_kind, plan_version=version, clock=clock_kind, target=timedelta(hours=hours), thresholds=[50, 80, 95, 100]
        )


def _playbook(version: PlanVersion, slug: str, *, fault_class: str = "software", fault_kind: FaultKind | None = None) -> Playbook:
    playbook = Playbook.objects.create(slug=slug, plan_version=version, name_en=slug, name_zh=slug, fault_class=fault_class, fault_kind=fault_kind)
    words = dict.fromkeys((f"{name}_{language}" for name in ("instruction", "where", "success", "otherwise") for language in ("en", "zh")), "…")
    for order, (step, track, role) in enumerate(STEPS):
        PlaybookStep.objects.create(
            playbook=playbook, slug=step, order=order, track=track, role=role, expected_minutes=10, is_safe=True, name_en=step, name_zh=step, **words
        )
    return playbook


built = Template(build)
