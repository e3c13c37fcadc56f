"""What a page is about, where it is not the record itself: a role that somebody is to have, a clock that ran out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Topic:
    """`name`: in both languages (a lazy text). `kind`: a role is taken by whoever answers, anything else is only answered."""

    name: Promise
    kind: Literal["role", "topic"] = "topic"


Standing = Callable[[UUID], dict[str, Any]]
_standing: dict[str, Standing] = {}


def register_standing(kind: str, standing: Standing) -> None:
    """Say how things stand with records of this kind when a page about one goes on: parameters that were not known at its start."""
    _standing[kind] = standing


def standing_of(kind: str, public_id: UUID) -> dict[str, Any]:
    """The parameters of this moment; none for a kind of which nobody says any."""
    standing = _standing.get(kind)
    return standing(public_id) if standing is not None else {}
