"""What it meant for business. Amounts are not known here: business operations adds them."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.reports.prose.telling import Teller
from incidents.reports.selectors.facts import Facts
from incidents.response.models import EndCondition


def write(facts: Facts, tell: Teller) -> str:
    """Scope, how long business stood still or ran on the spare, the state of the data, what is still to be said."""
    return tell.paragraphs(_scope(facts, tell), _standstill(facts, tell), _data(facts, tell), _loss(tell))


def _scope(facts: Facts, tell: Teller) -> str:
    if facts.incident.scope:
        return tell.paragraph(_("Concerned, as recorded when it was confirmed: %(scope)s.") % {"scope": tell.quote(facts.incident.scope)})
    unknown = _("The part concerned is %(part)s; which functions and which customers were affected was not recorded.")
    return tell.paragraph(unknown % {"part": tell.part()})


def _standstill(facts: Facts, tell: Teller) -> str:
    outage = facts.outage
    if outage is None or outage.state == outage.State.CALLED_OFF:
        return tell.paragraph(_("Business did not stand still."))
    moved = facts.over.done_at if facts.over is not None else outage.business_normal_at
    stood = spare = restricted = ""
    if moved is not None:
        stood = _("Business stood still from %(start)s to %(end)s, for %(span)s.") % {
            "start": tell.at(outage.failing_since),
            "end": tell.at(moved),
            "span": tell.between(outage.failing_since, moved),
        }
    if facts.over is not None and moved is not None and outage.business_normal_at is not None and outage.business_normal_at > moved:
        restricted = _("It was not yet proved normal for another %(span)s after that.") % {"span": tell.between(moved, outage.business_normal_at)}
    if facts.over is not None and facts.back is not None:
        spare = _("It ran on %(side)s for %(span)s.") % {
            "side": tell.side(facts.over.to_side),
            "span": tell.between(facts.over.done_at, facts.back.done_at),
        }
    alerts = ""
    if facts.alert_count:
        alerts = ngettext("Monitoring raised %(n)d alert about it.", "Monitoring raised %(n)d alerts about it.", facts.alert_count) % {
            "n": facts.alert_count
        }
    return tell.paragraph(stood, restricted, spare, alerts)


def _data(facts: Facts, tell: Teller) -> str:
    row = next((row for row in facts.conditions if row.kind == EndCondition.Kind.DATA), None)
    if row is None:
        return tell.paragraph(_("Whether the data is correct was not reported."))
    values = {"person": tell.name(row.reported_by), "time": tell.at(row.reported_at), "evidence": tell.quote(row.evidence)}
    if row.outcome == EndCondition.Outcome.PASSED:
        return tell.paragraph(_("The data was found correct at %(time)s by %(person)s: %(evidence)s.") % values)
    if row.outcome == EndCondition.Outcome.OVERRIDDEN:
        return tell.paragraph(_("That the data is correct was not shown; %(person)s overrode it at %(time)s: %(evidence)s.") % values)
    return tell.paragraph(_("The data was found incorrect at %(time)s by %(person)s: %(evidence)s.") % values)


def _loss(tell: Teller) -> str:
    return tell.paragraph(_("Lost sales and the cost of recovery are not known to the console; business operations adds them to this section."))
