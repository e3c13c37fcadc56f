"""What happened last week: a severe incident, mended, written up and approved; a small one whose report waits; a false alarm."""

from __future__ import annotations

from datetime import timedelta

from contingency.catalog.models import Part
from contingency.plan import services as plan
from contingency.plan.models import Round
from incidents.reports import services as reports
from incidents.reports.models import Action, Report
from incidents.response import services as response
from incidents.switchover import services as switchover
from incidents.switchover.services import watching
from kernel import clock
from notify import services as notify
from notify.models import Page
from tests.screenshots import quiet
from tests.screenshots.stage import Tale, actor, alert, heard, incident_of, minutes, person


def tell() -> None:
    """The week before, until today."""
    _severe()
    clock.wind(timedelta(days=3))
    minutes(1)
    _general()
    clock.wind(timedelta(days=1, hours=5))
    minutes(1)
    _comes_round("full-backup", "sun.jie", "Stored near and far, checksums match: 41 GB in 26 min.")
    _comes_round("standby-validation", "chen.yu", "Dry run: all checks passed. A certificate of Hall B ended in 12 days; renewed.")
    _false_alarm()
    clock.wind(timedelta(days=1, hours=20))
    minutes(1)
    clock.wind(timedelta(hours=2))


def _comes_round(slug: str, name: str, note: str) -> None:
    row = Round.objects.get(schedule__slug=slug, state=Round.State.DUE)
    plan.round_done(public_id=row.public_id, version=row.version, actor=actor(name), note=note)


def _answer(tale: Tale, name: str) -> None:
    page = Page.objects.filter(subject_id=tale.incident.public_id).latest("id")
    notify.page_acknowledge(public_id=page.public_id, version=None, actor=actor(name))
    heard()


def _end(tale: Tale, name: str) -> None:
    tale.act(response.incident_verify, name)
    for condition, seen in (
        ("functions", "placed, paid and cancelled one order of each kind"),
        ("data", "orders and payments of both databases compared: 0 of 18 402 differ"),
        ("business", "customer service and warehouse work as usual"),
    ):
        tale.act(response.end_condition_check, name, condition=condition, evidence=seen, passed="yes")
    tale.act(response.incident_resolve, name)


def _severe() -> None:
    tool = quiet.tool("alertmanager")
    tool.tell(alert("OrdersFailing", "Orders fail: 38 % answered with 500", ago=2, service="order-system", instance="hall-a:8443"))
    tale = incident_of("Orders fail: 38 % answered with 500")
    minutes(1)
    _answer(tale, "chen.yu")
    minutes(3)
    tale.act(response.incident_confirm, "zhao.min", grade="severe", stops_business="yes", scope="Paying for orders; every customer of the web shop")
    minutes(1)
    tale.act(response.role_acknowledge, "chen.yu")
    tale.act(response.role_acknowledge, "li.na")
    tale.act(response.role_acknowledge, "he.fang")
    tale.act(response.incident_handle, "zhao.min")
    tale.act(response.decision_record, "zhao.min", body="We go to the standby: the lock on the table of orders would take an hour to clear.")
    minutes(9)
    tale.switch(switchover.switch_over, "zhao.min")
    minutes(14)
    tale.act(response.incident_locate, "chen.yu", finding="Migration 0187 locked the table of orders")
    watching.business_checks_run()
    switchover.business_normal_record(public_id=tale.outage.public_id, version=None, actor=actor("zhao.min"))
    tale.act(response.update_post, "he.fang", body="Orders and payments run again, on the standby. Nobody needs to do anything.")
    minutes(70)
    what = "Version 2.4 taken back; migration 0187 rewritten so that it locks nothing"
    switchover.repair_record(public_id=tale.outage.public_id, version=None, actor=actor("chen.yu"), what=what)
    minutes(45)
    tale.switch(switchover.switch_back, "zhao.min")
    tale.task_done(*(slug for slug in tale.tasks() if slug != "declare-end"), evidence="seen")
    minutes(20)
    tool.tell(alert("OrdersFailing", "Orders fail: 38 % answered with 500", ago=170, ended=12, service="order-system", instance="hall-a:8443"))
    _end(tale, "zhao.min")
    report = Report.objects.get(incident=tale.incident)
    _write_up(report)
    tale.act(response.incident_review, "zhao.min")
    tale.act(response.incident_close, "zhao.min")


def _write_up(report: Report) -> None:
    def put(service: object, name: str, **inputs: object) -> None:
        report.refresh_from_db()
        service(public_id=report.public_id, version=report.version, actor=actor(name), **inputs)  # type: ignore[operator]
        heard()

    put(
        reports.section_put,
        "zhao.min",
        section="cause",
        text_en="Migration 0187 added a column with a default to the table of orders. On the rehearsal's small copy it took two seconds; "
        "on 18 million rows it held the table's lock for as long as it ran.",
        text_zh="迁移 0187 为订单表增加了一个带默认值的列。演练用的小副本上只需两秒；在一千八百万行的生产表上，整个执行期间都持有表锁。",
    )
    due = clock.now()
    for title, owner, days in (
        ("Rehearse migrations on a full-size copy before every upgrade", "wu.hao", 4),
        ("A probe that warns of locks held for more than ten seconds", "chen.yu", 21),
        ("Put the telephone numbers of the payment provider into the plan", "lin.tao", 2),
    ):
        put(reports.action_add, "zhao.min", title=title, owner=person(owner).public_id, due_at=due + timedelta(days=days))
    done = Action.objects.get(title__startswith="Put the telephone")
    put(reports.report_submit, "zhao.min")
    put(reports.report_approve, "sun.jie")
    reports.action_done(public_id=done.public_id, version=None, actor=actor("lin.tao"), evidence="chapter 7 of the plan")
    heard()


def _general() -> None:
    tool = quiet.tool("alertmanager")
    tool.tell(alert("PaymentLatency", "Card payments answer after 9 s", ago=3, service="payments", channel="cards"))
    tale = incident_of("Card payments answer after 9 s")
    minutes(2)
    _answer(tale, "chen.yu")
    tale.act(response.incident_confirm, "zhao.min", grade="general", stops_business="no", scope="Card payments are slow; none is lost")
    minutes(2)
    tale.act(response.incident_handle, "zhao.min")
    minutes(24)
    tale.act(response.incident_locate, "chen.yu", finding="A worn-out link to the provider; traffic goes over the second one")
    tale.task_done(*(slug for slug in tale.tasks() if slug != "declare-end"), evidence="done")
    tool.tell(alert("PaymentLatency", "Card payments answer after 9 s", ago=30, ended=1, service="payments", channel="cards"))
    _end(tale, "zhao.min")
    report = Report.objects.get(incident=tale.incident)
    reports.report_submit(public_id=report.public_id, version=report.version, actor=actor("zhao.min"))
    heard()


def _false_alarm() -> None:
    part = Part.objects.get(slug="order-system")
    made = response.incident_open(actor=actor("chen.yu"), part=part.slug, fault_class="network", title="Hall B cannot be reached")
    heard()
    tale = Tale(made)
    minutes(4)
    tale.act(response.incident_false_alarm, "zhao.min", reason="The monitoring host had lost its network, not the hall")
