"""Two people at the same moment over real HTTP (T16): one wins, the other is told how it stands now, and the journal has one entry."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from django.db import transaction

from incidents.response import services as response
from incidents.response.models import Incident
from kernel.models import Entry
from tests.console.conftest import Company

ROUNDS = 100 if os.environ.get("SWITCHBACK_SOAK") == "1" else 8
MARK = pytest.mark.soak if ROUNDS == 100 else pytest.mark.browser
pytestmark = [pytest.mark.django_db(transaction=True), MARK, pytest.mark.timeout(300)]

PAIRS: dict[str, tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "the same transition": (
        ("confirm", {"grade": "general", "stops_business": False}),
        ("confirm", {"grade": "severe", "stops_business": False}),
    ),
    "confirm and dismiss": (("confirm", {"grade": "general", "stops_business": False}), ("false_alarm", {"reason": "nothing there"})),
    "raise and lower": (("declare_major", {"reason": "worse"}), ("grade_lower", {"grade": "general", "reason": "better"})),
    "assign and assign": (("role_assign", {"role": "scribe"}), ("role_assign", {"role": "scribe"})),
}


def prepared(company: Company, pair: str) -> Incident:
    """An incident in the state that both acts need; the one of the round before makes room."""
    Incident.objects.exclude(state="false_alarm").update(fault_class="data", state="false_alarm")
    lead = company.actor("lead")
    with transaction.atomic():
        incident = response.incident_open(actor=lead, part="orders", fault_class="network", title="Two people at once")
        if pair in {"raise and lower", "assign and assign"}:
            incident = response.incident_confirm(
                public_id=incident.public_id, version=incident.version, actor=lead, grade="severe", stops_business="no"
            )
    return incident


@pytest.mark.attack
@pytest.mark.req("INC-02")
@pytest.mark.parametrize("pair", PAIRS)
def test_exactly_one_of_two_at_once_wins(company: Company, site: str, pair: str, request: pytest.FixtureRequest) -> None:
    acts = PAIRS[pair]
    with transaction.atomic():
        tokens = [company.token(name) for name in ("lead", "lead2")]
    closing = ExitStack()
    request.addfinalizer(closing.close)
    fresh = httpx.Limits(max_keepalive_connections=0)  # a server closes an idle connection whenever it likes, also just as somebody writes
    people = [
        closing.enter_context(httpx.Client(base_url=site, headers={"Authorization": f"Bearer {token}"}, timeout=60, limits=fresh)) for token in tokens
    ]
    assigned = [str(company.users[name].public_id) for name in ("engineer", "engineer2")]
    seen: Counter[tuple[int, ...]] = Counter()

    def send(place: int, incident: Incident) -> httpx.Response:
        verb, body = acts[place]
        more = {"user": assigned[place]} if verb == "role_assign" else {}
        return people[place].post(f"/api/v1/incidents/{incident.public_id}/{verb}/", json={**body, **more, "version": incident.version})

    with ThreadPoolExecutor(2) as pool:
        for _round in range(ROUNDS):
            incident = prepared(company, pair)
            last = Entry.objects.order_by("-id").values_list("id", flat=True)[0]
            answers = list(pool.map(lambda place, it=incident: send(place, it), range(2)))
            codes = tuple(sorted(answer.status_code for answer in answers))
            seen[codes] += 1
            assert codes == (200, 409), [answer.text for answer in answers]
            won, lost = sorted(answers, key=lambda answer: answer.status_code)
            present = Incident.objects.get(pk=incident.pk)
            assert present.version == incident.version + 1 == won.json()["version"]
            assert lost.json()["code"] == "stale", lost.text
            assert present.state_label() in lost.json()["message"]
            written = Entry.objects.filter(id__gt=last, subject_id=str(incident.public_id)).exclude(actor_kind="system")
            assert written.exists()
            assert written.values("actor_id").distinct().count() == 1, "the journal knows the winner alone"
    print(f"  at once: {pair}: {dict(seen)} in {ROUNDS} rounds")
