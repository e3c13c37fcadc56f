"""What approving a plan does to the organisation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contingency.org import roles
from contingency.org.errors import RolesExclude
from contingency.org.events import EmergencyGroupChanged, PositionChanged, RosterChanged, UnitChanged
from contingency.org.models import EmergencyGroup, GroupMember, Holding, Position, Roster, Unit, User
from contingency.org.services.slugged import Put, Row, rows_put
from kernel import journal
from kernel.actors import Actor


@dataclass(frozen=True, kw_only=True)
class UnitSpec:
    """A wanted unit; parents come before their children."""

    slug: str
    parent: str | None
    layer: str
    name_en: str
    name_zh: str


@dataclass(frozen=True, kw_only=True)
class PositionSpec:
    """A wanted position."""

    slug: str
    unit: str
    role: str
    name_en: str
    name_zh: str
    duties_en: list[str]
    duties_zh: list[str]


@dataclass(frozen=True, kw_only=True)
class GroupSpec:
    """A wanted emergency group; `members` are slugs of positions, the first one leads."""

    slug: str
    name_en: str
    name_zh: str
    duties_en: list[str]
    duties_zh: list[str]
    members: list[str]


@dataclass(frozen=True, kw_only=True)
class RosterSpec:
    """A wanted roster."""

    slug: str
    unit: str
    ranks: int
    name_en: str
    name_zh: str


def organisation_put(
    *,
    units: Sequence[UnitSpec],
    positions: Sequence[PositionSpec],
    groups: Sequence[GroupSpec],
    rosters: Sequence[RosterSpec],
    at: datetime,
    actor: Actor,
    cause: Any = None,
) -> None:
    """Make the organisation what the approved plan says. Inside the approval's transaction; the approval was permitted.

    What the plan no longer has is retired: nobody's shifts or holdings are deleted, but a retired position grants nothing.
    Raises RolesExclude when a position's new role would give a holder two roles that exclude each other.
    """
    put_units = rows_put(Unit, [_unit_row(unit) for unit in units], at=at)
    put_positions = rows_put(Position, [_position_row(position, put_units) for position in positions], at=at)
    _refuse_clashes(put_positions, at)
    put_groups = rows_put(EmergencyGroup, [_group_row(group) for group in groups], at=at)
    _members_put(groups, put_groups, put_positions)
    put_rosters = rows_put(Roster, [_roster_row(roster, put_units) for roster in rosters], at=at)
    records = [
        *put_units.records(UnitChanged, cause=cause),
        *put_positions.records(PositionChanged, cause=cause),
        *put_groups.records(EmergencyGroupChanged, cause=cause),
        *put_rosters.records(RosterChanged, cause=cause),
    ]
    journal.record_many(records, actor=actor)


def _unit_row(spec: UnitSpec) -> Row:
    def parent(so_far: dict[str, Unit]) -> Unit | None:
        return so_far[spec.parent] if spec.parent else None

    def path(so_far: dict[str, Unit]) -> str:
        return f"{so_far[spec.parent].path if spec.parent else '/'}{spec.slug}/"

    return Row(slug=spec.slug, values={"parent": parent, "path": path, "layer": spec.layer, "name_en": spec.name_en, "name_zh": spec.name_zh})


def _position_row(spec: PositionSpec, units: Put[Unit]) -> Row:
    names = {"name_en": spec.name_en, "name_zh": spec.name_zh, "duties_en": spec.duties_en, "duties_zh": spec.duties_zh}
    return Row(slug=spec.slug, values={"unit": units.by_slug[spec.unit], "role": spec.role, **names})


def _group_row(spec: GroupSpec) -> Row:
    names = {"name_en": spec.name_en, "name_zh": spec.name_zh}
    return Row(slug=spec.slug, values={**names, "duties_en": spec.duties_en, "duties_zh": spec.duties_zh})


def _roster_row(spec: RosterSpec, units: Put[Unit]) -> Row:
    names = {"name_en": spec.name_en, "name_zh": spec.name_zh}
    return Row(slug=spec.slug, values={"unit": units.by_slug[spec.unit], "ranks": spec.ranks, **names})


def _members_put(specs: Sequence[GroupSpec], groups: Put[EmergencyGroup], positions: Put[Position]) -> None:
    """Members are written anew; a group whose members differ counts as changed."""
    before: dict[int, list[int]] = {}
    for member in GroupMember.objects.order_by("order", "id"):
        before.setdefault(member.group_id, []).append(member.position_id)
    for spec in specs:
        group = groups.by_slug[spec.slug]
        wanted = [positions.by_slug[slug].pk for slug in spec.members]
        if before.get(group.pk, []) == wanted:
            continue
        GroupMember.objects.filter(group=group).delete()
        GroupMember.objects.bulk_create(GroupMember(group=group, position_id=pk, order=order) for order, pk in enumerate(wanted))
        groups.touch(group)


def _refuse_clashes(positions: Put[Position], at: datetime) -> None:
    """A plan must not make anybody auditor of what they run by changing the role of their position."""
    touched = [position for position in positions.changed if position.role]
    holders = User.objects.filter(holdings__position__in=touched).order_by("pk").distinct()
    for user in User.objects.select_for_update().filter(pk__in=holders.values("pk")).order_by("pk"):
        held = Holding.objects.filter(user=user, position__retired_at=None).exclude(ends_at__lte=at).select_related("position")
        if found := roles.clash(holding.position.role for holding in held):
            raise RolesExclude(person=user.display_name, role=roles.Role(found[0]).label, other=roles.Role(found[1]).label)
