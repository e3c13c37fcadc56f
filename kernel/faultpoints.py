"""Places where a test can make the process die, to prove that claimed work is not lost.

SWITCHBACK_FAULT="notify.after_claim=3" kills the process (SIGKILL) the third time it passes that point;
SWITCHBACK_FAULT="notify.after_claim@/path/file" kills it when the file exists, and removes the file first, so that a
running process can be hit at a chosen moment. Without the variable a point costs one dictionary look-up.
"""

import os
import signal
from pathlib import Path

_setting = os.environ.get("SWITCHBACK_FAULT", "")
_passed: dict[str, int] = {}


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hit(point: str) -> None:
    """Die here if the environment asks for it."""
    if not _setting:
        return
    for wanted in _setting.split(","):
        name, separator, argument = wanted.partition("@")
        if separator:
            if name == point:
                _die_if_armed(Path(argument))
            continue
        name, separator, count = wanted.partition("=")
        if name == point:
            _passed[point] = _passed.get(point, 0) + 1
            if _passed[point] == int(count or 1):
                _kill()


def _die_if_armed(trigger: Path) -> None:
    try:
        trigger.unlink()
    except FileNotFoundError:
        return
    _kill()
