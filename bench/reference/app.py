"""One view, one upsert statement per request, committed before the answer; under the same server as the console."""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

TABLE = """
CREATE TABLE IF NOT EXISTS reference_alert (
    id bigserial PRIMARY KEY, fingerprint text NOT NULL UNIQUE, status text NOT NULL, severity text NOT NULL, summary text NOT NULL,
    labels jsonb NOT NULL, annotations jsonb NOT NULL, starts_at timestamptz NOT NULL,
    count int NOT NULL DEFAULT 1, last_seen timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS reference_alert_seen ON reference_alert (last_seen);
CREATE INDEX IF NOT EXISTS reference_alert_status ON reference_alert (status, severity);
"""
ROW = "(%s, %s, %s, %s, %s, %s, %s)"
COLUMNS = "fingerprint, status, severity, summary, labels, annotations, starts_at"


@csrf_exempt
def alerts(request: HttpRequest) -> HttpResponse:
    """Store the alerts of one call in one statement."""
    given = sorted(json.loads(request.body)["alerts"], key=lambda item: item["fingerprint"])
    values: list[Any] = []
    for item in given:
        labels, notes = item["labels"], item["annotations"]
        summary = notes.get("summary", "")
        values += [item["fingerprint"], item["status"], labels.get("severity", ""), summary, json.dumps(labels), json.dumps(notes), item["startsAt"]]
    rows = ", ".join([ROW] * len(given))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO reference_alert ({COLUMNS}) VALUES {rows}"
            " ON CONFLICT (fingerprint) DO UPDATE SET count = reference_alert.count + 1, last_seen = now()",
            values,
        )
    return HttpResponse(status=202)


urlpatterns = [path("alerts", alerts)]

_threads = WSGIMiddleware(get_wsgi_application(), workers=int(os.environ.get("WEB_THREADS", "8")))


async def application(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """The same shape as the console's server."""
    if scope["type"] == "http":
        await _threads(scope, receive, send)  # type: ignore[arg-type]
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
