"""A small HTTP client for JSON over loopback: one connection a request, nothing shared that could clog."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_LONGEST_BODY = 16 * 1024 * 1024  # bytes


class NoAnswer(Exception):
    """No complete answer came: refused, cut off, too late, or not HTTP."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Raises NoAnswer when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError as wrong:
            raise NoAnswer(f"no JSON but {self.body[:80]!r}") from wrong


async def request(method: str, url: str, body: Any = None, *, headers: Mapping[str, str] | None = None, timeout_s: float) -> Answer:
    """Send the body as JSON and read the whole answer within the time. Raises NoAnswer, whose text starts with the kind of trouble."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _exchange(method, url, b"" if body is None else json.dumps(body).encode(), headers or {})
    except TimeoutError as late:
        raise NoAnswer("timeout") from late
    except ConnectionRefusedError as refused:
        raise NoAnswer("refused") from refused
    except (OSError, EOFError, ValueError) as cut:
        raise NoAnswer(f"cut off ({type(cut).__name__})") from cut


async def _exchange(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        sent = {"Host": parts.netloc, "Connection": "close", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        got = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        return Answer(status, got, await _read_body(reader, got))
    finally:
        writer.transport.abort()


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        pieces = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            pieces.append(await reader.readexactly(size))
            await reader.readline()
        return b"".join(pieces)
    if "content-length" in headers:
        return await reader.readexactly(min(int(headers["content-length"]), _LONGEST_BODY))
    return await reader.read(_LONGEST_BODY)
