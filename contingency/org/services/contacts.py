"""How people are reached."""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.events import ContactPointAdded, ContactPointLost, ContactPointRemoved
from contingency.org.models import ContactPoint, User
from kernel import journal
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotPermitted
from kernel.permissions import Grant, require

_validate_url = URLValidator(schemes=["http", "https"])


@transaction.atomic
def contact_point_add(*, actor: Actor, user: UUID | None = None, kind: str, address: str, order: int | None = None, reason: str = "") -> ContactPoint:
    """Add a way to reach a person (oneself when no one is named); without an order it is tried last.

    Raises NotPermitted, Invalid, Conflict when it is there already.
    """
    person = User.lock(user) if user is not None else User.objects.select_for_update().filter(pk=actor.user_id or 0).first()
    if person is None:
        raise Invalid(field="user", problem=_("this is needed."))
    _require_own_or_all(actor, "org.contact_point_add", person.pk, person)
    address = _checked(kind, address.strip())
    if order is None:
        order = ContactPoint.objects.filter(user=person, is_active=True).count() + 1
    point = ContactPoint.objects.filter(user=person, kind=kind, address=address).first()
    if point is not None and point.is_active:
        raise Conflict(problem=_("This person is reached there already."))
    point = point or ContactPoint(user=person, kind=kind, address=address)
    point.order, point.is_active, point.version = int(order), True, point.version + (point.pk is not None)
    try:
        with transaction.atomic():
            point.save()
    except IntegrityError as error:
        raise Conflict(problem=_("This person is reached there already.")) from error
    journal.record(ContactPointAdded(user_id=person.public_id, kind=kind), subject=point, under=[person], actor=actor, reason=reason)
    return point


@transaction.atomic
def contact_point_remove(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> ContactPoint:
    """Stop reaching a person that way; messages already sent keep their copy of it. Raises NotPermitted, Stale."""
    point = ContactPoint.lock(public_id, version=version)
    _require_own_or_all(actor, "org.contact_point_remove", point.user_id, point)
    point.is_active = False
    point.version += 1
    point.save()
    journal.record(ContactPointRemoved(user_id=point.user.public_id, kind=point.kind), subject=point, under=[point.user], actor=actor, reason=reason)
    return point


@transaction.atomic
def contact_point_lost(*, point: ContactPoint, actor: Actor, reason: str = "") -> None:
    """The other side says that this address is gone for good: it is no longer tried until somebody adds it again."""
    present = ContactPoint.objects.select_for_update(of=("self",)).select_related("user").get(pk=point.pk)
    if not present.is_active:
        return
    present.is_active = False
    present.version += 1
    present.save()
    event = ContactPointLost(user_id=present.user.public_id, kind=present.kind)
    journal.record(event, subject=present, under=[present.user], actor=actor, reason=reason)


def _require_own_or_all(actor: Actor, move: str, owner_id: int, record: User | ContactPoint) -> None:
    if require(actor, move, record) != Grant.ALL and actor.user_id != owner_id:
        raise NotPermitted(action=_("changing another person's contact points"))


def _checked(kind: str, address: str) -> str:
    """The address, when it is one of its kind."""
    try:
        if kind == ContactPoint.Kind.EMAIL:
            validate_email(address)
        elif kind == ContactPoint.Kind.WEBHOOK:
            _validate_url(address)
        elif kind != ContactPoint.Kind.PHONE:
            raise Invalid(field="kind", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(ContactPoint.Kind.values)})
        elif not address.removeprefix("+").replace(" ", "").replace("-", "").isdigit():
            raise ValidationError("telephone")
    except ValidationError:
        raise Invalid(field="address", problem=_("this is no address of that kind.")) from None
    return address
