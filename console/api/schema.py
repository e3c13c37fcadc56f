"""What the OpenAPI document says, made from moves and record types: serializers only describe, they decide nothing."""

from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from kernel import records
from kernel.inputs import Choice, Flag, Identifier, Input, Mapping, Number, Text, When
from kernel.moves import Move
from kernel.records import RecordType


class Error(serializers.Serializer[Any]):
    """Every refusal."""

    code = serializers.CharField(help_text="For programs; stable.")
    message = serializers.CharField(help_text="For people, in the language of the request.")
    params = serializers.DictField()


class Party(serializers.Serializer[Any]):
    """An actor or a record as the journal names it."""

    kind = serializers.CharField()
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class TimelineEntry(serializers.Serializer[Any]):
    """One line of a timeline."""

    id = serializers.UUIDField()
    cursor = serializers.CharField()
    at = serializers.DateTimeField()
    name = serializers.CharField()
    sentence = serializers.CharField()
    actor = Party()
    subject = Party()
    payload = serializers.DictField()
    reason = serializers.CharField()


class Tail(serializers.Serializer[Any]):
    """A piece of the journal."""

    items = TimelineEntry(many=True)
    next = serializers.CharField()


class Me(serializers.Serializer[Any]):
    """The caller."""

    id = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)
    moves = serializers.ListField(child=serializers.CharField())


class MoveInput(serializers.Serializer[Any]):
    """One thing a move asks for."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]


class MoveRow(serializers.Serializer[Any]):
    """One row of the table of moves."""

    id = serializers.CharField()
    record = serializers.CharField()
    title = serializers.CharField()
    effect = serializers.CharField()
    source = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    target = serializers.CharField()
    creates = serializers.BooleanField()
    dangerous = serializers.BooleanField()
    address = serializers.CharField()
    scope = serializers.CharField()
    inputs = MoveInput(many=True)
    reason_required = serializers.BooleanField()
    rule = serializers.DictField(child=serializers.CharField())
    mine = serializers.CharField(allow_null=True)
    undo = serializers.CharField(allow_blank=True)


LIMIT = OpenApiParameter("limit", OpenApiTypes.INT, description="How many, at most 200 (50 unless told).")
TAIL = [OpenApiParameter("after", OpenApiTypes.STR, description="Cursor of the last entry seen; empty: the beginning."), LIMIT]
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Sending the same key and body again gives the same answer and no second effect.",
)


def camel(text: str) -> str:
    """`incident_confirm` → `IncidentConfirm`."""
    return "".join(part.capitalize() for part in text.replace(".", "_").replace("-", "_").split("_"))


def field_of(item: Input) -> serializers.Field[Any, Any, Any, Any]:
    """The schema of one input."""
    words: dict[str, Any] = {"required": item.required, "help_text": str(item.help or item.label)}
    optional: dict[str, Any] = {} if item.required else {"allow_null": True}
    if isinstance(item, Text):
        return serializers.CharField(**words, max_length=item.max_length, allow_blank=not item.required)
    if isinstance(item, Choice):
        if callable(item.choices):
            return serializers.CharField(**words, allow_blank=not item.required)
        return serializers.ChoiceField(choices=[value for value, _words in item.options()], **words, allow_blank=not item.required)
    if isinstance(item, When):
        return serializers.DateTimeField(**words, **optional)
    if isinstance(item, Identifier):
        return serializers.UUIDField(**words, **optional)
    if isinstance(item, Flag):
        return serializers.BooleanField(**words)
    if isinstance(item, Number):
        return serializers.FloatField(**words, **optional)
    if isinstance(item, Mapping):
        return serializers.DictField(child=serializers.CharField(), **words)
    return serializers.CharField(**words)


def body_of(move: Move) -> type[serializers.Serializer[Any]]:
    """The body of a move: its inputs, the version seen, the reason."""
    fields: dict[str, Any] = {}
    if not move.creates:
        fields["version"] = serializers.IntegerField(
            min_value=1, help_text="The version of the record that you saw; another one is answered with 409."
        )
    for item in move.inputs:
        fields[item.name] = field_of(item)
    fields["reason"] = serializers.CharField(
        required=move.reason_required, allow_blank=not move.reason_required, help_text="Why; becomes part of the record."
    )
    return type(f"{camel(move.id)}Body", (serializers.Serializer,), {**fields, "__doc__": str(move.effect)})


@cache
def record_of(kind: str) -> type[serializers.Serializer[Any]]:
    """The output of a record: what all have in common; the other keys are listed in the handbook."""
    words = f"A record of the kind “{kind}”; further keys depend on the kind."
    return type(camel(kind), (serializers.Serializer,), {"id": serializers.UUIDField(), "__doc__": words})


@cache
def page_of(kind: str) -> type[serializers.Serializer[Any]]:
    """A page of a list."""
    following = serializers.CharField(allow_null=True, help_text="Give it as `after` to go on; null at the end.")
    return type(f"{camel(kind)}Page", (serializers.Serializer,), {"items": record_of(kind)(many=True), "next": following})


def query_of(record_type: RecordType) -> list[OpenApiParameter]:
    """The filters of a list."""
    after = OpenApiParameter("after", OpenApiTypes.UUID, description="The last record seen.")
    return [after, LIMIT, *(OpenApiParameter(name, OpenApiTypes.STR) for name in record_type.filters)]


def address_of(move: Move) -> str:
    """Where a move is sent to."""
    collection = records.get(move.record).collection
    return f"/api/v1/{collection}/{move.verb}/" if move.creates else f"/api/v1/{collection}/{{id}}/{move.verb}/"


def refusals(*statuses: int) -> dict[int, Any]:
    """The error answers of an operation."""
    return dict.fromkeys(statuses, Error)


class TokenScheme(OpenApiAuthenticationExtension):
    """Personal tokens in the document."""

    target_class = "console.api.authentication.TokenAuthentication"
    name = "personalToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "sbp_…"}


class SessionScheme(OpenApiAuthenticationExtension):
    """The browser's session in the document."""

    target_class = "console.api.authentication.ConsoleSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The session cookie; writing needs the CSRF token too."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
