"""What the frame of every page needs (context processor)."""

from typing import Any

from django.http import HttpRequest

from console.selectors import frame as selectors


def frame(request: HttpRequest) -> dict[str, Any]:
    """Language, theme, and for a logged-in person: the navigation with its counts and the late-sweep warning.

    Lazy: a fragment that does not use it costs nothing.
    """
    return {"frame": selectors.Frame(request)}
