"""Reversing a finished switch: offered for the part's last one only."""

from typing import Any

import pytest

from contingency.catalog.models import Part
from incidents.switchover import selectors, services
from kernel import moves
from kernel.actors import Actor
from kernel.errors import Conflict
from tests.incidents.switchover.fake_control import FakeSystem
from tests.incidents.switchover.test_switches import run


@pytest.mark.req("SWO-01")
def test_only_the_last_finished_switch_of_a_part_is_offered_to_be_reversed(
    part: Part, system: FakeSystem, lead: Actor, django_assert_num_queries: Any
) -> None:
    found = []
    for direction in ("over", "back"):
        found.append(services.switch_order(actor=lead, part="orders", direction=direction))
        run(found[-1])
    first, second = found
    may = moves.get("incidents.switch_revert").extra["available"]
    assert (may(first), may(second)) == (False, True)
    with pytest.raises(Conflict):
        services.switch_revert(public_id=first.public_id, version=None, actor=lead)
    listed = list(selectors.switch_list(lead))
    with django_assert_num_queries(0):
        assert {row.pk: may(row) for row in listed} == {first.pk: False, second.pk: True}
