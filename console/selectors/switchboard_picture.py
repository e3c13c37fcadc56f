"""The drawing of a part: gateway, two sides, their databases, replication. A fixed grid; the template draws, CSS colours."""

from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from django.utils.translation import gettext as _

from console.selectors.measures import bytes_said
from contingency.catalog.models import Part, Side
from kernel.i18n import language_suffix, pick

LEFT, RIGHT = 4, 196  # x of the two columns in the drawing's 360 units
KEEPS_UP_BYTES = 1_000_000  # what a busy system is behind at any moment; made up in a blink
NAME_WIDTH = 19  # columns of Latin text that fit a box; a Chinese sign takes two


@dataclass(frozen=True)
class Box:
    """One side. `carries`: business flows there; `alive`: None when not known."""

    role: str
    role_words: str
    name: str
    short: str
    x: int
    middle: int
    carries: bool
    alive: bool | None
    mark: str
    words: str
    version: str


@dataclass(frozen=True)
class Copying:
    """Replication between the two databases. `points_right`: from the left database to the right one."""

    is_running: bool
    points_right: bool
    lag: str
    words: str


@dataclass(frozen=True)
class Picture:
    """What the template draws, and the same as sentences for those who do not see it."""

    boxes: list[Box]
    copying: Copying | None
    is_known: bool
    is_served: bool
    sentence: str


def picture_of(part: Part, view: Any, *, unrepaired: str = "") -> Picture:
    """Of a part with its sides at hand, as its gateway was seen. `unrepaired`: the side that failed, while nobody has recorded its repair."""
    sides = sorted(part.sides.all(), key=lambda side: side.role)
    boxes = [_box(side, view, x, is_unrepaired=side.role == unrepaired) for side, x in zip(sides, (LEFT, RIGHT), strict=False)]
    copying = _copying(view)
    sentences = [_traffic(boxes, view), *(_("%(side)s: %(state)s.") % {"side": box.name, "state": box.words} for box in boxes)]
    if copying is not None:
        first, last = (boxes[0].name, boxes[-1].name) if copying.points_right else (boxes[-1].name, boxes[0].name)
        sentences.append(_("Replication from %(first)s to %(last)s: %(state)s.") % {"first": first, "last": last, "state": copying.words})
    return Picture(boxes, copying, view.is_known, any(box.carries for box in boxes), _said(pick(part, "name"), sentences))


def _said(name: str, sentences: list[str]) -> str:
    if language_suffix() == "zh":
        return f"{name}：{''.join(sentences)}"
    return f"{name}: {' '.join(sentences)}"


def _traffic(boxes: list[Box], view: Any) -> str:
    if not view.is_known:
        return _("The gateway does not answer: where traffic goes is unknown.")
    carrier = next((box for box in boxes if box.carries), None)
    return _("Traffic flows to %(side)s.") % {"side": carrier.name} if carrier is not None else _("No side takes traffic.")


def _box(side: Side, view: Any, x: int, *, is_unrepaired: bool) -> Box:
    seen = view.sides.get(side.role)
    carries = view.serving == side.role
    alive = None if seen is None else bool(seen.is_reachable)
    if seen is None:
        mark, words = "?", _("not known")
    elif getattr(seen, "needs_rebuild", False):
        mark, words = "↻", _("must be rebuilt")
    elif not alive:
        mark, words = "✕", _("does not answer")
    elif carries:
        mark, words = "✓", _("carries business")
    elif seen.is_ready is False:
        mark, words = "!", _("lives, service down")
    elif is_unrepaired:
        mark, words = "!", _("up, not repaired")
    else:
        mark, words = "○", _("ready, waiting")
    return Box(
        role=side.role,
        role_words=str(side.get_role_display()),
        name=side.name,
        short=shortened(side.name, NAME_WIDTH),
        x=x,
        middle=x + 80,
        carries=carries,
        alive=alive,
        mark=mark,
        words=words,
        version=shortened(seen.version, 10) if seen is not None and seen.version else "",
    )


def _copying(view: Any) -> Copying | None:
    if view.is_streaming is None:
        return None
    lag = "" if view.lag_bytes is None else bytes_said(view.lag_bytes)
    source = (view.raw.get("replication") or {}).get("from") or view.serving or "primary"
    if not view.is_streaming:
        words = _("stands still")
    elif view.lag_bytes == 0:
        words = _("keeps up")
    elif lag:
        words = _("keeps up, %(lag)s behind") if view.lag_bytes < KEEPS_UP_BYTES else _("running, %(lag)s behind")
        words %= {"lag": lag}
    else:
        words = _("running")
    return Copying(bool(view.is_streaming), source == "primary", lag, words)


def shortened(text: str, width: int) -> str:
    """Cut to so many columns, never inside a sign; what was cut is marked."""
    used = 0
    for place, sign in enumerate(text):
        used += 2 if east_asian_width(sign) in "WF" else 1
        if used > width:
            return text[: max(1, place - 1)] + "…"
    return text
