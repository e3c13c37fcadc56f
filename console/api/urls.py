"""Addresses of the API, made from the registries when the address table is first read: after all rooms are loaded."""

from django.urls import path
from django.urls.resolvers import URLPattern

from console.api.moves import move_api
from console.api.records import detail_api, list_api, timeline_api
from console.api.views import JournalApi, MeApi, MovesApi, SchemaApi, declare
from kernel import access, moves, records


def _of_records() -> list[URLPattern]:
    patterns = []
    for record_type in records.all_types():
        base = f"v1/{record_type.collection}"
        patterns += [
            path(f"{base}/", declare(list_api(record_type), access.RECORD), name=f"api-{record_type.collection}-list"),
            path(f"{base}/<uuid:public_id>/", declare(detail_api(record_type), access.RECORD), name=f"api-{record_type.collection}-detail"),
            path(
                f"{base}/<uuid:public_id>/timeline/", declare(timeline_api(record_type), access.RECORD), name=f"api-{record_type.collection}-timeline"
            ),
        ]
    return patterns


def _of_moves() -> list[URLPattern]:
    patterns = []
    for move in moves.all_moves():
        base = f"v1/{records.get(move.record).collection}"
        address = f"{base}/{move.verb}/" if move.creates else f"{base}/<uuid:public_id>/{move.verb}/"
        patterns.append(path(address, declare(move_api(move), access.MOVE), name=f"api-{move.id}"))
    return patterns


urlpatterns = [
    path("v1/me/", declare(MeApi, access.LOGGED_IN), name="api-me"),
    path("v1/moves/", declare(MovesApi, access.LOGGED_IN), name="api-moves"),
    path("v1/journal/", declare(JournalApi, "role", "auditor", "director"), name="api-journal"),
    path("schema/", declare(SchemaApi, access.LOGGED_IN), name="api-schema"),
    *_of_records(),
    *_of_moves(),
]
