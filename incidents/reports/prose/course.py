"""The course of events, told in the order in which it happened."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contingency.plan.models import Grade
from incidents.reports.prose.telling import Teller, reason_of
from incidents.reports.selectors.facts import Facts
from incidents.response.models import EndCondition, Incident
from kernel.i18n import pick

Told = tuple[datetime, str]


def write(facts: Facts, tell: Teller) -> str:
    """Noticed, called, confirmed, located, handled, switched, repaired, ended."""
    return tell.paragraphs(_noticed(facts, tell), _confirmed(facts, tell), *_acted(facts, tell), _ended(facts, tell))


def _noticed(facts: Facts, tell: Teller) -> str:
    incident, opened = facts.incident, facts.first("incident_opened")
    if incident.detected_by == Incident.DetectedBy.PERSON:
        by = tell.name(opened.actor_label) if opened is not None else tell.person(incident.reported_by)
        seen = _("The disturbance was reported by %(person)s at %(time)s.") % {"person": by, "time": tell.at(incident.discovered_at)}
    elif facts.alerts:
        alert = facts.alerts[0].alert
        seen = _("The first sign was the alert %(summary)s from %(source)s, which began at %(time)s; %(number)s was opened at %(opened)s.") % {
            "summary": tell.quote(alert.summary),
            "source": tell.apart(_("the console's own probes") if alert.source.kind == alert.source.Kind.PROBE else alert.source.name),
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
        return _("At %(time)s the console began to call %(people)s; %(who)s answered at %(answered)s, %(span)s later.") % {
            "people": people,
            "time": tell.at(page.started_at),
            "who": tell.person(page.acknowledged_by),
            "answered": tell.at(page.ended_at),
            "span": tell.between(page.started_at, page.ended_at),
        }
    if page.state == page.State.EXHAUSTED:
        return _("From %(time)s on the console called %(people)s, and nobody answered to the end of the chain.") % {
            "people": people,
            "time": tell.at(page.started_at),
        }
    return _("At %(time)s the console called %(people)s.") % {"people": people, "time": tell.at(page.started_at)}


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
        called = _("The response level of this grade called %(people)s.") % {
            "people": tell.names(tell.name(name) for name in started.payload["called"])
        }
    lists = list({task.task_list_id: pick(task.task_list, "name") for task in facts.tasks}.values())
    work = _("Work began by playbook: %(playbooks)s.") % {"playbooks": tell.names(tell.quote(name) for name in lists)} if lists else ""
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


def _acted(facts: Facts, tell: Teller) -> list[str]:
    """Handling, finding, deciding, moving, mending, in the order of time; a new paragraph once business ran again."""
    told = sorted([*_handled(facts, tell), *_moved(facts, tell), *_decided(facts, tell)], key=lambda pair: pair[0])
    again = facts.over.done_at if facts.over is not None else None
    before = [words for at, words in told if again is None or at <= again]
    after = [words for at, words in told if again is not None and at > again]
    updates = len(facts.of("update_posted"))
    posted = ngettext("%(n)d update was posted meanwhile.", "%(n)d updates were posted meanwhile.", updates) % {"n": updates} if updates else ""
    return [tell.paragraph(*before), tell.paragraph(*after, posted)]


def _handled(facts: Facts, tell: Teller) -> list[Told]:
    incident, handling, located = facts.incident, facts.first("handling_started"), facts.of("incident_located")
    told = []
    if handling is not None:
        words = _("%(person)s began the handling at %(time)s.") % {"person": tell.name(handling.actor_label), "time": tell.at(handling.at)}
        told.append((handling.at, words))
    if located and incident.located_at is not None:
        words = _("The fault was located at %(time)s by %(person)s: %(finding)s.") % {
            "time": tell.at(incident.located_at),
            "person": tell.name(located[-1].actor_label),
            "finding": tell.quote(incident.finding),
        }
        told.append((incident.located_at, words))
    return told


def _moved(facts: Facts, tell: Teller) -> list[Told]:
    outage, over, back = facts.outage, facts.over, facts.back
    if outage is None:
        return []
    told = []
    if over is not None:
        words = _("%(person)s ordered the switch over at %(ordered)s; business was proved on %(side)s at %(proved)s.") % {
            "person": tell.person(over.ordered_by),
            "ordered": tell.at(over.ordered_at),
            "side": tell.side(over.to_side),
            "proved": tell.at(over.done_at),
        }
        told.append((over.ordered_at, words))
        if outage.business_normal_at is not None:
            words = _("From %(time)s on business was normal on %(side)s.") % {
                "time": tell.at(outage.business_normal_at),
                "side": tell.side(over.to_side),
            }
            told.append((outage.business_normal_at, words))
    if outage.state == outage.State.REPAIRED_IN_PLACE and outage.business_normal_at is not None:
        words = _("The failing side was repaired in place; it served again from %(time)s.") % {"time": tell.at(outage.business_normal_at)}
        told.append((outage.business_normal_at, words))
    elif outage.repaired_at is not None:
        words = _("At %(time)s %(side)s was repaired: %(what)s.") % {
            "side": tell.side(outage.origin),
            "time": tell.at(outage.repaired_at),
            "what": tell.quote(str(outage.repaired_evidence.get("what", "")) or "–"),
        }
        told.append((outage.repaired_at, words))
    if back is not None:
        words = _("%(person)s ordered the switch back at %(ordered)s; business was proved on %(side)s again at %(proved)s.") % {
            "person": tell.person(back.ordered_by),
            "ordered": tell.at(back.ordered_at),
            "side": tell.side(back.to_side),
            "proved": tell.at(back.done_at),
        }
        told.append((back.ordered_at, words))
    return told


def _decided(facts: Facts, tell: Teller) -> list[Told]:
    return [
        (
            entry.at,
            _("At %(time)s %(person)s decided: %(text)s.")
            % {"time": tell.at(entry.at), "person": tell.name(entry.actor_label), "text": tell.quote(entry.payload["text"])},
        )
        for entry in facts.of("decision_recorded")
    ]


def _ended(facts: Facts, tell: Teller) -> str:
    reopened = [
        _("It was not over yet: %(person)s reopened it at %(time)s: %(reason)s.")
        % {"person": tell.name(entry.actor_label), "time": tell.at(entry.at), "reason": tell.quote(reason_of(entry) or "–")}
        for entry in facts.of("incident_reopened")
    ]
    resolved = facts.of("incident_resolved")
    passed = [kind.label for kind in EndCondition.Kind if any(row.kind == kind and row.outcome == "passed" for row in facts.conditions)]
    shown = overridden = ended = ""
    if passed:
        shown = _("These conditions for the end were shown with evidence: %(conditions)s.") % {
            "conditions": tell.names(_low(p, tell) for p in passed)
        }
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
