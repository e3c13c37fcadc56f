"""Get the programs that some tests need from Debian, or say what is missing, how to get it, and which tests are skipped.

As root on Debian they are installed, with every service start suppressed for that time. Otherwise nothing is changed.
Exit status 0 also when something is missing: the tests say it again, loudly, at their end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
INSTALL_LIMIT_S = 600


@dataclass(frozen=True)
class Need:
    """A program or font, the Debian package that brings it, and the tests that use it."""

    package: str
    programs: tuple[str, ...]
    used_by: str
    font: str = ""

    def is_there(self) -> bool:
        if self.font:
            listed = (
                subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False) if shutil.which("fc-list") else None
            )
            return listed is not None and bool(listed.stdout.strip())
        return any(shutil.which(program) for program in self.programs)


NEEDS = (
    Need("prometheus", ("prometheus",), "the tests with a real Prometheus (tests/monitoring)"),
    Need("prometheus-alertmanager", ("prometheus-alertmanager", "alertmanager"), "the tests with a real Alertmanager (tests/monitoring)"),
    Need("chromium", ("chromium", "chromium-browser", "google-chrome"), "the browser tests (tests/browser)"),
    Need("fonts-noto-cjk", (), "the look of Chinese pages in the browser tests", font="zh"),
)


def main() -> int:
    missing = [need for need in NEEDS if not need.is_there()]
    if not missing:
        return 0
    names = " ".join(need.package for need in missing)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing Debian packages for the tests: {names} (their services are not started) ...", flush=True)
        install([need.package for need in missing])
        missing = [need for need in NEEDS if not need.is_there()]
    for need in missing:
        print(f"MISSING {need.package}: {need.used_by} will be SKIPPED. Get it: apt-get install {need.package} (as root)", flush=True)
    return 0


def install(packages: list[str]) -> None:
    """apt-get install, quietly; what it said is shown only when it failed."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with services_stay_down():
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]):
            try:
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=INSTALL_LIMIT_S)
            except subprocess.TimeoutExpired:
                print(f"{' '.join(command)}: no end after {INSTALL_LIMIT_S} s", flush=True)
                return
            if done.returncode:
                print(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout[-1500:]}{done.stderr[-1500:]}", flush=True)
                return


@contextmanager
def services_stay_down() -> Iterator[None]:
    """Debian starts a service when its package is installed, unless this file says no (101); what was there before comes back."""
    before = POLICY.read_bytes() if POLICY.exists() else None
    mode = POLICY.stat().st_mode if before is not None else 0
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        if before is None:
            POLICY.unlink(missing_ok=True)
        else:
            POLICY.write_bytes(before)
            POLICY.chmod(mode)


if __name__ == "__main__":
    sys.exit(main())
