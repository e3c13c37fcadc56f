"""Does the console do its work? Migrations, sweeps, deadlines, deliveries, the plan, who is on duty; each names its cure."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from console import health
from console.doctor.machine import Finding, State
from contingency.catalog import selectors as catalog
from contingency.org import selectors as org
from contingency.org import services as org_services
from contingency.plan import selectors as plan
from kernel import clock, sweeps
from notify import selectors as notify

NO_SWEEPS = "Are beat, the workers and the watchdog running? `make run` starts all of them."


def run_all() -> list[Finding]:
    """Every check of this module. A check that breaks is itself a finding; without a database there is only that one."""
    checks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        ("migrations", migrations),
        ("sweeps", sweeps_in_time),
        ("deadlines", deadlines),
        ("deliveries", deliveries),
        ("channels", channels),
        ("plan", plan_in_force),
        ("duty", duty),
        ("clock", clock_not_wound),
        ("log-in", second_factor_rule),
    )
    found: list[Finding] = []
    for name, check in checks:
        try:
            found += check()
        except DatabaseError as error:
            said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            found.append(Finding(name, State.FAIL, f"the database refuses: {said}", "See the line “database” and “migrations”."))
    return found


def migrations() -> Iterator[Finding]:
    """The tables are as this code wants them."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _backwards in missing[:5])
        yield Finding("migrations", State.FAIL, f"{len(missing)} not applied: {names}", "Run `manage.py migrate`.")
    else:
        yield Finding("migrations", State.OK, "all applied")


def sweeps_in_time() -> Iterator[Finding]:
    """No sweep is behind what it promises."""
    ages = sweeps.lateness()
    late = [f"{item.name} by {ages[item.name].total_seconds():.0f} s" for item in sweeps.all_sweeps() if ages[item.name] > item.late_after]
    if late:
        yield Finding("sweeps", State.FAIL, f"late: {', '.join(late)}", NO_SWEEPS)
    else:
        yield Finding("sweeps", State.OK, f"{len(ages)} in time")


def deadlines() -> Iterator[Finding]:
    """Timers fire, and none fails again and again."""
    found = health.deep()
    if found.oldest_timer > health.TIMER_LATE:
        yield Finding("deadlines", State.FAIL, f"the oldest due one is {found.oldest_timer.total_seconds():.0f} s old and has not fired", NO_SWEEPS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, count(*), max(error) FROM kernel_deadline WHERE fired_at IS NULL AND cancelled_at IS NULL AND attempts > 3 GROUP BY kind"
        )
        for kind, count, error in cursor.fetchall():
            yield Finding(
                "deadlines", State.FAIL, f"{count} of kind {kind} fail again and again: {error[:200]}", "The log of the worker `clocks` says why."
            )
    if found.oldest_timer <= health.TIMER_LATE:
        yield Finding("deadlines", State.OK, "every due one has fired")


def deliveries() -> Iterator[Finding]:
    """Reactions to entries come through, and pages go out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT handler, count(*), max(error) FROM kernel_delivery WHERE state = 'dead' GROUP BY handler")
        dead = cursor.fetchall()
    for handler, count, error in dead:
        yield Finding("deliveries", State.FAIL, f"{count} given up for {handler}: {error[:200]}", "Mend the cause, then set them to “pending” again.")
    found = health.deep()
    if found.oldest_page > health.PAGE_LATE:
        cure = "See “mail” and “channels”; the worker `notify` sends them."
        yield Finding("pages", State.FAIL, f"the oldest unsent message waits {found.oldest_page.total_seconds():.0f} s", cure)
    elif not dead:
        yield Finding("deliveries", State.OK, "nothing given up, nothing waits")


def channels() -> Iterator[Finding]:
    """No channel is cut off after failures."""
    down = [f"{state['key']} ({state['last_error'][:120]})" for state in notify.channel_states() if state["is_down"]]
    if down:
        cure = "Mend the mail server or webhook; people are reached through their next contact point meanwhile."
        yield Finding("channels", State.WARN, f"cut off: {'; '.join(down)}", cure)
    else:
        yield Finding("channels", State.OK, "none is cut off")


def plan_in_force() -> Iterator[Finding]:
    """Levels, targets, playbooks and texts come from an approved plan."""
    version = plan.version_in_force()
    if version is None:
        cure = "Load one (`manage.py plan_load FILE`), then submit and approve it; or run `manage.py demo_setup`."
        yield Finding("plan", State.FAIL, "no contingency plan is in force", cure)
    else:
        yield Finding("plan", State.OK, f"version {version.number} is in force")


def duty() -> Iterator[Finding]:
    """Somebody would be called: each guarded part's roster has somebody on duty whom a channel reaches."""
    now = clock.now()
    parts = catalog.part_list()
    for part in parts:
        people = org.on_duty(part.roster, now)
        reachable = [person for person in people if notify.points_of(person, fence=part.fence)]
        if not people:
            yield Finding("duty", State.WARN, f"nobody is on duty for {part.slug} ({part.roster.slug})", "Add a shift to the roster.")
        elif not reachable:
            yield Finding("duty", State.WARN, f"nobody on duty for {part.slug} can be reached", "Give them a contact point that works.")
    if not parts:
        yield Finding("duty", State.WARN, "no part is guarded yet", "Define one, or run `manage.py demo_setup`.")
    else:
        yield Finding("duty", State.OK, f"{len(parts)} guarded parts looked at")


def clock_not_wound() -> Iterator[Finding]:
    """The business clock runs with the database's."""
    wound = clock.offset()
    if wound > timedelta(0):
        yield Finding("clock", State.WARN, f"wound forward by {wound}", "A practice ground only. `lab clock` did it.")
    else:
        yield Finding("clock", State.OK, "not wound")


def second_factor_rule() -> Iterator[Finding]:
    """In earnest (https) a rule says whose password alone opens nothing, and every app that is enrolled can still be asked."""
    sealed = org_services.factors_sealed_elsewhere()
    if sealed:
        cure = "Name the SECRET_KEY from before in SECRET_KEY_FALLBACKS, or take these factors away and let their owners add them anew."
        yield Finding("log-in", State.FAIL, f"{sealed} authenticator apps are sealed under another SECRET_KEY: their codes open nothing", cure)
    elif settings.HTTPS and not settings.SECOND_FACTOR_ROLES:
        yield Finding("log-in", State.WARN, "no role has to have a second factor", "Set SECOND_FACTOR_ROLES=all, or name roles.")
    else:
        rule = ", ".join(settings.SECOND_FACTOR_ROLES) or "nobody (not served over https)"
        yield Finding("log-in", State.OK, f"a second factor is asked of: {rule}")
