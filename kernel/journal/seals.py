"""Binding entries into a signed chain, and exporting its head to the outside."""

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import connection, transaction

from kernel.journal.plain import plain
from kernel.journal.reading import tail
from kernel.models import Entry, EntryLink, Seal

BATCH = 1000  # entries per seal
GENESIS = b"\x00" * 32
_LOCK = 0x5EA1  # advisory lock: one sealer at a time
_FIELDS = (
    "id", "public_id", "txid", "name", "at", "recorded_at", "actor_kind", "actor_id", "actor_label",
    "subject_kind", "subject_id", "subject_label", "payload", "before", "after", "reason", "cause_id",
)  # fmt: skip


@dataclass(frozen=True)
class Head:
    """The end of the chain at one moment, kept outside: what a later rewrite cannot change."""

    number: int
    hash: str
    last_id: int
    entries: int
    sealed_at: str
    key_id: str
    signature: str


def canonical(entry: Entry, links: list[tuple[str, str, str, str]]) -> bytes:
    """The bytes that are hashed: sorted keys, UTC times with microseconds, the entry's links in order."""
    body: dict[str, Any] = {name: plain(getattr(entry, name)) for name in _FIELDS}
    body["links"] = sorted(links)
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def digests_of(entries: list[Entry]) -> list[bytes]:
    """SHA-256 of each entry's canonical bytes. Two queries."""
    links: dict[int, list[tuple[str, str, str, str]]] = {entry.id: [] for entry in entries}
    for entry_id, *rest in EntryLink.objects.filter(entry_id__in=list(links)).values_list("entry_id", "kind", "record_id", "label", "role"):
        links[entry_id].append(tuple(rest))  # type: ignore[arg-type]
    return [hashlib.sha256(canonical(entry, links[entry.id])).digest() for entry in entries]


def seal_hash(*, number: int, entry_ids: list[int], digests: bytes, previous: bytes) -> bytes:
    """The hash that binds a batch to everything before it."""
    head = orjson.dumps({"number": number, "entry_ids": entry_ids})
    return hashlib.sha256(b"switchback-seal/1\n" + previous + hashlib.sha256(head).digest() + digests).digest()


def seal_journal() -> int:
    """Seal all settled entries that are not sealed yet. Returns how many. One sealer at a time; others do nothing."""
    sealed = 0
    while batch := _seal_batch():
        sealed += batch
    if sealed:
        export_head()
    return sealed


@transaction.atomic
def _seal_batch(*, limit: int = BATCH) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    last = Seal.objects.order_by("-number").first()
    after = f"{last.last_txid}.{last.last_id}" if last else None
    entries, _cursor = tail(after, limit=limit)
    if not entries:
        return 0
    number, previous = (last.number + 1, bytes(last.hash)) if last else (1, GENESIS)
    entry_ids, digests = [entry.id for entry in entries], b"".join(digests_of(entries))
    digest = seal_hash(number=number, entry_ids=entry_ids, digests=digests, previous=previous)
    key = signing_key()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_seal (number, entry_ids, digests, last_txid, last_id, previous_hash, hash, key_id, signature, sealed_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())",
            [number, entry_ids, digests, entries[-1].txid, entries[-1].id, previous, digest, key_id(key.public_key()), key.sign(digest)],
        )
    return len(entries)


def signing_key() -> Ed25519PrivateKey:
    """The installation's sealing key (setting SEAL_KEY_FILE), made at first use, readable by its owner only."""
    path: Path = settings.SEAL_KEY_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return signing_key()
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} is not an Ed25519 key.")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """A short name for a public key: the start of its SHA-256."""
    return hashlib.sha256(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)).hexdigest()[:16]


def head() -> Head | None:
    """The present end of the chain; None before the first seal."""
    seal = Seal.objects.order_by("-number").first()
    if seal is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(cardinality(entry_ids)), 0) FROM kernel_seal")
        entries = cursor.fetchone()[0]
    return Head(
        number=seal.number,
        hash=bytes(seal.hash).hex(),
        last_id=seal.last_id,
        entries=int(entries),
        sealed_at=seal.sealed_at.isoformat(),
        key_id=seal.key_id,
        signature=base64.b64encode(bytes(seal.signature)).decode(),
    )


def export_head() -> None:
    """Append the head to the file outside the database (setting SEAL_HEAD_FILE), one JSON line, synced to disk."""
    present = head()
    if present is None:
        return
    path: Path = settings.SEAL_HEAD_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(orjson.dumps(present) + b"\n")
        file.flush()
        os.fsync(file.fileno())
