"""The journal on the command line: what happened, from a cursor on, without ever skipping a late commit."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.api.views import entry_output
from kernel import journal
from kernel.errors import DomainError

BATCH = 500
WAIT_S = 1.0


class Command(BaseCommand):
    """Prints entries, oldest first. The last line's cursor is what to give to --since next time."""

    help = "Print journal entries behind a cursor (the cursor of the last entry seen; without it, from the beginning)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--since", default="", metavar="CURSOR", help="the cursor of the last entry seen, such as 912.4711")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.add_argument("--follow", action="store_true", help="go on as entries come, until Ctrl-C")
        parser.add_argument("--limit", type=int, default=0, help="stop after so many entries")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read batch after batch."""
        cursor, left = options["since"], options["limit"] or None
        try:
            while True:
                entries, cursor = journal.tail(cursor, limit=min(BATCH, left or BATCH))
                for entry in entries:
                    self.stdout.write(self.line(entry, as_json=options["json"]))
                self.stdout.flush()
                if left is not None:
                    left -= len(entries)
                    if left <= 0:
                        return
                if not entries:
                    if not options["follow"]:
                        return
                    time.sleep(WAIT_S)
        except DomainError as problem:
            raise CommandError(problem.message) from problem
        except KeyboardInterrupt:
            return

    def line(self, entry: Any, *, as_json: bool) -> str:
        """One entry in one line."""
        shown = entry_output(entry)
        if as_json:
            return json.dumps({**shown, "before": entry.before, "after": entry.after}, ensure_ascii=False)
        words = " ".join(shown["sentence"].split())
        return f"{entry.cursor}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {words}"
