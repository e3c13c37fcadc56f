"""The summary: what a director reads and nothing else."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from contingency.catalog.models import FaultClass
from contingency.plan.models import Grade
from incidents.reports.prose.telling import Teller
from incidents.reports.selectors.facts import Facts


def write(facts: Facts, tell: Teller) -> str:
    """What happened, how long business stood still, whether the targets were held, why."""
    return tell.paragraphs(_what(facts, tell), _business(facts, tell), tell.paragraph(_targets(facts, tell), _why(facts, tell)))


def _what(facts: Facts, tell: Teller) -> str:
    incident = facts.incident
    grade, fault_class = Grade(incident.response_grade).label, FaultClass(incident.fault_class).label
    began = _("On %(day)s at %(time)s (time zone %(zone)s) a disturbance of the part “%(part)s” began: %(title)s.") % {
        "day": tell.day(incident.failing_since),
        "time": f"{incident.failing_since.astimezone(facts.zone):%H:%M}",
        "zone": facts.zone.key,
        "part": tell.part(),
        "title": tell.quote(incident.title),
    }
    graded = _("The incident %(number)s was graded %(grade)s; its class of fault is %(fault_class)s.") % {
        "number": incident.number,
        "grade": str(grade).lower() if not tell.is_chinese else grade,
        "fault_class": str(fault_class).lower() if not tell.is_chinese else fault_class,
    }
    ended = ""
    if incident.resolved_at is not None:
        ended = _("Its end was declared at %(time)s, %(span)s after the first sign.") % {
            "time": tell.at(incident.resolved_at),
            "span": tell.between(incident.failing_since, incident.resolved_at),
        }
    merged = _("%(numbers)s belonged to it and went on here.") % {"numbers": tell.names(facts.merged)} if facts.merged else ""
    return tell.paragraph(began, graded, ended, merged)


def _business(facts: Facts, tell: Teller) -> str:
    outage = facts.outage
    if outage is None:
        return tell.paragraph(_("Business went on throughout: no outage was opened and no recovery clock ran."))
    if outage.state == outage.State.CALLED_OFF:
        return tell.paragraph(_("The outage %(number)s was called off: business had not stood still.") % {"number": outage.number})
    if facts.over is not None:
        stood = _("Business stood still for %(span)s, until traffic had moved to %(side)s at %(time)s.") % {
            "span": tell.between(outage.failing_since, facts.over.done_at),
            "side": tell.side(facts.over.to_side),
            "time": tell.at(facts.over.done_at),
        }
    elif outage.business_normal_at is not None:
        stood = _("Business stood still for %(span)s, until the failing side served again at %(time)s; traffic was never moved.") % {
            "span": tell.between(outage.failing_since, outage.business_normal_at),
            "time": tell.at(outage.business_normal_at),
        }
    else:
        stood = _("Business stood still from %(time)s on.") % {"time": tell.at(outage.failing_since)}
    back = ""
    if facts.back is not None:
        back = _("It returned to %(side)s at %(time)s.") % {"side": tell.side(facts.back.to_side), "time": tell.at(facts.back.done_at)}
    return tell.paragraph(stood, back)


def _targets(facts: Facts, tell: Teller) -> str:
    if not facts.clocks:
        return ""
    states, total = facts.clock_states, len(facts.clocks)
    if states["met"] == total:
        return ngettext("The recovery target was met.", "All %(n)d recovery targets were met.", total) % {"n": total}
    words = [
        ngettext("%(n)d was met", "%(n)d were met", states["met"]) % {"n": states["met"]} if states["met"] else "",
        ngettext("%(n)d was met late", "%(n)d were met late", states["met_late"]) % {"n": states["met_late"]} if states["met_late"] else "",
        ngettext("%(n)d was breached", "%(n)d were breached", states["breached"]) % {"n": states["breached"]} if states["breached"] else "",
        ngettext("%(n)d was waived", "%(n)d were waived", states["waived"]) % {"n": states["waived"]} if states["waived"] else "",
        ngettext("%(n)d did not apply", "%(n)d did not apply", states["cancelled"]) % {"n": states["cancelled"]} if states["cancelled"] else "",
    ]
    found = pgettext("between outcomes", ", ").join(word for word in words if word)
    return _("Of the %(n)d recovery targets %(how)s.") % {"n": total, "how": found} if found else ""


def _why(facts: Facts, tell: Teller) -> str:
    if not facts.incident.finding:
        return ""
    return _("The cause that was found: %(finding)s.") % {"finding": tell.quote(facts.incident.finding)}
