"""`manage.py token_create`: a personal token for a person, printed once."""

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contingency.org import selectors, services
from kernel import clock
from kernel.actors import SYSTEM
from kernel.errors import DomainError

REFUSED = 3


class Command(BaseCommand):
    """Make a personal token: it acts in the person's name, with their roles cut down to its scopes, and is printed once.
    Exit codes: 0 made, 3 refused (no such person, no such scope, a life of more than a year)."""

    help = " ".join((__doc__ or "").split())

    def add_arguments(self, parser: CommandParser) -> None:
        """For whom, for what, how long."""
        parser.add_argument("--user", required=True, help="user name of the owner")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            metavar="SCOPE",
            dest="scopes",
            help="such as incidents:read or incidents:write; repeat it for more",
        )
        parser.add_argument("--name", default="", help="what it is for")
        parser.add_argument("--days", type=int, default=90, help="days until it ends (default 90, at most 366)")
        parser.add_argument("--json", action="store_true", help="print id, token, user, scopes and end as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make and print."""
        try:
            owner = selectors.user_get(options["user"])
            ends = clock.now() + timedelta(days=options["days"])
            token, secret = services.token_create(actor=SYSTEM, user=owner.public_id, scopes=options["scopes"], name=options["name"], expires_at=ends)
        except DomainError as error:
            raise CommandError(error.message, returncode=REFUSED) from error
        if options["json"]:
            told = {
                "id": str(token.public_id),
                "token": secret,
                "user": owner.username,
                "scopes": token.scopes,
                "expires_at": token.expires_at.isoformat(),
            }
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(secret)
