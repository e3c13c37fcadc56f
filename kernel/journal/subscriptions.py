"""Who wants to hear of which entries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Handler:
    """A subscribed function. `batch`: it takes a list of entries of one name (a storm of alerts is one call)."""

    key: str
    function: Callable[..., Any]
    batch: bool


_by_name: dict[str, list[Handler]] = {}
_by_key: dict[str, Handler] = {}


def subscribe(event: Any, *, batch: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Hear entries of this event (class, or versioned name). The handler only writes rows, and may be called twice.

    It runs in the transaction that marks the delivery done: at least once in transport, once in effect.
    """
    name = event if isinstance(event, str) else event.name

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        handler = Handler(key=f"{function.__module__}.{function.__name__}:{name}", function=function, batch=batch)
        if handler.key not in _by_key:
            _by_key[handler.key] = handler
            _by_name.setdefault(name, []).append(handler)
        return function

    return register


def handlers_of(name: str) -> list[Handler]:
    """The handlers subscribed to entries of this name."""
    return _by_name.get(name, [])


def handler_by_key(key: str) -> Handler | None:
    """The handler a delivery is for; None when a newer version of the code no longer has it."""
    return _by_key.get(key)
