"""Today, 3 a.m.: the upgrade goes wrong. Business runs on the standby, half of the work is done, and the alerts are as they are at such times."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from contingency.catalog.models import Part
from contingency.plan import services as plan
from contingency.plan.models import PlanVersion
from contingency.plan.shipped import shipped_plan
from incidents.reports.models import Report
from incidents.response import services as response
from incidents.response.models import Incident
from incidents.switchover import services as switchover
from incidents.switchover.models import Switch
from kernel import clock, journal, proposals
from kernel.errors import DomainError
from monitoring.alerts import services as alerts
from monitoring.alerts.models import Alert, FailedIntake, Silence, Source
from notify import services as notify
from notify.models import Page
from notify.services import links
from tests.screenshots import quiet
from tests.screenshots.stage import Tale, actor, alert, at, heard, incident_of, minutes
from work import services as work

FAILING = "Orders cannot be paid: 69 % refused since the upgrade to 2.5"


def tell() -> None:
    """From the first alert to the minute of the pictures."""
    _noise_before()
    tale = _confirmed()
    _on_standby(tale)
    _under_way(tale)
    _noise_after()
    _plan_in_work()
    tale.incident.refresh_from_db()
    quiet.probes_define(tale.part, failing_for=clock.now() - tale.incident.failing_since)
    heard()


def _confirmed() -> Tale:
    tool = quiet.tool("alertmanager")
    tool.tell(
        alert("OrdersFailing", FAILING, ago=3, service="order-system", instance="hall-a:8443", version="2.5"),
        alert("OrdersSlow", "19 of 20 orders answered within 6.2 s (usually 0.9 s)", ago=2, severity="error", service="order-system", version="2.5"),
    )
    tale = incident_of(FAILING)
    minutes(1)
    page = Page.objects.filter(subject_id=tale.incident.public_id).latest("id")
    notify.page_acknowledge(public_id=page.public_id, version=None, actor=actor("chen.yu"))
    heard()
    minutes(2)
    scope = "Paying for orders in the web shop and by phone; browsing still works"
    tale.act(response.incident_confirm, "zhao.min", grade="severe", stops_business="yes", fault_class="software", scope=scope)
    minutes(1)
    for name in ("chen.yu", "li.na"):
        tale.act(response.role_acknowledge, name)
    tale.act(response.incident_locate, "chen.yu", finding="Migration 0201 left payment.channel_id empty for 31 % of orders", fault_kind="application")
    tale.act(response.incident_handle, "zhao.min")
    return tale


def _on_standby(tale: Tale) -> None:
    tale.task_done("freeze-upgrade", evidence="Frozen at step 7, log kept")
    tale.task_done("confirm-scope", evidence="3 102 of 10 009 orders of the last hour")
    decision = "We switch to the standby. Rolling back needs 40 minutes; the standby is validated and takes 2."
    tale.act(response.decision_record, "zhao.min", body=decision)
    tale.task_done("validate-standby", evidence="Dry run: all checks passed")
    minutes(5)
    tale.switch(switchover.switch_over, "zhao.min")
    tale.act(
        response.update_post,
        "zhao.min",
        body="Orders and payments work again, on the standby in Hall B. About 3 100 orders of the last hour need care.",
    )


def _under_way(tale: Tale) -> None:
    minutes(9)
    tale.task_done("tell-customer-service", evidence="Text “payment delayed” sent to 24 agents")
    condition = "Standby carries all orders. 3 102 orders without a payment channel are listed."
    actions = "Wu Hao repairs migration 0201; customer service calls the customers who were charged twice."
    tale.act(response.can_report, "chen.yu", condition=condition, actions=actions, needs="A second pair of eyes on the repair script")
    tale.act(response.note_add, "chen.yu", body="Hall A is fenced; its database is read-only. Keep the log of step 7.")
    tasks = tale.tasks()
    if "locate-cause" in tasks:
        work.task_start(public_id=tasks["locate-cause"].public_id, version=None, actor=actor("chen.yu"))
    minutes(8)
    shown = [entry for entry in journal.timeline(tale.fresh(), limit=400) if entry.name == "incidents.decision_recorded.v1"]
    if shown:
        tale.act(response.entry_pin, "zhao.min", entry=shown[0].public_id)
        tale.act(response.entry_annotate, "chen.yu", entry=shown[0].public_id, text="The two minutes were one minute and forty seconds.")
    notes = [entry for entry in journal.timeline(tale.fresh(), limit=400) if entry.name == "incidents.note_added.v1"]
    if notes:
        reason = "Written down later; it was seen right after the switch"
        tale.act(response.entry_retime, "chen.yu", entry=notes[0].public_id, placed_at=at(clock.now(), minutes=20), reason=reason)
    with contextlib.suppress(DomainError):
        proposals.perform(
            "incidents.grade_lower", actor=actor("chen.yu"), public_id=tale.incident.public_id, inputs={"grade": "general"}, reason="Business runs"
        )
    heard()


def _noise_before() -> None:
    tool = quiet.tool("alertmanager")
    for turn in range(7):
        tool.tell(alert("QueueDepth", "Mail queue above 500", ago=1, severity="warning", service="order-system", queue="mail", turn_of="queue"))
        minutes(2)
        if turn < 6:
            tool.tell(
                alert(
                    "QueueDepth", "Mail queue above 500", ago=3, ended=0.5, severity="warning", service="order-system", queue="mail", turn_of="queue"
                )
            )
            minutes(1)
    tool.tell(alert("CertificateExpires", "Certificate of partner.example ends in 6 days", ago=200, severity="warning", team="web"))
    tool.tell(alert("DiskFills", "/var/log of build-07 is 91 % full", ago=95, severity="warning", instance="build-07", team="build"))
    tool.tell(alert("DiskFills", "/var/log of build-09 is 93 % full", ago=80, severity="error", instance="build-09", team="build"))


def _noise_after() -> None:
    part = Part.objects.get(slug="order-system")
    tool = quiet.tool("alertmanager")
    hall = alert(
        "ReplicationStopped", "Hall A no longer follows Hall B", ago=16, severity="error", service="order-system", instance="hall-a-db", cause="fence"
    )
    tool.tell(hall)
    tool.tell(
        alert("OrdersReconcile", "3 102 orders without a payment channel", ago=11, severity="warning", service="order-system", list="reconcile")
    )
    ends = clock.now() + timedelta(minutes=95)
    silence = "Hall A is fenced on purpose until it is repaired"
    alerts.silence_create(actor=actor("zhao.min"), reason=silence, ends_at=ends, part=part.public_id, matchers={"instance": "hall-a-db"})
    alerts.silence_create(
        actor=actor("chen.yu"),
        reason="Log clean-up of the build hosts runs tonight",
        ends_at=clock.now() + timedelta(minutes=38),
        matchers={"team": "build"},
    )
    over = alerts.silence_create(
        actor=actor("chen.yu"), reason="New certificate on its way", ends_at=clock.now() + timedelta(minutes=60), matchers={"team": "web"}
    )
    alerts.silence_end(public_id=over.public_id, version=over.version, actor=actor("chen.yu"), reason="It came by mail")
    heard()
    slow = Alert.objects.filter(summary__startswith="19 of 20").latest("id")
    alerts.alert_acknowledge(public_id=slow.public_id, version=slow.version, actor=actor("chen.yu"))
    quiet.tool("pagerduty").post(
        {
            "event_action": "trigger",
            "dedup_key": "cards-3ds",
            "payload": {"summary": "3-D Secure of one bank times out", "source": "gateway-3", "severity": "warning"},
        }
    )
    quiet.tool("pagerduty").post({"event_action": "trigger", "payload": {"severity": "critical"}})
    quiet.tool("generic").post({"message": "11 log-ins refused in a minute", "rule": "auth-burst", "level": "warning"})
    quiet.tool("generic").post("level=warn rule=auth-burst message='not JSON at all'")
    quiet.tool("generic").post({"text": "a message in another shape", "host": "shop-02"})
    tool.tell(alert("PaymentLatency", "Card payments answer after 7 s", ago=1, service="payments", channel="cards"))
    minutes(1)


def _plan_in_work() -> None:
    text = shipped_plan()
    changed = text.replace("target: 1 h", "target: 45 min", 1).replace(
        "The standby system with its own database.", "The standby system with its own database and its own gateway.", 1
    )
    if changed == text:
        raise RuntimeError("the shipped plan no longer has what version 2 changes")
    version = plan.plan_load(text=changed, actor=actor("zhao.min"), reason="After the incident of last week")
    plan.plan_submit(public_id=version.public_id, version=version.version, actor=actor("zhao.min"))
    first = PlanVersion.objects.get(number=1)
    for name in ("chen.yu", "li.na", "he.fang"):
        plan.plan_read_confirm(public_id=first.public_id, version=first.version, actor=actor(name))
        first.refresh_from_db()
    heard()


def places() -> dict[str, str]:
    """What the screens of this scene are about, for the addresses with a number or an id in them."""
    found: dict[str, str] = {}
    newest = Incident.objects.order_by("-id")
    for name, row in (
        ("severe", newest.filter(grade="severe").first()),
        ("discovered", newest.filter(state="discovered").first()),
        ("closed", newest.filter(state="closed").first()),
        ("dismissed", newest.filter(state="false_alarm").first()),
    ):
        if row is not None:
            found[f"{name}.number"], found[f"{name}.id"] = row.number, str(row.public_id)
            if row.outage is not None:
                found[f"{name}.outage"] = str(row.outage.public_id)
    rows = {
        "alert": Alert.objects.filter(summary=FAILING).last(),
        "flapping": Alert.objects.filter(is_flapping=True).last(),
        "unrouted": Alert.objects.filter(part=None).last(),
        "failed": FailedIntake.objects.last(),
        "source": Source.objects.filter(kind="alertmanager").first(),
        "part": Part.objects.filter(slug="order-system").first(),
        "silence": Silence.objects.filter(state="in_force").first(),
        "plan": PlanVersion.objects.order_by("-number").first(),
        "switch": Switch.objects.order_by("-id").first(),
        "page": Page.objects.filter(state="calling").last(),
    }
    found |= {name: str(row.public_id) for name, row in rows.items() if row is not None}
    for name, state in (("report", "approved"), ("report.waiting", "in_review")):
        report = Report.objects.filter(state=state).last()
        if report is not None:
            found[name], found[f"{name}.id"] = report.number, str(report.public_id)
    page = rows["page"]
    link = page.links.last() if page is not None else None
    if link is not None:
        found["ack"] = links.token_of(link)
    return found
