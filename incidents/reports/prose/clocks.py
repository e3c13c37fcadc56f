"""The recovery clocks: target, how long it took, and what proves it (RTO-01, RTO-02)."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.reports.prose.telling import Teller
from incidents.reports.selectors.facts import Facts
from incidents.switchover.models import ClockKind, RecoveryClock


def write(facts: Facts, tell: Teller) -> str:
    """One paragraph per clock, and where the count was corrected."""
    if not facts.clocks:
        return tell.paragraph(_("Business did not stand still, so no recovery clock ran."))
    corrected = [
        _("The start of the failure was corrected from %(earlier)s to %(start)s by %(person)s: %(reason)s.")
        % {
            "earlier": tell.at(datetime.fromisoformat(entry.payload["earlier_value"])),
            "start": tell.at(datetime.fromisoformat(entry.payload["failing_since"])),
            "person": tell.name(entry.actor_label),
            "reason": tell.quote(entry.reason or "–"),
        }
        for entry in facts.of("outage_start_corrected")
    ]
    return tell.paragraphs(*(_clock(facts, row, tell) for row in facts.clocks), tell.paragraph(*corrected))


def _clock(facts: Facts, row: RecoveryClock, tell: Teller) -> str:
    words = {
        ClockKind.SWITCHOVER.value: _("Switchover, from the failure until business runs on the standby: the target was %(target)s."),
        ClockKind.RECOVERY.value: _("Recovery, from the switch until business is normal: the target was %(target)s."),
        ClockKind.SWITCHBACK.value: _("Switch back, from the repair until business is back on the repaired side: the target was %(target)s."),
    }
    target = words[row.kind] % {"target": tell.span(row.target)}
    warned = [entry for entry in facts.of("clock_warned") if entry.payload.get("clock_id") == str(row.public_id)]
    percents = tell.names(f"{entry.payload['percent']} %" for entry in warned)
    warnings = _("Warnings went out at %(percents)s of it.") % {"percents": percents} if warned else ""
    return tell.paragraph(target, _outcome(row, tell), warnings, _evidence(row, tell))


def _outcome(row: RecoveryClock, tell: Teller) -> str:
    took = tell.length(row.started_at, row.stopped_at) if row.stopped_at is not None and row.started_at is not None else None
    values = {
        "start": tell.exact(row.started_at),
        "end": tell.exact(row.stopped_at),
        "span": tell.span(took, exact=True) if took is not None else "–",
    }
    if row.state == "met" and took is not None:
        left = tell.span(row.target - took, exact=True)
        return _("It ran from %(start)s to %(end)s, %(span)s: met, with %(left)s to spare.") % {**values, "left": left}
    if row.state == "met":
        return _("It was met at %(end)s, before it had begun to count.") % {"end": values["end"]}
    if row.state == "met_late" and took is not None:
        over = tell.span(took - row.target, exact=True)
        return _("It ran from %(start)s to %(end)s, %(span)s: met late, %(over)s over the target.") % {**values, "over": over}
    if row.state == "breached":
        return _("It has run since %(start)s and was breached at %(due)s; nothing shows yet that the goal was reached.") % {
            "start": values["start"],
            "due": tell.exact(row.due_at),
        }
    if row.state == "waived":
        return _("It was waived at %(end)s by %(person)s, proposed by %(proposer)s: %(reason)s. It counts as waived, never as met.") % {
            "end": values["end"],
            "person": tell.name(str(row.evidence.get("waived_by", "–"))),
            "proposer": tell.name(str(row.evidence.get("proposed_by", "–"))),
            "reason": tell.quote(str(row.evidence.get("reason", "")) or "–"),
        }
    if row.state == "cancelled":
        return _("It did not apply and was cancelled at %(end)s.") % {"end": values["end"]}
    if row.state == "running":
        return _("It has run since %(start)s and is due at %(due)s.") % {"start": values["start"], "due": tell.exact(row.due_at)}
    return _("It never began to count.")


def _evidence(row: RecoveryClock, tell: Teller) -> str:
    if row.state not in ("met", "met_late"):
        return ""
    evidence = row.evidence
    if evidence.get("overridden"):
        return _("There is no evidence: %(person)s vouched for it: %(reason)s.") % {
            "person": tell.name(str(evidence.get("vouched_by", "–"))),
            "reason": tell.quote(str(evidence.get("reason", "")) or "–"),
        }
    shown = [words for words in (_traffic(evidence, tell), _probes(evidence), _order(evidence, tell), _data(evidence)) if words]
    return _("Evidence: %(evidence)s.") % {"evidence": _("; ").join(shown)} if shown else ""


def _traffic(evidence: dict[str, Any], tell: Teller) -> str:
    traffic = evidence.get("traffic") or {}
    serving = traffic.get("serving") if isinstance(traffic, dict) else None
    return _("the gateway was seen to serve from %(side)s") % {"side": tell.side(str(serving))} if serving else ""


def _probes(evidence: dict[str, Any]) -> str:
    probes = evidence.get("probes") or {}
    if not isinstance(probes, dict):
        return ""
    names = probes.get("probes") or []
    if names:
        return ngettext("%(n)d probe of the side was healthy", "%(n)d probes of the side were healthy", len(names)) % {"n": len(names)}
    return _("its probes were healthy") if probes.get("healthy") or probes.get("answered") or probes.get("probes_healthy") else ""


def _order(evidence: dict[str, Any], tell: Teller) -> str:
    order = evidence.get("business_check") or {}
    if not isinstance(order, dict) or not order:
        return ""
    name = str(order.get("order_id") or "")
    if name:
        return _("the marked order %(order)s was placed and read back there") % {"order": name}
    return _("a marked order was placed and read back there")


def _data(evidence: dict[str, Any]) -> str:
    return _("replication had caught up before traffic moved") if evidence.get("replication_caught_up") else ""


def was_close(row: RecoveryClock) -> bool:
    """Whether a clock was met with less than a fifth of its target left."""
    if row.state != "met" or row.stopped_at is None or row.started_at is None:
        return False
    left: timedelta = row.target - (row.stopped_at - row.started_at)
    return left < row.target / 5
