"""Every move filled in so that it can be carried out, as far as that can be told from its inputs; and looking without leaving a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import Client

from kernel import clock, inputs, records
from kernel.models import Entry
from kernel.moves import Move

PAST = frozenset({"failing_since", "repaired_at", "placed_at"})
HERE = "http://127.0.0.1:9/"
WORDS = {
    "slug": "another-part", "base_url": HERE, "primary_url": f"{HERE}a", "primary_ready_url": f"{HERE}a/ready", "standby_url": f"{HERE}b",
    "standby_ready_url": f"{HERE}b/ready", "target": HERE, "scopes": "incidents:read", "address": "another@example.com",
    "email": "another@example.com", "time_zone": "Asia/Shanghai", "network": "10.1.0.0/24", "username": "another", "kind": "email",
    "password": "a password nobody guesses", "severities": "critical", "label": "service", "value": "another", "chain": "duty",
    "unit": "operations", "roster": "duty", "part": "orders", "fence": "", "fault_kind": "", "side": "", "metric": "",
}  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def filled(move: Move, samples: Mapping[str, Any], person: Any) -> dict[str, str]:
    """A value for each input, as a form would send it; `person` is whom inputs that ask for one get."""
    now = clock.now()

    def value_of(item: inputs.Input) -> str:
        if isinstance(item, inputs.Choice):
            return next((str(value) for value, _words in item.options() if value), "")
        if isinstance(item, inputs.When):
            return (now - timedelta(seconds=30) if item.name in PAST else now + timedelta(minutes=40)).isoformat()
        if isinstance(item, inputs.Person):
            return str(person.public_id)
        if item.name == "entry":
            return str(Entry.objects.filter(subject_kind="incident").latest("id").public_id)
        if isinstance(item, inputs.Identifier):
            record = samples.get(getattr(item, "kind", ""))
            return str(record.public_id) if record is not None else ""
        if isinstance(item, inputs.Flag):
            return ""
        if isinstance(item, inputs.Number):
            return str(item.minimum if item.minimum is not None else 1)
        if isinstance(item, inputs.Mapping):
            return "" if item.name == "severity_map" else "service = orders"
        return WORDS.get(item.name, "{}" if not isinstance(item, inputs.Text) else "Some words")

    return {item.name: value_of(item) for item in move.inputs} | {"reason": "Because"}


def form_address(move: Move, record: Any) -> str:
    """Where the form of a move stands."""
    return f"/do/{move.id}/" if move.creates else f"/do/{move.id}/{record.public_id}/"


def api_address(move: Move, record: Any) -> str:
    """Where a move stands in the API."""
    collection = records.get(move.record).collection
    return f"/api/v1/{collection}/{move.verb}/" if move.creates else f"/api/v1/{collection}/{record.public_id}/{move.verb}/"


def post(client: Client, address: str, body: Mapping[str, Any]) -> Any:
    """Send JSON."""
    return client.post(address, json.dumps(body), content_type="application/json")


def press(client: Client, address: str, form: Mapping[str, Any]) -> Any:
    """Send a form as the dialog does: what is refused comes back as a fragment."""
    return client.post(address, form, headers={"HX-Request": "true"})


def every_scope() -> list[str]:
    """For a token that may do whatever its owner may."""
    from contingency.org.services.tokens import known_scopes

    return sorted(known_scopes())
