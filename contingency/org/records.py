"""The organisation's records as lists and outputs, for API, screens and command line."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contingency.org import roles, selectors
from contingency.org.models import ContactPoint, EmergencyGroup, Factor, Holding, PersonalToken, Position, Roster, Shift, Unit, User
from kernel import records
from kernel.actors import Actor
from kernel.permissions import Grant
from kernel.records import RecordType

EVERYBODY = dict.fromkeys(roles.POSITION_ROLES, Grant.ALL)


def _names(record: Any) -> dict[str, Any]:
    return {"id": str(record.public_id), "version": record.version, "slug": record.slug, "name": {"en": record.name_en, "zh": record.name_zh}}


def _person(user: User) -> dict[str, str]:
    return {"id": str(user.public_id), "name": user.display_name}


def user_output(user: User) -> dict[str, Any]:
    """A person, without what only they and the administrator need."""
    return {
        "id": str(user.public_id),
        "version": user.version,
        "username": user.username,
        "name": user.display_name,
        "name_zh": user.display_name_zh,
        "language": user.language,
        "time_zone": user.time_zone,
        "is_active": user.is_active,
    }


def unit_output(unit: Unit) -> dict[str, Any]:
    """A unit of the org chart."""
    return {**_names(unit), "layer": unit.layer, "path": unit.path, "parent": unit.parent.slug if unit.parent else None}


def position_output(position: Position) -> dict[str, Any]:
    """A position with its duties."""
    duties = [{"en": english, "zh": chinese} for english, chinese in zip(position.duties_en, position.duties_zh, strict=True)]
    return {**_names(position), "unit": position.unit.slug, "role": position.role, "duties": duties}


def group_output(group: EmergencyGroup) -> dict[str, Any]:
    """An emergency group with its members."""
    duties = [{"en": english, "zh": chinese} for english, chinese in zip(group.duties_en, group.duties_zh, strict=True)]
    return {**_names(group), "duties": duties, "members": [membership.position.slug for membership in group.memberships.all()]}


def roster_output(roster: Roster) -> dict[str, Any]:
    """A roster that has to be kept."""
    return {**_names(roster), "unit": roster.unit.slug, "ranks": roster.ranks}


def holding_output(holding: Holding) -> dict[str, Any]:
    """Who holds what, from–to."""
    return {
        "id": str(holding.public_id),
        "version": holding.version,
        "user": _person(holding.user),
        "position": holding.position.slug,
        "role": holding.position.role,
        "starts_at": holding.starts_at.isoformat(),
        "ends_at": holding.ends_at.isoformat() if holding.ends_at else None,
        "is_deputy": holding.is_deputy,
    }


def shift_output(shift: Shift) -> dict[str, Any]:
    """Who is on duty, from–to."""
    return {
        "id": str(shift.public_id),
        "version": shift.version,
        "roster": shift.roster.slug,
        "rank": shift.rank,
        "user": _person(shift.user),
        "starts_at": shift.starts_at.isoformat(),
        "ends_at": shift.ends_at.isoformat(),
        "is_cancelled": shift.cancelled_at is not None,
    }


def contact_point_output(point: ContactPoint) -> dict[str, Any]:
    """A way to reach a person."""
    return {
        "id": str(point.public_id),
        "version": point.version,
        "user": _person(point.user),
        "kind": point.kind,
        "address": point.address,
        "order": point.order,
        "is_active": point.is_active,
    }


def token_output(token: PersonalToken) -> dict[str, Any]:
    """A token; its secret only in the answer that makes it."""
    shown = {
        "id": str(token.public_id),
        "version": token.version,
        "user": _person(token.user),
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "expires_at": token.expires_at.isoformat(),
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
    }
    return {**shown, "secret": token.secret} if token.secret else shown


def factor_output(factor: Factor) -> dict[str, Any]:
    """A second factor: what it is called and when it was used, never what opens anything."""
    return {
        "id": str(factor.public_id),
        "version": factor.version,
        "user": _person(factor.user),
        "kind": factor.kind,
        "name": factor.name,
        "created_at": factor.created_at.isoformat(),
        "last_used_at": factor.last_used_at.isoformat() if factor.last_used_at else None,
        "removed_at": factor.removed_at.isoformat() if factor.removed_at else None,
    }


def _all(query: Callable[[], QuerySet[Any]], *wanted: str) -> Callable[..., QuerySet[Any]]:
    """A list that everybody with a role may read; filters are columns."""

    def list_for(actor: Actor, **filters: Any) -> QuerySet[Any]:
        rows = query().order_by("-id")
        return rows.filter(**{name: value for name, value in filters.items() if name in wanted and value not in (None, "")})

    return list_for


def _tokens(actor: Actor, **_filters: Any) -> QuerySet[PersonalToken]:
    return selectors.tokens_visible_to(actor)


def _factors(actor: Actor, **_filters: Any) -> QuerySet[Factor]:
    return selectors.factors_visible_to(actor)


for record_type in (
    RecordType(
        kind=User.journal_kind,
        collection="people",
        title=_("person"),
        model=User,
        list_for=_all(User.objects.all, "username"),
        output=user_output,
        read=EVERYBODY,
        filters=("username",),
    ),
    RecordType(
        kind=Unit.journal_kind,
        collection="units",
        title=_("unit"),
        model=Unit,
        list_for=_all(lambda: Unit.objects.filter(retired_at=None).select_related("parent"), "slug", "layer"),
        output=unit_output,
        read=EVERYBODY,
        filters=("slug", "layer"),
    ),
    RecordType(
        kind=Position.journal_kind,
        collection="positions",
        title=_("position"),
        model=Position,
        list_for=_all(lambda: Position.objects.filter(retired_at=None).select_related("unit"), "slug", "role"),
        output=position_output,
        read=EVERYBODY,
        filters=("slug", "role"),
    ),
    RecordType(
        kind=EmergencyGroup.journal_kind,
        collection="emergency-groups",
        title=_("emergency group"),
        model=EmergencyGroup,
        list_for=_all(lambda: EmergencyGroup.objects.filter(retired_at=None).prefetch_related("memberships__position"), "slug"),
        output=group_output,
        read=EVERYBODY,
        filters=("slug",),
    ),
    RecordType(
        kind=Roster.journal_kind,
        collection="rosters",
        title=_("roster"),
        model=Roster,
        list_for=_all(lambda: Roster.objects.filter(retired_at=None).select_related("unit"), "slug"),
        output=roster_output,
        read=EVERYBODY,
        filters=("slug",),
    ),
    RecordType(
        kind=Holding.journal_kind,
        collection="holdings",
        title=_("holding"),
        model=Holding,
        list_for=_all(lambda: Holding.objects.select_related("user", "position"), "user__username", "position__slug"),
        output=holding_output,
        read=EVERYBODY,
        filters=("user__username", "position__slug"),
    ),
    RecordType(
        kind=Shift.journal_kind,
        collection="shifts",
        title=_("shift"),
        model=Shift,
        list_for=_all(lambda: Shift.objects.select_related("roster", "user"), "roster__slug", "user__username"),
        output=shift_output,
        read=EVERYBODY,
        filters=("roster__slug", "user__username"),
    ),
    RecordType(
        kind=ContactPoint.journal_kind,
        collection="contact-points",
        title=_("contact point"),
        model=ContactPoint,
        list_for=_all(lambda: ContactPoint.objects.filter(is_active=True).select_related("user"), "user__username", "kind"),
        output=contact_point_output,
        read=EVERYBODY,
        filters=("user__username", "kind"),
    ),
    RecordType(
        kind=PersonalToken.journal_kind,
        collection="tokens",
        title=_("token"),
        model=PersonalToken,
        list_for=_tokens,
        get_for=selectors.token_get_for,
        output=token_output,
        read=EVERYBODY,
    ),
    RecordType(
        kind=Factor.journal_kind,
        collection="second-factors",
        title=_("second factor"),
        model=Factor,
        list_for=_factors,
        get_for=selectors.factor_get_for,
        output=factor_output,
        read=EVERYBODY,
    ),
):
    records.register(record_type)
