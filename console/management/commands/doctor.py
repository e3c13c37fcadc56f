"""Is everything as it should be, and if not, what to do."""

import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from console.doctor import house, machine
from console.doctor.machine import Finding, State

MARKS = {State.OK: "ok  ", State.WARN: "WARN", State.FAIL: "FAIL"}


class Command(BaseCommand):
    """Looks at machine, services and the console's own work; exit status 1 when something fails."""

    help = "Check versions, services, queues, deadlines, disk and permissions, and say how to cure what is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at everything, print it, and leave with 1 when anything fails."""
        found = self.look()
        if options["json"]:
            self.stdout.write(json.dumps([finding.as_dict() for finding in found], ensure_ascii=False, indent=2))
        else:
            self.print(found)
        if any(finding.state is State.FAIL for finding in found):
            sys.exit(1)

    def look(self) -> list[Finding]:
        """The machine first; the house only when its database answers."""
        database = settings.DATABASES["default"]
        url = os.environ.get("DATABASE_URL") or _url(database)
        found = machine.run_all(
            home=settings.HOME, root=settings.ROOT, database_url=url, redis_url=settings.CELERY_BROKER_URL or "", smtp_url=settings.SMTP_URL
        )
        away = any(finding.name == "database" and finding.state is State.FAIL for finding in found)
        return found if away else found + house.run_all()

    def print(self, found: list[Finding]) -> None:
        """One line each, with the cure below what is wrong."""
        for finding in found:
            self.stdout.write(f"{MARKS[finding.state]}  {finding.name}: {finding.detail}")
            if finding.cure and finding.state is not State.OK:
                self.stdout.write(f"      cure: {finding.cure}")
        wrong = sum(finding.state is not State.OK for finding in found)
        self.stdout.write(f"{len(found)} looked at, {wrong} to look after." if wrong else f"{len(found)} looked at, all is well.")


def _url(database: dict[str, Any]) -> str:
    if database["NAME"] == "none":  # no address is known: nothing runs here (config.settings.environment)
        return ""
    parameters = connection.get_connection_params() if database["HOST"] or database["NAME"] else {}
    return " ".join(f"{name}={_quoted(parameters[name])}" for name in ("host", "port", "user", "password", "dbname") if parameters.get(name))


def _quoted(value: object) -> str:
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
