"""Imports point down: the contracts hold, and each of them notices when it is broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = [contract["name"] for contract in CONFIGURATION["contracts"]]

# contract -> (module that sins, what it imports); one sin each, so that each contract is seen to notice its own
SINS = {
    "Imports point down": ("kernel/clock.py", "import notify"),
    "Inside contingency": ("contingency/org/apps.py", "import contingency.plan"),
    "Inside monitoring": ("monitoring/alerts/apps.py", "import monitoring.probes"),
    "Inside incidents": ("incidents/switchover/apps.py", "import incidents.response"),
    "Inside an app": ("notify/errors.py", "import notify.services"),
    "Business code knows neither DRF nor Celery": ("work/services/__init__.py", "import celery"),
    "The lab imports nothing of ours but the local servers": ("lab/errors.py", "import kernel.errors"),
    "Nothing of ours imports the lab": ("console/apps.py", "import lab.errors"),
    "The local servers know nothing of ours and no Django": ("localservers/errors.py", "import django"),
    "Only the supervisor and the lab start local servers": ("kernel/ids.py", "import localservers.ports"),
    "The supervisor knows no Django": ("config/embedded/masking.py", "import django"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run([LINTER, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy_of_the_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", target)
    for room in CONFIGURATION["root_packages"]:
        shutil.copytree(ROOT / room, target / room, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def test_every_contract_has_a_sin_to_prove_it():
    assert set(SINS) == set(CONTRACTS)


def test_every_contract_holds_and_each_one_notices_its_own_sin(copy_of_the_house):
    clean = lint(copy_of_the_house)
    assert clean.returncode == 0, clean.stdout
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in clean.stdout

    for file, statement in SINS.values():
        path = copy_of_the_house / file
        if not path.exists():  # a module that grew into a package
            path = path.with_suffix("") / "__init__.py" if path.with_suffix("").is_dir() else path.parent.with_suffix(".py")
        path.write_text(f"{path.read_text()}\n{statement}  # the sin\n")
    sinful = lint(copy_of_the_house)
    assert sinful.returncode == 1
    for contract in CONTRACTS:
        assert f"{contract} BROKEN" in sinful.stdout, f"{contract} did not notice {SINS[contract]}:\n{sinful.stdout}"
    for _, statement in SINS.values():
        assert statement.split()[1] in sinful.stdout


def test_every_room_on_the_disk_stands_under_the_contracts():
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "tools", "bench"}
    assert rooms == set(CONFIGURATION["root_packages"])
