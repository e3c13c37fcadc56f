"""`manage.py webhook_secret <contact point id>`: what the receiver of a webhook needs to check our signatures."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from contingency.org.models import ContactPoint
from notify.secrets import webhook_secret_shown


class Command(BaseCommand):
    """Print the signing secret of a webhook contact point (Standard Webhooks, `whsec_…`)."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which contact point."""
        parser.add_argument("contact_point", type=UUID, help="public id of a contact point of the kind webhook")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses with exit status 1 when there is none."""
        point = ContactPoint.objects.filter(public_id=options["contact_point"], kind=ContactPoint.Kind.WEBHOOK, is_active=True).first()
        if point is None:
            raise CommandError("There is no active webhook with this id.")
        self.stdout.write(webhook_secret_shown(point))
