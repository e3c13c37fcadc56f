"""The exact effect of a dangerous move, shown before it is confirmed: what would happen, step by step, and what speaks against it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contingency.catalog import selectors as catalog
from contingency.plan.models import Round
from contingency.plan.selectors import grade_criteria
from incidents.switchover import selectors as switchover
from incidents.switchover.models import Direction, Mode, Outage, Switch
from incidents.switchover.problems import problem_words
from kernel import clock
from kernel.errors import DomainError
from kernel.i18n import language_suffix
from kernel.inputs import Mapping as Mapped
from kernel.moves import Move
from monitoring.alerts import selectors as alerts

COUNTED = 1_000


@dataclass(frozen=True)
class Line:
    """One step or check."""

    title: str
    effect: str
    point_of_no_return: bool = False
    is_ok: bool = True
    is_blocking: bool = False


@dataclass(frozen=True)
class Preview:
    """What will be done, in this order, and what was looked at beforehand."""

    facts: list[str]
    steps: list[Line]
    checks: list[Line] = field(default_factory=list)


def preview_of(move: Move, record: Any, chosen: Mapping[str, str]) -> Preview | None:
    """The preview of a move, where there is one. Asks the gateway: never inside a transaction."""
    make = PREVIEWS.get(move.id)
    if make is None:
        return None
    try:
        return make(record, chosen)
    except DomainError as problem:
        return Preview([problem.message], [])


def _of_part(part: Any, direction: str) -> Preview:
    seen = switchover.switch_preview(part, direction)
    names = {side.role: side.name for side in switchover.part_find(seen.part).sides.all()}
    now = names.get(seen.traffic_now or "", _("nowhere, as far as is known"))
    facts = [
        _("Traffic flows to %(now)s now and to %(after)s afterwards.") % {"now": now, "after": names.get(seen.traffic_after, seen.traffic_after)},
        _("Way of switching: %(mode)s") % {"mode": Mode(seen.mode).label}
        + (f" · {_('about %(seconds)s s by earlier runs') % {'seconds': seen.expected_s}}" if seen.expected_s is not None else ""),
    ]
    if seen.may_turn_emergency:
        facts.append(_("Should the old side die on the way, it goes on as an emergency switch."))
    steps = [Line(step.title, step.effect, step.point_of_no_return) for step in seen.steps]
    checks = [
        Line(str(check.title), problem_words(check.detail, names=names), is_ok=check.is_ok, is_blocking=check.is_blocking) for check in seen.checks
    ]
    return Preview(facts, steps, checks)


def _of_outage(direction: str) -> Callable[[Outage, Mapping[str, str]], Preview]:
    return lambda outage, _chosen: _of_part(outage.part, direction)


def _of_order(_record: None, chosen: Mapping[str, str]) -> Preview:
    part, direction = chosen.get("part", ""), chosen.get("direction", "")
    if not part or direction not in Direction.values:
        return Preview([_("Choose part and direction, then press once: the steps are shown before anything is done.")], [])
    return _of_part(part, direction)


def _of_copied(switch: Switch, _chosen: Mapping[str, str]) -> Preview:
    steps = [Line(step.title, step.effect, step.point_of_no_return) for step in switch.steps.all()]
    return Preview([f"{switch.get_direction_display()} · {switch.get_mode_display()}"], steps)


def _of_reversal(switch: Switch, _chosen: Mapping[str, str]) -> Preview:
    return _of_part(switch.part, Direction.BACK if switch.direction == Direction.OVER else Direction.OVER)


def _of_round(*, is_done: bool) -> Callable[[Round, Mapping[str, str]], Preview]:
    """What the plan wants done, and when it would come round again."""

    def preview(row: Round, _chosen: Mapping[str, str]) -> Preview:
        suffix = language_suffix()
        facts = [_("What is done: %(what)s") % {"what": ("" if suffix == "zh" else " ").join(getattr(row.item, f"what_{suffix}"))}]
        if row.state == Round.State.DUE:
            due = row.next_counts_from(clock.now(), is_done=is_done) + row.every
            facts.append(_("The next one is due on %(day)s.") % {"day": date_format(localtime(due), "Y-m-d")})
        return Preview(facts, [])

    return preview


def _of_silence(_record: None, chosen: Mapping[str, str]) -> Preview:
    """How many alerts it would cover now: so wide a matcher shows before it hides anything."""
    matchers = Mapped(name="matchers", label="").clean(chosen.get("matchers") or None)
    part = catalog.part_get(UUID(chosen["part"])) if chosen.get("part") else None
    if part is None and not matchers:
        return Preview([_("Name a part or labels; how many alerts it would silence is shown then.")], [])
    count = alerts.would_silence(part_id=part.pk if part else None, matchers=matchers, most=COUNTED)
    words = ngettext("It would silence %(n)d alert that is open now.", "It would silence %(n)d alerts that are open now.", count)
    return Preview([words % {"n": count}], [])


def _of_grades(_record: Any, _chosen: Mapping[str, str]) -> Preview:
    """What speaks for which grade, by the plan in force: nobody has to know the plan by heart at night."""
    told = [_("%(grade)s: %(criterion)s") % {"grade": grade.label, "criterion": criteria[0]} for grade, criteria in grade_criteria() if criteria]
    return Preview(told, [])


PREVIEWS: dict[str, Callable[[Any, Mapping[str, str]], Preview]] = {
    "incidents.confirm": _of_grades,
    "incidents.grade_raise": _of_grades,
    "incidents.grade_lower": _of_grades,
    "incidents.switch_over": _of_outage(Direction.OVER),
    "incidents.switch_back": _of_outage(Direction.BACK),
    "incidents.switch_order": _of_order,
    "incidents.switch_approve": _of_copied,
    "incidents.switch_revert": _of_reversal,
    "monitoring.silence_create": _of_silence,
    "plan.round_done": _of_round(is_done=True),
    "plan.round_skip": _of_round(is_done=False),
}
