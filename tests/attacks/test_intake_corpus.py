"""T41: hostile bodies at every door of the intake. Never a 500, never slow, never unbounded; known senders find theirs in the inbox."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import itertools
import json
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kernel.actors import SYSTEM
from monitoring.alerts import directory
from monitoring.alerts.door import IntakeDoor
from monitoring.alerts.models import Alert, FailedIntake
from monitoring.alerts.services.sources import source_create

pytestmark = [pytest.mark.attack, pytest.mark.req("MON-06"), pytest.mark.django_db(transaction=True)]
SLOWEST_S = 0.2  # for one ordinary hostile body; doubled below, because others share the machine
MEMORY_LIMIT = 30 * 1024 * 1024  # bytes that the process may grow by

GROUP = {
    "version": "4", "groupKey": "g", "truncatedAlerts": 0, "status": "firing", "receiver": "r", "groupLabels": {},
    "commonLabels": {}, "commonAnnotations": {},
    "alerts": [
        {
            "status": "firing", "labels": {"alertname": "A", "severity": "critical"}, "annotations": {"summary": "S"},
            "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://x/", "fingerprint": "f" * 16,
        }
    ],
}  # fmt: skip
EVENT = {
    "routing_key": "", "event_action": "trigger", "dedup_key": "k", "client": "c", "client_url": "http://x/", "links": [], "images": [],
    "payload": {"summary": "S", "source": "s", "severity": "critical", "timestamp": "2026-01-01T00:00:00Z", "component": "c",
                "custom_details": {"a": "b"}},
}  # fmt: skip
ARRAY = [
    {
        "labels": {"alertname": "A"},
        "annotations": {},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2026-01-01T00:04:00Z",
        "generatorURL": "http://x/",
    }
]
ANYTHING = {"summary": "S", "id": "k", "severity": "critical", "status": "firing", "labels": {"a": "b"}, "starts_at": "2026-01-01T00:00:00Z"}
ODD_VALUES: list[Any] = [
    None, True, False, 0, -1, 2**63, 2**70, 1.5, "", " ", "x", "0", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202etxet", "é" * 3,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A", "🦄", "中文告警",
    "x" * 20_000, "9999-12-31T23:59:59-23:59", "0000-00-00", "${jndi:ldap://x}", "'; DROP TABLE alerts_alert; --", "%s%n%(x)s", "{{7*7}}",
    "javascript:alert(1)", [], {}, [[]], [None], {"a": None}, {"": ""}, {"\x00": "\x00"}, {"a": {"b": {"c": [1, {"d": "e"}]}}}, ["x"] * 500,
    {str(n): n for n in range(500)},
]  # fmt: skip


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be replaced."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The value with something odd at the path."""
    changed = json.loads(json.dumps(value))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    return changed


def wrong_types() -> list[tuple[str, str, bytes]]:
    """Each field of each format with several odd values: (format, what, body)."""
    found = []
    odd = itertools.cycle(ODD_VALUES)
    for kind, good in (("alertmanager", GROUP), ("prometheus", ARRAY), ("pagerduty", EVENT), ("generic", ANYTHING)):
        for path in _paths(good):
            if path == ("routing_key",):
                continue
            values = itertools.islice(odd, 7)
            found += [(kind, f"{'.'.join(map(str, path))} = {value!r:.30}", json.dumps(_with(good, path, value)).encode()) for value in values]
    return found


def broken_bodies() -> list[tuple[str, bytes, dict[str, str]]]:
    """Bodies that are broken for every format: (what, body, headers)."""
    good = json.dumps(GROUP).encode()
    deep = 100_000
    plain = {"content-type": "application/json"}
    bodies: list[tuple[str, bytes, dict[str, str]]] = [
        ("empty", b"", plain),
        ("space", b"   \n", plain),
        ("null", b"null", plain),
        ("list of null", b"[null]", plain),
        ("number", b"3", plain),
        ("text", b'"x"', plain),
        ("half", good[: len(good) // 2], plain),
        ("two", good + good, plain),
        ("trailing comma", b'{"alerts": [],}', plain),
        ("single quotes", b"{'alerts': []}", plain),
        ("comment", b'{"alerts": [] /* x */}', plain),
        ("nan", b'{"alerts": NaN}', plain),
        ("infinity", b'{"alerts": [Infinity, -Infinity]}', plain),
        ("1e999", b'{"alerts": 1e999, "x": -1e999}', plain),
        ("5,000 digits", b'{"alerts": ' + b"9" * 5_000 + b"}", plain),
        ("5,000 digits after the point", b'{"alerts": 0.' + b"9" * 5_000 + b"}", plain),
        ("deep lists", b"[" * deep + b"]" * deep, plain),
        ("deep lists, open", b"[" * deep, plain),
        ("deep objects", b'{"a":' * deep + b"1" + b"}" * deep, plain),
        ("2,000 deep", b'{"alerts":' + b"[" * 2_000 + b"]" * 2_000 + b"}", plain),
        ("21 deep", b'{"alerts":' + b"[" * 21 + b"]" * 21 + b"}", plain),
        ("deep label", json.dumps(_with(GROUP, ("alerts", 0, "labels", "alertname"), "X")).encode().replace(b'"X"', b"[" * 15 + b"]" * 15), plain),
        ("name twice", b'{"alerts": [], "alerts": []}', plain),
        ("name twice inside", good.replace(b'"S"', b'"S", "summary": "T"'), plain),
        ("raw nul", good.replace(b'"S"', b'"S\x00"'), plain),
        ("raw control", good.replace(b'"S"', b'"S\x01\x1f"'), plain),
        ("escaped nul", good.replace(b'"S"', b'"\\u0000"'), plain),
        ("nul in a name", good.replace(b'"summary"', b'"sum\\u0000mary"'), plain),
        ("lone surrogate", good.replace(b'"S"', b'"\\ud800"'), plain),
        ("surrogates turned", good.replace(b'"S"', b'"\\udc00\\ud800"'), plain),
        ("bad escape", good.replace(b'"S"', b'"\\x41"'), plain),
        ("bad utf-8", good.replace(b'"S"', b'"\xff\xfe\xc0\xaf"'), plain),
        ("overlong utf-8", good.replace(b'"S"', b'"\xf0\x82\x82\xac"'), plain),
        ("cesu-8", good.replace(b'"S"', b'"\xed\xa0\x80"'), plain),
        ("utf-8 with mark", b"\xef\xbb\xbf" + good, plain),
        ("utf-16", good.decode().encode("utf-16"), plain),
        ("utf-32", good.decode().encode("utf-32"), plain),
        ("utf-16 without mark", good.decode().encode("utf-16-le"), plain),
        ("utf-16 half", good.decode().encode("utf-16")[:-1], plain),
        ("utf-7", good, {"content-type": "application/json; charset=utf-7"}),
        ("bogus charset", good, {"content-type": "application/json; charset=klingon"}),
        ("rot13", good, {"content-type": "application/json; charset=rot13"}),
        ("hex codec", good, {"content-type": "application/json; charset=hex"}),
        ("charset twice", good, {"content-type": 'application/json; charset="utf-8"; charset=utf-7'}),
        ("no type", good, {}),
        ("wrong type", good, {"content-type": "text/plain"}),
        ("form", b"a=b&c=%00", {"content-type": "application/x-www-form-urlencoded"}),
        ("form with json", good, {"content-type": "application/x-www-form-urlencoded"}),
        ("multipart", b"--x\r\n", {"content-type": "multipart/form-data; boundary=x"}),
        ("xml", b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", {"content-type": "application/xml"}),
        ("long type", good, {"content-type": "x" * 8_000}),
        ("gzip", gzip.compress(good), {**plain, "content-encoding": "gzip"}),
        ("deflate", zlib.compress(good), {**plain, "content-encoding": "deflate"}),
        ("not gzip", good, {**plain, "content-encoding": "gzip"}),
        ("gzip cut", gzip.compress(good)[:-6], {**plain, "content-encoding": "gzip"}),
        ("gzip twice", gzip.compress(gzip.compress(good)), {**plain, "content-encoding": "gzip"}),
        ("gzip, gzip", gzip.compress(good), {**plain, "content-encoding": "gzip, gzip"}),
        ("gzip bomb", gzip.compress(b"[" * 300_000_000, 9), {**plain, "content-encoding": "gzip"}),
        ("zlib bomb", zlib.compress(b" " * 300_000_000, 9), {**plain, "content-encoding": "deflate"}),
        ("gzip of nothing", gzip.compress(b""), {**plain, "content-encoding": "gzip"}),
        ("bz2", bz2.compress(good), {**plain, "content-encoding": "bzip2"}),
        ("br", good, {**plain, "content-encoding": "br"}),
        ("bogus encoding", good, {**plain, "content-encoding": "\xff\xfe"}),
        ("0.9 MiB of brackets", b"[" * 900_000, plain),
        ("0.9 MiB of text", json.dumps({"alerts": "x" * 900_000}).encode(), plain),
        ("0.9 MiB of escapes", b'{"alerts": "' + b"\\u0000" * 150_000 + b'"}', plain),
        ("20,000 empty alerts", b'{"alerts": [' + b"{}," * 19_999 + b"{}]}", plain),
        ("10,000 labels", json.dumps({"alerts": [{"labels": {f"l{n}": "v" for n in range(10_000)}}]}).encode(), plain),
        ("20,000 members", json.dumps({str(n): n for n in range(20_000)}).encode(), plain),
        ("6 MiB", b"x" * 6 * 1024 * 1024, plain),
    ]
    return bodies


CORPUS = len(wrong_types()) + 4 * len(broken_bodies())


def test_the_corpus_is_large_enough() -> None:
    assert len(wrong_types()) >= 250
    assert CORPUS >= 300


class Doors:
    """The four formats with a key each, asked through the ASGI door."""

    def __init__(self) -> None:
        self.keys = {kind: source_create(kind=kind, name=kind, actor=SYSTEM)[1] for kind in ("alertmanager", "prometheus", "pagerduty", "generic")}
        self.paths = {
            "alertmanager": f"/in/alertmanager/{self.keys['alertmanager']}",
            "prometheus": f"/in/prometheus/{self.keys['prometheus']}/api/v2/alerts",
            "pagerduty": "/v2/enqueue",
            "generic": f"/in/generic/{self.keys['generic']}/",
        }
        self._door = IntakeDoor(_nowhere)

    async def ask(self, kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, float]:
        """Status, body and seconds of the processor's time of one request; large bodies come in chunks."""
        if kind == "pagerduty":
            body = body.replace(b'"routing_key": ""', f'"routing_key": "{self.keys["pagerduty"]}"'.encode())
        chunks = [body[start : start + 65_536] for start in range(0, len(body), 65_536)] or [b""]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            chunk = chunks.pop(0) if chunks else b""
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        started = time.process_time()  # what the body costs us, whatever else this machine does
        await self._door({"type": "http", "method": "POST", "path": self.paths[kind], "headers": raw}, receive, send)
        return sent[0]["status"], sent[1]["body"], time.process_time() - started


async def _nowhere(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("not an address of the intake")


@pytest.fixture
def doors(tmp_path: Path, settings: Any) -> Doors:
    settings.SPOOL_DIR = tmp_path / "spool"
    directory.forget()
    return Doors()


def _check(what: str, status: int, took: float, slowest: list[tuple[float, str]]) -> None:
    assert 200 <= status < 300 or 400 <= status < 500, f"{what}: {status}"
    slowest.append((took, what))


@pytest.mark.timeout(300)
def test_wrong_types_in_every_field_are_taken_or_refused(doors: Doors) -> None:
    codes: Counter[int] = Counter()
    slowest: list[tuple[float, str]] = []

    async def run() -> None:
        for kind, what, body in wrong_types():
            status, _body, took = await doors.ask(kind, body, {"content-type": "application/json"})
            _check(f"{kind}: {what}", status, took, slowest)
            codes[status] += 1

    asyncio.run(run())
    assert codes[200] + codes[202] > len(wrong_types()) * 0.7, "most are odd, not broken"
    slowest.sort(reverse=True)
    assert slowest[len(slowest) // 100][0] < SLOWEST_S * 2, slowest[:5]
    assert not FailedIntake.objects.filter(code="unforeseen").exists(), list(
        FailedIntake.objects.filter(code="unforeseen").values_list("detail", flat=True)
    )
    assert Alert.objects.exists()


@pytest.mark.timeout(300)
def test_broken_bodies_are_refused_and_bounded(doors: Doors) -> None:
    process = psutil.Process()
    slowest: list[tuple[float, str]] = []
    wanted_4xx = {
        "half",
        "nan",
        "1e999",
        "5,000 digits",
        "deep lists",
        "deep objects",
        "2,000 deep",
        "21 deep",
        "name twice",
        "utf-7",
        "bogus charset",
        "br",
        "bz2",
        "gzip cut",
    }
    wanted_2xx = {"bad utf-8", "utf-8 with mark", "lone surrogate", "escaped nul", "gzip", "deflate", "no type", "wrong type", "utf-16"}

    async def run() -> None:
        bodies = broken_bodies()
        for _what, body, headers in bodies[:20]:  # before it is measured: threads, connections, caches
            await doors.ask("generic", body, headers)
        before = process.memory_info().rss
        for kind in doors.paths:
            for what, body, headers in bodies:
                status, _body, took = await doors.ask(kind, body, headers)
                _check(f"{kind}: {what}", status, took, slowest)
                if what in wanted_4xx:
                    assert 400 <= status < 500, f"{kind}: {what}: {status}"
                if kind == "alertmanager" and what in wanted_2xx:
                    assert status == 200, f"{what}: {status}"
        assert process.memory_info().rss - before < MEMORY_LIMIT

    asyncio.run(run())
    slowest.sort(reverse=True)
    assert slowest[len(slowest) // 20][0] < SLOWEST_S * 2, slowest[:8]
    assert not FailedIntake.objects.filter(code="unforeseen").exists(), list(
        FailedIntake.objects.filter(code="unforeseen").values_list("detail", flat=True)
    )
    kept = set(FailedIntake.objects.filter(source__kind="alertmanager").values_list("code", flat=True))
    assert {"broken_json", "too_large", "unsupported", "not_alerts"} <= kept, "a known sender finds its body in the inbox"


def test_what_nobody_foresaw_is_kept_and_answered_2xx(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last resort: an adapter that breaks must not make the sender send for ever."""
    from monitoring.alerts.adapters import alertmanager

    def broken(_body: Any) -> Any:
        raise KeyError("a shape nobody foresaw")

    monkeypatch.setattr(alertmanager, "read", broken)
    status, _body, _took = asyncio.run(doors.ask("alertmanager", json.dumps(GROUP).encode(), {}))
    assert status == 200
    failed = FailedIntake.objects.get()
    assert (failed.code, json.loads(bytes(failed.body or b""))["groupKey"]) == ("unforeseen", "g")


def test_what_the_database_refuses_is_kept_and_costs_its_neighbours_nothing(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.alerts.adapters import alertmanager

    read: Callable[[Any], Any] = alertmanager.read

    def poisonous(body: Any) -> Any:
        reading = read(body)
        if body["groupKey"] == "poison":
            return reading._replace(alerts=[alert._replace(dedup_key="p", summary="x\x00y") for alert in reading.alerts])
        return reading

    monkeypatch.setattr(alertmanager, "read", poisonous)
    bodies = [json.dumps({**GROUP, "groupKey": "poison" if number == 3 else "g"}).encode() for number in range(6)]

    async def run() -> list[tuple[int, bytes, float]]:
        return await asyncio.gather(*(doors.ask("alertmanager", body, {}) for body in bodies))

    assert [status for status, _body, _took in asyncio.run(run())] == [200] * 6
    assert Alert.objects.get().times_seen == 5
    assert FailedIntake.objects.get().code == "unforeseen"
