"""Who did what, and how long each answer took: alert → call → answer → confirmed → switched → normal → back."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contingency.plan.models import ResponseRole
from incidents.reports.prose.telling import Teller
from incidents.reports.selectors.facts import Facts


def write(facts: Facts, tell: Teller) -> str:
    """The chain of times as a sentence, then the roles with their answers."""
    return tell.paragraphs(_chain(facts, tell), _roles(facts, tell), _calls(facts, tell))


def _chain(facts: Facts, tell: Teller) -> str:
    incident, page, outage = facts.incident, facts.duty_page, facts.outage
    called = page.started_at if page is not None else None
    stations: list[tuple[str, datetime | None]] = [
        (_("the call to the duty engineer"), called),
        (_("the first answer"), incident.answered_at),
        (_("the confirmation"), incident.confirmed_at),
        (_("business on the standby"), facts.over.done_at if facts.over is not None else None),
        (_("business normal"), outage.business_normal_at if outage is not None else None),
        (_("business back"), facts.back.done_at if facts.back is not None else None),
    ]
    told = [
        _("%(station)s after %(span)s (%(time)s)")
        % {"station": station, "span": tell.between(incident.failing_since, moment), "time": tell.at(moment)}
        for station, moment in stations
        if moment is not None
    ]
    if not told:
        return ""
    first = _("Counted from the first sign at %(time)s: %(stations)s.") % {
        "time": tell.at(incident.failing_since),
        "stations": tell.names(told),
    }
    answered = ""
    if called is not None and incident.answered_at is not None:
        answered = _("Between the first call and the first answer lay %(span)s.") % {"span": tell.between(called, incident.answered_at)}
    return tell.paragraph(first, answered)


def _roles(facts: Facts, tell: Teller) -> str:
    if not facts.roles:
        return tell.paragraph(_("No roles were given out."))
    told = []
    for row in facts.roles:
        role = str(ResponseRole(row.role).label)
        values = {
            "role": role if tell.is_chinese else role[:1].lower() + role[1:],
            "person": tell.person(row.user),
            "time": tell.at(row.assigned_at),
            "span": tell.between(row.assigned_at, row.acknowledged_at),
            "end": tell.at(row.ended_at),
        }
        if row.acknowledged_at is None:
            told.append(_("%(person)s (%(role)s, from %(time)s) never confirmed having it.") % values)
        elif row.ended_at is not None:
            told.append(_("%(person)s was %(role)s from %(time)s to %(end)s and answered within %(span)s.") % values)
        elif row.acknowledged_at == row.assigned_at:
            told.append(_("%(person)s was %(role)s from %(time)s on.") % values)
        else:
            told.append(_("%(person)s was %(role)s from %(time)s on and answered within %(span)s.") % values)
    return tell.paragraph(*told)


def _calls(facts: Facts, tell: Teller) -> str:
    escalated = len([entry for entry in facts.of("page_escalated") if entry.payload.get("why") != "by_hand"])
    exhausted = len(facts.of("page_exhausted"))
    people = {call.user_id for page in facts.pages for call in page.calls.all()}
    if not people:
        return ""
    called = ngettext("%(n)d person was called in all.", "%(n)d people were called in all.", len(people)) % {"n": len(people)}
    on = nobody = ""
    if escalated:
        on = ngettext("%(n)d call had to go on to the next of the chain.", "Calls had to go on to the next of the chain %(n)d times.", escalated) % {
            "n": escalated
        }
    if exhausted:
        nobody = ngettext("%(n)d call found nobody to the end of the chain.", "%(n)d calls found nobody to the end of the chain.", exhausted) % {
            "n": exhausted
        }
    return tell.paragraph(called, on or _("No call had to go on to the next of the chain."), nobody)
