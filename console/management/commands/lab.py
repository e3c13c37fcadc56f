"""`manage.py lab …`: passes its arguments to the practice order system's own command line."""

import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Arguments, output and exit status are those of `python -m lab`: 0 done, 1 failed, 2 usage, 3 not running.
    `manage.py lab --help` lists them."""

    help = " ".join((__doc__ or "").split())
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Every argument belongs to the practice system, also those that Django would take for its own."""
        database = settings.DATABASES["default"]
        address = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
        environment = {**os.environ, "SWITCHBACK_HOME": str(settings.HOME), "SWITCHBACK_DATABASE_URL": address}
        try:
            done = subprocess.run([sys.executable, "-m", "lab", *argv[2:]], cwd=settings.ROOT, env=environment, check=False)
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        raise SystemExit(done.returncode)

    def handle(self, *args: Any, **options: Any) -> None:
        """Called from code: the same."""
        self.run_from_argv(["manage.py", "lab", *args])
