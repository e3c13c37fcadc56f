"""What `make run` runs: the table of processes and the table of set-up commands. Nothing else decides it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded import migrations


@dataclass(frozen=True)
class Ready:
    """When a part counts as up: an address answers 200, or its output says something, or it has simply lived so long."""

    address: str = ""
    says: str = ""
    after_s: float = 0.0  # with neither of the above: seconds alive; with `says`: counts as up after this even if it kept silent


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process. Lower stages start first and stop last."""

    name: str
    command: tuple[str, ...]
    ready: Ready
    stage: int
    start_s: float = 60.0  # not up by then: stopped and started again
    stop_s: float = 10.0  # after SIGTERM it has this long, then its process group is killed
    needed: bool = True  # without it start-up fails
    hidden_variables: tuple[str, ...] = ()
    hushed: str = ""  # lines that match this expression are dropped: the daily hum of a healthy part


@dataclass(frozen=True)
class Chore:
    """A set-up command, run once per start; safe to repeat.

    When one with `is_due` is due, all run before anything serves. Otherwise this installation served before: those without
    `is_due` refresh it while the parts are starting already.
    """

    name: str
    says: str
    command: tuple[str, ...]
    after: str = ""  # a part whose address book it reads: waited for, but not for ever
    is_due: Callable[[Path, Path, str], bool] | None = None  # (home, clone, database URL); due: nothing may serve before it is done
    when_done: Callable[[Path, Path], None] | None = None  # (home, clone)


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


CHORES = (
    Chore(
        "migrate",
        "bringing the database up to date",
        _python("manage.py", "migrate", "--noinput"),
        is_due=migrations.are_pending,
        when_done=migrations.remember,
    ),
    Chore("setup", "the shipped plan and the demo company", _python("manage.py", "demo_setup"), after="lab"),
)
LOGINS_COMMAND = _python("manage.py", "demo_setup", "--print-logins")

_CELERY = ("-m", "celery", "-A", "config", "--quiet")
# each poke that came and went, and what Celery says of root: a clone of root's can be run by root alone
_CELERY_HUM = (
    r"Task \S+ (received|succeeded in)|superuser privileges|absolutely not recommended|the --uid option|User information: uid=|_security_error"
)
# one process per queue group needs no gossip between workers, and less talk with the broker
_QUIET = ("--loglevel", "info", "--prefetch-multiplier", "1", "--without-gossip", "--without-mingle")


def parts(environ: Mapping[str, str], home: Path) -> tuple[Part, ...]:
    """The processes to run in this environment, in the order of their start."""
    host, port = environ.get("HOST", "127.0.0.1"), environ["PORT"]
    asked_at = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
    table = []
    if uses_mail_sink(environ):
        table.append(Part(name="mail", command=_python("-m", "config.embedded.mailsink"), ready=Ready(says="storing mail"), stage=1, stop_s=5))
    if lab_is_on(environ):
        lab = Part(
            name="lab",
            command=_python("-m", "lab", "run"),
            ready=Ready(says="ready after"),
            stage=1,
            stop_s=20,
            needed=False,
            # the practice company's system has no business with the console's services
            hidden_variables=("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SMTP_URL"),
        )
        table.append(lab)
    web = ("-m", "uvicorn", "config.asgi:application", "--host", host, "--port", port, "--no-access-log", "--timeout-graceful-shutdown", "4")
    beat = ("beat", "--loglevel", "warning", "--schedule", str(home / "beat-schedule"), "--pidfile", "")
    table += [
        Part(name="web", command=_python(*web), ready=Ready(address=f"http://{asked_at}:{port}/healthz"), stage=2, stop_s=8),
        Part(
            name="worker",
            command=_python(*_CELERY, "worker", "-n", "fast@%h", "-Q", "clocks,notify,probes,default", "-c", environ.get("WORKERS", "2"), *_QUIET),
            ready=Ready(says=" ready", after_s=40),
            stage=2,
            stop_s=15,
            hushed=_CELERY_HUM,
        ),
        Part(
            name="jobs",
            command=_python(*_CELERY, "worker", "-n", "jobs@%h", "-Q", "jobs,retry", "-c", "1", *_QUIET),
            ready=Ready(says=" ready", after_s=40),
            stage=2,
            stop_s=15,
            hushed=_CELERY_HUM,
        ),
        Part(name="beat", command=_python(*_CELERY, *beat), ready=Ready(after_s=1), stage=3),
        Part(name="watchdog", command=_python("manage.py", "watchdog"), ready=Ready(after_s=1), stage=3),
    ]
    return tuple(table)


def lab_is_on(environ: Mapping[str, str]) -> bool:
    """SWITCHBACK_LAB=0 leaves the practice order system out."""
    return environ.get("SWITCHBACK_LAB", "1") not in {"0", "no", "false", "off"}


def uses_mail_sink(environ: Mapping[str, str]) -> bool:
    """Without a mail server of the environment's, mails are kept in `<home>/mail/`."""
    return environ.get("SWITCHBACK_MAIL_SINK") == "1"
