"""List recovery clocks."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from incidents.switchover.records import clock_output
from incidents.switchover.records import clocks_for as clock_rows
from kernel.actors import SYSTEM


class Command(BaseCommand):
    """`clocks [--all] [--outage NUMBER] [--json]`: those of open outages, newest outage first."""

    help = "List the recovery clocks of open outages with the seconds left until breach."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="also those of outages that are over")
        parser.add_argument("--outage", metavar="NUMBER", default="", help="of this outage only (OUT-2026-0001)")
        parser.add_argument("--limit", type=int, default=300)
        parser.add_argument("--json", action="store_true", help="a JSON array instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them."""
        rows = clock_rows(SYSTEM, outage=options["outage"])
        if not options["all"] and not options["outage"]:
            rows = rows.filter(outage__ended_at=None)
        found = [clock_output(row) for row in rows[: options["limit"]]]
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        for row in found:
            left = "" if row["seconds_left"] is None else f"{row['seconds_left']:+.0f} s"
            self.stdout.write(f"{row['outage']:<14} {row['part']:<20} {row['kind']:<10} {row['state']:<9} {left:>10}  due {row['due_at'] or '-'}")
