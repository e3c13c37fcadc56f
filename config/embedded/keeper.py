"""Keeps Postgres and Valkey running for the console: started first, brought back at the same address, stopped last."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from config.embedded.output import Output
from config.embedded.process import BackOff
from config.embedded.services import (
    EmbeddedPostgres,
    EmbeddedValkey,
    LogTail,
    Service,
    check_database_url,
    check_redis_url,
    password_of,
    quoted,
)
from localservers.errors import LocalServerError
from localservers.private_files import write_private

_LOOK_EVERY_S = 0.5


class _Kept:
    """One service of ours and when to try it again."""

    def __init__(self, service: Service, output: Output) -> None:
        self.service = service
        self.tail = LogTail(service, output.line)
        self.back_off = BackOff()
        self.up_since = 0.0
        self.try_at: float | None = None


class ServiceKeeper:
    """The services that the environment does not name."""

    def __init__(self, *, home: Path, environ: dict[str, str], output: Output, pause: Callable[[float], None]) -> None:
        self._home = home
        self._environ = environ
        self._output = output
        self._pause = pause
        self._kept: list[_Kept] = []
        self._looked_at = 0.0

    def start_all(self) -> None:
        """Start what the environment does not name, check what it names, and write both addresses down for other terminals."""
        for variable, file_name, check, make in (
            ("DATABASE_URL", "database_url", check_database_url, EmbeddedPostgres),
            ("REDIS_URL", "redis_url", check_redis_url, EmbeddedValkey),
        ):
            given = self._environ.get(variable)
            if given:
                check(given)
                self._output.mask.add(quoted(password_of(given)))
                self._output.mask.add(password_of(given))
                self._output.line("switchback", f"using the server that {variable} names")
            else:
                service: Service = make(self._home)
                self._start(service)
                self._environ[variable] = service.url()
            write_private(self._home / file_name, self._environ[variable])

    def listen(self) -> None:
        """Pass on the news in the services' logs."""
        for kept in self._kept:
            kept.tail.read()

    def tend(self, may_restart: Callable[[str], bool]) -> bool:
        """Notice a service that is gone and bring it back. True when something changed."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY_S:
            return False
        self._looked_at = now
        changed = [self._tend(kept, now, may_restart) for kept in self._kept]  # each of them, not up to the first
        return any(changed)

    def stop_all(self, *, at_once: bool) -> None:
        """Stop them, the last started first."""
        for kept in reversed(self._kept):
            try:
                kept.service.stop(at_once=at_once)
                self._output.line(kept.service.name, "stopped")
            except LocalServerError as error:
                self._output.line(kept.service.name, str(error))

    def pids(self) -> dict[str, int | None]:
        """Process id of each service of ours, None for one that is down."""
        return {kept.service.name: kept.service.pid() for kept in self._kept}

    def _start(self, service: Service) -> None:
        for secret in service.secrets():
            self._output.mask.add(secret)
        kept = _Kept(service, self._output)
        self._kept.append(kept)
        began = time.monotonic()
        service.start(keep_port=False, pause=self._pause)
        kept.up_since = time.monotonic()
        self._output.line(service.name, f"up after {kept.up_since - began:.1f} s (process {service.pid()})")

    def _tend(self, kept: _Kept, now: float, may_restart: Callable[[str], bool]) -> bool:
        service = kept.service
        if service.pid() is not None:
            return False
        if kept.try_at is None:
            pause_s = kept.back_off.next_pause(now - kept.up_since)
            kept.try_at = now + pause_s
            self._output.line(service.name, f"is gone; starting it again in {pause_s:g} s")
            return True
        if now < kept.try_at or not may_restart(service.name):
            return False
        kept.try_at = None
        try:
            service.start(keep_port=True, pause=self._pause)
        except LocalServerError as error:
            self._output.line(service.name, str(error))
            return True
        kept.up_since = time.monotonic()
        self._output.line(service.name, f"up again (process {service.pid()})")
        return True
