"""Which folder everything that this installation writes goes to."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
SHARED_FOLDER = Path("/var/lib/switchback")


def home_folder(clone: Path = CLONE, environ: Mapping[str, str] | None = None) -> Path:
    """SWITCHBACK_HOME, else `var/` in the clone.

    Root cannot keep its data in a clone below a folder closed to other users (a 0700 home): Postgres runs as another user,
    who could not reach it. Then it is /var/lib/switchback/<hash of the clone's path>.
    """
    environ = os.environ if environ is None else environ
    if environ.get("SWITCHBACK_HOME"):
        return Path(environ["SWITCHBACK_HOME"]).expanduser().absolute()
    if os.geteuid() == 0 and is_closed_to_others(clone):
        return SHARED_FOLDER / hashlib.sha256(os.fsencode(clone)).hexdigest()[:12]
    return clone / "var"


def is_closed_to_others(folder: Path) -> bool:
    """True when the folder or one above it may not be entered by users who neither own it nor are in its group."""
    return any(not step.stat().st_mode & stat.S_IXOTH for step in (folder, *folder.parents) if step.exists())


def prepare(home: Path) -> None:
    """Make the folder; for root others may pass through (to the database files, each closed on its own) but not look around."""
    missing = [folder for folder in home.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    home.mkdir(exist_ok=True)
    if home.stat().st_uid == os.geteuid():
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)
