"""A plan version's life: loaded as a draft, submitted, approved or sent back, superseded (PLN-01, PLN-03)."""

import hashlib
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.models import User
from contingency.plan.document import read, write
from contingency.plan.errors import AuthorMayNotApprove
from contingency.plan.events import PlanVersionApproved, PlanVersionLoaded, PlanVersionSentBack, PlanVersionSubmitted, PlanVersionSuperseded
from contingency.plan.models import Plan, PlanVersion
from contingency.plan.services.materialising import rows_make
from contingency.plan.services.rounds import rounds_follow
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import NotPermitted, ReasonRequired
from kernel.permissions import require


def plan_load(*, text: str, actor: Actor, reason: str = "") -> PlanVersion:
    """Make a draft of this document, in its canonical form. The same text as the newest version gives that version again.

    The acting person is its author; loaded by the command line in nobody's name it has none.
    Raises NotPermitted, PlanDocumentInvalid (with every problem and its line).
    """
    require(actor, "plan.load")
    document = read(text)
    return _draft(write(document), plan=(document.slug, document.title.en, document.title.zh), actor=actor, reason=reason)


@transaction.atomic
def _draft(text: str, *, plan: tuple[str, str, str], actor: Actor, reason: str) -> PlanVersion:
    now = clock.now()
    slug, name_en, name_zh = plan
    Plan.objects.get_or_create(slug=slug, defaults={"name_en": name_en, "name_zh": name_zh})
    held = Plan.objects.select_for_update().get(slug=slug)
    newest = held.versions.order_by("-number").first()
    digest = hashlib.sha256(text.encode()).hexdigest()
    if newest is not None and newest.digest == digest:
        return newest
    number = newest.number + 1 if newest is not None else 1
    version = PlanVersion(plan=held, number=number, text=text, digest=digest, author_id=actor.user_id, loaded_at=now)
    version.save()
    journal.record(
        PlanVersionLoaded(version_id=version.public_id, number=number, digest=digest), subject=version, under=[held], actor=actor, reason=reason
    )
    return version


@transaction.atomic
def plan_submit(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> PlanVersion:
    """Hand a draft in for review. Raises NotPermitted, InvalidTransition, Stale."""
    now = clock.now()
    draft = PlanVersion.lock(public_id, version=version)
    require(actor, "plan.submit", draft)
    fsm.move(draft, draft.submit, at=now)
    journal.record(
        PlanVersionSubmitted(version_id=draft.public_id, number=draft.number), subject=draft, under=[draft.plan], actor=actor, reason=reason
    )
    return draft


@transaction.atomic
def plan_send_back(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> PlanVersion:
    """Send a version in review back to be improved, saying why. Raises NotPermitted, ReasonRequired, InvalidTransition, Stale."""
    reviewed = PlanVersion.lock(public_id, version=version)
    require(actor, "plan.send_back", reviewed)
    if not reason.strip():
        raise ReasonRequired(action=_("Send back"))
    fsm.move(reviewed, reviewed.send_back)
    event = PlanVersionSentBack(version_id=reviewed.public_id, number=reviewed.number)
    journal.record(event, subject=reviewed, under=[reviewed.plan], actor=actor, reason=reason)
    return reviewed


@transaction.atomic
def plan_approve(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> PlanVersion:
    """Put a version in force: the project director, never its author. The version in force until now is superseded.

    What the document says becomes the rows that the rooms use, in this transaction; a running incident keeps what was
    copied onto it. Raises NotPermitted, AuthorMayNotApprove, InvalidTransition, Stale, RolesExclude.
    """
    now = clock.now()
    found = PlanVersion.lock(public_id)
    plan = Plan.objects.select_for_update().get(pk=found.plan_id)  # one approval at a time, so that rows of two never mix
    approved = PlanVersion.lock(public_id, version=version)
    require(actor, "plan.approve", approved)
    if actor.user_id is None:
        raise NotPermitted(action=_("approving a plan without being a person"))
    if actor.user_id == approved.author_id:
        raise AuthorMayNotApprove(action=_("Approve"))
    before = PlanVersion.objects.select_for_update(of=("self",)).filter(plan=plan, state=PlanVersion.State.APPROVED).first()
    if before is not None:
        fsm.move(before, before.supersede, at=now)
    fsm.move(approved, approved.approve, approver=User.objects.get(pk=actor.user_id), at=now)
    author = approved.author.display_name if approved.author else ""
    event = PlanVersionApproved(version_id=approved.public_id, number=approved.number, digest=approved.digest, author=author)
    entry = journal.record(event, subject=approved, under=[plan], actor=actor, reason=reason)
    if before is not None:
        superseded = PlanVersionSuperseded(version_id=before.public_id, number=before.number, by_number=approved.number)
        journal.record(superseded, subject=before, under=[plan], actor=actor, cause=entry)
    rows_make(read(approved.text), version=approved, at=now, actor=actor, cause=entry)
    rounds_follow(at=now, actor=actor, cause=entry)
    return approved


def plan_export(version: PlanVersion) -> str:
    """The document of a version, in the canonical form: loading it and exporting it again gives the same bytes (PLN-03)."""
    return version.text
