"""The course of events, told in the order in which it happened."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contingency.plan.models import Grade
from incidents.reports.prose.telling import Teller, reason_of
from incidents.reports.selectors.facts import Facts
from incidents.response.models import EndCondition, Incident
from kernel.i18n import pick


def write(facts: Facts, tell: Teller) -> str:
    """Noticed, called, confirmed, located, handled, switched, repaired, ended."""
    return tell.paragraphs(
        _noticed(facts, tell), _confirmed(facts, tell), _handled(facts, tell), _moved(facts, tell), _decided(facts, tell), _ended(facts, tell)
    )


def _noticed(facts: Facts, tell: Teller) -> str:
    incident, opened = facts.incident, facts.first("incident_opened")
    if incident.detected_by == Incident.DetectedBy.PERSON:
        by = tell.name(opened.actor_label) if opened is not None else tell.person(incident.reported_by)
        seen = _("The disturbance was reported by %(person)s at %(time)s.") % {"person": by, "time": tell.at(incident.discovered_at)}
    elif facts.alerts:
        alert = facts.alerts[0].alert
        seen = _("The first sign was the alert %(summary)s from %(source)s, which began at %(time)s; %(number)s was opened at %(opened)s.") % {
            "summary": tell.quote(alert.summary),
            "source": alert.source.name,
            "time": tell.at(alert.started_at),
            "number": incident.number,
            "opened": tell.at(incident.discovered_at),
        }
    else:
        seen = _("%(number)s was opened at %(time)s, because business of the part had stopped.") % {
            "number": incident.number,
            "time": tell.at(incident.discovered_at),
        }
    joined = ""
    if facts.alert_count > 1:
        joined = ngettext("%(n)d alert belonged to it in all.", "%(n)d alerts belonged to it in all.", facts.alert_count) % {"n": facts.alert_count}
    return tell.paragraph(seen, joined, _called(facts, tell))


def _called(facts: Facts, tell: Teller) -> str:
    page = facts.duty_page
    if page is None:
        return ""
    people = tell.names(tell.person(call.user) for call in page.calls.all())
    if page.state == page.State.ACKNOWLEDGED:
        return _("%(people)s was called at %(time)s; %(who)s answered at %(answered)s, %(span)s later.") % {
            "people": people,
            "time": tell.at(page.started_at),
            "who": tell.person(page.acknowledged_by),
            "answered": tell.at(page.ended_at),
            "span": tell.between(page.started_at, page.ended_at),
        }
    if page.state == page.State.EXHAUSTED:
        return _("%(people)s was called from %(time)s on, and nobody answered to the end of the chain.") % {
            "people": people,
            "time": tell.at(page.started_at),
        }
    return _("%(people)s was called at %(time)s.") % {"people": people, "time": tell.at(page.started_at)}


def _confirmed(facts: Facts, tell: Teller) -> str:
    entry, incident = facts.first("incident_confirmed"), facts.incident
    if entry is None or incident.confirmed_at is None:
        return ""
    grade = _grade(entry.payload["grade"], tell)
    values = {"person": tell.name(entry.actor_label), "time": tell.at(incident.confirmed_at), "grade": grade}
    if entry.payload.get("stops_business"):
        confirmed = _("At %(time)s %(person)s confirmed it as %(grade)s and recorded that business stood still.") % values
    else:
        confirmed = _("At %(time)s %(person)s confirmed it as %(grade)s; business went on.") % values
    started = facts.first("response_started")
    called = ""
    if started is not None and started.payload.get("called"):
        called = _("The response level of this grade called %(people)s.") % {"people": tell.names(tell.name(name) for name in started.payload["called"])}
    lists = list({task.task_list_id: pick(task.task_list, "name") for task in facts.tasks}.values())
    work = _("Work began by the playbooks %(playbooks)s.") % {"playbooks": tell.names(tell.quote(name) for name in lists)} if lists else ""
    changes = [_regraded(entry, tell) for name in ("grade_raised", "grade_lowered") for entry in facts.of(name)]
    return tell.paragraph(confirmed, called, work, *changes)


def _regraded(entry: object, tell: Teller) -> str:
    payload = entry.payload  # type: ignore[attr-defined]
    values = {
        "time": tell.at(entry.at),  # type: ignore[attr-defined]
        "person": tell.name(entry.actor_label),  # type: ignore[attr-defined]
        "earlier": _grade(payload["earlier"], tell),
        "grade": _grade(payload["grade"], tell),
    }
    reason = reason_of(entry)
    if reason:
        text = _("At %(time)s %(person)s changed the grade from %(earlier)s to %(grade)s: %(reason)s.")
        return text % {**values, "reason": tell.quote(reason)}
    return _("At %(time)s %(person)s changed the grade from %(earlier)s to %(grade)s.") % values


def _grade(code: str, tell: Teller) -> str:
    label = str(Grade(code).label) if code in Grade.values else code
    return label if tell.is_chinese else label.lower()


def _handled(facts: Facts, tell: Teller) -> str:
    incident = facts.incident
    handling, located = facts.first("handling_started"), facts.of("incident_located")
    began = ""
    if handling is not None:
        began = _("%(person)s began the handling at %(time)s.") % {"person": tell.name(handling.actor_label), "time": tell.at(handling.at)}
    found = ""
    if located and incident.located_at is not None:
        found = _("The fault was located at %(time)s by %(person)s: %(finding)s.") % {
            "time": tell.at(incident.located_at),
            "person": tell.name(located[-1].actor_label),
            "finding": tell.quote(incident.finding),
        }
    parts = [(handling.at if handling else incident.discovered_at, began), (incident.located_at or incident.discovered_at, found)]
    return tell.paragraph(*(words for _at, words in sorted(parts, key=lambda pair: pair[0])))


def _moved(facts: Facts, tell: Teller) -> str:
    outage = facts.outage
    if outage is None:
        return ""
    over = facts.over
    moved = normal = repaired = back = ""
    if over is not None:
        moved = _("%(person)s ordered the switch over at %(ordered)s; traffic reached %(side)s at %(time)s, and it was proved there at %(proved)s.") % {
            "person": tell.person(over.ordered_by),
            "ordered": tell.at(over.ordered_at),
            "side": tell.side(over.to_side),
            "time": tell.at(over.moved_at),
            "proved": tell.at(over.done_at),
        }
    if outage.business_normal_at is not None and over is not None:
        normal = _("Business was normal there from %(time)s.") % {"time": tell.at(outage.business_normal_at)}
    if outage.repaired_at is not None and outage.state != outage.State.REPAIRED_IN_PLACE:
        what = str(outage.repaired_evidence.get("what", ""))
        repaired = _("%(side)s was repaired at %(time)s.") % {"side": tell.side(outage.origin), "time": tell.at(outage.repaired_at)}
        if what:
            repaired = _("%(side)s was repaired at %(time)s: %(what)s.") % {
                "side": tell.side(outage.origin),
                "time": tell.at(outage.repaired_at),
                "what": tell.quote(what),
            }
    if outage.state == outage.State.REPAIRED_IN_PLACE:
        repaired = _("The failing side was repaired in place; it served again from %(time)s.") % {"time": tell.at(outage.business_normal_at)}
    if facts.back is not None:
        back = _("Business was switched back and proved on %(side)s at %(time)s.") % {
            "side": tell.side(facts.back.to_side),
            "time": tell.at(facts.back.done_at),
        }
    return tell.paragraph(moved, normal, repaired, back)


def _decided(facts: Facts, tell: Teller) -> str:
    told = [
        _("At %(time)s %(person)s decided: %(text)s.")
        % {"time": tell.at(entry.at), "person": tell.name(entry.actor_label), "text": tell.quote(entry.payload["text"])}
        for entry in facts.of("decision_recorded")
    ]
    updates = len(facts.of("update_posted"))
    posted = ngettext("%(n)d update was posted meanwhile.", "%(n)d updates were posted meanwhile.", updates) % {"n": updates} if updates else ""
    return tell.paragraph(*told, posted)


def _ended(facts: Facts, tell: Teller) -> str:
    reopened = [
        _("It was not over yet: %(person)s reopened it at %(time)s: %(reason)s.")
        % {"person": tell.name(entry.actor_label), "time": tell.at(entry.at), "reason": tell.quote(reason_of(entry) or "–")}
        for entry in facts.of("incident_reopened")
    ]
    resolved = facts.of("incident_resolved")
    passed = [EndCondition.Kind(row.kind).label for row in facts.conditions if row.outcome == EndCondition.Outcome.PASSED]
    shown = overridden = ended = ""
    if passed:
        shown = _("These conditions for the end were shown with evidence: %(conditions)s.") % {"conditions": tell.names(_low(p, tell) for p in passed)}
    names = [EndCondition.Kind(row.kind).label for row in facts.conditions if row.outcome == EndCondition.Outcome.OVERRIDDEN]
    if names:
        overridden = _("Not shown but overridden by name: %(conditions)s.") % {"conditions": tell.names(_low(p, tell) for p in names)}
    if resolved and facts.incident.resolved_at is not None:
        ended = _("%(person)s declared the end at %(time)s.") % {
            "person": tell.name(resolved[-1].actor_label),
            "time": tell.at(facts.incident.resolved_at),
        }
    return tell.paragraph(*reopened, shown, overridden, ended)


def _low(label: object, tell: Teller) -> str:
    words = str(label)
    return words if tell.is_chinese else words[:1].lower() + words[1:]
