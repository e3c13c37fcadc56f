"""Setting up a fence (drills do, from above)."""

from collections.abc import Iterable

from django.db import transaction

from contingency.org.models import User
from kernel import clock, journal
from kernel.actors import Actor
from notify.events import FenceOpened
from notify.models import Fence, FencedAddress


@transaction.atomic
def fence_open(*, key: str, label: str, people: Iterable[User], addresses: Iterable[str] = (), actor: Actor) -> Fence:
    """Make the closed list `key`, or replace what is on it. From now on messages under it reach these and nobody else."""
    now = clock.now()
    people, addresses = list(people), sorted(set(addresses))
    fence, _created = Fence.objects.select_for_update().get_or_create(key=key, defaults={"label": label, "opened_at": now})
    fence.label = label
    fence.save(update_fields=["label"])
    fence.people.set(people)
    fence.addresses.exclude(address__in=addresses).delete()
    FencedAddress.objects.bulk_create([FencedAddress(fence=fence, address=address) for address in addresses], ignore_conflicts=True)
    event = FenceOpened(key=key, user_ids=[person.public_id for person in people], addresses=len(addresses), at=now)
    journal.record(event, subject=fence, actor=actor)
    return fence
