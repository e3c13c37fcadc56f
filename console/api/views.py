"""The base of every endpoint, and the few that belong to no record."""

from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from console import people
from console.api import schema
from console.api.errors import ScopeMissing
from contingency.org import roles
from kernel import access, journal, moves, permissions
from kernel.actors import Actor
from kernel.errors import Invalid, NotPermitted
from kernel.sentences import sentence

MAY_READ_JOURNAL = frozenset({roles.AUDITOR, roles.DIRECTOR})
PAGE = 50
PAGE_MOST = 200


class ApiView(APIView):
    """An endpoint that knows who asks."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After authentication: the actor, with the holdings in force now."""
        super().initial(request, *args, **kwargs)
        self.actor: Actor = request.auth if isinstance(request.auth, Actor) else people.actor_of(request._request)

    def need_scope(self, scope: str) -> None:
        """A token must have been made for this."""
        if self.actor.scopes is not None and scope not in self.actor.scopes:
            raise ScopeMissing(action=scope, scope=scope)


def limit_of(request: Request) -> int:
    """`?limit=`, at most 200."""
    text = request.query_params.get("limit", str(PAGE))
    if not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= PAGE_MOST:
        raise Invalid(field="limit", problem=gettext("a whole number from 1 to %(most)d.") % {"most": PAGE_MOST})
    return int(text)


def entry_output(entry: Any) -> dict[str, Any]:
    """One journal entry for a timeline: who, what, when, why, and the sentence in the reader's language."""
    return {
        "id": str(entry.public_id),
        "cursor": entry.cursor,
        "at": entry.at.isoformat(),
        "name": entry.name,
        "sentence": sentence(entry),
        "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "label": entry.actor_label},
        "subject": {"kind": entry.subject_kind, "id": entry.subject_id, "label": entry.subject_label},
        "payload": entry.payload,
        "reason": entry.reason,
    }


class MeApi(ApiView):
    """Who the caller is, with roles and scopes."""

    @extend_schema(tags=["console"], operation_id="me", summary="Who am I, and what may I do", responses={200: schema.Me, 401: schema.Error})
    def get(self, request: Request) -> Response:
        """The caller."""
        actor = self.actor
        return Response(
            {
                "id": actor.id,
                "name": actor.label,
                "language": actor.language,
                "roles": sorted(actor.roles),
                "scopes": sorted(actor.scopes) if actor.scopes is not None else None,
                "moves": [move.id for move in moves.all_moves() if permissions.can(actor, move.id) is not None],
            }
        )


class MovesApi(ApiView):
    """Every move there is: what it does, from where to where, who may, what it asks for."""

    @extend_schema(
        tags=["console"], operation_id="moves_list", summary="The table of moves", responses={200: schema.MoveRow(many=True), 401: schema.Error}
    )
    def get(self, request: Request) -> Response:
        """The whole table, by id."""
        return Response([self.row(move) for move in moves.all_moves()])

    def row(self, move: moves.Move) -> dict[str, Any]:
        """One move with the caller's own right to it."""
        grant = permissions.can(self.actor, move.id)
        return {
            "id": move.id,
            "record": move.record,
            "title": str(move.title),
            "effect": str(move.effect),
            "source": list(move.source),
            "target": move.target,
            "creates": move.creates,
            "dangerous": move.dangerous,
            "address": schema.address_of(move),
            "scope": move.scope,
            "inputs": [
                {"name": item.name, "label": str(item.label), "kind": type(item).__name__.lower(), "required": item.required} for item in move.inputs
            ],
            "reason_required": move.reason_required,
            "rule": {role: str(right) for role, right in move.rule.items()},
            "mine": str(grant) if grant is not None else None,
            "undo": str(move.undo),
        }


class JournalApi(ApiView):
    """The journal, settled entries only, in an order that never skips a late one. For auditors."""

    @extend_schema(
        tags=["console"],
        operation_id="journal_tail",
        summary="The journal from a cursor on",
        parameters=schema.TAIL,
        responses={200: schema.Tail, 401: schema.Error, 403: schema.Error},
    )
    def get(self, request: Request) -> Response:
        """Entries behind `after`."""
        self.need_scope(access.OPERATIONS)
        if not self.actor.roles & MAY_READ_JOURNAL:
            raise NotPermitted(action=gettext("read the journal"))
        entries, cursor = journal.tail(request.query_params.get("after"), limit=limit_of(request))
        return Response({"items": [{**entry_output(entry), "before": entry.before, "after": entry.after} for entry in entries], "next": cursor})


class SchemaApi(SpectacularAPIView):
    """The OpenAPI document, for those who may use the API."""

    permission_classes = (IsAuthenticated,)


def declare(view: type[APIView], rule: str, *roles: str) -> Any:
    """`as_view()` with its rule declared for the deny-by-default test."""
    return access.access(rule, *roles)(view.as_view())
