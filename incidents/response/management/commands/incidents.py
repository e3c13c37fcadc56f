"""List incidents."""

import json
from argparse import ArgumentParser
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from incidents.response.models.states import State
from incidents.response.records import output
from incidents.response.selectors import incident_list
from kernel.actors import SYSTEM
from kernel.errors import DomainError

RELATED = ("part__unit", "fault_kind", "outage", "merged_into")


class Command(BaseCommand):
    """`incidents [--state S] [--part P] [--grade G] [--json]`: newest first; exit status 1 for an unknown filter."""

    help = "List incidents, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--state", choices=["open", *State.values], default="")
        parser.add_argument("--part", metavar="SLUG", default="")
        parser.add_argument("--grade", metavar="GRADE", default="")
        parser.add_argument("--class", metavar="CLASS", default="", dest="fault_class")
        parser.add_argument("--limit", type=int, default=1000)
        parser.add_argument("--json", action="store_true", help="a JSON array instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them."""
        filters = {name: options[name] for name in ("state", "part", "grade", "fault_class")}
        try:
            found = list(incident_list(SYSTEM, **filters).select_related(*RELATED)[: options["limit"]])
        except DomainError as problem:
            raise CommandError(problem.message) from problem
        if options["json"]:
            self.stdout.write(json.dumps([output(incident) for incident in found], cls=DjangoJSONEncoder, ensure_ascii=False))
            return
        for incident in found:
            since = incident.failing_since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
            grade = incident.grade or f"({incident.proposed_grade})"
            self.stdout.write(f"{incident.number}  {incident.state:<12} {grade:<10} {incident.part.slug:<20} since {since}  {incident.title}")
