"""Who acts: a person, a token in a person's name, a monitoring source, a signed link, or the system itself."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The one who asks for a move.

    holdings: (role, unit path) pairs that are in force now; scopes: None for a person at the console, else what a
    token may do; second: the person whose proposal this actor now accepts (never the same person); proved: the person
    gave a password or a second factor at this browser a short while ago (a token never does).
    """

    kind: str
    id: str
    label: str
    user_id: int | None = None
    holdings: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    scopes: frozenset[str] | None = None
    second: "Actor | None" = None
    language: str = "en"
    proved: bool = False

    @property
    def roles(self) -> frozenset[str]:
        """The roles held in any unit."""
        return frozenset(role for role, _path in self.holdings)

    @property
    def is_person(self) -> bool:
        """Whether a named person stands behind it (also through a token or a signed link)."""
        return self.user_id is not None

    def is_same_person(self, other: "Actor") -> bool:
        """Whether both are the same human being, whatever door they came through."""
        return self.user_id is not None and self.user_id == other.user_id


SYSTEM = Actor(kind="system", id="system", label="Switchback")
