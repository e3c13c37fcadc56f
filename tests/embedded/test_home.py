"""Which folder everything goes to."""

import os
from pathlib import Path

import pytest

from config.embedded import home


@pytest.fixture
def clone(open_folder):
    folder = open_folder / "somebody" / "clone"
    folder.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o755)
    return folder


def test_the_environment_decides_first(clone):
    assert home.home_folder(clone, {"SWITCHBACK_HOME": "/srv/switchback"}) == Path("/srv/switchback")


def test_otherwise_it_lies_in_the_clone(clone, monkeypatch):
    for uid in (0, 1000):
        monkeypatch.setattr(os, "geteuid", lambda uid=uid: uid)
        assert home.home_folder(clone, {}) == clone / "var"


def test_root_in_a_clone_below_a_closed_folder_gets_a_reachable_one_of_its_own(clone, open_folder, monkeypatch):
    other = clone.parent / "other"
    clone.parent.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    chosen = home.home_folder(clone, {})
    assert chosen.parent == Path("/var/lib/switchback")
    assert chosen == home.home_folder(clone, {})
    assert chosen != home.home_folder(other, {})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert home.home_folder(clone, {}) == clone / "var"  # an ordinary user reaches his own folders


def test_others_may_not_look_around_in_it(open_folder):
    folder = open_folder / "fresh" / "home"
    home.prepare(folder)
    assert folder.stat().st_mode & 0o066 == 0
    assert folder.stat().st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)
