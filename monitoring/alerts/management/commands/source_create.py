"""Let a monitoring tool file alerts, and print its key."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contingency.catalog.models import Part
from kernel.actors import SYSTEM
from kernel.errors import DomainError
from monitoring.alerts.services.sources import TELLABLE_KINDS, source_create, url_for


class Command(BaseCommand):
    """`source_create --kind K --name NAME`: prints {"id", "key", "url"}; the key is shown only now."""

    help = 'Let a monitoring tool file alerts. Prints {"id", "key", "url"}; the key is shown only this once.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kind", required=True, choices=TELLABLE_KINDS)
        parser.add_argument("--name", required=True, help="what people call the tool; once per console")
        parser.add_argument("--part", metavar="SLUG", help="where its alerts go that no matcher claims")
        parser.add_argument("--mapping", metavar="FILE", help="generic: a JSON file that says where our fields lie in its bodies")
        parser.add_argument("--period", type=float, metavar="SECONDS", help="heartbeat: how often the job reports (default: a day)")
        parser.add_argument("--grace", type=float, metavar="SECONDS", help="heartbeat: how much later it may be (default: an hour)")
        parser.add_argument("--json", action="store_true", help="the output is always JSON; accepted for symmetry")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create it or say why not, with exit code 1."""
        try:
            source, key = source_create(
                kind=options["kind"],
                name=options["name"],
                actor=SYSTEM,
                part=_part(options["part"]),
                mapping=_mapping(options["mapping"]),
                period=timedelta(seconds=options["period"]) if options["period"] else None,
                grace=timedelta(seconds=options["grace"]) if options["grace"] is not None else None,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps({"id": str(source.public_id), "key": key, "url": url_for(source, key)}))


def _part(slug: str | None) -> Part | None:
    if slug is None:
        return None
    part = Part.objects.filter(slug=slug).first()
    if part is None:
        known = ", ".join(Part.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no guarded part {slug!r}; there are: {known}.")
    return part


def _mapping(path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"The mapping cannot be read: {error}") from error
