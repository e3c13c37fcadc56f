"""A switch by hand, in both languages at once: made of the very steps that the console would carry out, with the command of each.

Printed beforehand and kept beside the machines: it must not need the console on the day it is used.
"""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from django.utils.translation import gettext, gettext_noop, override

from console.selectors.switchboard import Board
from contingency.catalog.models import Part, Side
from contingency.org import selectors as org
from contingency.org.models import ContactPoint
from contingency.plan import selectors as plan
from incidents.switchover import selectors as switchover
from incidents.switchover import sequences
from incidents.switchover.models import Mode
from incidents.switchover.sequences import StepPlan
from kernel.errors import DomainError

LANGUAGES = (("en", "en"), ("zh-hans", "zh"))


@dataclass(frozen=True)
class HandStep:
    """One line of the paper."""

    title: dict[str, str]
    effect: dict[str, str]
    commands: list[str]
    undo: str
    point_of_no_return: bool
    is_verification: bool


@dataclass(frozen=True)
class Sheet:
    """One way from side to side."""

    title: dict[str, str]
    when: dict[str, str]
    steps: list[HandStep]


@dataclass(frozen=True)
class Callee:
    """Somebody to call, with their numbers as they stand today."""

    role: dict[str, str]
    name: str
    phones: list[str] = field(default_factory=list)


class Manual:
    """The paper of one part."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.part: Part = board.part

    @cached_property
    def sides(self) -> dict[str, Side]:
        """role → side."""
        return {side.role: side for side in self.part.sides.all()}

    @property
    def gateway(self) -> object | None:
        """Where traffic is moved."""
        return getattr(self.part, "gateway", None)

    @property
    def is_possible(self) -> bool:
        """Whether there is anything to switch."""
        return self.gateway is not None and set(self.sides) == {"primary", "standby"}

    @property
    def kind(self) -> str:
        """lab or caddy."""
        return str(getattr(self.gateway, "kind", ""))

    @property
    def by_http(self) -> str:
        """How a step is asked of the control address when the console's own machine is gone; empty where every step is HTTP anyway."""
        if self.kind != "lab":
            return ""
        address = str(getattr(self.gateway, "control_url", "")).rstrip("/")
        body = '{"from": "primary", "to": "standby"}'
        return f"curl -X POST {address}/steps/STEP -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d '{body}'"

    @cached_property
    def sheets(self) -> list[Sheet]:
        """Planned over, emergency over, planned back."""
        if not self.is_possible:
            return []
        ways = [("primary", "standby", Mode.PLANNED), ("primary", "standby", Mode.EMERGENCY), ("standby", "primary", Mode.PLANNED)]
        return [self._sheet(old, new, mode) for old, new, mode in ways]

    def _sheet(self, old: str, new: str, mode: str) -> Sheet:
        plans = (*sequences.acting(self.kind, mode), *switchover.verification_of(self.part))
        names = {"old": self.sides[old].name, "new": self.sides[new].name}
        if mode == Mode.EMERGENCY:
            title, when = _emergency(names)
        else:
            title, when = _planned(names)
        return Sheet(title, when, [self._step(plan, old, new) for plan in plans])

    def _step(self, plan: StepPlan, old: str, new: str) -> HandStep:
        names = {"old": self.sides[old].name, "new": self.sides[new].name}
        return HandStep(
            title={"en": plan.title_en.format(**names, part=self.part.name_en), "zh": plan.title_zh.format(**names, part=self.part.name_zh)},
            effect={"en": plan.effect_en.format(**names, part=self.part.name_en), "zh": plan.effect_zh.format(**names, part=self.part.name_zh)},
            commands=self._commands(plan.name, old, new),
            undo=self._undo(plan, old, new),
            point_of_no_return=plan.point_of_no_return,
            is_verification=plan.is_verification,
        )

    def _commands(self, step: str, old: str, new: str) -> list[str]:
        proof = {"verify_probes": f"curl -si {self.sides[new].ready_url or self.sides[new].url}", "verify_business": self._order()}.get(step)
        if proof is not None:
            return [proof]
        if self.kind == "lab":
            return ["python manage.py lab status" if step == "verify_traffic" else f"python manage.py lab step {step} {old} {new}"]
        if step == "check_target":
            return [f"curl -si {self.sides[new].ready_url or self.sides[new].url}"]
        return [f"curl -s {self._upstreams}"] if step == "verify_traffic" else [self._caddy_move(new)]

    def _undo(self, plan: StepPlan, old: str, new: str) -> str:
        if not plan.undo:
            return ""
        return f"python manage.py lab step {plan.undo} {old} {new}" if self.kind == "lab" else self._caddy_move(old)

    @property
    def _upstreams(self) -> str:
        parts = urlsplit(str(getattr(self.gateway, "admin_url", "")))
        return f"{parts.scheme}://{parts.netloc}/id/{parts.fragment or self.part.slug}/upstreams"

    def _caddy_move(self, role: str) -> str:
        parts = urlsplit(self.sides[role].url)
        dial = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        return f"""curl -X PATCH {self._upstreams} -H 'Content-Type: application/json' -d '[{{"dial": "{dial}"}}]'"""

    def _order(self) -> str:
        body = '{"customer": "business check", "item": "sample", "quantity": 1, "amount_cents": 100}'
        headers = "-H 'X-Business-Check: 1' -H 'Idempotency-Key: by-hand-1' -H 'Content-Type: application/json'"
        return f"curl -si -X POST {self.part.base_url.rstrip('/')}/orders {headers} -d '{body}'"

    @cached_property
    def callees(self) -> list[Callee]:
        """Who is on duty for the part now, then the chain's positions: name and numbers at the time of printing."""
        found = [({"en": self.part.roster.name_en, "zh": self.part.roster.name_zh}, user) for user in org.on_duty(self.part.roster, self.board.now)]
        try:
            steps = list(plan.chain_get(self.part.chain).steps.all())
        except DomainError:
            steps = []
        for step in steps:
            if step.position is not None:
                role = {"en": step.position.name_en, "zh": step.position.name_zh}
                found += [(role, user) for user in plan.people_of(step, self.board.now)]
        points = org.contact_points_of([user for _role, user in found])
        phones = {key: [point.address for point in rows if point.kind == ContactPoint.Kind.PHONE] for key, rows in points.items()}
        return [Callee(role, user.display_name, phones.get(user.pk, [])) for role, user in found]

    @property
    def lacks_numbers(self) -> bool:
        """Whether somebody of them cannot be telephoned."""
        return any(not callee.phones for callee in self.callees)


def _both(text: str, **params: str) -> dict[str, str]:
    """The same text in both languages, whoever reads."""
    found = {}
    for language, suffix in LANGUAGES:
        with override(language):
            found[suffix] = gettext(text) % params
    return found


def _planned(names: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return (
        _both(gettext_noop("Planned: from %(old)s to %(new)s"), **names),
        _both(gettext_noop("Both sides live. Nothing acknowledged is lost; orders wait a few seconds."), **names),
    )


def _emergency(names: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return (
        _both(gettext_noop("Emergency: %(old)s is dead, %(new)s takes over"), **names),
        _both(gettext_noop("Only when %(old)s does not answer. It stays out until it is rebuilt."), **names),
    )
