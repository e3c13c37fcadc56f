"""`manage.py demo_setup`: the demo company, the shipped plan in force, and the practice order system guarded."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console import demo
from kernel.errors import DomainError


class Command(BaseCommand):
    """Set up the demo company where it is missing; safe to repeat. Exit codes: 0 done, 1 refused, with the reason."""

    help = " ".join((__doc__ or "").split())

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the practice system's address book is, or only print the log-ins."""
        parser.add_argument("--lab-file", type=Path, default=settings.HOME / "lab" / "lab.json", help="address book of the practice order system")
        parser.add_argument("--print-logins", action="store_true", help="only print the log-ins that were made here")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up and tell."""
        if options["print_logins"]:
            self.stdout.write(demo.logins_text(), ending="")
            return
        try:
            for line in demo.set_up(address_book=options["lab_file"]):
                self.stdout.write(line)
        except DomainError as error:
            raise CommandError(error.message) from error
