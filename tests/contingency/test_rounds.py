"""What comes round again: opened by the plan, closed by people, reminded of by time (PLN-02)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override

from contingency.org.models import Holding, Position, User
from contingency.org.selectors import actor_of_user
from contingency.plan import selectors, services
from contingency.plan.models import MeetingKind, Round, Schedule
from contingency.plan.services.rounds import DEADLINE, rounds_ensure, rounds_follow
from kernel import clock, deadlines, moves, proposals
from kernel.actors import SYSTEM
from kernel.errors import Invalid, InvalidTransition, NotPermitted, ReasonRequired, Stale
from kernel.models import Deadline, Entry
from kernel.sentences import sentence

from .conftest import entries
from .test_plan_versions import act, edited, put_in_force

pytestmark = [pytest.mark.django_db, pytest.mark.req("PLN-02")]
DAY = timedelta(days=1)
WEEKLY, WEEKS = "standby-validation", timedelta(days=7)  # its owner is the duty engineer: Chen Yu
FORTNIGHT = (
    "    name: {en: Validation of the standby, zh: 备用系统验证}\n    every: 7 d",
    "    name: {en: Validation of the standby, zh: 备用系统验证}\n    every: 14 d",
)


@pytest.fixture(autouse=True)
def _wound(db: None) -> None:
    clock.allow_winding(True)


def open_round(slug: str = WEEKLY) -> Round:
    return Round.objects.get(schedule__slug=slug, state="due")


def close(users: dict[str, User], row: Round, name: str = "chen.yu", note: str = "All sides answer; one certificate renewed.") -> Round:
    return services.round_done(public_id=row.public_id, version=row.version, actor=act(users, name), note=note)


def armed(row: Round) -> list[tuple[str, datetime]]:
    return [(item.key, item.due_at) for item in deadlines.armed_of(row, DEADLINE)]


def said_of(row: Round, language: str = "en") -> list[str]:
    with override(language):
        return [sentence(entry) for entry in Entry.objects.filter(subject_id=str(row.public_id)).order_by("id")]


def without(text: str, section: str, slug: str, following: str) -> str:
    start = text.index(f"  - slug: {slug}", text.index(f"\n{section}:"))
    return text[:start] + text[text.index(f"  - slug: {following}", start) :]


# -- what an approval does


def test_an_approval_opens_one_round_of_everything_that_has_a_fixed_time(company):
    version = selectors.version_in_force()
    timed = {("schedule", item.slug) for item in Schedule.objects.filter(every__gte=7 * DAY)}
    timed |= {("meeting", item.slug) for item in MeetingKind.objects.filter(every__gte=7 * DAY)}
    assert Schedule.objects.get(slug="incremental-backup").every == DAY, "the routine of a tool: nobody is reminded of it"
    rows = list(Round.objects.all())
    assert {("schedule" if row.schedule_id else "meeting", row.item.slug) for row in rows} == timed
    assert len(timed) == len(rows) > 12
    assert ("meeting", "monthly-general") in timed
    for row in rows:
        assert (row.state, row.number, row.owner) == ("due", 1, row.item.owner)
        assert row.due_at == version.approved_at + row.item.every
        assert armed(row) == [("0", row.due_at)]
    approved = entries("plan.plan_version_approved.v1")[-1]
    assert {entry.cause_id for entry in entries("plan.round_opened.v1")} == {approved.id}


def test_another_approval_keeps_follows_and_retires_without_losing_what_runs(company):
    kept, changed, gone = open_round("plan-review"), open_round(WEEKLY), open_round("spares-check")
    lost_its_time, handed_over = open_round("restore-drill"), open_round("planned-switch")
    clock.wind(2 * DAY)
    text = without(edited(FORTNIGHT), "schedules", "spares-check", "full-backup")
    text = text.replace(
        "    every: 30 d\n    owner: database-administrator",
        "    occasion: {en: After a change., zh: 变更之后。}\n    owner: database-administrator",
        1,
    )
    text = text.replace(
        "zh: 计划切换与回切}\n    every: 91 d\n    owner: operations-lead", "zh: 计划切换与回切}\n    every: 91 d\n    owner: technical-director", 1
    )
    before = Round.objects.count()
    put_in_force(company, text)
    for row in (kept, changed, gone, lost_its_time, handed_over):
        row.refresh_from_db()
    assert Round.objects.count() == before
    assert (kept.state, kept.version, kept.generation) == ("due", 1, 1)
    assert changed.due_at == changed.counted_from + timedelta(days=14)
    assert armed(changed) == [("0", changed.due_at)]
    assert {gone.state, lost_its_time.state} == {"retired"}
    assert gone.closed_at is not None
    assert armed(gone) == armed(lost_its_time) == []
    assert (handed_over.owner.slug, handed_over.generation) == ("technical-director", 1)
    assert armed(handed_over) == [("0", handed_over.due_at)]
    put_in_force(company, edited(("Orders keep being taken.", "Orders are always taken.")))  # what was dropped is back
    again = open_round("spares-check")
    assert (again.number, again.counted_from) == (2, selectors.version_in_force().approved_at)


def test_a_shorter_time_never_makes_it_late_before_the_plan_said_so(company):
    row = open_round("plan-review")
    clock.wind(100 * DAY)
    version = put_in_force(company, edited(("zh: 预案修订评审}\n    every: 182 d", "zh: 预案修订评审}\n    every: 30 d")))
    row.refresh_from_db()
    assert row.due_at == version.approved_at


def test_following_twice_changes_nothing(company):
    before = (list(Round.objects.order_by("pk").values()), Entry.objects.count(), Deadline.objects.filter(kind=DEADLINE).count())
    with transaction.atomic():
        rounds_follow(at=clock.now(), actor=SYSTEM)
    assert rounds_ensure() == 0
    assert (list(Round.objects.order_by("pk").values()), Entry.objects.count(), Deadline.objects.filter(kind=DEADLINE).count()) == before


def test_a_plan_that_was_approved_before_there_were_rounds_gets_them(company):
    """As after an upgrade of the console: the rows are there, nothing comes round."""
    Round.objects.all().delete()
    assert rounds_ensure() == 1
    assert Round.objects.filter(state="due").count() > 12
    assert armed(open_round())


def test_rounds_follow_a_plan_that_an_older_console_approved_meanwhile(company):
    """During an upgrade of the console: the rows say something else, and nobody told the rounds."""
    moved, gone, other = open_round(), open_round("spares-check"), open_round("planned-switch")
    Schedule.objects.filter(slug=WEEKLY).update(every=timedelta(days=14))
    assert rounds_ensure() == 1
    Schedule.objects.filter(slug="spares-check").update(retired_at=clock.now())
    assert rounds_ensure() == 1
    Schedule.objects.filter(slug="planned-switch").update(owner=Position.objects.get(slug="technical-director"))
    assert rounds_ensure() == 1
    for row in (moved, gone, other):
        row.refresh_from_db()
    assert (moved.every.days, gone.state, other.owner.slug) == (14, "retired", "technical-director")
    assert rounds_ensure() == 0


# -- closing


def test_done_keeps_what_was_found_and_opens_the_next_one_from_now(company):
    row = open_round()
    clock.wind(3 * DAY)
    done = close(company, row)
    assert (done.state, done.note, done.closed_by) == ("done", "All sides answer; one certificate renewed.", company["chen.yu"])
    assert armed(done) == []
    following = open_round()
    assert (following.number, following.due_at) == (2, done.closed_at + WEEKS)
    assert armed(following) == [("0", following.due_at)]
    late = close(company, following)
    [first, second] = entries("plan.round_done.v1")
    assert (first.payload["late"], second.payload["late"]) == (False, False)
    clock.wind(30 * DAY)
    third = close(company, open_round())
    assert entries("plan.round_done.v1")[-1].payload["late"] is True
    assert open_round().due_at == third.closed_at + WEEKS
    assert late.number == 2


def test_skipping_keeps_the_rhythm(company):
    row = open_round()
    skipped = services.round_skip(public_id=row.public_id, version=row.version, actor=act(company, "zhao.min"), reason="Upgrade that week.")
    assert (skipped.state, skipped.note) == ("skipped", "Upgrade that week.")
    assert open_round().due_at == row.due_at + WEEKS
    clock.wind(40 * DAY)
    late = services.round_skip(public_id=open_round().public_id, version=None, actor=act(company, "zhou.hong"), reason="Too late now.")
    assert open_round().due_at == late.closed_at + WEEKS


def test_who_may_and_who_may_not(company):
    """The holder of the position whatever their role, team leads and the director; skipping is for those who lead."""
    for name in ("chen.yu", "zhao.min", "zhou.hong"):
        assert close(company, open_round(), name).closed_by == company[name]
    row = open_round()
    for name in ("li.na", "he.fang", "xu.jing", "gao.peng"):
        with pytest.raises(NotPermitted):
            close(company, row, name)
    for name in ("chen.yu", "li.na", "xu.jing", "gao.peng"):
        with pytest.raises(NotPermitted):
            services.round_skip(public_id=row.public_id, version=None, actor=act(company, name), reason="no time")
    assert close(company, open_round("contact-test"), "gao.peng").state == "done"  # the administrator's own
    Holding.objects.filter(user=company["chen.yu"], position__slug="duty-engineer").update(ends_at=clock.now())
    row.refresh_from_db()
    with pytest.raises(NotPermitted):
        close(company, Round.objects.get(pk=row.pk), "chen.yu")


def test_a_holder_without_any_role_sees_and_closes_their_own_only(company):
    position = Position.objects.get(slug="procurement-officer")
    assert position.role == ""
    keeper = User.objects.create(username="keeper", display_name="Keeper", joined_at=clock.now())
    Holding.objects.create(user=keeper, position=position, starts_at=clock.now() - DAY)
    actor, mine = actor_of_user(keeper), open_round("spares-check")
    from kernel import records

    listed = records.get("plan_round").list_for(actor)
    assert list(listed) == [mine]
    assert records.fetch("plan_round", actor, mine.public_id) == mine
    made = proposals.perform("plan.round_done", actor=actor, public_id=mine.public_id, version=1, inputs={"note": "Counted."})
    assert made.state == "done"


def test_what_cannot_be_is_refused(company):
    row = open_round()
    with pytest.raises(Invalid):
        close(company, row, note="  ")
    with pytest.raises(ReasonRequired):
        services.round_skip(public_id=row.public_id, version=row.version, actor=act(company, "zhao.min"))
    with pytest.raises(Stale):
        services.round_done(public_id=row.public_id, version=9, actor=act(company, "chen.yu"), note="x")
    done = close(company, row)
    with pytest.raises(InvalidTransition):
        close(company, done)
    assert Round.objects.filter(schedule__slug=WEEKLY).count() == 2


def test_the_database_refuses_a_second_open_round_and_one_closed_without_words(company):
    row = open_round()
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.create(
            schedule=row.schedule, number=2, owner=row.owner, every=row.every, counted_from=row.due_at, due_at=row.due_at, opened_at=row.due_at
        )
    for state in ("done", "skipped"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Round.objects.filter(pk=row.pk).update(state=state, closed_at=clock.now())


# -- time


def test_its_day_is_recorded_once_and_then_every_week_as_long_as_it_is_open(company):
    row = open_round()
    clock.wind(WEEKS + timedelta(minutes=1))
    for _turn in range(2):
        deadlines.sweep(DEADLINE)
    of_this = {"subject_id": str(row.public_id)}
    assert [entry.payload["reminder"] for entry in entries("plan.round_due.v1", **of_this)] == [0]
    assert armed(row) == [("1", row.due_at + WEEKS)]
    clock.wind(WEEKS)
    deadlines.sweep(DEADLINE)
    assert [entry.payload["reminder"] for entry in entries("plan.round_due.v1", **of_this)] == [0, 1]
    close(company, row)
    clock.wind(timedelta(days=6))
    deadlines.sweep(DEADLINE)
    assert len(entries("plan.round_due.v1", **of_this)) == 2


def test_after_a_standstill_there_is_one_reminder_and_not_one_for_each_week(company):
    row = open_round()
    clock.wind(WEEKS + 30 * DAY)
    for _turn in range(3):
        deadlines.sweep(DEADLINE)
    assert [entry.payload["reminder"] for entry in entries("plan.round_due.v1", subject_id=str(row.public_id))] == [4]
    assert armed(row) == [("5", row.due_at + 5 * WEEKS)]


def test_a_reminder_armed_before_the_date_moved_speaks_for_nothing(company):
    row = open_round()
    old = Deadline.objects.get(kind=DEADLINE, subject_id=row.public_id)
    put_in_force(company, edited(FORTNIGHT))
    Deadline.objects.filter(pk=old.pk).update(cancelled_at=None)  # as if a sweep had held it just then
    clock.wind(8 * DAY)
    deadlines.sweep(DEADLINE)
    assert entries("plan.round_due.v1", subject_id=str(row.public_id)) == []
    clock.wind(WEEKS)
    deadlines.sweep(DEADLINE)
    assert len(entries("plan.round_due.v1", subject_id=str(row.public_id))) == 1


# -- who is told


def test_the_holder_is_reminded_and_where_there_is_none_whoever_leads(company):
    at, row = clock.now(), open_round()
    assert [user.username for user in selectors.people_for(row, at)] == ["chen.yu", "wang.lei"]
    Holding.objects.filter(position=row.owner).update(ends_at=at)
    told = {user.username for user in selectors.people_for(Round.objects.get(pk=row.pk), clock.now())}
    assert "zhou.hong" in told
    assert "chen.yu" not in told
    assert told >= {user.username for user in User.objects.filter(holdings__position__slug="operations-lead")}


def test_ahead_shows_a_week_or_half_of_what_comes_round_sooner(company):
    def ahead(name: str) -> set[str]:
        return {row.item.slug for row in selectors.rounds_ahead(act(company, name), clock.now())}

    row = open_round()
    assert ahead("chen.yu") & {WEEKLY} == set()
    clock.wind(4 * DAY)
    assert WEEKLY in ahead("chen.yu")
    assert WEEKLY not in ahead("zhou.hong")
    Holding.objects.filter(position=row.owner).update(ends_at=clock.now())
    assert WEEKLY in ahead("zhou.hong")
    assert WEEKLY not in ahead("chen.yu")


# -- words


@pytest.mark.parametrize(
    "language, expected",
    [
        ("en", ["Comes round on ", "Due: Validation of the standby (1).", "Chen Yu did “Validation of the standby (1)”: {all} 100 % well"]),
        ("zh-hans", ["下次到期 ", "已到期：备用系统验证（第 1 期）。", " 完成了“备用系统验证（第 1 期）”：{all} 100 % well"]),
    ],
)
def test_the_journal_says_it_in_both_languages(company, language, expected):
    row = open_round()
    clock.wind(8 * DAY)
    deadlines.sweep(DEADLINE)
    close(company, row, note="{all} 100 % well")
    opened, due, done = said_of(row, language)
    assert opened.startswith(expected[0])
    assert due == expected[1]
    assert done.endswith(expected[2])


def test_every_other_entry_reads_in_both_languages_too(company):
    first, second = open_round(), open_round("spares-check")
    services.round_skip(public_id=open_round("full-backup").public_id, version=None, actor=act(company, "zhao.min"), reason="moved")
    put_in_force(company, without(edited(FORTNIGHT), "schedules", "spares-check", "full-backup"))
    clock.wind(40 * DAY)
    deadlines.sweep(DEADLINE)
    skipped = Round.objects.get(schedule__slug="full-backup", number=1)
    for row, english, chinese in (
        (first, "Still open, due since", "仍未完成"),
        (first, "The plan in force changes when or by whom", "现行预案调整了间隔或负责岗位"),
        (second, "no longer wants it at fixed times", "不再要求定期进行"),
        (skipped, "left out “Full backup (1)” this time: moved", "跳过了“全量备份（第 1 期）”：moved"),
    ):
        assert any(english in words for words in said_of(row))
        assert any(chinese in words for words in said_of(row, "zh-hans"))


def test_the_rule_says_owner_and_those_who_lead():
    assert set(moves.get("plan.round_done").rule) == {"owner", "team_lead", "director"}
    assert set(moves.get("plan.round_skip").rule) == {"team_lead", "director"}
