"""Who holds which position: the grants of the house."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contingency.org import roles
from contingency.org.errors import HoldingOverlaps, LastOfItsKind, RolesExclude
from contingency.org.events import HoldingAssigned, HoldingEnded
from contingency.org.models import Holding, Position, User
from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import Invalid, NotFound
from kernel.permissions import require

# Whoever may grant these could make themselves judge of their own work: an administrator and a second person, never a lead.
RESTRICTED = frozenset({roles.AUDITOR, roles.ADMINISTRATOR, roles.DIRECTOR})


def _move_for(verb: str, position: Position) -> str:
    return f"org.holding_{verb}_restricted" if position.role in RESTRICTED else f"org.holding_{verb}"


@transaction.atomic
def holding_assign(
    *,
    actor: Actor,
    user: UUID,
    position: str,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    is_deputy: bool = False,
    reason: str = "",
) -> Holding:
    """Give a person a position, from now or from `starts_at`, until `ends_at` or until it is ended. A deputy's has an end.

    Raises NotPermitted, NeedsSecondPerson, NotFound, Invalid, HoldingOverlaps, RolesExclude (SEC-01: auditor and
    administrator exclude every operating role and each other, at any moment of the holding).
    """
    now = clock.now()
    person = User.lock(user)
    held = Position.objects.select_related("unit").filter(slug=position, retired_at=None).first()
    if held is None:
        raise NotFound(kind=_("position"))
    require(actor, _move_for("assign", held), held)
    starts_at = starts_at or now
    if ends_at is not None and ends_at <= starts_at:
        raise Invalid(field="ends_at", problem=_("it must end after it starts."))
    if is_deputy and ends_at is None:
        raise Invalid(field="ends_at", problem=_("a deputy's time has an end."))
    if not person.is_active:
        raise Invalid(field="user", problem=_("this person has left."))
    _refuse_clash(person, held, starts_at, ends_at)
    holding = Holding(user=person, position=held, starts_at=starts_at, ends_at=ends_at, is_deputy=is_deputy)
    try:
        with transaction.atomic():
            holding.save()
    except IntegrityError as error:
        raise HoldingOverlaps(person=person.display_name, position=held.name_en) from error
    event = HoldingAssigned(user_id=person.public_id, position=held.slug, role=held.role, starts_at=starts_at, ends_at=ends_at)
    journal.record(event, subject=holding, under=[person, held], actor=actor, reason=reason)
    return holding


@transaction.atomic
def holding_end(*, public_id: UUID, version: int | None, actor: Actor, ends_at: datetime | None = None, reason: str = "") -> Holding:
    """End a holding, now or at a set time. What its role permitted ends with it, at the next request.

    Raises NotPermitted, NeedsSecondPerson, Stale, Invalid, LastOfItsKind (nobody may be left without administrator or director).
    """
    now = clock.now()
    holding = Holding.lock(public_id, version=version)
    position = Position.objects.select_related("unit").get(pk=holding.position_id)
    require(actor, _move_for("end", position), holding)
    ends_at = ends_at or now
    if ends_at < now or ends_at < holding.starts_at:
        raise Invalid(field="ends_at", problem=_("what was cannot be changed: give a time from now on."))
    if holding.ends_at is not None and holding.ends_at <= now:
        raise Invalid(field="ends_at", problem=_("this holding is over already."))
    last_one_refuse(position.role, without=Q(pk=holding.pk), at=ends_at)
    holding.ends_at = ends_at
    holding.version += 1
    holding.save()
    event = HoldingEnded(user_id=holding.user.public_id, position=position.slug, role=position.role, ends_at=ends_at)
    journal.record(event, subject=holding, under=[holding.user, position], actor=actor, reason=reason)
    return holding


def last_one_refuse(role: str, *, without: Q, at: datetime) -> None:
    """Refuse to leave the house without an administrator or a director. Locks the remaining holdings of the role."""
    if role not in {roles.ADMINISTRATOR, roles.DIRECTOR}:
        return
    in_force = Q(starts_at__lte=at) & (Q(ends_at=None) | Q(ends_at__gt=at))
    others = Holding.objects.filter(in_force, position__role=role, position__retired_at=None, user__is_active=True).exclude(without)
    if not list(others.select_for_update(of=("self",)).order_by("pk")):
        raise LastOfItsKind(role=roles.Role(role).label)


def _refuse_clash(person: User, position: Position, starts_at: datetime, ends_at: datetime | None) -> None:
    """The person's row is locked, so two grants at once cannot pass each other."""
    others = Holding.objects.filter(user=person, position__retired_at=None).exclude(ends_at__lte=starts_at)
    if ends_at is not None:
        others = others.filter(starts_at__lt=ends_at)
    for role in others.values_list("position__role", flat=True):
        if found := roles.clash([role, position.role]):
            raise RolesExclude(person=person.display_name, role=roles.Role(found[0]).label, other=roles.Role(found[1]).label)
