"""The gate: the listener on which a side takes orders. Open only while the side is active."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import uvicorn
from starlette.applications import Starlette

from lab.home import LOOPBACK

_POLL_S = 0.005
_LAST_WORDS_S = 0.02  # for requests already on their way when the listener closes


class Gate:
    """Opens and closes without stopping the process.

    Closing: stop listening, finish what is in flight, only then say closed. Said the other way round, requests that were already
    accepted would be turned away.
    """

    def __init__(self, app: Starlette, port: int) -> None:
        self._app = app
        self._port = port
        self._server: uvicorn.Server | None = None
        self._lock = asyncio.Lock()
        self.state = "closed"  # closed, open, draining

    async def open(self) -> None:
        async with self._lock:
            if self._server is not None:
                return
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((LOOPBACK, self._port))
            except OSError:
                listener.close()
                raise
            self._server = await serve(self._app, sockets=[listener])
            self.state = "open"

    async def close(self, drain_s: float) -> dict[str, Any]:
        """Close; requests that take longer than `drain_s` are cancelled (their transactions roll back, the customer tries again)."""
        async with self._lock:
            if self._server is None:
                return {"was": "closed", "drained_ms": 0.0, "cancelled": 0}
            started, server = time.monotonic(), self._server
            self.state = "draining"
            for listener in server.servers:
                listener.close()
            await asyncio.sleep(_LAST_WORDS_S)
            connections, tasks = server.server_state.connections, server.server_state.tasks
            for connection in list(connections):
                connection.shutdown()
            while (connections or tasks) and time.monotonic() - started < drain_s:  # noqa: ASYNC110 - uvicorn's sets, it tells nobody
                await asyncio.sleep(_POLL_S)
            cancelled = list(tasks)
            for task in cancelled:
                task.cancel()
            if cancelled:
                await asyncio.wait(cancelled, timeout=2)
            for connection in list(connections):
                connection.transport.close()
            self._server = None
            self.state = "closed"
            return {"was": "open", "drained_ms": round((time.monotonic() - started) * 1000, 1), "cancelled": len(cancelled)}


async def serve(app: Starlette, *, sockets: list[socket.socket]) -> uvicorn.Server:
    """A running uvicorn inside the present loop, without its signal handlers and without its half-second habits."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, date_header=False, server_header=False, timeout_keep_alive=60)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=sockets)
    await server.on_tick(0)  # fills the default headers
    return server


def listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    return listener
