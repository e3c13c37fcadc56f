"""The control server: the JSON API by which the console and the command line see and move the practice order system."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab import faults
from lab.customers.asking import customer_counts, customer_rate_set
from lab.emergency import EMERGENCY, EMERGENCY_EXTRA
from lab.errors import LabError
from lab.home import PRIMARY, SIDES, STANDBY, Side, other
from lab.parts import say
from lab.preflight import preflight
from lab.rebuild import REBUILD
from lab.status import status
from lab.steps import PLANNED, PLANNED_UNDO, Order, Step
from lab.system import System
from lab.verify import verify
from lab.watchdog import Watchdog
from localservers.errors import LocalServerError

STEPS: dict[str, Step] = {step.name: step for step in (*PLANNED, *PLANNED_UNDO, *EMERGENCY, *EMERGENCY_EXTRA, *REBUILD)}
_EMERGENCY_PLAN = (*EMERGENCY, STEPS["grant"], STEPS["open_gate"])
PLANS: dict[str, tuple[Step, ...]] = {"planned": PLANNED, "emergency": _EMERGENCY_PLAN}

Handler = Callable[[Request], Awaitable[Any]]


class Control:
    """Answers with JSON; errors are {ok: false, code, message, evidence}."""

    def __init__(self, system: System, watchdog: Watchdog) -> None:
        self._system = system
        self._watchdog = watchdog
        self._moved_at = 0.0

    def app(self) -> Starlette:
        def get(path: str, handler: Handler) -> Route:
            return Route(path, self._answering(handler))

        def post(path: str, handler: Handler) -> Route:
            return Route(path, self._answering(handler), methods=["POST"])

        routes = [
            get("/health", self.health), get("/status", self.show_status), get("/steps", self.list_steps), get("/preflight", self.show_preflight),
            get("/customers", self.customers), get("/customers/verify", self.customers_verify),
            post("/customers/rate", self.customers_rate), post("/steps/{step}", self.step), post("/break/{kind}", self.break_),
            post("/fix", self.fix), post("/database/{side}/{action}", self.database),
        ]  # fmt: skip
        return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=self._let_in)])

    async def _let_in(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        sent = request.headers.get("authorization", "").encode()
        if request.url.path != "/health" and not hmac.compare_digest(sent, f"Bearer {self._system.book['control']['token']}".encode()):
            return JSONResponse({"ok": False, "code": "unauthorized", "message": "Send the token of lab.json as a bearer token."}, 401)
        return await call_next(request)

    def _answering(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(await handler(request))
            except LabError as problem:
                refused = problem
            except LocalServerError as problem:
                refused = LabError("server_did_not_obey", str(problem), status=500)
            except asyncpg.PostgresError as problem:
                refused = LabError("database_refused", f"{type(problem).__name__}: {problem}", status=500)
            return JSONResponse(refused.as_json(), refused.status)

        return answer

    @property
    def _customers_url(self) -> str:
        url: str = self._system.book["customers"]["url"]
        return url

    # -- looking -----------------------------------------------------------------------------------------------------

    async def health(self, request: Request) -> dict[str, Any]:
        return {"ok": True}

    async def show_status(self, request: Request) -> dict[str, Any]:
        if self._watchdog.looked_at < self._moved_at:
            await self._watchdog.look()  # what a caller has just moved, it shall see
        try:
            counts = await customer_counts(self._customers_url)
        except LabError:
            counts = None
        return status(self._system, self._watchdog, counts)

    async def list_steps(self, request: Request) -> dict[str, Any]:
        plans = {name: [{"step": step.name, "text": step.text, "undo": step.undo} for step in plan] for name, plan in PLANS.items()}
        return {"plans": plans, "point_of_no_return": "open_gate", "steps": {step.name: step.text for step in STEPS.values()}}

    async def show_preflight(self, request: Request) -> dict[str, Any]:
        order = _order(dict(request.query_params))
        await self._watchdog.look()
        return preflight(self._system, self._watchdog, order, request.query_params.get("kind", "planned"))

    async def customers(self, request: Request) -> dict[str, Any]:
        since = request.query_params.get("since")
        try:
            return await customer_counts(self._customers_url, float(since) if since else None)
        except ValueError as wrong:
            raise LabError("bad_since", "since is Unix time in seconds", status=400) from wrong

    async def customers_verify(self, request: Request) -> dict[str, Any]:
        return await verify(self._system)

    # -- moving ------------------------------------------------------------------------------------------------------

    async def customers_rate(self, request: Request) -> Any:
        rate = (await _body(request)).get("rate")
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise LabError("bad_rate", "rate is a number of orders a second", status=400)
        return await customer_rate_set(self._customers_url, rate)

    async def step(self, request: Request) -> dict[str, Any]:
        name = request.path_params["step"]
        if name not in STEPS:
            raise LabError("unknown_step", f"There is no step {name!r}", status=404)
        order = _order(await _body(request))

        async def act() -> tuple[str, dict[str, Any]]:
            return await STEPS[name].act(self._system, order)

        answer = await self._alone(act)
        say("lab", f"step {name} ({order.old} → {order.new}), {answer['took_ms']:g} ms: {answer['detail']}")
        return {"step": name, "from": order.old, "to": order.new, **answer}

    async def break_(self, request: Request) -> dict[str, Any]:
        kind, side = request.path_params["kind"], (await _body(request)).get("side")
        return await self._alone(lambda: faults.break_it(self._system, kind, _side(side) if side else None))

    async def fix(self, request: Request) -> dict[str, Any]:
        return await self._alone(lambda: faults.fix_all(self._system))

    async def database(self, request: Request) -> dict[str, Any]:
        side, action = _side(request.path_params["side"]), request.path_params["action"]
        if action not in ("stop", "start"):
            raise LabError("unknown_action", "stop or start", status=404)

        async def act() -> tuple[str, dict[str, Any]]:
            await (faults.database_stop if action == "stop" else faults.database_start)(self._system, side)
            return f"The database of the {side} is {'stopped' if action == 'stop' else 'up'}", {"side": side}

        return await self._alone(act)

    async def _alone(self, act: Callable[[], Awaitable[tuple[str, dict[str, Any]]]]) -> dict[str, Any]:
        """One movement at a time. `took_ms` is the movement's own time, without waiting for its turn."""
        async with self._system.lock:
            started = time.monotonic()
            try:
                detail, evidence = await act()
            finally:
                self._moved_at = time.monotonic()
            return {"ok": True, "detail": detail, "evidence": evidence, "took_ms": round((time.monotonic() - started) * 1000, 1)}


async def _body(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(await request.body() or b"{}")
    except ValueError as wrong:
        raise LabError("bad_json", "The body is not JSON", status=400) from wrong
    if not isinstance(content, dict):
        raise LabError("bad_json", "The body must be a JSON object", status=400)
    return content


def _side(value: Any) -> Side:
    if value not in SIDES:
        raise LabError("unknown_side", f"A side is {PRIMARY} or {STANDBY}, not {value!r}", status=400)
    side: Side = value
    return side


def _order(fields: dict[str, Any]) -> Order:
    old = _side(fields.get("from"))
    new = _side(fields.get("to"))
    if new != other(old):
        raise LabError("same_side", "from and to must be the two different sides", status=400)
    return Order(old, new, {key: value for key, value in fields.items() if key not in ("from", "to")})
