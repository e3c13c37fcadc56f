"""What an executor must know of a part, read once from the catalog so that it needs no database."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SideAddress:
    """One side: its names for people and its addresses."""

    role: str
    name: str
    url: str
    ready_url: str


@dataclass(frozen=True)
class Target:
    """A part with its gateway and its two sides, by role."""

    part_id: int
    slug: str
    name: str
    base_url: str
    gateway_kind: str
    control_url: str
    admin_url: str
    secret_file: str
    sides: dict[str, SideAddress] = field(default_factory=dict)
