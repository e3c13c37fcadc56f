"""A Postgres cluster of our own, from the wheel's programs, on loopback and a local socket.

Beside the data folder `<data_dir>` lie `<data_dir>.port`, `.password`, `.log` and `.sock/`: a fresh copy of the data folder
(a restore, a base backup) keeps them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import psutil

from localservers.errors import LocalServerError, StartFailed
from localservers.leash import launch
from localservers.pgbinaries import postgres_bin, server_user
from localservers.ports import becomes_free, free_port
from localservers.private_files import open_private_log, read_text, write_private

_NOTHING: Mapping[str, str] = MappingProxyType({})
_LONGEST_SOCKET_FOLDER = 85  # bytes; the kernel allows 107 for folder plus "/.s.PGSQL.<port>.lock"
_LOG_LIMIT_BYTES = 20 * 1024 * 1024


class PostgresCluster:
    """One Postgres cluster in `data_dir`.

    `settings` go into a file that `ALTER SYSTEM` outranks; `options` of `start` outrank everything until the next start.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] = _NOTHING,
        superuser: str = "switchback",
        password: str | None = None,
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.settings = dict(settings)
        self.superuser = superuser
        self.log_path = self._beside("log")
        self._password = password
        self._fixed_port = port
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    # -- addresses ---------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port in use, else the remembered one, else a new free one."""
        if self._port is None:
            remembered = read_text(self._beside("port"))
            self._port = int(remembered) if remembered else free_port()
        return self._port

    @property
    def password(self) -> str:
        """The superuser's password: given, else made once and kept readable for its owner only."""
        if self._password is None:
            self._password = read_text(self._beside("password"))
        if self._password is None:
            self._password = secrets.token_urlsafe(24)
            self.data_dir.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_private(self._beside("password"), self._password)
        return self._password

    @property
    def socket_dir(self) -> Path:
        """Folder of the local socket; elsewhere than beside the data when that path is too long for a socket."""
        beside = self._beside("sock")
        if len(os.fsencode(beside)) <= _LONGEST_SOCKET_FOLDER:
            return beside
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"switchback-{os.geteuid()}-{digest}"

    def dsn(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """Address for clients over TCP."""
        name, word = user or self.superuser, password if password is not None else self.password
        return f"postgresql://{quote(name, safe='')}:{quote(word, safe='')}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    # -- life --------------------------------------------------------------------------------------------------------

    def ensure_initialised(self) -> None:
        """Create the cluster when there is none: passwords by scram, data checksums, UTF-8 in code point order."""
        self._prepare_folders()
        if not (self.data_dir / "PG_VERSION").exists():
            self._initdb()
        self._write_settings()

    def start(
        self,
        *,
        options: Mapping[str, str] = _NOTHING,
        timeout_s: float = 30,
        die_with_parent: bool = False,
        keep_port: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start and wait until it accepts connections; a cluster that already runs is taken as it is.

        A stale postmaster.pid is removed. A port that is taken is exchanged for another, unless it was given to the
        constructor or `keep_port` is set. `die_with_parent`: it stops fast when the starting thread dies (see leash).
        `pause` is called instead of sleeping while it waits. Raises StartFailed with the end of the log.
        """
        self.ensure_initialised()
        give_up = time.monotonic() + timeout_s
        if self._adopt_running(give_up, pause):
            return
        while True:
            if self._may_change_port(keep_port) and not becomes_free(self.port):
                self._port = free_port()
            log_start = self._launch(options, die_with_parent)
            try:
                is_ready = self._wait_until_ready(give_up, pause)
            except BaseException:  # Ctrl-C while it starts: nobody would stop it later
                self._give_up_process()
                raise
            if is_ready:
                write_private(self._beside("port"), str(self.port))
                return
            said = self._log_since(log_start)
            self._give_up_process()
            if time.monotonic() + 0.5 > give_up or not self._is_worth_retrying(said, keep_port):
                raise StartFailed(f"Postgres in {self.data_dir} did not start within {timeout_s:g} s. The end of its log:\n{_tail(said)}")
            pause(0.2)

    def stop(self, mode: str = "fast", timeout_s: float = 30) -> None:
        """Stop; after the timeout immediately (it recovers at the next start). Nothing happens when it is not running."""
        signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        if self.pid() is None:
            return
        for number, patience_s in ((signals[mode], timeout_s), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            if self._signal_and_wait(number, patience_s):
                return
        raise LocalServerError(f"Postgres in {self.data_dir} (process {self.pid()}) does not stop, not even when killed.")

    def is_running(self) -> bool:
        """True when the postmaster lives (it may still be recovering)."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """The postmaster's process id, None when down. A stale or recycled id in postmaster.pid counts as down."""
        if self._process is not None:
            self._process.poll()  # collects it when it is dead
        lines = self._pid_file_lines()
        try:
            process = psutil.Process(int(lines[0]))
            if process.status() == psutil.STATUS_ZOMBIE or not self._is_ours(process.cmdline()):
                return None
            return process.pid
        except (IndexError, ValueError, psutil.Error):
            return None

    def _is_ours(self, command: list[str]) -> bool:
        # the command line, which everybody may read: a process's folder is closed to root in a container without ptrace
        folders = [argument for flag, argument in pairwise(command) if flag == "-D"]
        return any(Path(folder).resolve() == self.data_dir.resolve() for folder in folders)

    # -- work --------------------------------------------------------------------------------------------------------

    def run(self, tool: str, *args: str) -> str:
        """Run a program of the wheel (pg_dump, pg_basebackup …) as the cluster's system user; returns what it printed."""
        return self._run([str(postgres_bin() / tool), *args])

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run SQL as superuser over the local socket, stopping at the first error; rows as lines, columns joined by `|`. For start-up chores."""
        return self._run(
            [str(postgres_bin() / "psql"), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", str(self.socket_dir), "-p", str(self.port)]
            + ["-U", self.superuser, "-d", database, "-f", "-"],
            stdin=sql,
        )

    def ensure_database(self, name: str, owner: str | None = None) -> None:
        """Create the database when it does not exist."""
        literal = name.replace("'", "''")
        if not self.execute(f"select 1 from pg_database where datname = '{literal}'"):  # noqa: S608 - quoted above
            owned = f" owner {_identifier(owner)}" if owner else ""
            self.execute(f"create database {_identifier(name)}{owned}")

    # -- inside ------------------------------------------------------------------------------------------------------

    def _beside(self, suffix: str) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}.{suffix}")

    def _run(self, command: list[str], *, stdin: str | None = None) -> str:
        environment = {**os.environ, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C", "HOME": "/"}
        done = subprocess.run(
            command,
            cwd="/",
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            **server_user().subprocess_arguments(),
        )
        if done.returncode:
            raise LocalServerError(f"{Path(command[0]).name} failed ({done.returncode}): {_tail(done.stderr or done.stdout)}")
        printed: str = done.stdout
        return printed.strip()

    def _prepare_folders(self) -> None:
        missing = [folder for folder in self.data_dir.parents if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)  # whatever root's umask is: the server's user must get through
        for folder in (self.data_dir, self.socket_dir):
            folder.mkdir(mode=0o700, exist_ok=True)
            server_user().own(folder)
            folder.chmod(0o700)
        if not server_user().can_enter(self.data_dir):
            raise LocalServerError(
                f"User {server_user().name}, who runs Postgres for root, cannot reach {self.data_dir}: a folder above it is closed. "
                "Set SWITCHBACK_HOME to an open place such as /var/lib/switchback, or run as an ordinary user."
            )

    def _initdb(self) -> None:
        # beside, then renamed: a start that is killed here must not leave half a cluster behind
        building = self._beside("new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        server_user().own(building)
        with tempfile.NamedTemporaryFile("w", dir=self.data_dir.parent, prefix=".initdb-") as password_file:
            password_file.write(self.password)
            password_file.flush()
            server_user().own(Path(password_file.name))
            self._run(
                [str(postgres_bin() / "initdb"), "-D", str(building), "-U", self.superuser, "--auth=scram-sha-256", "--encoding=UTF8"]
                + ["--locale=C.UTF-8", "--data-checksums", f"--pwfile={password_file.name}"]
            )
        building.rename(self.data_dir)

    def _write_settings(self) -> None:
        main, ours = self.data_dir / "postgresql.conf", self.data_dir / "switchback.conf"
        line = "include_if_exists = 'switchback.conf'"
        text = main.read_text(encoding="utf-8")
        if line not in text:
            main.write_text(f"{text}\n{line}\n", encoding="utf-8")
        quoted = {key: value.replace("'", "''") for key, value in self.settings.items()}
        ours.write_text("".join(f"{key} = '{value}'\n" for key, value in quoted.items()), encoding="utf-8")
        server_user().own(ours)

    def _adopt_running(self, give_up: float, pause: Callable[[float], None]) -> bool:
        """Take a postmaster that runs already; one that is just stopping is waited for and then started anew."""
        while self.pid() is not None and time.monotonic() < give_up:
            if self._is_ready():
                self._port = int(self._pid_file_lines()[3])
                return True
            pause(0.02)
        return False

    def _is_ready(self) -> bool:
        lines = self._pid_file_lines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _launch(self, options: Mapping[str, str], die_with_parent: bool) -> int:
        """Start the postmaster; returns where its words begin in the log (bytes)."""
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)  # nobody of ours runs (checked), so it is stale
        if self.log_path.exists() and self.log_path.stat().st_size > _LOG_LIMIT_BYTES:
            self.log_path.replace(self._beside("log.1"))
        flags = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.socket_dir), **options, "port": str(self.port)}
        command = [str(postgres_bin() / "postgres"), "-D", str(self.data_dir), *(f"--{key}={value}" for key, value in flags.items())]
        with open_private_log(self.log_path) as log:
            log_start = log.tell()
            arguments = {"cwd": "/", **server_user().subprocess_arguments()}
            self._process = launch(command, log=log, tied_by=signal.SIGINT if die_with_parent else None, **arguments)
        return log_start

    def _wait_until_ready(self, give_up: float, pause: Callable[[float], None]) -> bool:
        while time.monotonic() < give_up:
            if self._is_ready() and self.pid() is not None:
                return True
            if self._process is None or self._process.poll() is not None:
                return False
            pause(0.02)
        return False

    def _give_up_process(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        if self.pid() is None:  # one that dies before it minds signals leaves its lock file lying
            (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _is_worth_retrying(self, said: str, keep_port: bool) -> bool:
        if "Address already in use" in said:
            if self._may_change_port(keep_port):
                self._port = free_port()
            return True
        # after a kill of the postmaster its children need a moment to notice
        return "pre-existing shared memory block" in said or "lock file" in said

    def _may_change_port(self, keep_port: bool) -> bool:
        return self._fixed_port is None and not keep_port

    def _signal_and_wait(self, number: int, patience_s: float) -> bool:
        pid = self.pid()
        if pid is None:
            return True
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        give_up = time.monotonic() + patience_s
        while time.monotonic() < give_up:
            if self.pid() is None:
                return True
            time.sleep(0.02)
        return False

    def _pid_file_lines(self) -> list[str]:
        return (read_text(self.data_dir / "postmaster.pid") or "").splitlines()

    def _log_since(self, start: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(start)
            return log.read().decode(errors="replace")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _tail(text: str, lines: int = 8) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])
