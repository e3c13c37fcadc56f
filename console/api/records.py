"""Lists, single records and timelines, one class per kind, made from the registry of record types."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from console.api import schema
from console.api.views import ApiView, entry_output, limit_of
from console.selectors.timeline import visible
from kernel import journal, records
from kernel.errors import Invalid, NotPermitted
from kernel.journal import StableCursor
from kernel.records import RecordType


class RecordApi(ApiView):
    """What all three have in common."""

    record_type: RecordType

    def need_read(self) -> None:
        """The kind must be readable for the caller at all."""
        self.need_scope_of_type()
        if not records.may_read(self.actor, self.record_type, None):
            raise NotPermitted(action=gettext("read %(kind)s") % {"kind": self.record_type.title})

    def need_scope_of_type(self) -> None:
        """A token needs the kind's read scope (its write scope includes it)."""
        scope = self.record_type.read_scope
        if self.actor.scopes is not None and not self.actor.scopes & {scope, scope.replace(":read", ":write")}:
            self.need_scope(scope)

    def fetch(self, public_id: UUID) -> Any:
        """The record, if the caller may know of it."""
        self.need_scope_of_type()
        return records.fetch(self.record_type.kind, self.actor, public_id)


class ListApi(RecordApi):
    """A page of records, newest first, by key."""

    def get(self, request: Request) -> Response:
        """`after`, `limit` and the kind's own filters; anything else is refused."""
        self.need_read()
        filters = {name: value for name, value in request.query_params.items() if name not in {"after", "limit"}}
        for name in filters:
            if name not in self.record_type.filters:
                raise Invalid(field=name, problem=gettext("there is no such filter."))
        limit = limit_of(request)
        try:
            query = self.record_type.list_for(self.actor, **filters)
            if after := request.query_params.get("after"):
                query = query.filter(pk__lt=self.place(after))
            found = list(query[: limit + 1])
        except (ValueError, TypeError, ValidationError) as error:
            raise Invalid(field=", ".join(filters) or "after", problem=gettext("not a value that can be looked for.")) from error
        page = found[:limit]
        following = str(page[-1].public_id) if len(found) > limit else None
        return Response({"items": [self.record_type.output(record) for record in page], "next": following})

    def place(self, after: str) -> int:
        """The key of the record seen last; only one that the caller may see is a place."""
        seen = self.record_type.list_for(self.actor).filter(public_id=UUID(after)).values_list("pk", flat=True).first()
        if seen is None:
            raise Invalid(field="after", problem=gettext("there is no such record."))
        return int(seen)


class DetailApi(RecordApi):
    """One record."""

    def get(self, request: Request, public_id: UUID) -> Response:
        """The record as it is now."""
        return Response(self.record_type.output(self.fetch(public_id)))


class TimelineApi(RecordApi):
    """The journal of one record and of the records linked to it."""

    def get(self, request: Request, public_id: UUID) -> Response:
        """Entries behind `after`, oldest first; without it the newest `limit`."""
        record = self.fetch(public_id)
        after = request.query_params.get("after") or None
        StableCursor.parse(after)
        read = journal.timeline(record, after=after, limit=limit_of(request))
        following = read[-1].cursor if read else after or ""  # behind what was read, also where the reader may see none of it
        return Response({"items": [entry_output(entry) for entry in visible(self.actor, read, record)], "next": following})


def list_api(record_type: RecordType) -> type[ListApi]:
    """The list of one kind."""
    described = extend_schema(
        operation_id=f"{record_type.collection}_list".replace("-", "_"),
        summary=f"List {record_type.collection}",
        tags=[record_type.collection],
        parameters=schema.query_of(record_type),
        responses={200: schema.page_of(record_type.kind), **schema.refusals(401, 403, 422)},
    )

    def get(self: ListApi, request: Request) -> Response:
        return ListApi.get(self, request)

    return _typed(ListApi, record_type, described(get))


def detail_api(record_type: RecordType) -> type[DetailApi]:
    """One record of one kind."""
    described = extend_schema(
        operation_id=f"{record_type.collection}_get".replace("-", "_"),
        summary=f"One of {record_type.collection}",
        tags=[record_type.collection],
        responses={200: schema.record_of(record_type.kind), **schema.refusals(401, 403, 404)},
    )

    def get(self: DetailApi, request: Request, public_id: UUID) -> Response:
        return DetailApi.get(self, request, public_id)

    return _typed(DetailApi, record_type, described(get))


def timeline_api(record_type: RecordType) -> type[TimelineApi]:
    """The timeline of one kind."""
    described = extend_schema(
        operation_id=f"{record_type.collection}_timeline".replace("-", "_"),
        summary=f"Timeline of one of {record_type.collection}",
        tags=[record_type.collection],
        parameters=schema.TAIL,
        responses={200: schema.Tail, **schema.refusals(401, 403, 404, 422)},
    )

    def get(self: TimelineApi, request: Request, public_id: UUID) -> Response:
        return TimelineApi.get(self, request, public_id)

    return _typed(TimelineApi, record_type, described(get))


def _typed(base: type[Any], record_type: RecordType, get: Any) -> type[Any]:
    """The class of one kind, with a method of its own: the description hangs on the method."""
    get.__doc__ = base.get.__doc__
    return type(f"{schema.camel(record_type.kind)}{base.__name__}", (base,), {"record_type": record_type, "get": get, "__doc__": base.__doc__})
