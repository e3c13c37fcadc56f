"""`manage.py plan_load`: a plan document becomes a draft, and with --submit and --approve-as the plan in force."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contingency.org.selectors import actor_of_user, user_get
from contingency.plan import services
from contingency.plan.document import PlanDocumentInvalid
from contingency.plan.models import PlanVersion
from kernel.actors import SYSTEM, Actor
from kernel.errors import DomainError

INVALID = 2
REFUSED = 3


class Command(BaseCommand):
    """Load a plan document (YAML, switchback-plan/1) as a draft. Exit codes: 0 done, 1 no such file, 2 the document is
    invalid (each problem with its line on stderr), 3 refused."""

    help = " ".join((__doc__ or "").split())

    def add_arguments(self, parser: CommandParser) -> None:
        """File, and how far to go with it."""
        parser.add_argument("file", help="the document; - reads standard input")
        parser.add_argument("--as", dest="author", metavar="USER", help="whose draft it is (default: nobody's, loaded from the command line)")
        parser.add_argument("--submit", action="store_true", help="hand it in for review as well")
        parser.add_argument("--approve-as", metavar="USER", help="approve it as this person (project director, not the author); needs --submit")
        parser.add_argument("--check", action="store_true", help="only say what is wrong with the document; load nothing")
        parser.add_argument("--json", action="store_true", help="print the version, or the problems, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, submit, approve."""
        if options["approve_as"] and not options["submit"]:
            raise CommandError("--approve-as needs --submit.")
        text = self._text(options["file"])
        try:
            if options["check"]:
                self._check(text)
                return
            version = self._carry_out(text, options)
        except PlanDocumentInvalid as error:
            self._complain(error, as_json=options["json"])
            raise SystemExit(INVALID) from None
        except DomainError as error:
            raise CommandError(error.message, returncode=REFUSED) from error
        self._tell(version, as_json=options["json"])

    def _text(self, name: str) -> str:
        try:
            return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{name} cannot be read: {error}") from error

    def _check(self, text: str) -> None:
        from contingency.plan.document import read

        read(text)
        self.stdout.write("The document is valid.")

    def _carry_out(self, text: str, options: dict[str, Any]) -> PlanVersion:
        version = services.plan_load(text=text, actor=self._actor(options["author"]))
        if options["submit"] and version.state == PlanVersion.State.DRAFT:
            version = services.plan_submit(public_id=version.public_id, version=version.version, actor=self._actor(options["author"]))
        if options["approve_as"] and version.state == PlanVersion.State.IN_REVIEW:
            version = services.plan_approve(public_id=version.public_id, version=version.version, actor=self._actor(options["approve_as"]))
        return version

    def _actor(self, username: str | None) -> Actor:
        """Whoever may run commands on this machine needs no further proof."""
        return replace(actor_of_user(user_get(username)), proved=True) if username else SYSTEM

    def _complain(self, error: PlanDocumentInvalid, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"code": error.code, "problems": error.params["problems"]}, ensure_ascii=False))
            return
        for problem in error.problems:
            self.stderr.write(str(problem))

    def _tell(self, version: PlanVersion, *, as_json: bool) -> None:
        if as_json:
            told = {
                "id": str(version.public_id),
                "number": version.number,
                "state": version.state,
                "version": version.version,
                "digest": version.digest,
            }
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(f"{version.journal_label()}: {version.get_state_display()}")
