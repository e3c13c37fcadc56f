"""A plan version's life: who may, who may not, what is recorded, and what becomes of the rows."""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Barrier, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from contingency.catalog.models import FailureCause, FaultKind, ImpactArea
from contingency.org import services as org
from contingency.org.errors import RolesExclude
from contingency.org.models import EmergencyGroup, Holding, Position, Roster, Unit, User
from contingency.org.selectors import actor_of_user
from contingency.plan import selectors, services
from contingency.plan.document import PlanDocumentInvalid
from contingency.plan.errors import AuthorMayNotApprove, OrganisationExists
from contingency.plan.models import ChainStep, LevelCall, MessageText, PlanVersion, Playbook, PlaybookStep, RecoveryTarget, ResponseLevel
from contingency.plan.shipped import shipped_plan
from kernel.actors import SYSTEM
from kernel.errors import InvalidTransition, NotPermitted, ProofNeeded, ReasonRequired, Stale
from kernel.models import Entry

from .conftest import entries

pytestmark = pytest.mark.django_db
FASTER = ("target: 1 h", "target: 10 s")


def act(users: dict[str, User], name: str):
    return replace(actor_of_user(users[name]), proved=True)


def edited(*changes: tuple[str, str]) -> str:
    text = shipped_plan()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def load(users: dict[str, User], text: str, *, author: str = "zhao.min") -> PlanVersion:
    return services.plan_load(text=text, actor=act(users, author))


def put_in_force(users: dict[str, User], text: str) -> PlanVersion:
    version = load(users, text)
    version = services.plan_submit(public_id=version.public_id, version=version.version, actor=act(users, "zhao.min"))
    return services.plan_approve(public_id=version.public_id, version=version.version, actor=act(users, "zhou.hong"))


@pytest.mark.req("PLN-01", "PLN-03")
def test_a_version_goes_from_draft_to_superseded_and_each_step_is_recorded(company):
    first = selectors.version_in_force()
    second = put_in_force(company, edited(FASTER))
    first.refresh_from_db()
    assert (first.state, second.state, second.number) == ("superseded", "approved", 2)
    assert selectors.version_in_force() == second
    names = ["loaded", "submitted", "approved"]
    assert [len(entries(f"plan.plan_version_{name}.v1")) for name in names] == [2, 2, 2]
    [superseded] = entries("plan.plan_version_superseded.v1")
    approved = entries("plan.plan_version_approved.v1")[-1]
    assert (superseded.cause_id, superseded.subject_id) == (approved.id, str(first.public_id))
    assert (approved.actor_label, approved.payload["author"]) == ("Zhou Hong", "Zhao Min")
    assert approved.before["state"] == "in_review"
    assert "text" not in approved.after


@pytest.mark.req("SEC-01", "PLN-01")
@pytest.mark.attack
def test_the_author_never_approves(company):
    """T48: also when the author holds the very position that approves."""
    author = company["zhao.min"]
    org.holding_assign(actor=SYSTEM, user=author.public_id, position="project-director")
    version = load(company, edited(FASTER))
    version = services.plan_submit(public_id=version.public_id, version=None, actor=act(company, "zhao.min"))
    with pytest.raises(AuthorMayNotApprove):
        services.plan_approve(public_id=version.public_id, version=None, actor=act(company, "zhao.min"))
    _token, secret = org.token_create(actor=SYSTEM, user=author.public_id, scopes=["plan-versions:write"])
    from contingency.org.selectors import actor_of_token

    with pytest.raises(ProofNeeded):
        services.plan_approve(public_id=version.public_id, version=None, actor=actor_of_token(secret))
    with pytest.raises(AuthorMayNotApprove):
        services.plan_approve(public_id=version.public_id, version=None, actor=replace(actor_of_token(secret), proved=True))
    version.refresh_from_db()
    assert version.state == "in_review"
    services.plan_approve(public_id=version.public_id, version=None, actor=act(company, "zhou.hong"))


def test_the_database_itself_refuses_an_author_who_approves(company):
    version = selectors.version_in_force()
    with pytest.raises(IntegrityError, match="plan_version_author_does_not_approve"), transaction.atomic():
        PlanVersion.objects.filter(pk=version.pk).update(approver=version.author)


def test_the_database_itself_allows_one_version_in_force(company):
    version = selectors.version_in_force()
    version.pk, version.number, version.public_id = None, 99, "5f2d9c62-6d0c-4a7d-8f0e-6a7a3f6b9a01"
    with pytest.raises(IntegrityError, match="plan_version_one_in_force"), transaction.atomic():
        version.save(force_insert=True)


MAY_WRITE = {"chen.yu", "wang.lei", "zhao.min", "sun.jie", "lin.tao", "wu.hao", "li.na", "ma.lin", "zhou.hong"}


@pytest.mark.req("SEC-01")
def test_who_may_load_submit_send_back_and_approve(company):
    version = services.plan_load(text=edited(FASTER), actor=SYSTEM)
    for name in company:
        if name not in MAY_WRITE:
            with pytest.raises(NotPermitted):
                load(company, edited(FASTER), author=name)
            with pytest.raises(NotPermitted):
                services.plan_submit(public_id=version.public_id, version=None, actor=act(company, name))
    version = services.plan_submit(public_id=version.public_id, version=None, actor=act(company, "chen.yu"))
    for name in set(company) - {"zhou.hong"}:
        with pytest.raises(NotPermitted):
            services.plan_approve(public_id=version.public_id, version=None, actor=act(company, name))
    for name in set(company) - {"zhou.hong", "zhao.min", "sun.jie", "lin.tao"}:
        with pytest.raises(NotPermitted):
            services.plan_send_back(public_id=version.public_id, version=None, actor=act(company, name), reason="no")
    with pytest.raises(NotPermitted):
        services.plan_approve(public_id=version.public_id, version=None, actor=SYSTEM)
    version.refresh_from_db()
    assert version.state == "in_review"


def test_moves_out_of_order_change_nothing(company):
    version = load(company, edited(FASTER))
    director = act(company, "zhou.hong")
    with pytest.raises(InvalidTransition):
        services.plan_approve(public_id=version.public_id, version=None, actor=director)
    assert selectors.version_in_force().number == 1
    services.plan_submit(public_id=version.public_id, version=1, actor=act(company, "zhao.min"))
    with pytest.raises(InvalidTransition):
        services.plan_submit(public_id=version.public_id, version=None, actor=act(company, "zhao.min"))
    with pytest.raises(Stale):
        services.plan_approve(public_id=version.public_id, version=1, actor=director)
    with pytest.raises(ReasonRequired):
        services.plan_send_back(public_id=version.public_id, version=None, actor=director)
    sent_back = services.plan_send_back(public_id=version.public_id, version=None, actor=director, reason="targets too short")
    assert (sent_back.state, sent_back.submitted_at) == ("draft", None)
    [entry] = entries("plan.plan_version_sent_back.v1")
    assert entry.reason == "targets too short"


def test_the_same_text_again_is_the_same_version(company):
    assert load(company, shipped_plan()) == selectors.version_in_force()
    assert PlanVersion.objects.count() == 1
    assert load(company, edited(FASTER)).number == 2


def test_an_invalid_document_leaves_nothing_behind(company):
    before = Entry.objects.count()
    with pytest.raises(PlanDocumentInvalid):
        load(company, edited(("target: 1 h", "target: soon")))
    assert (PlanVersion.objects.count(), Entry.objects.count()) == (1, before)


@pytest.mark.req("PLN-03")
def test_what_was_exported_loads_and_exports_to_the_same_bytes(company):
    version = load(company, edited(FASTER))
    exported = services.plan_export(version)
    put_in_force(company, edited(("target: 2 h", "target: 3 h")))
    again = load(company, exported)
    assert again.number == 4
    assert services.plan_export(again).encode() == exported.encode()


@pytest.mark.req("PLN-03", "ORG-01", "ORG-02", "TAX-01", "TAX-02", "INC-02", "INC-04", "RTO-01")
def test_the_shipped_plan_becomes_rows_that_say_all_it_says(company):
    import yaml

    document = yaml.safe_load(shipped_plan())
    assert {unit.slug for unit in Unit.objects.all()} == {unit["slug"] for unit in document["units"]}
    assert Unit.objects.get(slug="operations").path == "/leadership/technology/operations/"
    director = Position.objects.get(slug="project-director")
    assert (director.role, director.duties_zh[0]) == ("director", document["positions"][0]["duties"][0]["zh"])
    centre = EmergencyGroup.objects.get(slug="command-centre")
    assert [member.position.slug for member in centre.memberships.all()] == document["groups"][0]["members"]
    assert FaultKind.objects.get(slug="order-payment").parent.slug == "order-exception"
    assert FaultKind.objects.filter(fault_class="hardware").count() == 3
    assert FailureCause.objects.get(slug="wrong-action").parent.slug == "operator-error"
    assert ImpactArea.objects.count() == 3
    assert Playbook.objects.count() == len(document["playbooks"])
    assert PlaybookStep.objects.count() == sum(len(book["steps"]) for book in document["playbooks"])
    step = PlaybookStep.objects.get(playbook__slug="application-fault-after-upgrade", slug="switch-over")
    assert (step.move, step.expected_minutes, step.role, step.is_safe) == ("incidents.switch_over", 10, "commander", False)
    major = ResponseLevel.objects.get(grade="major")
    assert [(call.role, call.chain.slug) for call in major.calls.all()][:2] == [("commander", "operations"), ("technical_lead", "operations")]
    assert {group.slug for group in major.groups.all()} == {"command-centre", "technical", "business", "communication", "logistics"}
    assert MessageText.objects.count() == len(document["message_texts"])
    assert {row.plan_version.number for model in (MessageText, Playbook, ResponseLevel, RecoveryTarget) for row in model.objects.all()} == {1}


@pytest.mark.req("PLN-01")
def test_another_version_updates_adds_and_retires_without_deleting(company):
    kept = {playbook.slug: playbook.pk for playbook in Playbook.objects.all()}
    level = ResponseLevel.objects.get(grade="major")
    text = edited(FASTER, ("        name: {en: Freeze the upgrade, zh: 冻结升级}", "        name: {en: Freeze it, zh: 冻结升级}"))
    start, end = text.index("  - slug: security-event"), text.index("  - slug: keep-people-informed")
    text = text[:start] + text[end:]
    rows_before = {entry.id for entry in entries("plan.row_changed.v1")}
    version = put_in_force(company, text)
    assert {playbook.slug: playbook.pk for playbook in Playbook.objects.all()} == kept
    assert Playbook.objects.get(slug="security-event").retired_at is not None
    assert Playbook.objects.get(slug="application-fault-after-upgrade").steps.first().name_en == "Freeze it"
    assert RecoveryTarget.objects.get(slug="switchover").target.total_seconds() == 10
    level.refresh_from_db()
    assert (level.plan_version, level.version) == (version, 1)
    changed = {
        (entry.subject_kind, entry.payload["slug"], entry.payload["change"])
        for entry in entries("plan.row_changed.v1")
        if entry.id not in rows_before
    }
    assert changed == {
        ("recovery_target", "switchover", "changed"),
        ("playbook", "application-fault-after-upgrade", "changed"),
        ("playbook", "security-event", "retired"),
    }
    put_in_force(company, edited(("target: 1 h", "target: 50 min")))
    assert Playbook.objects.get(slug="security-event").retired_at is None


def test_approving_the_same_rows_again_changes_only_whose_version_they_are(company):
    rows = {(model, row.pk): row.version for model in (Unit, Position, Roster, Playbook, ResponseLevel) for row in model.objects.all()}
    steps = set(PlaybookStep.objects.values_list("pk")) | set(LevelCall.objects.values_list("pk")) | set(ChainStep.objects.values_list("pk"))
    put_in_force(company, edited(("Orders keep being taken.", "Orders are always taken.")))
    assert {(model, row.pk): row.version for model in (Unit, Position, Roster, Playbook, ResponseLevel) for row in model.objects.all()} == rows
    assert set(PlaybookStep.objects.values_list("pk")) | set(LevelCall.objects.values_list("pk")) | set(ChainStep.objects.values_list("pk")) == steps


@pytest.mark.req("SEC-01")
def test_a_version_that_would_make_somebody_judge_of_their_own_work_is_not_approved(company):
    """Chen Yu is operations engineer and gets a second position; the new version makes that one an auditor's."""
    org.holding_assign(actor=SYSTEM, user=company["chen.yu"].public_id, position="finance-officer")
    text = edited(("    unit: finance\n", "    unit: finance\n    role: auditor\n"))
    with pytest.raises(RolesExclude):
        put_in_force(company, text)
    assert selectors.version_in_force().number == 1
    assert Position.objects.get(slug="finance-officer").role == ""


def test_positions_are_laid_out_ahead_only_before_the_first_approval(company, db):
    with pytest.raises(OrganisationExists):
        services.organisation_found(text=shipped_plan(), actor=SYSTEM)
    with pytest.raises(NotPermitted):
        services.organisation_found(text=shipped_plan(), actor=act(company, "zhou.hong"))


def test_a_position_dropped_by_the_plan_takes_its_rights_with_it(company):
    text = shipped_plan()
    start, end = text.index("  - slug: tester"), text.index("  - slug: monitoring-engineer")
    text = (text[:start] + text[end:]).replace("      - tester\n", "")
    org.holding_assign(actor=SYSTEM, user=company["wu.hao"].public_id, position="tester")
    put_in_force(company, text)
    assert actor_of_user(company["wu.hao"]).holdings == {("ops_engineer", "/leadership/technology/development/")}
    assert Holding.objects.filter(position__slug="tester").count() == 1


@pytest.mark.attack
@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_never_mix_their_rows():
    """One of two versions in review is approved last and is in force; the other is superseded, or never approved."""
    from contingency.plan.demo import demo_company_create

    demo_company_create(weeks=1)
    users = {user.username: user for user in User.objects.all()}
    versions = []
    for target in ("11 s", "12 s"):
        version = load(users, edited(("target: 1 h", f"target: {target}")))
        versions.append(services.plan_submit(public_id=version.public_id, version=None, actor=act(users, "zhao.min")))
    start, failures = Barrier(2), []

    def approve(version: PlanVersion) -> None:
        start.wait()
        try:
            services.plan_approve(public_id=version.public_id, version=None, actor=act(users, "zhou.hong"))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=approve, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    in_force = selectors.version_in_force()
    assert RecoveryTarget.objects.get(slug="switchover").target.total_seconds() == (11 if in_force.number == 2 else 12)
    assert {level.plan_version_id for level in ResponseLevel.objects.all()} == {in_force.pk}
    assert PlanVersion.objects.filter(state="superseded").count() == 2


# command line


@pytest.mark.req("PLN-03")
def test_commands_load_submit_approve_and_export(company, tmp_path, capsys):
    file = tmp_path / "plan.yaml"
    file.write_text(edited(FASTER))
    call_command("plan_load", str(file), "--as", "zhao.min", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["number"], told["state"]) == (2, "draft")
    call_command("plan_load", str(file), "--as", "zhao.min", "--submit", "--approve-as", "zhou.hong", "--json")
    assert json.loads(capsys.readouterr().out)["state"] == "approved"
    call_command("plan_export")
    assert capsys.readouterr().out == edited(FASTER)
    call_command("plan_export", "--version", "1", "--output", str(tmp_path / "one.yaml"))
    assert (tmp_path / "one.yaml").read_text() == shipped_plan()


def test_commands_tell_by_their_exit_code(company, tmp_path, capsys):
    file = tmp_path / "plan.yaml"
    file.write_text(edited(("target: 1 h", "target: soon"), ("    ranks: 2", "    ranks: many")))
    with pytest.raises(SystemExit) as caught:
        call_command("plan_load", str(file))
    assert caught.value.code == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 2
    assert told[0].startswith("Line ")
    with pytest.raises(SystemExit) as caught:
        call_command("plan_load", str(file), "--json")
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 2
    for arguments, code in (
        (["plan_load", str(tmp_path / "nowhere.yaml")], 1),
        (["plan_export", "--version", "77"], 4),
        (["plan_load", str(file), "--approve-as", "zhou.hong"], 1),
    ):
        with pytest.raises(CommandError) as refused:
            call_command(*arguments)
        assert refused.value.returncode == code
    file.write_text(edited(FASTER))
    with pytest.raises(CommandError) as refused:
        call_command("plan_load", str(file), "--as", "zhao.min", "--submit", "--approve-as", "zhao.min")
    assert refused.value.returncode == 3
    call_command("plan_load", str(file), "--check")
    assert "valid" in capsys.readouterr().out
