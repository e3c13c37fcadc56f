"""`manage.py verify_journal`: find the first bad entry."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kernel.journal.verification import verify


class Command(BaseCommand):
    """Check every sealed entry, the chain, its signatures and the exported heads. Exit code 0 whole, 1 tampered."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the exported heads are, and how to print."""
        parser.add_argument("--heads", type=Path, help="file of exported heads (default: the installation's own)")
        parser.add_argument("--json", action="store_true", help="print the verdict as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the verdict."""
        verdict = verify(heads=options["heads"])
        if options["json"]:
            found = [vars(finding) for finding in verdict.findings]
            self.stdout.write(
                json.dumps(
                    {"whole": verdict.is_whole, "entries": verdict.entries, "seals": verdict.seals, "unsealed": verdict.unsealed, "findings": found}
                )
            )
        else:
            for finding in verdict.findings:
                self.stdout.write(f"{finding.code}: {finding.detail}")
            state = "whole" if verdict.is_whole else "TAMPERED WITH"
            self.stdout.write(f"{verdict.entries} entries in {verdict.seals} seals, {verdict.unsealed} not sealed yet: {state}")
        if not verdict.is_whole:
            raise SystemExit(1)
