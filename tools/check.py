"""`make check`: everything that can be judged without running the console. All steps run; one failure fails the whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
BIN = Path(sys.executable).parent

# What an operator would set; the deploy check must find nothing to say then.
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "checked-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ",
    "BASE_URL": "https://switchback.example",
    "ALLOWED_HOSTS": "switchback.example",
    "HTTPS": "1",
    "DATABASE_URL": "postgresql://switchback@127.0.0.1:1/switchback",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DJANGO_SETTINGS_MODULE": "config.settings.base",
}
WITHOUT_DATABASE = {"SWITCHBACK_WITHOUT_DATABASE": "1", "DJANGO_SETTINGS_MODULE": "config.settings.base"}

STEPS: tuple[tuple[str, list[str], dict[str, str]], ...] = (
    ("lint", [PYTHON, "-m", "ruff", "check", "."], {}),
    ("format", [PYTHON, "-m", "ruff", "format", "--check", "."], {}),
    ("layers", [str(BIN / "lint-imports")], WITHOUT_DATABASE),
    ("types", [PYTHON, "-m", "mypy"], WITHOUT_DATABASE),
    ("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"], WITHOUT_DATABASE),
    ("deploy", [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    ("translations", [PYTHON, "tools/translations.py", "check"], {}),
    ("requirements", [PYTHON, "tools/requirements.py", "--strict"], {}),
    ("architecture", [PYTHON, "-m", "pytest", "tests/architecture", "-q", "-m", "not story"], {}),
)


def main() -> int:
    failed = []
    for name, command, variables in STEPS:
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
        ok = done.returncode == 0
        print(f"{'ok    ' if ok else 'FAILED'} {name:13s} {time.monotonic() - began:5.1f} s", flush=True)
        if not ok:
            failed.append(name)
            print((done.stdout + done.stderr).rstrip(), flush=True)
        elif name in {"translations", "requirements"}:
            print("       " + (done.stdout.strip().splitlines() or [""])[-1], flush=True)
    print(f"make check: {', '.join(failed)} failed" if failed else "make check: all well", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
