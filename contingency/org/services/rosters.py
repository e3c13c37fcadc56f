"""Who is on duty when."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.errors import ShiftOverlaps
from contingency.org.events import ShiftAdded, ShiftCancelled
from contingency.org.models import Roster, Shift, User
from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotFound
from kernel.permissions import require

LONGEST_SHIFT = timedelta(days=31)


@transaction.atomic
def shift_add(*, actor: Actor, roster: str, user: UUID, starts_at: datetime, ends_at: datetime, rank: int = 1, reason: str = "") -> Shift:
    """Put a person on duty from–to (end excluded) at a rank of a roster. The database refuses two at once (ORG-03).

    Raises NotPermitted, NotFound, Invalid, ShiftOverlaps.
    """
    found = Roster.objects.select_related("unit").filter(slug=roster, retired_at=None).first()
    if found is None:
        raise NotFound(kind=_("roster"))
    require(actor, "org.shift_add", found)
    person = User.lock(user)
    rank = int(rank)
    if not starts_at < ends_at <= starts_at + LONGEST_SHIFT:
        raise Invalid(field="ends_at", problem=_("a shift ends after it starts, and within a month."))
    if not 1 <= rank <= found.ranks:
        raise Invalid(field="rank", problem=_("this roster has the ranks 1 to %(ranks)s.") % {"ranks": found.ranks})
    if not person.is_active:
        raise Invalid(field="user", problem=_("this person has left."))
    shift = Shift(roster=found, user=person, starts_at=starts_at, ends_at=ends_at, rank=rank)
    try:
        with transaction.atomic():
            shift.save()
    except IntegrityError as error:
        raise ShiftOverlaps(roster=found.name_en, rank=rank) from error
    event = ShiftAdded(user_id=person.public_id, roster=found.slug, rank=rank, starts_at=starts_at, ends_at=ends_at)
    journal.record(event, subject=shift, under=[found, person], actor=actor, reason=reason)
    return shift


@transaction.atomic
def shift_cancel(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Shift:
    """Take a duty off the roster, so that somebody else can be put there. Raises NotPermitted, Stale, Conflict when it was off."""
    shift = Shift.lock(public_id, version=version)
    require(actor, "org.shift_cancel", shift)
    if shift.cancelled_at is not None:
        raise Conflict(problem=_("This shift is cancelled already."))
    shift.cancelled_at = clock.now()
    shift.version += 1
    shift.save()
    event = ShiftCancelled(user_id=shift.user.public_id, roster=shift.roster.slug, rank=shift.rank)
    journal.record(event, subject=shift, under=[shift.roster, shift.user], actor=actor, reason=reason)
    return shift
