"""One record of every kind that has moves, none of them belonging to the people the matrix asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contingency.org.models import ContactPoint, Factor, Holding, PersonalToken, Position, Shift
from contingency.plan.models import PlanVersion, Round, Schedule
from incidents.reports.models import Action, Report
from incidents.response.models import Incident
from incidents.switchover.models import RecoveryClock, Switch
from kernel import clock
from kernel.models import Proposal
from monitoring.alerts.models import Alert, FailedIntake, Silence, Source
from monitoring.probes.models import Probe, Series
from notify.models import Page
from tests.console.conftest import Company
from work.models import Task


def sample_of_each(company: Company, incident: Incident) -> dict[str, Any]:
    """Kind → record."""
    now = clock.now()
    outage = incident.outage
    assert outage is not None
    source = Source.objects.create(kind="generic", name="Monitoring", default_part=company.part, created_at=now)
    alert = Alert.objects.create(
        source=source,
        dedup_key="k",
        episode_start=now,
        severity="critical",
        summary="orders refused",
        part=company.part,
        fault_class="software",
        first_seen_at=now,
        last_seen_at=now,
        times_seen=1,
    )
    proposal = Proposal.objects.create(
        move="incidents.false_alarm",
        record_kind="incident",
        record_id=incident.public_id,
        record_label=incident.number,
        proposer={"id": str(company.users["engineer"].public_id), "label": "Engineer", "user_id": company.users["engineer"].pk},
        proposed_at=now,
    )
    switch = Switch.objects.create(
        number="SWI-2026-0001",
        part=company.part,
        outage=outage,
        direction="over",
        mode="planned",
        from_side="primary",
        to_side="standby",
        needs_second=True,
        ordered_by=company.users["engineer"],
        ordered_at=now,
    )
    series = Series.objects.create(part=company.part, name="p", unit="ms")
    token = PersonalToken.objects.create(
        user=company.users["engineer"], prefix="sbp_x", digest="d", scopes=["incidents:read"], created_at=now, expires_at=now + timedelta(days=1)
    )
    report = Report.objects.create(number="REP-2026-0001", incident=incident, zone="UTC", drafted_at=now, saved_at=now)
    week = timedelta(days=7)
    schedule = Schedule.objects.create(
        slug="contact-test",
        plan_version=PlanVersion.objects.get(),
        kind="check",
        name_en="Test of contacts",
        name_zh="联系方式测试",
        every=week,
        owner=Position.objects.get(slug="operations-administrator"),  # whose role may do nothing of the kind otherwise
    )
    return {
        "alert": alert,
        "contact_point": ContactPoint.objects.filter(user=company.users["engineer"]).first(),
        "factor": Factor.objects.create(user=company.users["engineer"], kind="app", name="Phone", created_at=now, secret=b"x"),
        "failed_intake": FailedIntake.objects.create(
            source=source, format="generic", code="unmapped", detail="x", size_bytes=1, sha256=b"x", body=b"{}", received_at=now, last_received_at=now
        ),
        "holding": Holding.objects.get(user=company.users["engineer"]),
        "improvement_action": Action.objects.create(
            number="ACT-2026-0001",
            report=report,
            title="A probe for locks",
            owner=company.users["engineer"],
            due_at=now + timedelta(days=1),
            added_at=now,
        ),
        "incident": incident,
        "outage": outage,
        "page": Page.objects.filter(subject_kind="incident").first(),
        "part": company.part,
        "personal_token": token,
        "plan_round": Round.objects.create(
            schedule=schedule, number=1, owner=schedule.owner, every=week, counted_from=now, due_at=now, opened_at=now
        ),
        "plan_version": PlanVersion.objects.get(),
        "probe": Probe.objects.create(
            name="p", part=company.part, kind="http", target="http://127.0.0.1:9/", series=series, state_since=now, next_at=now + timedelta(days=1)
        ),
        "proposal": proposal,
        "recovery_clock": RecoveryClock.objects.get(outage=outage, kind="switchover"),
        "report": report,
        "shift": Shift.objects.get(),
        "silence": Silence.objects.create(
            part=company.part, matchers={}, reason="x", starts_at=now, ends_at=now + timedelta(hours=1), created_by="x"
        ),
        "source": source,
        "switch": switch,
        "task": Task.objects.first(),
        "user": company.users["engineer"],
    }
