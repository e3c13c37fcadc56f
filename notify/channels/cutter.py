"""A hard limit on the whole of a conversation: a socket timeout alone lets a slow talker hold us for ever."""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self


class Cutter:
    """Shuts the held socket down when the time is up; the blocked call then ends with an error."""

    def __init__(self, timeout_s: float) -> None:
        self._ends_at = time.monotonic() + timeout_s
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(timeout_s, self._cut)
        self._timer.daemon = True
        self.has_cut = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()

    def remaining_s(self) -> float:
        """Seconds left, never less than a moment (a timeout of 0 would mean: do not block)."""
        return max(0.05, self._ends_at - time.monotonic())

    def hold(self, sock: socket.socket) -> None:
        """From now on this is the socket to cut."""
        with self._lock:
            self._socket = sock
            if self.has_cut:
                self._shut()

    def _cut(self) -> None:
        with self._lock:
            self.has_cut = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
