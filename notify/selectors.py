"""Reads of the room."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from contingency.org import selectors as org
from contingency.org.models import ContactPoint, User
from contingency.plan import selectors as plan
from kernel import clock
from kernel.actors import Actor
from kernel.i18n import both
from kernel.journal import ref_of
from kernel.permissions import Grant
from kernel.records import readable_paths
from notify import channels
from notify.models import ChannelHealth, Delivery, Fence, Page, PageCall

READERS = {"ops_engineer": Grant.OWN, "team_lead": Grant.OWN, "business_ops": Grant.OWN, "auditor": Grant.ALL, "director": Grant.ALL}

COALESCE_FOR = timedelta(minutes=5)  # T9: at most one page per person and group in this time; the rest in a digest


def may_reach(fence: str, user: User, address: str) -> bool:
    """Whether a message under this fence may go to this address of this person. An unknown fence lets nobody through."""
    if not fence:
        return True
    return Fence.objects.filter(Q(people=user) | Q(addresses__address=address), key=fence).exists()


def points_of(user: User, *, fence: str = "") -> list[ContactPoint]:
    """The person's ways to be reached that a channel exists for and the fence allows, in their own order."""
    points = [point for point in org.contact_points(user) if channels.find(point.kind) is not None]
    return [point for point in points if may_reach(fence, user, point.address)] if fence else points


def down_keys(keys: Iterable[str], at: datetime) -> set[str]:
    """Those of these breakers that keep messages away now."""
    return set(ChannelHealth.objects.filter(key__in=list(keys), open_until__gt=at).values_list("key", flat=True))


def channel_states() -> list[dict[str, Any]]:
    """Every breaker that exists, for doctor and the set-up screen: key, channel, is_down, since, last error."""
    return [
        {
            "key": row.key,
            "channel": row.channel,
            "is_down": row.is_down,
            "down_since": row.down_since,
            "open_until": row.open_until,
            "last_error": row.last_error,
        }
        for row in ChannelHealth.objects.order_by("key")
    ]


def people_of_step(step: dict[str, Any], at: datetime) -> list[User]:
    """Whom a step of a chain calls now: the one on duty at a rank of a roster, or the holders of a position."""
    if step.get("roster"):
        return [shift.user for shift in org.shifts_at(step["roster"], at) if shift.rank == step["rank"]]
    return org.people_with_position(step["position"], at)


def chain_steps(slug: str) -> tuple[list[dict[str, Any]], int]:
    """The chain as plain steps to copy onto a page, and the seconds after the last one until it is exhausted. Raises NotFound."""
    chain = plan.chain_get(slug)
    steps = [
        {
            "roster": step.roster.slug if step.roster else "",
            "rank": step.rank,
            "position": step.position.slug if step.position else "",
            "after_s": step.after_seconds,
            "name": _name_of(step.roster or step.position),
        }
        for step in chain.steps.all()
    ]
    return steps, int(chain.gives_up_after.total_seconds())


def _name_of(row: Any) -> str:
    return both(row.name_en, row.name_zh) if row is not None else ""


def last_call_in_group(user: User, group: str, *, since: datetime, but: Page) -> PageCall | None:
    """The last call that really went to this person about this group; None: none since then."""
    if not group:
        return None
    calls = PageCall.objects.filter(user=user, page__group=group, page__fence=but.fence, is_coalesced=False, called_at__gt=since).exclude(page=but)
    return calls.order_by("-called_at").first()


def open_page_of(subject: Any) -> Page | None:
    """The page that is calling about this record now."""
    ref = ref_of(subject)
    return Page.objects.filter(subject_kind=ref.kind, subject_id=ref.id, state=Page.State.CALLING).first()


def people_called(kind: str, ids: Sequence[str]) -> list[User]:
    """Who was called by name about these records, and who answered for them in another's place; each once, active ones only."""
    about = Page.objects.filter(subject_kind=kind, subject_id__in=ids)
    named = PageCall.objects.filter(page__in=about, step=None).values("user")
    return list(User.objects.filter(Q(pk__in=named) | Q(pk__in=about.values("acknowledged_by")), is_active=True).order_by("pk"))


def pages_of(subject: Any) -> list[Page]:
    """All pages about this record, newest first, with whom they called. Two queries."""
    ref = ref_of(subject)
    pages = Page.objects.filter(subject_kind=ref.kind, subject_id=ref.id).select_related("acknowledged_by")
    return list(pages.prefetch_related("calls__user").order_by("-id"))


def page_list(actor: Actor, *, state: str = "", subject: str = "", since: datetime | None = None) -> QuerySet[Page]:
    """Pages that the actor may see: by role and unit, and those that called them."""
    pages = Page.objects.select_related("acknowledged_by").order_by("-id")
    paths = readable_paths(actor, READERS)
    if paths is not None:
        pages = pages.filter(_under(paths, "unit_path") | Q(Exists(PageCall.objects.filter(page=OuterRef("pk"), user_id=actor.user_id or 0))))
    if state:
        pages = pages.filter(state=state)
    if subject:
        pages = pages.filter(subject_id=_uuid(subject))
    return pages.filter(started_at__gte=since) if since else pages


def delivery_list(actor: Actor, *, state: str = "", page: str = "", channel: str = "") -> QuerySet[Delivery]:
    """Deliveries that the actor may see: those of the pages they may see, and their own."""
    deliveries = Delivery.objects.select_related("message__page", "user").order_by("-id")
    paths = readable_paths(actor, READERS)
    if paths is not None:
        deliveries = deliveries.filter(_under(paths, "message__page__unit_path") | Q(user_id=actor.user_id or 0))
    if state:
        deliveries = deliveries.filter(state=state)
    if page:
        deliveries = deliveries.filter(message__page__public_id=_uuid(page))
    return deliveries.filter(channel=channel) if channel else deliveries


def _under(paths: list[str], column: str) -> Q:
    wanted = Q(pk__in=[])
    for path in paths:
        wanted |= Q(**{f"{column}__startswith": path})
    return wanted


def _uuid(text: str) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        return UUID(int=0)  # an id that no record has


def oldest_unsent() -> datetime | None:
    """Since when the oldest message that could go out now is waiting (not those held by a breaker)."""
    now = clock.now()
    broken = ChannelHealth.objects.filter(key=OuterRef("breaker_key"), open_until__gt=now)
    due = Delivery.objects.filter(state__in=Delivery.CLAIMABLE, next_attempt_at__lte=now).exclude(Exists(broken))
    oldest: datetime | None = due.aggregate(oldest=Min("next_attempt_at"))["oldest"]
    return oldest
