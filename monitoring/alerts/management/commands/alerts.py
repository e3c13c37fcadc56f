"""List alerts."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from kernel.actors import SYSTEM
from monitoring.alerts.selectors import alert_list, alert_output


class Command(BaseCommand):
    """`alerts [--state S] [--since T] [--json]`: newest first."""

    help = "List alerts, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--state", choices=["open", "firing", "acknowledged", "resolved"], default="")
        parser.add_argument("--since", metavar="TIME", default="", help="first seen at or after this moment (ISO 8601)")
        parser.add_argument("--part", metavar="SLUG", default="")
        parser.add_argument("--source", metavar="NAME", default="")
        parser.add_argument("--severity", choices=["critical", "error", "warning", "info"], default="")
        parser.add_argument("--unrouted", action="store_true", help="only those that belong to no guarded part")
        parser.add_argument("--limit", type=int, default=1000)
        parser.add_argument("--json", action="store_true", help="a JSON array instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them."""
        found = alert_list(
            SYSTEM,
            state=options["state"],
            part=options["part"],
            source=options["source"],
            severity=options["severity"],
            unrouted="1" if options["unrouted"] else "",
            since=_moment(options["since"]),
        )[: options["limit"]]
        if options["json"]:
            self.stdout.write(json.dumps([alert_output(alert) for alert in found], cls=DjangoJSONEncoder, ensure_ascii=False))
            return
        for alert in found:
            part = alert.part.slug if alert.part else "unrouted"
            started = alert.episode_start.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
            self.stdout.write(
                f"{started}  {alert.state:<12} {alert.severity:<8} {part:<20} x{alert.times_seen:<5} {alert.source.name}: {alert.summary}"
            )


def _moment(text: str) -> str:
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--since: {text!r} is no ISO 8601 time.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
