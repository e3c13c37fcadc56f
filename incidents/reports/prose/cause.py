"""Why it happened, as far as it was written down."""

from django.utils.translation import gettext as _

from contingency.catalog.models import FaultClass
from incidents.reports.prose.telling import Teller
from incidents.reports.selectors.facts import Facts
from kernel.i18n import pick


def write(facts: Facts, tell: Teller) -> str:
    """The finding, its class and kind, the repair; a plain word where nobody found it."""
    incident = facts.incident
    fault_class = str(FaultClass(incident.fault_class).label)
    fault_class = fault_class if tell.is_chinese else fault_class.lower()
    if incident.fault_kind is not None:
        kind = _("The fault belongs to the class %(fault_class)s, kind %(kind)s.") % {
            "fault_class": fault_class,
            "kind": tell.quote(pick(incident.fault_kind, "name")),
        }
    else:
        kind = _("The fault belongs to the class %(fault_class)s; its kind was not determined.") % {"fault_class": fault_class}
    located = facts.of("incident_located")
    if not incident.finding:
        found = _("Nobody recorded what was found: the review must establish the cause and write it here.")
        return tell.paragraphs(tell.paragraph(kind, found))
    found = _("%(person)s recorded at %(time)s what was found: %(finding)s.") % {
        "person": tell.name(located[-1].actor_label) if located else "–",
        "time": tell.at(incident.located_at),
        "finding": tell.quote(incident.finding),
    }
    after = ""
    if incident.located_at is not None:
        after = _("That was %(span)s after the first sign.") % {"span": tell.between(incident.failing_since, incident.located_at)}
    earlier = [entry.payload["text"] for entry in located[:-1]]
    thought = _("Before that it had been taken for: %(earlier)s.") % {"earlier": tell.names(map(tell.quote, earlier))} if earlier else ""
    return tell.paragraphs(tell.paragraph(kind, found, after, thought), _repair(facts, tell))


def _repair(facts: Facts, tell: Teller) -> str:
    outage = facts.outage
    what = str(outage.repaired_evidence.get("what", "")) if outage is not None else ""
    if outage is None or not what:
        return ""
    by = str(outage.repaired_evidence.get("said_by", ""))
    return tell.paragraph(_("The repair, as %(person)s recorded it: %(what)s.") % {"what": tell.quote(what), "person": tell.name(by)})
