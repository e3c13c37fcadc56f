"""The first step on a bare machine: it works, is instant the second time, and says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path):
    """A clone with a lock file of its own and a PATH on which `python3.11` and `uv` are small scripts."""
    shutil.copytree(ROOT / "tools", tmp_path / "clone" / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "clone" / "requirements").mkdir()
    (tmp_path / "clone" / "requirements" / "runtime.lock").write_text("one==1\n")
    (tmp_path / "clone" / "requirements" / "dev.lock").write_text("one==1\ntwo==2\n")
    (tmp_path / "bin").mkdir()
    program(tmp_path, "uv", f'echo "uv $*" >> {tmp_path}/uv.log')
    program(tmp_path, "python3.11", f'exec {Path(sys.executable).resolve()} "$@"')
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def bootstrap(folder: Path, which: str = "runtime") -> subprocess.CompletedProcess[str]:
    path = f"{folder}/bin:{folder}/usr"
    (folder / "usr").mkdir(exist_ok=True)
    for tool in ("sh", "dirname", "sha256sum", "cut", "cat", "rm", "env"):
        link = folder / "usr" / tool
        if not link.exists():
            link.symlink_to(shutil.which(tool) or f"/bin/{tool}")
    environment = {"PATH": path, "HOME": os.environ["HOME"]}
    return subprocess.run(["tools/bootstrap.sh", which], cwd=folder / "clone", env=environment, capture_output=True, text=True, check=False)


def installs(folder: Path) -> list[str]:
    log = folder / "uv.log"
    return [line for line in log.read_text().splitlines() if "pip install" in line] if log.exists() else []


def test_it_makes_the_environment_once_and_has_nothing_to_do_after_that(clone):
    first = bootstrap(clone)
    assert first.returncode == 0, first.stderr
    assert "installing the Python packages of requirements/runtime.lock" in first.stdout
    ran = (clone / "uv.log").read_text()
    second = bootstrap(clone)
    assert (second.returncode, second.stdout) == (0, "")
    assert (clone / "uv.log").read_text() == ran  # the tool that installs was not even started
    assert len(installs(clone)) == 1


def test_a_changed_lock_is_installed_and_the_developers_environment_serves_for_running_too(clone):
    bootstrap(clone)
    (clone / "clone" / "requirements" / "runtime.lock").write_text("one==1.1\n")
    bootstrap(clone)
    assert len(installs(clone)) == 2
    bootstrap(clone, "dev")
    bootstrap(clone)
    bootstrap(clone, "dev")
    assert [line.rpartition("/")[2] for line in installs(clone)] == ["runtime.lock", "runtime.lock", "dev.lock"]


def test_a_clone_that_was_moved_gets_a_new_environment(clone):
    bootstrap(clone)
    (clone / "clone").rename(clone / "moved")
    (clone / "moved").rename(clone / "clone")  # the same place: nothing to do
    assert bootstrap(clone).stdout == ""
    stamp = clone / "clone" / ".venv" / ".stamp-runtime"
    stamp.write_text(stamp.read_text().replace("/clone", "/elsewhere"))
    assert "installing" in bootstrap(clone).stdout


def test_an_interrupted_installation_is_done_again(clone):
    program(clone, "uv", '[ "$1" = --version ] || exit 1')
    failed = bootstrap(clone)
    assert failed.returncode == 1
    assert "Installing failed" in failed.stderr
    program(clone, "uv", f'echo "uv $*" >> {clone}/uv.log')
    assert bootstrap(clone).returncode == 0
    assert len(installs(clone)) == 1


def test_without_a_python_of_3_11_it_says_how_to_get_one(clone):
    program(clone, "python3.11", "exit 1")
    program(clone, "python3", "exit 1")
    refused = bootstrap(clone)
    assert refused.returncode == 1
    assert "apt-get install python3 python3-venv" in refused.stderr


def test_without_the_venv_module_it_names_the_debian_package(clone):
    (clone / "bin" / "uv").unlink()
    program(clone, "python3.11", f'case "$*" in *ensurepip*) exit 1;; esac; exec {Path(sys.executable).resolve()} "$@"')
    refused = bootstrap(clone)
    assert refused.returncode == 1
    assert "apt-get install python3-venv" in refused.stderr
    assert not (clone / "clone" / ".venv").exists()
