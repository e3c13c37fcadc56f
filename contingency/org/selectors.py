"""Reads of the organisation. Nothing is kept between requests: a right taken away is gone at the next one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import DateTimeField, Func, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contingency.org import roles
from contingency.org.models import ContactPoint, EmergencyGroup, Factor, Holding, PersonalToken, Position, Roster, Shift, Unit, User
from kernel import records
from kernel.actors import Actor
from kernel.errors import NotFound


class PresentMoment(Func):
    """The house's clock inside a query, which saves asking for it first."""

    function = "switchback_now"
    output_field = DateTimeField()


def in_force(at: datetime | PresentMoment) -> Q:
    """Of rows with `starts_at` and `ends_at` (or none yet): those in force at that moment."""
    return Q(starts_at__lte=at) & (Q(ends_at=None) | Q(ends_at__gt=at))


def actor_of_user(user: User, scopes: frozenset[str] | None = None) -> Actor:
    """The person as one who acts, with the roles of the positions they hold at this moment. One query."""
    return Actor(
        kind="person",
        id=str(user.public_id),
        label=user.display_name,
        user_id=user.pk,
        holdings=_holdings_of(user) if user.is_active else frozenset(),
        scopes=scopes,
        language=user.language,
    )


def actor_of_token(secret: str) -> Actor | None:
    """The one in whose name this token acts: its owner's roles within its scopes. None for what opens nothing. Two queries."""
    if not secret.startswith(PersonalToken.PREFIX) or len(secret) > 200:
        return None
    now = PresentMoment()
    tokens = PersonalToken.objects.select_related("user").filter(digest=PersonalToken.digest_of(secret), revoked_at=None, expires_at__gt=now)
    token = tokens.filter(user__is_active=True).first()
    if token is None:
        return None
    user = token.user
    return Actor(
        kind="token",
        id=str(user.public_id),
        label=f"{user.display_name} ({token.prefix}…)",
        user_id=user.pk,
        holdings=_holdings_of(user),
        scopes=frozenset(token.scopes),
        language=user.language,
    )


def _holdings_of(user: User) -> frozenset[tuple[str, str]]:
    held = Holding.objects.filter(in_force(PresentMoment()), user=user, position__retired_at=None).exclude(position__role="")
    return frozenset(held.values_list("position__role", "position__unit__path"))


def user_get(username: str) -> User:
    """The person with this user name, in any case. Raises NotFound."""
    found = User.objects.filter(username__iexact=username).first()
    if found is None:
        raise NotFound(kind=_("person"))
    return found


def account_of(typed: str) -> str:
    """The one spelling under which tries to log in are counted, whatever is typed: the database takes “ſmith” and “SMITH” for
    “smith”, so counting by what was typed would give a guesser a fresh count for every way to write a name. One query."""
    found = User.objects.filter(username__iexact=typed).values_list("username", flat=True).first()
    return (found if found is not None else typed).lower()


def user_list() -> QuerySet[User]:
    """Everybody who may log in, by name."""
    return User.objects.filter(is_active=True).order_by("display_name", "pk")


def positions_of(user: User, at: datetime) -> list[Position]:
    """The positions a person holds."""
    held = Holding.objects.filter(in_force(at), user=user).values("position")
    return list(Position.objects.filter(pk__in=held, retired_at=None).select_related("unit"))


def people_with_position(slug: str, at: datetime) -> list[User]:
    """Who holds a position, the longest first and deputies last; people who have left do not count. One query."""
    held = Holding.objects.filter(in_force(at), position__slug=slug, position__retired_at=None, user__is_active=True)
    return [holding.user for holding in held.select_related("user").order_by("is_deputy", "starts_at", "pk")]


def people_with_role(role: str, at: datetime, *, path: str = "") -> list[User]:
    """Who has a role; with a path only those whose unit is that one or stands above it. One query."""
    held = Holding.objects.filter(in_force(at), position__role=role, position__retired_at=None, user__is_active=True)
    found: dict[int, User] = {}
    for holding in held.select_related("user", "position__unit").order_by("is_deputy", "starts_at", "pk"):
        if path.startswith(holding.position.unit.path) or not path:
            found[holding.user_id] = holding.user
    return list(found.values())


def on_duty(roster: Roster | str, at: datetime) -> list[User]:
    """Who is on duty at that moment, by rank; people who have left do not count. One query."""
    return [shift.user for shift in shifts_at(roster, at)]


def on_duty_at_rank(roster: Roster | str, rank: int, at: datetime) -> User | None:
    """Who is on duty at this rank at that moment. One query."""
    return next((shift.user for shift in shifts_at(roster, at) if shift.rank == rank), None)


def shifts_at(roster: Roster | str, at: datetime) -> list[Shift]:
    """The shifts running at that moment, by rank, with their people."""
    which = Q(roster__slug=roster) if isinstance(roster, str) else Q(roster=roster)
    running = Shift.objects.filter(which, cancelled_at=None, starts_at__lte=at, ends_at__gt=at, user__is_active=True)
    return list(running.select_related("user", "roster").order_by("rank"))


def on_duty_everywhere(at: datetime) -> list[tuple[Roster, list[Shift]]]:
    """Every roster with the shifts running now, empty where nobody is on duty. Two queries."""
    running: dict[int, list[Shift]] = {}
    shifts = Shift.objects.filter(cancelled_at=None, starts_at__lte=at, ends_at__gt=at, user__is_active=True)
    for shift in shifts.select_related("user").order_by("rank"):
        running.setdefault(shift.roster_id, []).append(shift)
    return [(roster, running.get(roster.pk, [])) for roster in Roster.objects.filter(retired_at=None)]


def shift_list(roster: Roster, *, since: datetime, until: datetime) -> list[Shift]:
    """The shifts of a roster that touch that span, in order."""
    shifts = Shift.objects.filter(roster=roster, cancelled_at=None, starts_at__lt=until, ends_at__gt=since)
    return list(shifts.select_related("user").order_by("starts_at", "rank"))


def contact_points(user: User) -> list[ContactPoint]:
    """How to reach a person, first choice first."""
    return list(ContactPoint.objects.filter(user=user, is_active=True).order_by("order", "pk"))


def contact_points_of(users: Iterable[User]) -> dict[int, list[ContactPoint]]:
    """The same for many people: user key → contact points. One query."""
    found: dict[int, list[ContactPoint]] = {user.pk: [] for user in users}
    for point in ContactPoint.objects.filter(user__in=list(found), is_active=True).order_by("order", "pk"):
        found[point.user_id].append(point)
    return found


def unit_list() -> list[Unit]:
    """The org chart, parents before children."""
    return list(Unit.objects.filter(retired_at=None).select_related("parent"))


def position_list() -> list[Position]:
    """All positions, in the order of the plan."""
    return list(Position.objects.filter(retired_at=None).select_related("unit"))


def roster_get(slug: str) -> Roster:
    """One roster. Raises NotFound."""
    found = Roster.objects.filter(slug=slug, retired_at=None).first()
    if found is None:
        raise NotFound(kind=_("roster"))
    return found


def group_people(group: EmergencyGroup, at: datetime) -> Sequence[User]:
    """The people of an emergency group: holders of its positions, the leading position first."""
    found: dict[int, User] = {}
    held = Holding.objects.filter(in_force(at), position__memberships__group=group, position__retired_at=None, user__is_active=True)
    for holding in held.select_related("user").order_by("position__memberships__order", "is_deputy", "starts_at", "pk"):
        found.setdefault(holding.user_id, holding.user)
    return list(found.values())


# People may know the private rows of others only where their office asks for it.
OVERSEERS = frozenset({roles.ADMINISTRATOR, roles.AUDITOR})


def tokens_visible_to(actor: Actor) -> QuerySet[PersonalToken]:
    """One's own tokens; all of them for administrators and auditors."""
    tokens = PersonalToken.objects.select_related("user").order_by("-id")
    return tokens if actor.kind == "system" or actor.roles & OVERSEERS else tokens.filter(user_id=actor.user_id or 0)


def token_get_for(actor: Actor, public_id: UUID) -> PersonalToken:
    """One token that the actor may see. Raises NotFound."""
    token = tokens_visible_to(actor).filter(public_id=public_id).first()
    if token is None or not records.may_read(actor, records.get(PersonalToken.journal_kind), token):
        raise NotFound(kind=_("token"))
    return token


def factors_visible_to(actor: Actor) -> QuerySet[Factor]:
    """One's own second factors; everybody's for administrators and auditors, who see which there are, never what opens them."""
    factors = Factor.objects.select_related("user").filter(removed_at=None).order_by("-id")
    return factors if actor.kind == "system" or actor.roles & OVERSEERS else factors.filter(user_id=actor.user_id or 0)


def factor_get_for(actor: Actor, public_id: UUID) -> Factor:
    """One second factor that the actor may know of. Raises NotFound."""
    factor = factors_visible_to(actor).filter(public_id=public_id).first()
    if factor is None or not records.may_read(actor, records.get(Factor.journal_kind), factor):
        raise NotFound(kind=_("second factor"))
    return factor


def has_second_factor(user_id: int) -> bool:
    """Whether a password alone does not open this person's account; recovery codes alone are no factor."""
    return Factor.objects.filter(user_id=user_id, removed_at=None).exclude(kind=Factor.Kind.RECOVERY).exists()
