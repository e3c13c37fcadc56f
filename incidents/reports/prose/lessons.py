"""What went well and badly, by the facts alone; opinions are for people to add. And what is to be done about it."""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.reports.prose.clocks import was_close
from incidents.reports.prose.telling import Teller
from incidents.reports.selectors.facts import Facts
from incidents.response.models import EndCondition
from incidents.switchover.models import ClockKind
from kernel.i18n import pick

QUICK = timedelta(minutes=5)  # the shipped chain goes on after that long: an answer within it needed nobody else


def write(facts: Facts, tell: Teller) -> str:
    """Two lists, each under its own sentence."""
    good, bad = well(facts, tell), badly(facts, tell)
    parts = []
    if good:
        parts.append(_("What went well:") + "\n" + tell.items(good))
    if bad:
        parts.append(_("What went badly:") + "\n" + tell.items(bad))
    else:
        parts.append(_("The records show nothing that went badly: no breached clock, no failed step, no overdue task, no missed update."))
    return tell.paragraphs(*parts)


def write_actions(facts: Facts, tell: Teller) -> str:
    """What the facts ask for. What is agreed stands in the table of actions, which changes while the text does not."""
    agreed = _("What is agreed is kept in this report's table of actions, each with its owner, its day and its state.")
    asked = _("The facts ask for an answer to these points:") + "\n" + tell.items(suggestions(facts, tell))
    return tell.paragraphs(tell.paragraph(agreed), asked)


def well(facts: Facts, tell: Teller) -> list[str]:
    """Facts that speak for the response."""
    found = []
    page, incident = facts.duty_page, facts.incident
    if page is not None and page.state == page.State.ACKNOWLEDGED and page.ended_at is not None and page.ended_at - page.started_at <= QUICK:
        found.append(
            _("%(person)s answered the call within %(span)s.")
            % {"person": tell.person(page.acknowledged_by), "span": tell.between(page.started_at, page.ended_at)}
        )
    met = [row for row in facts.clocks if row.state == "met"]
    found += [_("The target %(clock)s was met.") % {"clock": tell.quote(str(ClockKind(row.kind).label))} for row in met]
    clean = [row for row in facts.switches if row.done_at is not None and not any(step.state in ("failed", "undone") for step in row.steps.all())]
    found += [
        _("The switch %(number)s came about without a failed step, in %(span)s.")
        % {"number": row.number, "span": tell.between(row.ordered_at, row.done_at)}
        for row in clean
    ]
    if facts.tasks and not facts.late_tasks and all(task.is_finished for task in facts.tasks):
        found.append(
            ngettext("The %(n)d task was finished in time.", "All %(n)d tasks were finished in time.", len(facts.tasks)) % {"n": len(facts.tasks)}
        )
    if facts.of("update_posted") and not facts.of("update_overdue"):
        found.append(_("Every update came before it was due."))
    passed = [row for row in facts.conditions if row.outcome == EndCondition.Outcome.PASSED]
    if len(passed) == len(EndCondition.Kind) and incident.resolved_at is not None:
        found.append(_("The end was declared on evidence for functions, data and business."))
    return found


def badly(facts: Facts, tell: Teller) -> list[str]:
    """Facts that speak against it."""
    return [*_clocks(facts, tell), *_calls(facts, tell), *_switches(facts, tell), *_work(facts, tell), *_end(facts, tell)]


def _clocks(facts: Facts, tell: Teller) -> list[str]:
    found = []
    for row in facts.clocks:
        label = tell.quote(str(ClockKind(row.kind).label))
        if row.state == "met_late" and row.stopped_at is not None and row.due_at is not None:
            found.append(
                _("The target %(clock)s was breached and met %(span)s late.") % {"clock": label, "span": tell.between(row.due_at, row.stopped_at)}
            )
        elif row.state == "breached":
            found.append(_("The target %(clock)s was breached at %(time)s.") % {"clock": label, "time": tell.at(row.due_at)})
        elif row.state == "waived":
            found.append(_("The target %(clock)s was waived.") % {"clock": label})
        elif was_close(row):
            found.append(_("The target %(clock)s was met with less than a fifth of its time left.") % {"clock": label})
        if row.state in ("met", "met_late") and row.evidence.get("overridden"):
            found.append(_("The target %(clock)s was stopped on a person's word, without evidence.") % {"clock": label})
    return found


def _calls(facts: Facts, tell: Teller) -> list[str]:
    found = []
    escalated = [entry for entry in facts.of("page_escalated") if entry.payload.get("why") != "by_hand"]
    if escalated:
        found.append(
            ngettext("%(n)d call was not answered in time and escalated.", "%(n)d calls were not answered in time and escalated.", len(escalated))
            % {"n": len(escalated)}
        )
    if facts.of("page_exhausted"):
        found.append(_("A call went to the end of the chain and nobody answered, at %(time)s.") % {"time": tell.at(facts.of("page_exhausted")[0].at)})
    unreachable = tell.names(tell.name(str(entry.payload.get("person", ""))) for entry in facts.of("page_person_unreachable"))
    if facts.of("page_person_unreachable"):
        found.append(_("No channel reached %(people)s.") % {"people": unreachable})
    silent = [tell.person(row.user) for row in facts.roles if row.acknowledged_at is None]
    if silent:
        found.append(_("%(people)s had a role and never confirmed it.") % {"people": tell.names(silent)})
    return found


def _switches(facts: Facts, tell: Teller) -> list[str]:
    found = []
    for row in facts.failed_switches:
        steps = [pick(step, "title") for step in row.steps.all() if step.state == "failed" or (step.error and step.state == "undone")]
        if steps:
            values = {"number": row.number, "steps": tell.names(map(tell.quote, steps))}
            found.append(_("The switch %(number)s failed at %(steps)s.") % values)
        else:
            found.append(_("The switch %(number)s did not come about.") % {"number": row.number})
    turned = facts.of("switch_turned_emergency")
    if turned:
        found.append(_("The old side died during a planned switch, which went on as an emergency at %(time)s.") % {"time": tell.at(turned[0].at)})
    return found


def _work(facts: Facts, tell: Teller) -> list[str]:
    found = []
    if facts.late_tasks:
        names = tell.names(tell.quote(pick(task, "name")) for task in facts.late_tasks[:5])
        count = len(facts.late_tasks)
        found.append(
            ngettext("%(n)d task was overdue: %(tasks)s.", "%(n)d tasks were overdue, such as %(tasks)s.", count) % {"n": count, "tasks": names}
        )
    undone = [task for task in facts.tasks if not task.is_finished]
    if undone:
        names = tell.names(tell.quote(pick(task, "name")) for task in undone[:5])
        words = ngettext(
            "%(n)d task was still open at the end: %(tasks)s.", "%(n)d tasks were still open at the end, such as %(tasks)s.", len(undone)
        )
        found.append(words % {"n": len(undone), "tasks": names})
    missed = len(facts.of("update_overdue"))
    if missed:
        found.append(
            ngettext("%(n)d update was not posted when it was due.", "%(n)d updates were not posted when they were due.", missed) % {"n": missed}
        )
    return found


def _end(facts: Facts, tell: Teller) -> list[str]:
    names = [str(EndCondition.Kind(row.kind).label) for row in facts.conditions if row.outcome == EndCondition.Outcome.OVERRIDDEN]
    found = []
    if names:
        found.append(_("The end was declared without proof of %(conditions)s.") % {"conditions": tell.names(map(tell.quote, names))})
    again = len(facts.of("incident_reopened"))
    if again:
        found.append(ngettext("It had to be reopened %(n)d time.", "It had to be reopened %(n)d times.", again) % {"n": again})
    if facts.incident.located_at is None:
        found.append(_("The cause was not located before the end."))
    return found


def suggestions(facts: Facts, tell: Teller) -> list[str]:
    """What somebody should think about, each because of a fact."""
    asked = []
    if facts.breached:
        clocks = tell.names(tell.quote(str(ClockKind(row.kind).label)) for row in facts.breached)
        asked.append(_("What must change so that the target %(clocks)s is held next time?") % {"clocks": clocks})
    if facts.of("page_escalated") or facts.of("page_exhausted") or facts.of("page_person_unreachable"):
        asked.append(_("Why were calls not answered, and are roster, channels and chain still right?"))
    if facts.failed_switches:
        asked.append(_("Why did a switch fail, and does a dry run now pass?"))
    if facts.late_tasks:
        asked.append(_("Are the expected times of the playbooks right, and had the tasks enough people?"))
    if facts.of("update_overdue"):
        asked.append(_("Who posts updates when the commander has no hand free?"))
    if facts.incident.located_at is None:
        asked.append(_("Which observation would have shown the cause?"))
    else:
        asked.append(_("What keeps this cause from coming back, and which probe would show it earlier?"))
    return asked
