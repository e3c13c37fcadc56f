"""Is this machine fit to run the console? Plain checks of versions, services, disk and permissions; each names its cure.

No Django here: the checks must also work when the settings or the database do not.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import resource
import shutil
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import psutil

OLDEST_POSTGRES = 150_000  # as server_version_num: 15.0, the oldest the test suite was run against
QUEUES = ("clocks", "notify", "probes", "default", "jobs", "retry")
LONG_QUEUE = 1_000  # pokes; beat drops late ones, so more than this means that no worker takes them
GIB = 1024**3
DISK_FAIL_BYTES, DISK_WARN_BYTES = 1 * GIB, 5 * GIB
CLOCK_SKEW_WARN_S = 2.0
OPEN_FILES_WARN = 1024


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, and what to do about it."""

    name: str
    state: State
    detail: str
    cure: str = ""

    def as_dict(self) -> dict[str, str]:
        return {**asdict(self), "state": self.state.value}


def run_all(*, home: Path, root: Path, database_url: str, redis_url: str, smtp_url: str = "") -> list[Finding]:
    """Every check of this module. A check that breaks is itself a finding: the doctor never dies of an illness."""
    checks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        ("python", python_version),
        ("packages", lambda: packages(root / "requirements" / "runtime.lock")),
        ("database", lambda: database(database_url)),
        ("broker", lambda: broker(redis_url)),
        ("mail", lambda: mail(smtp_url)),
        ("disk", lambda: disk(home)),
        ("permissions", lambda: permissions(home)),
        ("processes", lambda: processes(home)),
        ("open files", open_files),
    )
    found: list[Finding] = []
    for name, check in checks:
        try:
            found += check()
        except Exception as error:  # noqa: BLE001 - see the docstring
            found.append(Finding(name, State.FAIL, f"the check itself failed: {type(error).__name__}: {error}", "Report this with the line above."))
    return found


def python_version() -> Iterator[Finding]:
    yield Finding("python", State.OK, ".".join(map(str, sys.version_info[:3])))  # an older one does not get so far


def packages(lock: Path) -> Iterator[Finding]:
    """Installed packages against the lock file."""
    if not lock.exists():
        yield Finding("packages", State.WARN, f"{lock} is missing: versions were not compared", "Take the file from the release.")
        return
    wrong, count = [], 0
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not (match := re.match(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^\s;\\]+)", line)):
            continue
        count += 1
        name, wanted = match.groups()
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed != wanted:
            wrong.append(f"{name} {installed} (wanted {wanted})")
    if wrong:
        yield Finding("packages", State.WARN, "; ".join(wrong[:10]), "rm -f .venv/.stamp-* && make run installs the locked versions.")
    else:
        yield Finding("packages", State.OK, f"{count} as locked")


def database(url: str) -> Iterator[Finding]:
    """Reachable, new enough, durable, not run as superuser, its clock in step with ours."""
    import psycopg2

    if not url:
        yield Finding("database", State.FAIL, "no DATABASE_URL and no console running", "Start one with make run, or set DATABASE_URL.")
        return
    try:
        connection = psycopg2.connect(url, connect_timeout=5)
    except psycopg2.OperationalError as error:
        said = str(error).strip().splitlines()[0]
        yield Finding("database", State.FAIL, f"cannot be reached: {said}", "Start Postgres (make run starts its own), or correct DATABASE_URL.")
        return
    try:
        with connection.cursor() as cursor:
            yield from _database_facts(cursor.execute, cursor.fetchone)
    finally:
        connection.close()


def _database_facts(execute: Callable[[str], None], fetchone: Callable[[], Sequence[object] | None]) -> Iterator[Finding]:
    def ask(sql: str) -> str:
        execute(sql)
        row = fetchone()
        return "" if row is None else str(row[0])

    version, number = ask("show server_version"), int(ask("show server_version_num"))
    if number < OLDEST_POSTGRES:
        yield Finding("database", State.FAIL, f"Postgres {version}", f"Postgres {OLDEST_POSTGRES // 10000} or newer is needed.")
    else:
        yield Finding("database", State.OK, f"Postgres {version}")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if ask(f"show {setting}") == "off":
            cure = f"Set {setting} = on: an accepted alert must survive a power cut."
            yield Finding("database durability", State.FAIL, f"{setting} is off", cure)
    if ask("select rolsuper from pg_roles where rolname = current_user") == "True":
        cure = "Give DATABASE_URL a role that owns the database and is no superuser: a superuser can switch off the journal's protection."
        yield Finding("database role", State.WARN, "the console logs in as a superuser", cure)
    used, allowed = int(ask("select count(*) from pg_stat_activity where backend_type = 'client backend'")), int(ask("show max_connections"))
    if used > allowed * 0.8:
        yield Finding(
            "database connections", State.WARN, f"{used} of {allowed} in use", "Raise max_connections, or run fewer web threads and workers."
        )
    skew_s = abs(float(ask("select extract(epoch from clock_timestamp())")) - _now())
    if skew_s > CLOCK_SKEW_WARN_S:
        cure = "Synchronise both clocks (chrony, ntp). Deadlines follow the database's clock; log lines follow this machine's."
        yield Finding("clocks", State.WARN, f"this machine and the database differ by {skew_s:.0f} s", cure)


def broker(url: str) -> Iterator[Finding]:
    """Reachable, keeps what it accepted, and somebody empties the queues. A broken broker delays work, it loses none."""
    import redis

    if not url:
        yield Finding("broker", State.FAIL, "no REDIS_URL and no console running", "Start one with make run, or set REDIS_URL.")
        return
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3)
        info = client.info("server")
    except redis.RedisError as error:
        cure = "Start Valkey or Redis (make run starts its own), or correct REDIS_URL. Until then the watchdog does the work, a little later."
        yield Finding("broker", State.FAIL, f"cannot be reached: {error}", cure)
        return
    yield Finding("broker", State.OK, f"{info.get('server_name', 'redis')} {info.get('valkey_version') or info.get('redis_version')}")
    wanted = (("maxmemory-policy", "noeviction", "an evicting server throws queues away"), ("appendonly", "yes", "a crash empties the queues"))
    for setting, value, reason in wanted:
        try:
            actual = client.config_get(setting).get(setting, "")
        except redis.RedisError:  # managed services forbid CONFIG
            yield Finding("broker settings", State.WARN, f"{setting} cannot be read", f"See to it that {setting} is {value}: {reason}.")
            continue
        if actual != value:
            yield Finding("broker settings", State.WARN, f"{setting} is {actual}", f"Set {setting} {value}: {reason}.")
    lengths = {queue: int(client.llen(queue)) for queue in QUEUES}
    long = {queue: length for queue, length in lengths.items() if length > LONG_QUEUE}
    if long:
        detail = ", ".join(f"{queue} holds {length}" for queue, length in long.items())
        yield Finding("queues", State.WARN, detail, "No worker empties them: are the workers up, and listening to these queues?")
    else:
        yield Finding("queues", State.OK, f"{sum(lengths.values())} waiting")


def mail(url: str) -> Iterator[Finding]:
    """The mail server takes connections."""
    if not url:
        yield Finding("mail", State.WARN, "no SMTP_URL: pages go by other channels only", "Set SMTP_URL=smtp://user:password@host:587.")
        return
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 25)
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError as error:
        yield Finding("mail", State.FAIL, f"{address[0]}:{address[1]} cannot be reached: {error}", "Correct SMTP_URL or start the mail server.")
    else:
        yield Finding("mail", State.OK, f"{address[0]}:{address[1]}")


def disk(home: Path) -> Iterator[Finding]:
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    usage = shutil.disk_usage(place)
    detail = f"{usage.free / GIB:.1f} GiB free at {place}"
    cure = "Free some space, or move the home folder (SWITCHBACK_HOME) to a larger disk. A full disk stops Postgres."
    if usage.free < DISK_FAIL_BYTES:
        yield Finding("disk", State.FAIL, detail, cure)
    elif usage.free < DISK_WARN_BYTES:
        yield Finding("disk", State.WARN, detail, cure)
    else:
        yield Finding("disk", State.OK, detail)


def permissions(home: Path) -> Iterator[Finding]:
    """Secrets are readable for their owner only, and the home folder is ours to write."""
    if not home.exists():
        yield Finding("permissions", State.WARN, f"{home} does not exist yet", "make run makes it.")
        return
    if not os.access(home, os.W_OK | os.X_OK):
        yield Finding("permissions", State.FAIL, f"{home} cannot be written", f"chown it to the user who runs the console: chown -R $(id -un) {home}")
    open_to_others = [path for path in _secret_files(home) if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if open_to_others:
        names = " ".join(str(path) for path in open_to_others)
        yield Finding(
            "permissions", State.FAIL, f"others can read {names}", f"chmod 600 {names}, and change what was in them if others were on this machine."
        )
    else:
        yield Finding("permissions", State.OK, f"secrets in {home} are closed to others")


def _secret_files(home: Path) -> Iterator[Path]:
    patterns = (
        "keys/*",
        "database_url",
        "redis_url",
        "smtp_url",
        "*.password",
        "*.role-password",
        "valkey/password",
        "valkey/valkey.conf",
        "demo_logins.txt",
    )
    for pattern in patterns:
        yield from (path for path in home.glob(pattern) if path.is_file())


def processes(home: Path) -> Iterator[Finding]:
    """What the supervisor of this home says about its parts; nothing is wrong with running them some other way."""
    try:
        run = json.loads((home / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        yield Finding("processes", State.OK, "not started by make run: look at web, workers, beat and watchdog where they are started")
        return
    if not psutil.pid_exists(run.get("supervisor", 0)):
        yield Finding("processes", State.FAIL, "the supervisor is gone", "Start it again with make run; it clears up what was left.")
        return
    down = [name for name, part in run.get("parts", {}).items() if part.get("state") != "up"]
    restarted = [f"{name} {part['restarts']} times" for name, part in run.get("parts", {}).items() if part.get("restarts", 0) > 3]
    log = home / "log" / "switchback.log"
    if down:
        yield Finding("processes", State.FAIL, f"down: {', '.join(down)}", f"Their last words are in {log}.")
    elif restarted:
        yield Finding("processes", State.WARN, f"restarted: {', '.join(restarted)}", f"Their last words are in {log}.")
    else:
        yield Finding("processes", State.OK, f"{len(run.get('parts', {}))} parts up")


def open_files() -> Iterator[Finding]:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES_WARN:
        cure = f"ulimit -n {OPEN_FILES_WARN * 4} before the start: each live page holds one open."
        yield Finding("open files", State.WARN, f"at most {soft} per process", cure)
    else:
        yield Finding("open files", State.OK, str(soft))


def _now() -> float:
    return time.time()
