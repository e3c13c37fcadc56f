"""`lab run`: the practice order system in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator

from lab.control import Control
from lab.errors import LabError
from lab.home import lab_home
from lab.parts import say
from lab.service.gate import listen, serve
from lab.system import System
from lab.watchdog import Watchdog
from localservers.errors import LocalServerError
from localservers.ports import held


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Hold the folder. The lock goes with the process, however it ends."""
    folder = lab_home()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (folder / "lab.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise LabError("already_running", f"A practice order system already runs in {folder}") from held
        yield


async def _serve(system: System, started: float) -> int:
    watchdog, stop = Watchdog(system), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks: list[asyncio.Task[None]] = []
    try:
        starting = asyncio.create_task(system.start())
        await asyncio.wait([starting, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            return 0
        starting.result()
        control = await serve(Control(system, watchdog).app(), sockets=[listen(system.book["ports"]["control"])])
        await watchdog.look()
        tasks.append(asyncio.create_task(watchdog.run()))
        say(
            "lab",
            f"ready after {time.monotonic() - started:.1f} s: {system.state.active} carries business; "
            f"shop {system.gateway.url}, control {system.book['control']['url']}",
        )
        await asyncio.wait([asyncio.create_task(stop.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()  # a broken watchdog ends the system, loudly
        for listener in control.servers:
            listener.close()
        return 0
    except (LabError, LocalServerError, OSError) as problem:
        say("lab", f"cannot go on: {problem}")
        return 1
    finally:
        say("lab", "stopping")
        for task in tasks:
            task.cancel()
        await system.stop()
        say("lab", "stopped")


def run() -> int:
    started = time.monotonic()
    try:
        with _only_one():
            os.umask(0o022)
            system = System()
            with held(system.book["ports"].values()):  # a closed gate must find its port again
                return asyncio.run(_serve(system, started))
    except LabError as refused:
        say("lab", refused.message)
        return 1
