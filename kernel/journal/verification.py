"""Finding the first bad entry: edited, deleted, inserted, swapped, cut off, or rewritten as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.db import connection, transaction

from kernel.journal.seals import GENESIS, digests_of, key_id, seal_hash, signing_key
from kernel.models import Entry, Seal

DIGEST = 32


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: its code, the entry or seal it concerns, and a sentence for people."""

    code: str
    entry_id: int | None
    seal: int | None
    detail: str


@dataclass(frozen=True)
class Verdict:
    """What a verification saw."""

    entries: int
    seals: int
    unsealed: int
    findings: list[Finding]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@transaction.atomic
def verify(*, heads: Path | None = None, limit: int = 20) -> Verdict:
    """Check every seal, every sealed entry, and the chain against the exported heads (default: SEAL_HEAD_FILE)."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone TO 'UTC'")  # times are read as the zone of the session says
    findings: list[Finding] = []
    counted = seals = 0
    previous, expected = GENESIS, 1
    known: dict[int, str] = {}
    last_cursor = (0, 0)
    for seal in Seal.objects.order_by("number").iterator(chunk_size=50):
        seals += 1
        counted += len(seal.entry_ids)
        findings += _check_seal(seal, expected=expected, previous=previous)
        findings += _check_entries(seal)
        previous, expected = bytes(seal.hash), seal.number + 1
        known[seal.number] = bytes(seal.hash).hex()
        last_cursor = (seal.last_txid, seal.last_id)
        if len(findings) >= limit:
            break
    if len(findings) < limit:
        findings += _inserted(last_cursor, limit)
        findings += _against_heads(heads or settings.SEAL_HEAD_FILE, known)
    unsealed = Entry.objects.extra(where=["(txid, id) > (%s, %s)"], params=list(last_cursor)).count()
    return Verdict(entries=counted, seals=seals, unsealed=unsealed, findings=findings[:limit])


def _check_seal(seal: Seal, *, expected: int, previous: bytes) -> list[Finding]:
    found = []
    if seal.number != expected:
        found.append(Finding("seal_missing", None, expected, f"seal {expected} is missing before seal {seal.number}"))
    if bytes(seal.previous_hash) != previous:
        found.append(Finding("chain_broken", None, seal.number, f"seal {seal.number} does not follow the seal before it"))
    digest = seal_hash(number=seal.number, entry_ids=list(seal.entry_ids), digests=bytes(seal.digests), previous=bytes(seal.previous_hash))
    if digest != bytes(seal.hash):
        found.append(Finding("seal_altered", None, seal.number, f"seal {seal.number} does not match its own hash"))
    public = signing_key().public_key()
    if seal.key_id != key_id(public):
        found.append(Finding("key_unknown", None, seal.number, f"seal {seal.number} was signed with the unknown key {seal.key_id}"))
        return found
    try:
        public.verify(bytes(seal.signature), digest)
    except InvalidSignature:
        found.append(Finding("signature_wrong", None, seal.number, f"seal {seal.number} has a wrong signature"))
    return found


def _check_entries(seal: Seal) -> Iterator[Finding]:
    present = Entry.objects.in_bulk(list(seal.entry_ids))
    digests = dict(zip(present, digests_of(list(present.values())), strict=True))
    for position, entry_id in enumerate(seal.entry_ids):
        if entry_id not in present:
            yield Finding("entry_missing", entry_id, seal.number, f"entry {entry_id} of seal {seal.number} is gone")
            return
        if digests[entry_id] != bytes(seal.digests)[position * DIGEST : (position + 1) * DIGEST]:
            yield Finding("entry_altered", entry_id, seal.number, f"entry {entry_id} of seal {seal.number} is not what was sealed")
            return


def _inserted(last: tuple[int, int], limit: int) -> list[Finding]:
    """Entries that lie before the end of the chain and are in no seal."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id FROM kernel_entry e LEFT JOIN (SELECT unnest(entry_ids) AS id FROM kernel_seal) s ON s.id = e.id"
            " WHERE s.id IS NULL AND (e.txid, e.id) <= (%s, %s) ORDER BY e.id LIMIT %s",
            [*last, limit],
        )
        return [Finding("entry_inserted", row[0], None, f"entry {row[0]} was put in after its time") for row in cursor.fetchall()]


def _against_heads(path: Path, known: dict[int, str]) -> Iterator[Finding]:
    """Each exported head must still be in the chain with the same hash: finds a cut tail and a full rewrite."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        if not line.strip():
            continue
        head = orjson.loads(line)
        present = known.get(head["number"])
        if present is None:
            yield Finding(
                "tail_cut",
                head["last_id"],
                head["number"],
                f"seal {head['number']}, exported {head['sealed_at']}, is gone; its last entry was {head['last_id']}",
            )
            return
        if present != head["hash"]:
            yield Finding("chain_rewritten", None, head["number"], f"seal {head['number']} is not the one exported {head['sealed_at']}")
            return
