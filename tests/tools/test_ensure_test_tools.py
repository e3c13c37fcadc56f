"""What the tests need from the machine is installed where that is allowed, and named where it is not."""

from __future__ import annotations

import contextlib
import subprocess

import pytest

from tools import ensure_test_tools
from tools.ensure_test_tools import Need

MISSING = Need("no-such-package", ("no-such-program",), "the tests of nothing")


@pytest.fixture
def policy(tmp_path, monkeypatch):
    monkeypatch.setattr(ensure_test_tools, "POLICY", tmp_path / "policy-rc.d")
    return tmp_path / "policy-rc.d"


def test_no_service_starts_while_packages_are_installed_and_the_former_policy_comes_back(policy):
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o700)
    with contextlib.suppress(KeyboardInterrupt), ensure_test_tools.services_stay_down():
        assert subprocess.run([policy], check=False).returncode == 101
        raise KeyboardInterrupt
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.stat().st_mode & 0o777 == 0o700


def test_where_there_was_no_policy_there_is_none_afterwards(policy):
    with ensure_test_tools.services_stay_down():
        assert policy.exists()
    assert not policy.exists()


def test_as_an_ordinary_user_nothing_is_installed_and_everything_missing_is_named(policy, monkeypatch, capsys):
    monkeypatch.setattr(ensure_test_tools, "NEEDS", (MISSING,))
    monkeypatch.setattr(ensure_test_tools.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(ensure_test_tools, "install", lambda packages: pytest.fail("must not install"))
    assert ensure_test_tools.main() == 0
    assert (
        "MISSING no-such-package: the tests of nothing will be SKIPPED. Get it: apt-get install no-such-package (as root)" in capsys.readouterr().out
    )


def test_as_root_it_is_installed_and_what_is_still_missing_is_named(policy, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(ensure_test_tools, "NEEDS", (MISSING,))
    monkeypatch.setattr(ensure_test_tools.os, "geteuid", lambda: 0)
    monkeypatch.setattr(ensure_test_tools.shutil, "which", lambda program: "/usr/bin/apt-get" if program == "apt-get" else None)
    monkeypatch.setattr(ensure_test_tools, "install", asked.append)
    ensure_test_tools.main()
    assert asked == [["no-such-package"]]
    assert "MISSING no-such-package" in capsys.readouterr().out


def test_a_failing_apt_get_shows_its_own_words(policy, monkeypatch, capsys):
    failed = subprocess.CompletedProcess([], 100, stdout="", stderr="E: Unable to locate package")
    monkeypatch.setattr(ensure_test_tools.subprocess, "run", lambda *a, **k: failed)
    ensure_test_tools.install(["no-such-package"])
    assert "apt-get update -q failed (100)" in capsys.readouterr().out
