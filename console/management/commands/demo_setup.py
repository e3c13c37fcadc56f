"""A believable company with a plan in force and the practice order system to guard. Safe to run at every start."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from console.demo import logins, practice
from contingency.org.models import User
from contingency.plan.demo import demo_company_create
from kernel import clock
from kernel.errors import DomainError


class Command(BaseCommand):
    """Adds what is missing, leaves what is there; people and plan go through the ordinary services."""

    help = "Set up the demo company, its plan (submitted and approved by two people) and the practice order system."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--print-logins", action="store_true", help="only print the log-ins of the demo company")
        parser.add_argument("--new-passwords", action="store_true", help="give the demo people new passwords, where the old ones were lost")
        parser.add_argument("--json", action="store_true", help="print log-ins as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up, or only print."""
        kept = Path(settings.HOME) / "demo_logins.json"
        if not options["print_logins"]:
            try:
                self.set_up(kept, new_passwords=options["new_passwords"])
            except DomainError as problem:
                raise CommandError(problem.message) from problem
        if options["print_logins"] or options["new_passwords"]:
            known = logins.logins_read(kept)
            self.stdout.write(json.dumps(known, ensure_ascii=False) if options["json"] else logins.logins_text(known))

    def set_up(self, kept: Path, *, new_passwords: bool) -> None:
        """Company and plan, then the practice system. A real company's installation is left alone."""
        if User.objects.exclude(username__in=logins.demo_names()).exists() and not kept.exists():
            self.stdout.write("There are people here who are not of the demo company: nothing was set up.")
            return
        clock.allow_winding(settings.CLOCK_MAY_BE_WOUND)
        made = demo_company_create()
        logins.logins_keep(kept, logins.new_passwords() if new_passwords else made)
        lab = Path(os.environ.get("LAB_HOME") or Path(settings.HOME) / "lab") / "lab.json"
        part = practice.practice_part_define(lab)
        guarded = f"guards {part.name_en} at {part.base_url}" if part is not None else "guards nothing yet: the practice system was not started"
        self.stdout.write(f"{User.objects.count()} people, a plan in force; {guarded}.")
