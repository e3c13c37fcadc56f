"""Read and understood: who confirmed it of the version in force (PLN-02)."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.plan.events import PlanVersionRead
from contingency.plan.models import PlanReceipt, PlanVersion
from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import InvalidTransition, NotPermitted
from kernel.permissions import require


@transaction.atomic
def plan_read_confirm(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> PlanVersion:
    """Note that the acting person has read and understood the version in force. A second time changes and records nothing.

    Raises NotPermitted, InvalidTransition for a version that is not in force, Stale.
    """
    read = PlanVersion.lock(public_id, version=version)
    require(actor, "plan.read_confirm", read)
    if actor.user_id is None:
        raise NotPermitted(action=_("confirming to have read the plan without being a person"))
    if read.state != PlanVersion.State.APPROVED:
        raise InvalidTransition(state=read.state_label(), action=_("I have read and understood it"))
    receipt, is_new = PlanReceipt.objects.get_or_create(plan_version=read, user_id=actor.user_id, defaults={"read_at": clock.now()})
    if is_new:
        event = PlanVersionRead(version_id=read.public_id, number=read.number)
        journal.record(event, subject=read, under=[read.plan], actor=actor, reason=reason, after={"receipt": str(receipt.public_id)})
    return read
