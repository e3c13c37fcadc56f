"""The one web server on one port.

Screens and API are sync views on a fixed pool of threads, each with a lasting database connection; the live feed is
async; the intake has a door of its own that commits many requests at once. Django's own ASGI handler would give every
request a thread and so a connection of its own (ADR 0004).
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

WEB_THREADS = int(os.environ.get("WEB_THREADS", "8"))
FEED = "/feed/"

# loads the rooms, so what follows may import them
_threads = WSGIMiddleware(get_wsgi_application(), workers=WEB_THREADS)


from console.feed.hub import hub  # noqa: E402
from console.feed.stream import feed_application  # noqa: E402
from monitoring.alerts.door import IntakeDoor  # noqa: E402


async def _screens(scope: Scope, receive: Receive, send: Send) -> None:
    """Send the live feed to the event loop and everything else to the threads."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] == FEED:
        await feed_application(scope, receive, send)
    elif scope["type"] == "http":
        await _threads(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            hub.stop()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


application = IntakeDoor(_screens)
