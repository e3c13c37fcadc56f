"""How the first plan gets approved although approving needs a director, and a director needs a position of the plan."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.plan.document import read
from contingency.plan.errors import OrganisationExists
from contingency.plan.events import OrganisationFounded
from contingency.plan.models import Plan, PlanVersion
from contingency.plan.services.materialising import organisation_make
from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import NotPermitted


@transaction.atomic
def organisation_found(*, text: str, actor: Actor, reason: str = "") -> None:
    """Lay out units, positions, groups and rosters of a document before any version is in force, so that people can hold them.

    From the command line of the console's machine only. Doing it twice changes nothing.
    Raises NotPermitted, OrganisationExists, PlanDocumentInvalid.
    """
    document = read(text)
    if actor.kind != "system":
        raise NotPermitted(action=_("founding the organisation"))
    now = clock.now()
    Plan.objects.get_or_create(slug=document.slug, defaults={"name_en": document.title.en, "name_zh": document.title.zh})
    plan = Plan.objects.select_for_update().get(slug=document.slug)
    if PlanVersion.objects.filter(state__in=[PlanVersion.State.APPROVED, PlanVersion.State.SUPERSEDED]).exists():
        raise OrganisationExists
    event = OrganisationFounded(slug=document.slug, positions=len(document.positions))
    entry = journal.record(event, subject=plan, actor=actor, reason=reason)
    organisation_make(document, at=now, actor=actor, cause=entry)
