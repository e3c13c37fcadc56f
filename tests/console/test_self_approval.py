"""T48: who began it is not the one who agrees: not on the screen, not by API, not with a token, not under a new name, not with new roles.

The cases come from the table of moves: a move that demands a second person and has none here makes this red.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from contingency.org.models import Holding, Position, User
from contingency.org.roles import POSITION_ROLES
from contingency.plan.models import PlanVersion
from incidents.reports.models import Report, SectionText
from incidents.response.models import Incident
from incidents.switchover.models import Switch
from kernel import clock, moves, records
from kernel.models import Entry, Proposal
from kernel.moves import Move
from kernel.permissions import Grant
from tests.console.conftest import PASSWORD, ROLES, Company
from tests.console.filled import api_address, every_scope, filled, form_address, post, press, undone
from tests.console.samples import sample_of_each

pytestmark = [pytest.mark.matrix, pytest.mark.django_db, pytest.mark.attack, pytest.mark.req("SEC-01")]
SHARED = (Grant.SECOND, Grant.PROPOSE)


def proposed() -> list[Move]:
    """Moves that some role only carries out together with somebody else."""
    return [move for move in moves.all_moves() if any(grant in SHARED for grant in move.rule.values())]


def kept_apart() -> list[Move]:
    """Moves that a service refuses to the one who began the record's matter."""
    return [move for move in moves.all_moves() if move.apart_from]


def switch_ordered_by(samples: dict[str, Any], user: User) -> Any:
    Switch.objects.filter(pk=samples["switch"].pk).update(ordered_by=user)
    return samples["switch"]


def plan_written_by(samples: dict[str, Any], user: User) -> Any:
    present: PlanVersion = samples["plan_version"]
    draft = PlanVersion.objects.create(plan=present.plan, number=2, text="", digest="1" * 64, author=user, loaded_at=clock.now())
    PlanVersion.objects.filter(pk=draft.pk).update(state="in_review", submitted_at=clock.now())
    return draft


def _report_in_review(samples: dict[str, Any], submitter: User) -> Report:
    report: Report = samples["report"]
    Report.objects.filter(pk=report.pk).update(state="in_review", submitted_by=submitter, submitted_at=clock.now())
    return report


def report_submitted_by(samples: dict[str, Any], user: User) -> Any:
    return _report_in_review(samples, user)


def report_written_by(samples: dict[str, Any], user: User) -> Any:
    report = _report_in_review(samples, User.objects.get(username="stranger"))
    SectionText.objects.create(
        report=report, section="summary", revision=1, text_en="x", text_zh="x", author=user, author_label=str(user), at=clock.now()
    )  # fmt: skip
    return report


def proposal_of(samples: dict[str, Any], user: User) -> Any:
    me = {"id": str(user.public_id), "label": str(user), "user_id": user.pk}
    Proposal.objects.filter(pk=samples["proposal"].pk).update(proposer=me)
    return samples["proposal"]


CASES: dict[str, tuple[Callable[[dict[str, Any], User], Any], ...]] = {
    "console.accept": (proposal_of,),
    "incidents.switch_approve": (switch_ordered_by,),
    "plan.approve": (plan_written_by,),
    "reports.approve": (report_submitted_by, report_written_by),
}


def test_every_move_that_keeps_two_people_apart_has_its_case_here() -> None:
    assert {move.id for move in kept_apart()} == set(CASES)
    for move in moves.all_moves():
        if re.search(r"approve|accept|agree|second", move.verb):
            assert move.apart_from, f"{move.id}: say from whom it is kept apart, or call it something else"


def test_what_the_database_keeps_apart_the_table_of_moves_says_too() -> None:
    """Constraints that forbid one and the same person twice in a row, and the moves of that kind."""
    kinds = set()
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if re.search(r"does_not_approve|is_another|not_the_same", constraint.name):
                kinds.add(model.journal_kind)
    assert len(kinds) >= 3
    assert kinds <= {move.record for move in kept_apart()}


@pytest.fixture
def samples(company: Company, confirmed: Incident) -> dict[str, Any]:
    return sample_of_each(company, confirmed)


class Doors:
    """One person at every door: on the screen, by the API of the browser, by a token."""

    def __init__(self, company: Company, name: str) -> None:
        self.user = company.users[name]
        self.screen, self.session = Client(), Client()
        for client in (self.screen, self.session):
            assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
        self.token = Client(headers={"Authorization": f"Bearer {company.token(name, *every_scope())}"})

    def all_try(self, move: Move, record: Any, body: dict[str, Any]) -> dict[str, int]:
        """Door → status."""
        seen = {"version": record.version, **body} if record is not None else body
        return {
            "screen": press(self.screen, form_address(move, record), seen).status_code,
            "session": post(self.session, api_address(move, record), seen).status_code,
            "token": post(self.token, api_address(move, record), seen).status_code,
        }


def become_everything(user: User, move: Move) -> None:
    """Another name, and every role that may do this alone or agree to it; commander of the incident, too."""
    User.objects.filter(pk=user.pk).update(username=f"{user.username}-new", display_name="Somebody Else", display_name_zh="另一个人")
    unit = Position.objects.get(slug="operations-team_lead").unit
    wanted = {*move.rule, *moves.get("console.accept").rule} & set(POSITION_ROLES)
    for role in sorted(wanted):
        slug = f"all-{role}"
        position, _made = Position.objects.get_or_create(slug=slug, defaults={"name_en": slug, "name_zh": slug, "unit": unit, "role": role})
        Holding.objects.get_or_create(user=user, position=position, defaults={"starts_at": clock.now() - timedelta(hours=1)})


@pytest.mark.parametrize("round_", ["as it was", "renamed, with every role"])
def test_nobody_agrees_to_what_they_proposed(company: Company, samples: dict[str, Any], round_: str) -> None:
    by_role = {role: name for name, role in ROLES.items()}
    doors: dict[str, Doors] = {}
    wrong, tries = [], 0
    assert len(proposed()) >= 20
    for move in proposed():
        role = next(role for role, grant in move.rule.items() if grant in SHARED and role in by_role)
        here = doors.get(by_role[role]) or doors.setdefault(by_role[role], Doors(company, by_role[role]))
        record = None if move.creates else samples[move.record]
        with undone():
            Proposal.objects.filter(move=move.id).delete()  # only one may wait for each record
            own = _proposal(move, record, here.user, filled(move, samples, company.users["engineer2"]))
            if round_ != "as it was":
                become_everything(here.user, move)
            entries = Entry.objects.count()
            for door, status in here.all_try(moves.get("console.accept"), own, {}).items():
                tries += 1
                if status not in (403, 404):
                    wrong.append(f"{move.id} by {door}: {status}")
            own.refresh_from_db()
            if own.state != "proposed" or Entry.objects.count() != entries:
                wrong.append(f"{move.id}: it left a trace")
            if round_ != "as it was":  # it is sameness that was refused: another's, the same person may decide
                _of_another(own, company.users["stranger"])
                status = press(here.screen, form_address(moves.get("console.accept"), own), {"version": own.version}).status_code
                if status in (403, 404):
                    wrong.append(f"{move.id}: another's proposal is refused too ({status})")
    assert not wrong, "\n".join(wrong)
    print(f"  T48: {len(proposed())} moves for two, {tries} tries to agree with oneself ({round_}): 0 passes")


def _proposal(move: Move, record: Any, user: User, inputs: dict[str, str]) -> Proposal:
    reason = inputs.pop("reason", "")
    return Proposal.objects.create(
        move=move.id,
        record_kind=move.record,
        record_id=record.public_id if record is not None else None,
        record_label=str(record or ""),
        inputs=inputs,
        reason=reason,
        proposer={"id": str(user.public_id), "label": str(user), "user_id": user.pk},
        proposed_at=clock.now(),
    )


def _of_another(own: Proposal, user: User) -> None:
    Proposal.objects.filter(pk=own.pk).update(proposer={"id": str(user.public_id), "label": str(user), "user_id": user.pk})


def test_what_needs_two_is_never_done_by_asking_twice(company: Company, samples: dict[str, Any]) -> None:
    """With a right that needs a second person: the first request is a proposal, and so is every other."""
    by_role = {role: name for name, role in ROLES.items()}
    wrong, alone = [], [move for move in moves.all_moves() if Grant.SECOND in move.rule.values()]
    assert len(alone) >= 4
    for move in alone:
        role = next(role for role, grant in move.rule.items() if grant == Grant.SECOND and role in by_role)
        here = Doors(company, by_role[role])
        record = None if move.creates else samples[move.record]
        if record is not None and not move.wants_second(record):
            continue
        model = records.get(move.record).model
        before = list(model.objects.order_by("pk").values())
        with undone():
            for _time in range(2):
                for door, status in here.all_try(move, record, filled(move, samples, company.users["engineer2"])).items():
                    if status not in (202, 204, 403, 409):
                        wrong.append(f"{move.id} by {door}: {status}")
            if list(model.objects.order_by("pk").values()) != before:
                wrong.append(f"{move.id}: it was done")
            if not Proposal.objects.filter(move=move.id).exists():
                wrong.append(f"{move.id}: it was not even proposed")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("move_id", CASES)
def test_who_began_it_does_not_approve_it(company: Company, samples: dict[str, Any], move_id: str) -> None:
    move = moves.get(move_id)
    here, other = Doors(company, "lead"), company.users["stranger"]
    for begun_by in CASES[move_id]:
        for is_changed in (False, True):
            with undone():
                record = begun_by(samples, here.user)
                become_everything(here.user, move)
                if not is_changed:
                    User.objects.filter(pk=here.user.pk).update(username="lead")
                record.refresh_from_db()
                state, entries = record.state, Entry.objects.count()
                statuses = here.all_try(move, record, {})
                record.refresh_from_db()
                assert set(statuses.values()) == {403}, (begun_by.__name__, statuses)
                assert (record.state, Entry.objects.count()) == (state, entries)
    with undone():  # begun by another, the same person is not turned away for who they are
        record = CASES[move_id][0](samples, other)
        become_everything(here.user, move)
        record.refresh_from_db()
        assert press(here.screen, form_address(move, record), {"version": record.version}).status_code not in (403, 404)
