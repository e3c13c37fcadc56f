"""`manage.py plan_export`: the document of a version, byte by byte as loading and exporting it again gives it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contingency.plan import selectors, services
from kernel.errors import DomainError

NOT_FOUND = 4


class Command(BaseCommand):
    """Print the plan document: of the version in force, or of the version with this number. Exit codes: 0 done, 4 no such version."""

    help = " ".join((__doc__ or "").split())

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """`--version` means a version of the plan here, not Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which version, and where to."""
        parser.add_argument("--version", type=int, metavar="N", dest="number", help="the version's number (default: the version in force)")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or write."""
        try:
            text = services.plan_export(selectors.version_get(options["number"]))
        except DomainError as error:
            raise CommandError(error.message, returncode=NOT_FOUND) from error
        if options["output"]:
            options["output"].write_bytes(text.encode())
        else:
            self.stdout.write(text, ending="")
