"""One POST endpoint per move, made from the table of moves."""

import json
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from console import services
from console.api import schema
from console.api.errors import MissingVersion, UnknownFields
from console.api.views import ApiView
from kernel import permissions, proposals, records
from kernel.errors import Invalid
from kernel.models import Proposal
from kernel.moves import Move

KEY_LENGTH = 128


class MoveApi(ApiView):
    """Carry out one move: 200/201 with the record, 202 with the proposal when a second person must agree."""

    move: Move

    def post(self, request: Request, public_id: UUID | None = None) -> Response:
        """The body holds the version seen, the reason and the move's own inputs; anything else is refused."""
        if self.actor.scopes is not None and permissions.can(self.actor, self.move.id) is None:
            self.need_scope(self.move.scope)
        body = dict(request.data)
        self.refuse_unknown(body)
        version = None if self.move.creates else version_of(body)
        reason = body.pop("reason", "")
        if not isinstance(reason, str) or len(reason) > 10_000:
            raise Invalid(field="reason", problem=gettext("this must be text."))
        body.pop("version", None)

        def act() -> services.Answer:
            result = proposals.perform(self.move.id, actor=self.actor, public_id=public_id, version=version, inputs=body, reason=reason)
            return self.answer(result)

        key = request.headers.get("Idempotency-Key", "")
        if len(key) > KEY_LENGTH or "\x00" in key:
            raise Invalid(field="Idempotency-Key", problem=gettext("at most %(most)d characters.") % {"most": KEY_LENGTH})
        secrets = self.move.extra.get("secret_inputs", ())
        told = {name: value for name, value in body.items() if name not in secrets}
        sent = {"move": self.move.id, "record": str(public_id), "version": version, "reason": reason, "body": told}
        status, answer = services.carry_out_once(person=self.actor.id, key=key, sent=sent, act=act)
        return Response(answer, status=status)

    def refuse_unknown(self, body: dict[str, Any]) -> None:
        """State, ids, dates and other people's fields are not for the sender to set (T49)."""
        known = {item.name for item in self.move.inputs} | {"reason"} | (set() if self.move.creates else {"version"})
        if unknown := sorted(set(body) - known):
            raise UnknownFields(fields=", ".join(unknown)[:300])

    def answer(self, result: Any) -> services.Answer:
        """The record that came of it, or the proposal."""
        if isinstance(result, Proposal) and self.move.record != Proposal.journal_kind:
            return 202, _rendered(records.get(Proposal.journal_kind).output(result))
        kind = getattr(result, "journal_kind", self.move.record)
        return 201 if self.move.creates else 200, _rendered(records.get(kind).output(self.as_seen(kind, result)))

    def as_seen(self, kind: str, result: Any) -> Any:
        """The record with this person's view of it, where its kind shows some people less than others (SEC-01)."""
        show = records.get(kind).extra.get("as_seen")
        return show(self.actor, result) if show is not None else result


def _rendered(output: dict[str, Any]) -> dict[str, Any]:
    """As it goes over the wire: what is kept for a repeated key must read the same to the letter."""
    read: dict[str, Any] = json.loads(JSONRenderer().render(output))
    return read


def version_of(body: dict[str, Any]) -> int:
    """The version seen; it must be there."""
    version = body.get("version")
    if version is None:
        raise MissingVersion
    if isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 2**31:
        raise Invalid(field="version", problem=gettext("a whole number."))
    return version


def move_api(move: Move) -> type[MoveApi]:
    """The endpoint of one move."""
    record_type = records.get(move.record)
    done = 201 if move.creates else 200
    roles = ", ".join(f"{role} ({right})" for role, right in move.rule.items())
    proposal = schema.record_of(Proposal.journal_kind)
    described = extend_schema(
        operation_id=move.id.replace(".", "_"),
        summary=str(move.title),
        description=f"{move.effect}\n\nScope: `{move.scope}`. Roles: {roles}.",
        tags=[record_type.collection],
        parameters=[schema.IDEMPOTENCY],
        request=schema.body_of(move),
        responses={done: schema.record_of(record_type.kind), 202: proposal, **schema.refusals(400, 401, 403, 404, 409, 422)},
    )

    def post_new(self: MoveApi, request: Request) -> Response:
        return MoveApi.post(self, request)

    def post_on(self: MoveApi, request: Request, public_id: UUID) -> Response:
        return MoveApi.post(self, request, public_id)

    post = described(post_new if move.creates else post_on)
    return type(f"{schema.camel(move.id)}Api", (MoveApi,), {"move": move, "post": post, "__doc__": str(move.effect)})
