"""Every move × every role, against the table of roles and actions; who may see what."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils.module_loading import import_string

from incidents.response import moves as _moves  # noqa: F401 - registers the table
from incidents.response import services
from incidents.response.models import Incident, IncidentRole
from incidents.response.records import output
from incidents.response.selectors import incident_get_by_number, incident_get_for, incident_list, next_moves
from kernel import clock, moves
from kernel.actors import Actor
from kernel.errors import DomainError, NotFound, NotPermitted
from kernel.models import Entry, Proposal
from kernel.permissions import can
from kernel.proposals import perform, proposal_accept
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.req("SEC-01")]

ROLES = ("OE", "TL", "IC", "BO", "CS", "AU", "AD", "DI", "RE")
WHO = {"OE": "oscar", "TL": "leo", "IC": "dora", "BO": "bea", "CS": "cyril", "AU": "anton", "AD": "ada", "DI": "dirk", "RE": "sam"}

# Y: may · P: proposes, somebody else agrees · -: may not. IC: commands this incident and nothing else; RE: leads business in
# it; DI: project director without a role in it. Written by hand from the table of roles and actions, not from the code.
#                                       OE TL IC BO CS AU AD DI RE
TABLE = {
    "incidents.open":                   "Y  Y  -  Y  Y  -  -  -  -",
    "incidents.confirm":                "Y  Y  Y  P  P  -  -  -  -",
    "incidents.confirm_major":          "P  Y  Y  P  -  -  -  -  -",
    "incidents.locate":                 "Y  Y  Y  -  -  -  -  -  Y",
    "incidents.locate_while_handling":  "Y  Y  Y  -  -  -  -  -  Y",
    "incidents.handle":                 "Y  Y  Y  -  -  -  -  -  -",
    "incidents.verify":                 "Y  Y  Y  -  -  -  -  -  -",
    "incidents.grade_raise":            "Y  Y  Y  P  P  -  -  -  -",
    "incidents.declare_major":          "P  Y  Y  P  -  -  -  -  -",
    "incidents.grade_lower":            "P  Y  Y  -  -  -  -  -  -",
    "incidents.business_stop":          "Y  Y  Y  P  P  -  -  -  -",
    "incidents.merge":                  "Y  Y  Y  -  -  -  -  -  -",
    "incidents.unmerge":                "Y  Y  Y  -  -  -  -  -  -",
    "incidents.role_assign":            "-  Y  Y  -  -  -  -  -  -",
    "incidents.role_acknowledge":       "-  -  Y  -  -  -  -  -  Y",
    "incidents.playbook_start":         "-  Y  Y  -  -  -  -  -  Y",
    "incidents.note":                   "Y  Y  Y  Y  Y  -  -  -  Y",
    "incidents.decision":               "Y  Y  Y  -  -  -  -  -  -",
    "incidents.update":                 "Y  Y  Y  -  -  -  -  -  Y",
    "incidents.can_report":             "Y  Y  Y  -  -  -  -  -  Y",
    "incidents.entry_pin":              "Y  Y  Y  -  -  -  -  -  Y",
    "incidents.entry_unpin":            "Y  Y  Y  -  -  -  -  -  Y",
    "incidents.entry_annotate":         "Y  Y  Y  Y  Y  -  -  -  Y",
    "incidents.entry_retime":           "Y  Y  Y  -  -  -  -  -  Y",
    "incidents.role_take":              "Y  Y  Y  -  -  -  -  -  -",
    "incidents.alerts_silence":         "-  Y  Y  -  -  -  -  -  -",
    "incidents.alerts_unsilence":       "-  Y  Y  -  -  -  -  -  -",
    "incidents.end_condition_check":    "Y  Y  Y  Y  -  -  -  -  Y",
    "incidents.end_condition_override": "-  Y  Y  -  -  -  -  -  -",
    "incidents.resolve":                "P  Y  Y  P  -  -  -  -  -",
    "incidents.reopen":                 "Y  Y  Y  -  -  -  -  -  -",
    "incidents.review":                 "Y  Y  Y  -  -  -  -  -  -",
    "incidents.close":                  "P  Y  Y  P  -  -  -  -  -",
    "incidents.false_alarm":            "P  Y  Y  -  -  -  -  -  -",
}  # fmt: skip


def prepare(world: World, move: moves.Move) -> tuple[Incident | None, dict[str, Any]]:
    """An incident in a state from which the move is legal, its guards satisfied, and inputs for it."""
    inputs: dict[str, Any] = {
        "part": world.part.slug,
        "fault_class": "data" if move.creates else "",
        "title": "Orders are refused",
        "grade": "general" if move.verb == "grade_lower" else "severe",
        "stops_business": "no",
        "finding": "migration 0187",
        "role": "scribe",
        "user": str(world.users["olga"].public_id),
        "body": "words",
        "condition": "business",
        "passed": "yes",
        "evidence": "seen",
        "summary": "What happened.",
        "report_summary": "What happened.",
        "actions": "words",
        "needs": "words",
        "text": "words",
        "hours": "2",
        "playbook": "database-failed",
        "placed_at": clock.now().isoformat(),
    }
    grade = "severe" if move.verb == "grade_lower" else "general"
    state = move.source[0] if move.source else "confirmed"
    graded = {} if state in ("discovered", "merged") else {"grade": grade}
    incident = None if move.creates else world.in_state(state, **graded)
    if move.verb == "resolve":
        assert incident is not None
        incident = world.shown(incident)
    if move.verb == "merge":
        other = world.opened(fault_class="data")
        appoint(world, other)
        inputs["into"] = str(other.public_id)
    if incident is not None:
        appoint(world, incident)
        if any(item.name == "entry" for item in move.inputs):
            opened = Entry.objects.filter(name="incidents.incident_opened.v1", subject_id=str(incident.public_id)).get()
            inputs["entry"] = str(opened.public_id)
            if move.verb == "entry_unpin":
                incident = services.entry_pin(**at(incident), actor=world.actor("lena"), entry=opened.public_id)
        if move.verb == "alerts_unsilence":
            incident = services.alerts_silence(**at(incident), actor=world.actor("lena"), hours=Decimal(2), reason="known")
    names = {item.name for item in move.inputs}
    return incident, {name: value for name, value in inputs.items() if name in names and value}


def appoint(world: World, incident: Incident) -> None:
    """Dora commands, Sam (of another team) leads business or is scribe, and nobody else has a role that would help them."""
    now = clock.now()
    incident.roles.filter(ended_at=None).update(ended_at=now)
    IncidentRole.objects.create(incident=incident, role="commander", user=world.users["dora"], assigned_at=now)
    if not incident.roles.filter(role="scribe", ended_at=None).exists():
        IncidentRole.objects.create(incident=incident, role="business_lead", user=world.users["sam"], assigned_at=now)


def attempt(move: moves.Move, incident: Incident | None, actor: Actor, inputs: dict[str, Any]) -> str:
    """What becomes of it: Y done, P proposed, - refused. Nothing of it stays."""
    try:
        with transaction.atomic():
            before = Entry.objects.count()
            where = {} if incident is None else {"public_id": incident.public_id, "version": incident.version}
            done = perform(move.id, actor=actor, inputs=inputs, reason="because", **where)
            assert Entry.objects.count() > before, "a move without a trace"
            raise _Undo("P" if isinstance(done, Proposal) else "Y")
    except _Undo as undo:
        return str(undo)
    except (NotPermitted, NotFound):
        return "-"


class _Undo(Exception):
    """Rolls the attempt back."""


def test_the_table_names_every_move_of_an_incident() -> None:
    assert set(TABLE) == {move.id for move in moves.for_record("incident")}


@pytest.mark.parametrize("move_id", sorted(TABLE))
def test_each_role_may_do_what_the_table_says_and_nothing_else(world: World, move_id: str) -> None:
    """Through the edges' door; and the service itself refuses too: command line, handlers and imports have no edge between."""
    move = moves.get(move_id)
    incident, inputs = prepare(world, move)
    found = {role: attempt(move, incident, world.actor(WHO[role]), inputs) for role in ROLES}
    assert found == dict(zip(ROLES, TABLE[move_id].split(), strict=True))
    service, cleaned, before = import_string(move.service), move.clean(inputs), Entry.objects.count()
    for role in [role for role in ROLES if found[role] != "Y"]:
        where = {} if incident is None else {"public_id": incident.public_id, "version": incident.version}
        with pytest.raises((NotPermitted, NotFound)), transaction.atomic():
            service(actor=world.actor(WHO[role]), reason="because", **where, **cleaned)
    assert Entry.objects.count() == before
    if incident is not None:
        assert fresh(incident).version == incident.version


def test_a_token_without_the_scope_may_nothing(world: World) -> None:
    incident = world.opened()
    appoint(world, incident)
    for scopes in (frozenset({"incidents:read"}), frozenset({"alerts:write"})):
        for name in ("leo", "dora", "sam"):
            actor = world.actor(name, scopes=scopes)
            assert [move_id for move_id in TABLE if can(actor, move_id, incident) is not None] == []
    assert can(world.actor("leo", scopes=frozenset({"incidents:write"})), "incidents.confirm", incident) is not None


def test_whoever_is_of_another_team_does_not_even_learn_that_it_exists(world: World) -> None:
    incident, sam = world.opened(), world.actor("sam")
    for move_id in sorted(set(TABLE) - {"incidents.open"}):
        for public_id in (incident.public_id, uuid4()):
            with pytest.raises(NotFound) as refused:
                perform(move_id, actor=sam, public_id=public_id, version=1, inputs={}, reason="because")
            assert refused.value.http_status == 404


def test_a_proposal_is_carried_out_when_somebody_else_agrees(world: World) -> None:
    incident = world.confirmed(grade="severe")
    proposal = perform("incidents.grade_lower", actor=world.actor("oscar"), **at(incident), inputs={"grade": "general"}, reason="one function only")
    assert isinstance(proposal, Proposal)
    with pytest.raises(NotPermitted):
        proposal_accept(public_id=proposal.public_id, version=proposal.version, actor=world.actor("oscar"))
    proposal_accept(public_id=proposal.public_id, version=proposal.version, actor=world.actor("leo"))
    assert fresh(incident).grade == "general"


def test_a_right_that_ends_with_the_role_ends_at_once(world: World) -> None:
    incident = world.confirmed(grade="general")
    appoint(world, incident)
    services.role_assign(**at(incident), actor=world.actor("dora"), role="commander", user=world.users["leo"].public_id, note="yours")
    with pytest.raises(NotPermitted):
        services.incident_handle(public_id=incident.public_id, version=None, actor=world.actor("dora"))


def test_everybody_sees_their_own_teams_incidents_and_those_they_have_a_role_in(world: World) -> None:
    incident = world.opened()
    for name in ("olga", "lena", "bea", "cyril", "dirk", "anton", "ada"):
        assert list(incident_list(world.actor(name))) == [incident], name
        assert incident_get_by_number(world.actor(name), incident.number) == incident
    sam = world.actor("sam")
    assert not incident_list(sam).exists()
    with pytest.raises(NotFound):
        incident_get_for(sam, incident.public_id)
    IncidentRole.objects.create(incident=incident, role="scribe", user=world.users["sam"], assigned_at=clock.now())
    assert incident_get_for(sam, incident.public_id) == incident
    IncidentRole.objects.update(ended_at=clock.now())
    assert not incident_list(sam).exists()


def test_an_administrator_sees_titles_only(world: World) -> None:
    incident = world.opened()
    shown = output(incident_get_for(world.actor("ada"), incident.public_id))
    assert shown["number"] == incident.number
    assert not {"finding", "scope", "proposal", "report_summary", "failing_since"} & set(shown)
    assert "failing_since" in output(incident_get_for(world.actor("anton"), incident.public_id))


def test_a_token_without_a_reading_scope_sees_nothing(world: World) -> None:
    world.opened()
    assert not incident_list(world.actor("lena", scopes=frozenset({"alerts:write"}))).exists()
    assert incident_list(world.actor("lena", scopes=frozenset({"incidents:read"}))).count() == 1


def test_only_legal_permitted_moves_are_offered_with_what_stands_in_their_way(world: World) -> None:
    incident = world.verifying(grade="general")
    offered = {item.move.id: item for item in next_moves(incident, world.actor("leo"))}
    assert "incidents.handle" not in offered
    assert isinstance(offered["incidents.resolve"].refusal, DomainError)
    assert offered["incidents.reopen"].refusal is None
    assert next_moves(incident, world.actor("anton")) == []
    assert {item.move.id for item in next_moves(incident, world.actor("oscar")) if item.proposes} == {"incidents.declare_major", "incidents.resolve"}
    incident = world.shown(incident)
    offered = {item.move.id: item for item in next_moves(incident, world.actor("leo"))}
    assert offered["incidents.resolve"].refusal is None
