"""How traffic was moved and brought back."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.reports.prose.telling import Teller
from incidents.reports.selectors.facts import Facts
from incidents.switchover.models import Mode, Switch
from incidents.switchover.problems import problem_words
from incidents.switchover.texts import failure_words
from kernel.i18n import pick


def write(facts: Facts, tell: Teller) -> str:
    """One paragraph per switch, also of those that did not come about."""
    if not facts.switches:
        if facts.outage is not None and facts.outage.state == facts.outage.State.REPAIRED_IN_PLACE:
            return tell.paragraph(_("Traffic was not moved: the failing side was repaired in place."))
        return tell.paragraph(_("No switch was ordered."))
    return tell.paragraphs(*(_switch(facts, row, tell) for row in facts.switches))


def _switch(facts: Facts, row: Switch, tell: Teller) -> str:
    return tell.paragraph(_ordered(row, tell), _approved(facts, row, tell), _done(row, tell), _failed(row, tell))


def _ordered(row: Switch, tell: Teller) -> str:
    mode = str(Mode(row.mode).label)
    values = {
        "number": row.number,
        "person": tell.person(row.ordered_by),
        "time": tell.at(row.ordered_at),
        "source": tell.side(row.from_side),
        "target": tell.side(row.to_side),
        "mode": mode if tell.is_chinese else mode.lower(),
    }
    if row.direction == "over":
        return _("At %(time)s %(person)s ordered the switch over %(number)s from %(source)s to %(target)s (%(mode)s).") % values
    return _("At %(time)s %(person)s ordered the switch back %(number)s from %(source)s to %(target)s (%(mode)s).") % values


def _approved(facts: Facts, row: Switch, tell: Teller) -> str:
    if not row.needs_second:
        return _("No second person was needed.")
    if row.approved_by is None or row.approved_at is None:
        return _("A second person was needed and did not agree.")
    return _("%(person)s agreed as the second person at %(time)s, %(span)s later.") % {
        "person": tell.person(row.approved_by),
        "time": tell.at(row.approved_at),
        "span": tell.between(row.ordered_at, row.approved_at),
    }


def _done(row: Switch, tell: Teller) -> str:
    if row.done_at is None:
        return ""
    steps = [step for step in row.steps.all() if step.state == "done"]
    proofs = [pick(step, "title") for step in steps if step.is_verification]
    words = [
        ngettext(
            "It took %(span)s from the order to the proof, in %(n)d step.",
            "It took %(span)s from the order to the proof, in %(n)d steps.",
            len(steps),
        )
        % {"span": tell.between(row.ordered_at, row.done_at), "n": len(steps)}
    ]
    if row.started_at is not None and row.moved_at is not None:
        words.append(_("Traffic itself moved within %(span)s.") % {"span": tell.between(row.started_at, row.moved_at)})
    if proofs:
        words.append(_("It was proved by: %(proofs)s.") % {"proofs": tell.names(_low(proof, tell) for proof in proofs)})
    if row.state == "reverted":
        words.append(_("Later it was taken back."))
    return tell.glue.join(words)


def _failed(row: Switch, tell: Teller) -> str:
    if not row.failure:
        return _("It was taken back before anything was done.") if row.state == "reverted" and row.done_at is None else ""
    failed = [pick(step, "title") for step in row.steps.all() if step.state == "failed" or (step.error and step.state == "undone")]
    why = str(failure_words(row.failure)).rstrip(".。")
    words = [_("It did not come about: %(why)s.") % {"why": _low(why, tell)}]
    if failed:
        words.append(_("The step that failed: %(steps)s.") % {"steps": tell.names(map(tell.quote, failed))})
    if row.failure_detail:
        words.append(_("What was seen: %(detail)s.") % {"detail": problem_words(row.failure_detail).rstrip(".。")})
    if row.state == "reverted":
        words.append(_("Every step was taken back; traffic stayed where it was."))
    return tell.glue.join(words)


def _low(words: str, tell: Teller) -> str:
    return words if tell.is_chinese else words[:1].lower() + words[1:]
