"""The combined output of all parts: time, name of the part, its line; masked; in colour on a terminal; kept in a log file."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from config.embedded.masking import Mask

_COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
_LOG_LIMIT_BYTES = 10 * 1024 * 1024
_LOGS_KEPT = 3
_LONGEST_LINE = 4000  # characters; a dumped body must not fill the screen


class Output:
    """Writes lines. A terminal that went away (closed window, broken pipe) silences the screen, never the log file."""

    def __init__(self, names: list[str], mask: Mask, stream: TextIO | None = None) -> None:
        self.mask = mask
        self._stream = sys.stdout if stream is None else stream
        self._width = max(len(name) for name in names)
        self._colour = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(names)}
        self._coloured = self._stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._log: TextIO | None = None
        self._log_path: Path | None = None
        self._screen_gone = False

    def log_to(self, path: Path) -> None:
        """Keep a copy of every line in this file (turned over at 10 MiB, three kept)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._log_path = path
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._log = os.fdopen(descriptor, "a", encoding="utf-8", errors="replace", buffering=1)

    def close(self) -> None:
        """Close the log file."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def line(self, name: str, text: str) -> None:
        """One line of one part."""
        text = self.mask(text.rstrip().replace("\x1b[?25l", ""))[:_LONGEST_LINE]
        clock = time.strftime("%H:%M:%S")
        if self._coloured:
            self._show(f"\x1b[2m{clock}\x1b[0m \x1b[{self._colour.get(name, 37)}m{name:<{self._width}} │\x1b[0m {text}")
        else:
            self._show(f"{clock} {name:<{self._width}} | {text}")
        self._keep(f"{time.strftime('%Y-%m-%d')} {clock} {name:<{self._width}} | {text}")

    def plain(self, text: str = "") -> None:
        """Text for the person alone: unmasked, without prefix, not kept in the log file (it may hold the demo log-ins)."""
        self._show(text)

    def bold(self, text: str) -> str:
        """The text, bold where the screen can show it."""
        return f"\x1b[1m{text}\x1b[0m" if self._coloured else text

    def _show(self, text: str) -> None:
        if self._screen_gone:
            return
        try:
            self._stream.write(f"{text}\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._screen_gone = True

    def _keep(self, text: str) -> None:
        if self._log is None or self._log_path is None:
            return
        with contextlib.suppress(OSError):  # a full disk must not stop the console; doctor names it
            self._log.write(f"{text}\n")
            if self._log.tell() > _LOG_LIMIT_BYTES:
                self._turn_over()

    def _turn_over(self) -> None:
        assert self._log is not None
        assert self._log_path is not None
        self._log.close()
        for number in range(_LOGS_KEPT - 1, 0, -1):
            older = self._log_path.with_name(f"{self._log_path.name}.{number}")
            if older.exists():
                older.replace(self._log_path.with_name(f"{self._log_path.name}.{number + 1}"))
        self._log_path.replace(self._log_path.with_name(f"{self._log_path.name}.1"))
        self.log_to(self._log_path)
