"""One look at one address, bounded in every direction. Plain asyncio: no Django, no database.

Targets are typed in by people and reach into private networks, so each look resolves the name once, checks the address it is
about to use (not the name) against what is allowed, and connects to exactly that address. No redirects, no proxies from the
environment, at most 64 KiB read, one deadline for all of it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

READ_LIMIT = 64 * 1024  # bytes of an answer
SECOND_TRY_AFTER_S = 0.2
SECOND_TRY_S = 1.5  # at most, so that a look never ends later than its timeout and 2 s
_NAMES_AT_ONCE = 16  # name look-ups cannot be interrupted; this many may hang at once
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::254/128",
        "100.100.100.200/32",
    )
)
_NAT64, _SIXTOFOUR = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n")
_names = ThreadPoolExecutor(max_workers=_NAMES_AT_ONCE, thread_name_prefix="probe-names")


class Refusal(Exception):
    """The look failed; `problem` is a short code that tells nothing of what lies behind a refused address."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Allowed(NamedTuple):
    """Addresses and ports that may be reached."""

    network: Network
    port_from: int
    port_to: int


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What may be reached. `denied`: addresses and ports of our own services, refused even where a row would allow them."""

    allowed: tuple[Allowed, ...]
    denied: frozenset[tuple[str, int]] = frozenset()

    def permit(self, address: Address, port: int) -> bool:
        """Whether a connection to this very address may be made."""
        plain = normalised(address)
        if any(plain.version == network.version and plain in network for network in _NEVER) or (str(plain), port) in self.denied:
            return False
        return any(
            plain.version == rule.network.version and plain in rule.network and rule.port_from <= port <= rule.port_to for rule in self.allowed
        )


@dataclass(frozen=True, kw_only=True)
class Target:
    """What to look at: `http` and `metric` take a URL, `tcp` takes host:port."""

    kind: str
    address: str
    timeout_s: float
    metric: str = ""


class Look(NamedTuple):
    """What was seen. `value`: the measure, for `metric`."""

    is_ok: bool
    took_ms: int
    problem: str = ""
    value: float | None = None


async def look(target: Target, rules: Rules) -> Look:
    """Look, and when that fails look a second time at once. Ends within the timeout and 2 s, whatever the other side does."""
    first = await _once(target, rules, target.timeout_s)
    if first.is_ok or first.problem == "not_allowed":
        return first
    await asyncio.sleep(SECOND_TRY_AFTER_S)
    return await _once(target, rules, min(target.timeout_s, SECOND_TRY_S))


async def _once(target: Target, rules: Rules, seconds: float) -> Look:
    started = time.monotonic()
    problem, value = "", None
    try:
        async with asyncio.timeout(seconds):
            value = await _look(target, rules)
    except TimeoutError:
        problem = "timeout"
    except Refusal as refusal:
        problem = refusal.problem
    except ssl.SSLError:
        problem = "tls"
    except OSError:
        problem = "no_connection"
    return Look(problem == "", round((time.monotonic() - started) * 1000), problem, value)


async def _look(target: Target, rules: Rules) -> float | None:
    if target.kind == "tcp":
        host, port = host_and_port(target.address)
        _reader, writer = await asyncio.open_connection(str(await _resolve(host, port, rules)), port)
        writer.transport.abort()
        return None
    url = url_of(target.address)
    status, body = await _get(url, rules)
    if not 200 <= status < 400:
        raise Refusal(f"status_{status}")
    return measure(body, target.metric) if target.kind == "metric" else None


# -- addresses ------------------------------------------------------------------------------------------------------------------


def host_and_port(text: str) -> tuple[str, int]:
    """Split `host:port` (IPv6 in brackets). Raises Refusal."""
    host, _colon, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise Refusal("bad_target")
    return host.strip("[]"), int(port)


def url_of(text: str) -> SplitResult:
    """An http(s) address without a name and password in it. Raises Refusal."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise Refusal("bad_target") from None
    if url.scheme not in ("http", "https") or not url.hostname or url.username is not None or port == 0 or re.search(r"[\x00-\x20\x7f]", text):
        raise Refusal("bad_target")
    return url


def normalised(address: Address) -> Address:
    """The address that is really reached: out of IPv4-mapped, NAT64 and 6to4 forms."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address in _SIXTOFOUR:
            return ipaddress.IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
    return address


async def _resolve(host: str, port: int, rules: Rules) -> Address:
    """The one address that will be connected to: the first that is allowed. Raises Refusal, the same for all that are not."""
    for address in await _addresses(host, port):
        if rules.permit(address, port):
            return address
    raise Refusal("not_allowed")


async def _addresses(host: str, port: int) -> Iterable[Address]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    try:
        host.encode("ascii")
        found = await asyncio.get_running_loop().run_in_executor(_names, _look_up, host, port)
    except (OSError, UnicodeError):
        raise Refusal("no_name") from None
    return [ipaddress.ip_address(address.partition("%")[0]) for address in found]


def _look_up(host: str, port: int) -> list[str]:
    return [str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


# -- HTTP -----------------------------------------------------------------------------------------------------------------------


async def _get(url: SplitResult, rules: Rules) -> tuple[int, bytes]:
    """GET, as HTTP/1.0 so that the answer ends with the connection; at most 64 KiB of it."""
    assert url.hostname is not None
    port = url.port or (443 if url.scheme == "https" else 80)
    address = await _resolve(url.hostname, port, rules)
    tls = ssl.create_default_context() if url.scheme == "https" else None
    reader, writer = await asyncio.open_connection(str(address), port, ssl=tls, server_hostname=url.hostname if tls else None, limit=READ_LIMIT)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        lines = (f"GET {path} HTTP/1.0", f"Host: {url.netloc}", "User-Agent: Switchback-Probe", "Accept: */*", "Connection: close", "", "")
        writer.write("\r\n".join(lines).encode("utf-8"))
        answer = await _read(reader)
    finally:
        writer.transport.abort()  # closing politely could wait for the other side
    return _split(answer)


async def _read(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < READ_LIMIT and (chunk := await reader.read(READ_LIMIT - size)):
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts)


def _split(answer: bytes) -> tuple[int, bytes]:
    match = _STATUS.match(answer)
    head, _empty, body = answer.partition(b"\r\n\r\n")
    if match is None:
        raise Refusal("not_http")
    if b"transfer-encoding: chunked" in head.lower():
        body = _unchunked(body)
    return int(match.group(1)), body


def _unchunked(body: bytes) -> bytes:
    """Some servers send chunks even to HTTP/1.0; what was cut off at 64 KiB is read as far as it goes."""
    parts: list[bytes] = []
    while body:
        line, _end, body = body.partition(b"\r\n")
        try:
            length = int(line.partition(b";")[0], 16)
        except ValueError:
            break
        if length == 0:
            break
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)


def measure(body: bytes, metric: str) -> float:
    """One number of a Prometheus text page: `name` or `name{label="value",…}`; several lines that match are added up. Raises Refusal."""
    name, _brace, rest = metric.partition("{")
    wanted = set(_labels(rest.rstrip("}")))
    total: float | None = None
    for line in body.decode("utf-8", "replace").splitlines():
        if not line.startswith(name) or line.startswith("#"):
            continue
        found, labels, value = _sample(line)
        if found == name.strip() and wanted <= labels and value is not None:
            total = (total or 0.0) + value
    if total is None:
        raise Refusal("no_measure")
    return total


_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"')
_SAMPLE = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*")


def _labels(text: str) -> list[tuple[str, str]]:
    return _LABEL.findall(text)


def _sample(line: str) -> tuple[str, set[tuple[str, str]], float | None]:
    match = _SAMPLE.fullmatch(line)
    if match is None:
        return "", set(), None
    try:
        value = float(match.group(3))
    except ValueError:
        return "", set(), None
    return match.group(1), set(_labels(match.group(2) or "")), value if value == value and abs(value) != float("inf") else None
