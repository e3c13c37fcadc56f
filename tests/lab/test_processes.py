"""Start, stop, kill, start again: nothing stays behind and nothing is forgotten."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from tests.lab.practice_system import ROOT, PracticeSystem, running

pytestmark = pytest.mark.story  # real processes
ORDINARY_START_S = 1.0  # of a Python with the packages of a part, on a machine with two cores


def gone(system: PracticeSystem, within_s: float) -> list[str]:
    """What is left after the patience; empty is good."""
    give_up = time.monotonic() + within_s
    while (left := system.processes()) and time.monotonic() < give_up:
        time.sleep(0.05)
    return [" ".join(process.cmdline()) for process in left]


def test_it_stops_cleanly_and_comes_up_with_the_side_that_was_active(open_folder: Path) -> None:
    system = PracticeSystem(open_folder / "kept", environment={"LAB_RATE": "10"})
    with running(system):
        cold = system.start_took_s
        assert (system.folder / "lab.json").stat().st_mode & 0o777 == 0o600
        again = PracticeSystem(system.folder).cli("run")
        assert (again.returncode, "already runs" in again.stdout) == (1, True)
        book, own = system.book, os.getpid()
        assert own not in [process.pid for process in system.processes()]
        system.switch("primary", "standby")
        time.sleep(1)
        assert system.stop(signal.SIGTERM) == 0
        assert gone(system, 0) == []
        assert system.cli("status").returncode == 3

        warm = system.start()
        view = system.status()
        assert (view["active"], view["gateway"]["serving"], view["replication"]["second_copy"]) == ("standby", "standby", True)
        assert system.book["ports"] == book["ports"]
        assert system.counts()["done"] > 0
        system.nothing_lost()
        print(f"cold start {cold:.1f} s, second start {warm:.1f} s")
        assert cold < 8 * patience()

        assert system.stop(signal.SIGKILL) == -signal.SIGKILL
        assert gone(system, 10) == []  # the kernel tells every child
        system.start()
        assert system.status()["active"] == "standby"
        system.nothing_lost()
        assert system.stop(signal.SIGINT) == 0
        assert gone(system, 0) == []


def test_a_crashed_part_is_started_again(system: PracticeSystem) -> None:
    before = system.counts()
    for name in ("service primary", "gateway", "customers"):
        system.kill(name)
        system.wait(
            lambda s: s["customers"] and s["gateway"]["serving"] == "primary" and s["customers"]["silent_for_ms"] < 1000, 60, f"{name} is back"
        )
    time.sleep(1)
    system.nothing_lost()
    assert system.counts()["done"] >= before["done"]


def test_a_stop_in_the_middle_of_a_switch_comes_up_on_the_old_side(open_folder: Path) -> None:
    system = PracticeSystem(open_folder / "midway")
    with running(system):
        for step in ("close_gate", "fence", "catch_up", "reverse"):
            assert system.step(step, "primary", "standby")[0] == 200
        assert system.stop(signal.SIGKILL) == -signal.SIGKILL
        system.start()
        view = system.status()
        assert (view["active"], view["gateway"]["serving"]) == ("primary", "primary")
        assert not view["sides"]["standby"]["writes_granted"]
        assert view["replication"]["second_copy"]


def test_it_runs_as_an_ordinary_user(open_folder: Path) -> None:
    if os.geteuid() != 0:  # so does everything here
        with running(PracticeSystem(open_folder / "mine")) as system:
            assert {process.uids().effective for process in system.processes()} == {os.geteuid()}
        return
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    packages = sysconfig.get_path("purelib")
    probe = [python or "python3", "-c", "import asyncpg, uvicorn, starlette, httpx, psutil, prometheus_client"]
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{packages}", "HOME": str(open_folder)}
    if subprocess.run(probe, user="nobody", extra_groups=[], cwd="/", env=environment, check=False, capture_output=True).returncode:
        pytest.skip("no Python that user nobody may run has the packages of this one")
    home = open_folder / "ordinary"
    home.mkdir()
    os.chown(home, pwd.getpwnam("nobody").pw_uid, -1)
    assert python is not None
    system = PracticeSystem(home / "lab", python=python, user="nobody", environment=environment)
    with running(system):
        system.switch("primary", "standby")
        assert {process.username() for process in system.processes()} == {"nobody"}
        system.nothing_lost()
        system.stop()
        assert gone(system, 0) == []


def patience() -> float:
    """Time limits stretch with the load of cores that are shared, up to threefold, and with how slow the machine itself is."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import asyncpg, httpx, prometheus_client, psutil, starlette.applications, uvicorn"], check=True)
    slow = (time.monotonic() - began) / ORDINARY_START_S
    return max(1.0, slow, min(3.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
