"""One severe incident from the first alert to the end, through the real services, a fake order system and a wound clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from contingency.catalog.models import Gateway, Side
from incidents.reports.models import Report
from incidents.response import services as response
from incidents.response.models import Incident
from incidents.switchover import services as switchover
from incidents.switchover.models import Outage, Switch
from incidents.switchover.services import watching
from kernel import clock, deadlines
from kernel.journal.relay import relay
from monitoring.alerts.models import Alert
from notify import services as notify
from notify.models import Page
from tests.incidents.response.world import World, fresh
from tests.incidents.switchover.conftest import look
from tests.incidents.switchover.fake_control import FakeControl
from work import services as work
from work.models import Task

NAMES = {
    "olga": ("Olga Brandt", "欧佳"),
    "oscar": ("Oscar Lind", "林凯"),
    "lena": ("Lena Weber", "韦兰"),
    "leo": ("Leo Hart", "何立"),
    "bea": ("Bea Stone", "石贝"),
}
FINDING = "Migration 0187 locked the table of orders"
REPAIR = "Version 2 was taken back and the lock removed"
DEADLINES = ("page_escalation", "recovery_clock", "task_due", "update_due", "action_due")


@dataclass
class Story:
    """What happened, and with whom."""

    world: World
    control: FakeControl
    incident: Incident
    alert: Alert

    def act(self, service: Any, name: str, **inputs: Any) -> Any:
        """One move on the incident by a person."""
        self.incident = fresh(self.incident)
        made = service(public_id=self.incident.public_id, version=self.incident.version, actor=self.world.actor(name), **inputs)
        relay()
        self.incident = fresh(self.incident)
        return made

    @property
    def report(self) -> Report:
        """The one in work, else the last."""
        return Report.objects.filter(incident=self.incident).order_by("-id").first()  # type: ignore[return-value]

    @property
    def outage(self) -> Outage:
        """As the database has it."""
        return Outage.objects.get(pk=self.incident.outage_id)


def minutes(count: float) -> None:
    """Time goes by: what falls due meanwhile is fired minute by minute where it matters, and heard."""
    clock.wind(timedelta(minutes=count))
    for _turn in range(3):
        for kind in deadlines._handlers:
            deadlines.sweep(kind)
        relay()


def furnish(world: World, control: FakeControl) -> None:
    """Names in two scripts, and a part whose traffic can really be moved."""
    clock.allow_winding(True)
    for username, (english, chinese) in NAMES.items():
        user = world.users[username]
        user.display_name, user.display_name_zh = english, chinese
        user.save()
    part = world.part
    part.base_url = control.url
    part.save()
    for role, name in (("primary", "Hall A"), ("standby", "Hall B")):
        Side.objects.create(part=part, role=role, name=name, url=f"{control.url}/side/{role}", ready_url=f"{control.url}/side/{role}/ready")
    Gateway.objects.create(part=part, kind="lab", control_url=control.url, secret_file=str(control.address_book))
    watching.gateway_watch()


def begin(world: World, control: FakeControl, *, title: str = "") -> Story:
    """An alert, an incident, a call."""
    furnish(world, control)
    alert = world.alert(key="orders-refused", started_at=clock.now() - timedelta(minutes=2))
    Alert.objects.filter(pk=alert.pk).update(summary="Orders are refused with HTTP 500")
    alert.refresh_from_db()
    world.hear(alert)
    incident = Incident.objects.get()
    if title:
        Incident.objects.filter(pk=incident.pk).update(title=title)
    return Story(world, control, fresh(incident), alert)


def tell(world: World, control: FakeControl, *, title: str = "Orders cannot be paid", late: bool = True, until: str = "resolved") -> Story:
    """The whole story. `late`: nobody answers at first and the switch is ordered after the hour."""
    story = begin(world, control, title=title)
    minutes(6 if late else 1)  # olga does not answer within five minutes: oscar is called
    answer(story, "oscar" if late else "olga")
    minutes(3)
    story.act(response.incident_confirm, "lena", grade="severe", stops_business="yes", scope="Paying for orders; every customer")
    minutes(1)
    story.act(response.role_acknowledge, "olga")
    story.act(response.incident_handle, "lena")
    story.act(response.decision_record, "lena", body="We switch to the standby; repairing would take longer")
    minutes(52 if late else 8)
    switch(story, switchover.switch_over, "lena")
    minutes(12)
    story.act(response.incident_locate, "olga", finding=FINDING)
    watching.business_checks_run()
    switchover.business_normal_record(public_id=story.outage.public_id, version=None, actor=world.actor("lena"))
    story.act(response.update_post, "lena", body="Orders run on the standby")
    minutes(25)
    finish_tasks(story)
    switchover.repair_record(public_id=story.outage.public_id, version=None, actor=world.actor("olga"), what=REPAIR)
    minutes(40)
    switch(story, switchover.switch_back, "lena")
    story.act(response.incident_verify, "lena")
    for condition in ("functions", "data", "business"):
        story.act(response.end_condition_check, "lena", condition=condition, evidence="orders of both databases compared: 0 differ", passed="yes")
    if until == "resolved":
        story.act(response.incident_resolve, "lena")
    return story


def answer(story: Story, name: str) -> None:
    """Somebody who was called says that they have it."""
    page = Page.objects.get(subject_kind="incident")
    notify.page_acknowledge(public_id=page.public_id, version=None, actor=story.world.actor(name))
    relay()


def switch(story: Story, order: Any, name: str) -> Switch:
    """Ordered, carried out and proved."""
    look()
    made: Switch = order(public_id=story.outage.public_id, version=None, actor=story.world.actor(name))
    Switch.objects.filter(pk=made.pk).update(lease_until=None)
    switchover.switch_run()
    made.refresh_from_db()
    assert made.state == "done", (made.state, made.failure, made.failure_detail)
    relay()
    return made


def finish_tasks(story: Story) -> None:
    """Every task but the last one of the business track."""
    for task in Task.objects.filter(state__in=Task.UNFINISHED).exclude(slug="tell-sales").select_related("owner"):
        work.task_done(public_id=task.public_id, version=None, actor=story.world.actor("lena"), evidence="seen")
    relay()
