"""The two doors of an order service: the gate (orders) and the service port (health, metrics, administration of this side)."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.service.gate import Gate
from lab.service.shop import NotReplicated, Shop
from lab.service.versions import NewOrder

Handler = Callable[[Request], Awaitable[Response]]
_CHANNELS_LIMIT = 20  # characters


class Refused(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def _plain(row: Any) -> dict[str, Any]:
    return {
        key: value.isoformat() if hasattr(value, "isoformat") else str(value) if isinstance(value, uuid.UUID) else value
        for key, value in dict(row).items()
    }


def _order_of(request: Request, body: bytes) -> NewOrder:
    key = request.headers.get("idempotency-key", "").strip()
    if not 8 <= len(key) <= 200:
        raise Refused(400, "key_missing", "Send an Idempotency-Key of 8 to 200 characters: a retry with the same key is the same order.")
    try:
        fields = json.loads(body or b"{}")
        order = NewOrder(
            key=key, customer=str(fields.get("customer", "walk-in"))[:200], item=str(fields.get("item", "sample"))[:200],
            quantity=int(fields.get("quantity", 1)), amount_cents=int(fields.get("amount_cents", 0)),
            channel=str(fields.get("channel", "web"))[:_CHANNELS_LIMIT], marked=request.headers.get("x-business-check") == "1",
        )  # fmt: skip
    except (ValueError, TypeError, AttributeError) as wrong:
        raise Refused(400, "bad_order", f"The order cannot be read: {wrong}") from wrong
    if order.quantity < 1 or order.amount_cents < 0:
        raise Refused(400, "bad_order", "Quantity must be at least 1 and the amount not negative.")
    return order


def _order_id(request: Request) -> uuid.UUID:
    try:
        return uuid.UUID(request.path_params["order_id"])
    except ValueError as wrong:
        raise Refused(404, "no_such_order", "There is no such order.") from wrong


class Doors:
    """HTTP in front of a Shop."""

    def __init__(self, shop: Shop, gate_port: int, token: str) -> None:
        self.shop = shop
        self._token = token
        self.gate = Gate(self._gate_app(), gate_port)

    def _gate_app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/orders", self._measured("place", self.place), methods=["POST"]),
                Route("/orders/{order_id}/pay", self._measured("pay", self.pay), methods=["POST"]),
                Route("/orders/{order_id}/ship", self._measured("ship", self.ship), methods=["POST"]),
                Route("/orders/{order_id}", self._measured("read", self.read), methods=["GET"]),
                Route("/ready", self.ready),
                Route("/health", self.health),
            ]
        )

    def service_app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/ready", self.ready),
                Route("/metrics", self.metrics),
                Route("/admin/state", self._for_administrators(self.admin_state)),
                Route("/admin/gate/open", self._for_administrators(self.gate_open), methods=["POST"]),
                Route("/admin/gate/close", self._for_administrators(self.gate_close), methods=["POST"]),
                Route("/admin/slow", self._for_administrators(self.slow), methods=["POST"]),
            ]
        )

    # -- orders ------------------------------------------------------------------------------------------------------

    async def place(self, request: Request) -> Response:
        order = _order_of(request, await request.body())
        row = await self.shop.transact(lambda connection: self.shop.version.place(connection, order))
        self.shop.metrics.acknowledged("placed", marked=order.marked)
        return self._answer(_plain(row), 201 if row["hits"] == 1 else 200)

    async def pay(self, request: Request) -> Response:
        await request.body()
        order = _order_id(request)
        row = await self.shop.transact(lambda connection: self.shop.version.pay(connection, order))
        if row is None:
            raise Refused(404, "no_such_order", "There is no such order.")
        self.shop.metrics.acknowledged("paid", marked=row["marked"])
        return self._answer(_plain(row))

    async def ship(self, request: Request) -> Response:
        await request.body()
        order = _order_id(request)
        row = await self.shop.transact(lambda connection: self.shop.version.ship(connection, order))
        if row is None:
            raise Refused(409, "not_paid", "There is no such order, or it is not paid.")
        self.shop.metrics.acknowledged("shipped", marked=row["marked"])
        return self._answer(_plain(row))

    async def read(self, request: Request) -> Response:
        order = _order_id(request)
        rows = await self.shop.read("select * from orders where id = $1", order)
        if not rows:
            raise Refused(404, "no_such_order", "There is no such order.")
        payments = await self.shop.read("select id, amount_cents, paid_at from payments where order_id = $1", order)
        return self._answer({**_plain(rows[0]), "payments": [_plain(payment) for payment in payments]})

    def _answer(self, content: dict[str, Any], status: int = 200) -> Response:
        content |= {"side": self.shop.side, "version": self.shop.version.number}
        return JSONResponse(content, status, headers={"X-Order-Side": self.shop.side})

    def _measured(self, route: str, handler: Handler) -> Handler:
        async def measured(request: Request) -> Response:
            started = time.monotonic()
            try:
                response = await handler(request)
            except ClientDisconnect:
                response = Response(status_code=499)
            except (Exception, asyncio.CancelledError) as problem:  # noqa: BLE001 - every problem becomes an answer, named ones with their own status
                refused = _refusal(problem)
                content = {"code": refused.code, "message": refused.message, "side": self.shop.side, "version": self.shop.version.number}
                response = JSONResponse(content, refused.status, headers={"X-Order-Side": self.shop.side})
            self.shop.metrics.answered(route, response.status_code, time.monotonic() - started)
            return response

        return measured

    # -- how it is ---------------------------------------------------------------------------------------------------

    async def ready(self, request: Request) -> Response:
        """For the gateway: 200 when orders can be sent here. A failing version is still ready: that is what makes it an incident."""
        ready = self.gate.state == "open" and self.shop.database_up
        content = {"ready": ready, "side": self.shop.side, "version": self.shop.version.number, "gate": self.gate.state}
        return JSONResponse(content, 200 if ready else 503, headers={"X-Order-Side": self.shop.side})

    async def health(self, request: Request) -> Response:
        """For probes: 503 when the database is gone, or when orders of the last seconds were refused or slow."""
        recent = self.shop.metrics.recent()
        healthy = self.shop.database_up and recent["healthy"]
        content = {"healthy": healthy, "side": self.shop.side, "version": self.shop.version.number, "gate": self.gate.state}
        return JSONResponse(content | {"database_up": self.shop.database_up, "recent": recent}, 200 if healthy else 503)

    async def metrics(self, request: Request) -> Response:
        self.shop.metrics.set(gate_open=self.gate.state == "open")
        return Response(self.shop.metrics.exposition(), media_type="text/plain; version=0.0.4")

    # -- administration of this side ---------------------------------------------------------------------------------

    async def admin_state(self, request: Request) -> Response:
        content = {"side": self.shop.side, "version": self.shop.version.number, "gate": self.gate.state, "slow_ms": round(self.shop.slow_s * 1000)}
        return JSONResponse(content | {"database_up": self.shop.database_up, "recent": self.shop.metrics.recent()})

    async def gate_open(self, request: Request) -> Response:
        try:
            await self.shop.warm()
            await self.gate.open()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
            return JSONResponse({"code": "gate_stays_closed", "message": f"The gate cannot open: {problem or type(problem).__name__}"}, 503)
        return JSONResponse({"gate": self.gate.state})

    async def gate_close(self, request: Request) -> Response:
        fields = json.loads(await request.body() or b"{}")
        done = await self.gate.close(float(fields.get("drain_s", 2.0)))
        return JSONResponse({"gate": self.gate.state, **done})

    async def slow(self, request: Request) -> Response:
        self.shop.slow_s = float(json.loads(await request.body())["delay_ms"]) / 1000
        return JSONResponse({"slow_ms": round(self.shop.slow_s * 1000)})

    def _for_administrators(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {self._token}".encode()):
                return JSONResponse({"code": "unauthorized", "message": "Send the token of lab.json as a bearer token."}, 401)
            return await handler(request)

        return guarded


def _refusal(problem: BaseException) -> Refused:
    """What the customer is told: 503 for what another try may cure, 500 for what it will not."""
    match problem:
        case Refused():
            return problem
        case asyncio.CancelledError():
            return Refused(503, "closing", "This side is closing. Try again with the same key.")
        case NotReplicated() | TimeoutError():
            return Refused(503, "timeout", "The order could not be confirmed in time. Try again with the same key.")
        case asyncpg.InsufficientPrivilegeError():
            return Refused(503, "fenced", "This side does not take orders.")
        case asyncpg.IntegrityConstraintViolationError():
            return Refused(500, "refused_by_schema", f"The order was refused: {problem}")
        case (
            OSError()
            | asyncpg.PostgresConnectionError()
            | asyncpg.InterfaceError()
            | asyncpg.CannotConnectNowError()
            | asyncpg.OperatorInterventionError()
        ):
            return Refused(503, "database_down", "The order system cannot reach its database.")
        case _:
            return Refused(500, "internal", f"{type(problem).__name__}: {problem}")
