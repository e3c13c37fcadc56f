"""A process that `lab run` keeps running: started, its words shown with a prefix, started again with back-off when it crashes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from subprocess import DEVNULL, PIPE, STDOUT

import psutil

from lab.database import kill_processes
from lab.home import repository
from localservers.leash import die_with_parent

_BACKOFF_S = (0.3, 1.0, 2.0, 5.0, 10.0)
_SETTLED_S = 20.0  # a part that ran so long starts again without waiting


def _python_path() -> str:
    """The parts import this package wherever they are started, and else what their parent imports."""
    inherited = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join([str(repository()), *filter(None, [inherited])])


def say(name: str, text: str) -> None:
    print(f"{name:<17}| {text}", flush=True)


class Part:
    """One kept process. `command` is asked at every start, so a new version or port takes effect then."""

    def __init__(
        self,
        name: str,
        command: Callable[[], list[str]],
        *,
        on_start: Callable[[], Awaitable[None]] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self._command = command
        self._on_start = on_start
        self._environment = {**os.environ, "PYTHONPATH": _python_path(), "PYTHONUNBUFFERED": "1", **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._showing: asyncio.Task[None] | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @property
    def wanted(self) -> bool:
        return self._keeper is not None

    async def start(self) -> None:
        """Start and keep it running. `on_start` runs after each start."""
        if self._keeper is None:
            await self._spawn()
            self._keeper = asyncio.create_task(self._keep())

    async def stop(self, patience_s: float = 5.0) -> None:
        """SIGTERM, after the patience SIGKILL; no restart. A frozen process is woken first."""
        await self._forget()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), patience_s)
        except TimeoutError:
            await self._kill_all(process)

    async def kill(self) -> None:
        """SIGKILL to it and its children; no restart."""
        await self._forget()
        if self._process is not None and self._process.returncode is None:
            await self._kill_all(self._process)

    async def _kill_all(self, process: asyncio.subprocess.Process) -> None:
        children = self.processes()[1:]
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()  # only asyncio may collect its own child
        await asyncio.to_thread(kill_processes, children)

    def processes(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self.pid) if self.pid else None
            return [process, *process.children(recursive=True)] if process else []
        except psutil.NoSuchProcess:
            return []

    async def _forget(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command(), stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=self._environment, start_new_session=True,
            # should `lab run` be killed, nothing of it stays behind
            preexec_fn=die_with_parent(signal.SIGKILL),
        )  # fmt: skip
        self._showing = asyncio.create_task(self._show(self._process))
        if self._on_start is not None:
            await self._on_start()

    async def _show(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            say(self.name, line.decode(errors="replace").rstrip())

    async def _keep(self) -> None:
        failures, started = 0, time.monotonic()
        while True:
            assert self._process is not None
            code = await self._process.wait()
            failures = 0 if time.monotonic() - started > _SETTLED_S else failures
            pause_s = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            say(self.name, f"ended ({f'signal {-code}' if code < 0 else f'exit {code}'}); starts again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            failures, self.restarts, started = failures + 1, self.restarts + 1, time.monotonic()
            try:
                await self._spawn()
            except Exception as problem:  # noqa: BLE001 - shown, and tried again with back-off
                say(self.name, f"does not start: {problem}")
