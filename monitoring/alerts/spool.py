"""Where accepted bodies wait while Postgres is away: plain files on the local disk, synced before the sender is answered.

    <home>/spool/keys.json         digests of the intake keys, so that strangers are refused without the database
    <home>/spool/intake.jsonl      bodies in the order of their coming, one JSON object a line
    <home>/spool/replaying-*.jsonl a file that is being stored; kept until all of it is committed

The sender is answered 503 whatever happens here: 2xx is said only for what Postgres holds. Replaying is idempotent (each
body has an id of its own, and Postgres remembers them), so a body that the sender sent again is counted, not doubled.
Safe across threads and processes of one machine by a lock on the folder's own lock file; no Django in here.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

SIZE_LIMIT = 256 * 1024 * 1024  # bytes in all files together; about an hour of a 50-alert group each 20 ms


class Full(Exception):
    """The spool holds as much as it may; the sender is told to come again and nothing is kept."""


@dataclass(frozen=True, kw_only=True)
class Spooled:
    """One body as it came, and what is known about it without a database."""

    body_id: UUID
    source_id: int
    format: str
    received_at: datetime
    headers: Mapping[str, str]
    path: str
    body: bytes

    def line(self) -> bytes:
        """The record as one line of JSON."""
        values = asdict(self) | {
            "body_id": str(self.body_id),
            "received_at": self.received_at.isoformat(),
            "body": base64.b64encode(self.body).decode(),
        }
        return json.dumps(values, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Spooled | None:
        """Read a line back; None for one that a power cut tore (its sender was never answered)."""
        try:
            values = json.loads(line)
            return cls(
                body_id=UUID(values["body_id"]),
                source_id=int(values["source_id"]),
                format=str(values["format"]),
                received_at=datetime.fromisoformat(values["received_at"]),
                headers=dict(values["headers"]),
                path=str(values["path"]),
                body=base64.b64decode(values["body"]),
            )
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class KnownKey:
    """What of an intake key is kept outside the database: nothing that lets anybody file an alert."""

    source_id: int
    kind: str


class Spool:
    """The spool of one home folder."""

    def __init__(self, folder: Path, *, size_limit: int = SIZE_LIMIT) -> None:
        self.folder = folder
        self.size_limit = size_limit

    @property
    def _active(self) -> Path:
        return self.folder / "intake.jsonl"

    # -- appending --------------------------------------------------------------------------------------------------------

    def append(self, records: Sequence[Spooled]) -> None:
        """Add the records and sync them to the disk: one sync for all. Raises Full, OSError."""
        data = b"".join(record.line() for record in records)
        with self._lock("append"):
            if self.size() + len(data) > self.size_limit:
                raise Full
            is_new = not self._active.exists()
            descriptor = os.open(self._active, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                start = os.fstat(descriptor).st_size
                try:
                    _write_all(descriptor, data)
                    os.fsync(descriptor)
                except OSError:
                    os.ftruncate(descriptor, start)  # a half line must not swallow the next record
                    raise
            finally:
                os.close(descriptor)
            if is_new:
                _sync_folder(self.folder)

    # -- replaying --------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def replaying(self) -> Iterator[Iterator[Path]]:
        """Files to store, oldest first; the caller calls `done` for each after the commit. Nothing if another process is at it."""
        if not self.folder.is_dir():
            yield iter(())
            return
        with self._lock("replay", wait=False) as is_ours:
            yield self._files_to_replay() if is_ours else iter(())

    def _files_to_replay(self) -> Iterator[Path]:
        yield from sorted(self.folder.glob("replaying-*.jsonl"))
        with self._lock("append"):
            if not self._active.exists():
                return
            target = self.folder / f"replaying-{time.time_ns()}.jsonl"
            self._active.rename(target)
            _sync_folder(self.folder)
        yield target

    @staticmethod
    def read(path: Path) -> Iterator[Spooled]:
        """The records of one file, in order."""
        with path.open("rb") as file:
            for line in file:
                record = Spooled.from_line(line)
                if record is not None:
                    yield record

    @staticmethod
    def done(path: Path) -> None:
        """All of this file is in Postgres."""
        path.unlink()

    def size(self) -> int:
        """Bytes that wait in all files."""
        if not self.folder.is_dir():
            return 0
        total = 0
        for pattern in ("intake.jsonl", "replaying-*.jsonl"):
            for path in self.folder.glob(pattern):
                with contextlib.suppress(FileNotFoundError):  # stored at this very moment
                    total += path.stat().st_size
        return total

    def oldest(self) -> float | None:
        """Since when something waits (seconds since the epoch), None when nothing does."""
        times = []
        for path in [*self.folder.glob("replaying-*.jsonl"), self._active]:
            with contextlib.suppress(FileNotFoundError):
                times.append(path.stat().st_mtime)
        return min(times, default=None)

    # -- keys -------------------------------------------------------------------------------------------------------------

    def write_keys(self, keys: Mapping[str, KnownKey]) -> None:
        """Replace the copy of the keys' digests, if it differs."""
        data = json.dumps({digest: asdict(key) for digest, key in sorted(keys.items())}, indent=1).encode()
        path = self.folder / "keys.json"
        with contextlib.suppress(FileNotFoundError):
            if path.read_bytes() == data:
                return
        with self._lock("append"):
            temporary = self.folder / f"keys.{os.getpid()}.tmp"
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                _write_all(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            temporary.rename(path)

    def read_keys(self) -> dict[str, KnownKey]:
        """The copy of the keys' digests; empty when the console never ran here."""
        try:
            values = json.loads((self.folder / "keys.json").read_bytes())
            return {digest: KnownKey(source_id=int(key["source_id"]), kind=str(key["kind"])) for digest, key in values.items()}
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}

    # -- inside -----------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _lock(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)  # gives the lock back


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
