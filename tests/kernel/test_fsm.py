"""A state changes through one door only."""

import threading
from uuid import uuid4

import pytest
from django.db import connection, transaction

from kernel import clock, fsm
from kernel.errors import InvalidTransition, NotFound, Stale
from kernel.models import Proposal


def proposed() -> Proposal:
    return Proposal.objects.create(
        move="m", record_kind="thing", record_id=uuid4(), record_label="T", proposer={"id": "1", "label": "P", "user_id": 1}, proposed_at=clock.now()
    )


@pytest.mark.django_db
def test_a_move_raises_the_version_and_a_stale_version_is_refused_with_the_new_state() -> None:
    proposal = Proposal.lock(proposed().public_id, version=1)
    fsm.move(proposal, proposal.accept, at=clock.now())
    with pytest.raises(Stale) as refused:
        Proposal.lock(proposal.public_id, version=1)
    assert refused.value.params["state"] == "Accepted"
    assert refused.value.params["version"] == 2


@pytest.mark.django_db
def test_a_move_the_life_cycle_does_not_know_is_refused_and_nothing_is_written() -> None:
    proposal = Proposal.lock(proposed().public_id)
    fsm.move(proposal, proposal.accept, at=clock.now())
    with pytest.raises(InvalidTransition):
        fsm.move(proposal, proposal.decline, at=clock.now())
    assert Proposal.objects.get().state == "accepted"


@pytest.mark.django_db
def test_the_state_cannot_be_assigned_and_is_read_again_on_refresh() -> None:
    proposal = proposed()
    with pytest.raises(AttributeError):
        proposal.state = "accepted"
    twin = Proposal.objects.get()
    fsm.move(twin, twin.accept, at=clock.now())
    proposal.refresh_from_db()
    assert proposal.state == "accepted"


@pytest.mark.django_db
def test_many_move_together_in_one_update_or_not_at_all(django_assert_num_queries: object) -> None:
    for _ in range(5):
        proposed()
    records = list(Proposal.objects.all())
    now = clock.now()
    with django_assert_num_queries(1):  # type: ignore[operator]
        fsm.move_many(records, "accept", at=now)
    assert set(Proposal.objects.values_list("state", "version", "decided_at")) == {("accepted", 2, now)}
    with pytest.raises(InvalidTransition):
        fsm.move_many(list(Proposal.objects.all()), "decline", at=now)


@pytest.mark.django_db
def test_locking_what_is_not_there_says_so() -> None:
    with pytest.raises(NotFound):
        Proposal.lock(uuid4())


@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_wins_and_the_other_is_told() -> None:
    for _ in range(20):
        public_id = proposed().public_id
        outcomes: list[str] = []
        start = threading.Barrier(2)

        def go(public_id: object = public_id, outcomes: list[str] = outcomes, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                with transaction.atomic():
                    record = Proposal.lock(public_id, version=1)  # type: ignore[arg-type]
                    fsm.move(record, record.accept, at=clock.now())
                outcomes.append("won")
            except Stale:
                outcomes.append("told")
            finally:
                connection.close()

        threads = [threading.Thread(target=go) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["told", "won"]
