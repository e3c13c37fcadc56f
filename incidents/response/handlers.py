"""What the response hears from below. Handlers write rows only; the use cases are in services."""

from incidents.response import services
from kernel.journal import subscribe
from kernel.models import Entry


@subscribe("monitoring.alert_raised.v1", batch=True)
def join_or_open(entries: list[Entry]) -> None:
    """Alerts join the open incident of their part and class, or open one; opening calls the duty engineer."""
    services.alerts_heard(entries)


@subscribe("monitoring.alert_resolved.v1", batch=True)
def note_cleared(entries: list[Entry]) -> None:
    """The last alert of an incident is over: a line in its timeline, never its end."""
    services.alerts_cleared(entries)


@subscribe("monitoring.alert_flapping.v1", batch=True)
def note_flapping(entries: list[Entry]) -> None:
    """Alerts come and go: a line in the timeline, no churn."""
    services.alerts_flapping(entries)


@subscribe("notify.page_acknowledged.v1")
def take_answer(entry: Entry) -> None:
    """Somebody answered a call about an incident or a role in it."""
    services.page_answered(entry)


@subscribe("notify.page_exhausted.v1")
def raise_unanswered(entry: Entry) -> None:
    """Nobody answered to the end of the chain."""
    services.page_unanswered(entry)


@subscribe("incidents.outage_opened.v1")
def join_outage(entry: Entry) -> None:
    """An outage that was opened by something else belongs to the open incident of its part."""
    services.outage_opened(entry)


@subscribe("incidents.clock_warned.v1")
def tell_leads(entry: Entry) -> None:
    """A share of a recovery target is used up."""
    services.clock_warned(entry)


@subscribe("incidents.clock_breached.v1")
def call_leads(entry: Entry) -> None:
    """A recovery target is used up."""
    services.clock_breached(entry)


@subscribe("incidents.business_normal.v1")
def report_business(entry: Entry) -> None:
    """Evidence shows business normal."""
    services.business_normal(entry)


@subscribe("incidents.switched_back.v1")
def report_functions(entry: Entry) -> None:
    """Business is back where it belongs, proved."""
    services.switched_back(entry)


@subscribe("incidents.repaired_in_place.v1")
def report_repair(entry: Entry) -> None:
    """The failing side serves again, proved."""
    services.repaired_in_place(entry)


@subscribe("incidents.switch_ordered.v1")
def ask_second(entry: Entry) -> None:
    """A switch may wait for a second person."""
    services.switch_ordered(entry)


@subscribe("incidents.switch_approved.v1")
def tell_switch_begins(entry: Entry) -> None:
    """A switch will be carried out."""
    services.switch_approved(entry)


@subscribe("incidents.switch_failed.v1")
def tell_switch_failed(entry: Entry) -> None:
    """A switch did not come about."""
    services.switch_failed(entry)


@subscribe("work.task_overdue.v1", batch=True)
def tell_commander(entries: list[Entry]) -> None:
    """Tasks are late."""
    services.task_overdue(entries)


@subscribe("kernel.move_proposed.v1")
def tell_proposal(entry: Entry) -> None:
    """A move on an incident waits for somebody to agree."""
    services.move_proposed(entry)


@subscribe("work.task_list_started.v1")
@subscribe("incidents.outage_joined.v1")
def catch_up(entry: Entry) -> None:
    """Tasks, or an outage, are new to an incident: some of it may be done already."""
    services.tasks_catch_up(entry)


def follow(entry: Entry) -> None:
    """A move that a step of a playbook may name was done."""
    services.tasks_follow(entry)


for name in services.TASKS_DONE_BY:
    subscribe(name)(follow)
