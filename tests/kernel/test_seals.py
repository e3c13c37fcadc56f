"""T57, T58: whatever is done to the journal behind its back is found, and the first bad entry is named."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from kernel import journal
from kernel.actors import SYSTEM
from kernel.journal import Record, Ref
from kernel.journal.plain import plain
from kernel.journal.seals import _seal_batch, export_head, seal_journal
from kernel.journal.verification import verify
from kernel.models import Entry, Seal


def seal_ten() -> int:
    """Seal the ten entries just written. They settle only when no older transaction runs anywhere on the server, other databases included."""
    for _ in range(1200):
        if sealed := _seal_batch(limit=10):
            return sealed
        time.sleep(0.05)
    return 0


TABLES = ("kernel_entry", "kernel_entry_link", "kernel_seal")


@dataclass(frozen=True, kw_only=True)
class Noted:
    """A fact for tests."""

    name: ClassVar[str] = "tests.noted.v1"
    n: int
    money: float = 1.5


@pytest.fixture
def sealed(transactional_db: None, settings: Any, tmp_path: Path) -> list[int]:
    """Thirty entries in three seals, the head exported."""
    settings.SEAL_HEAD_FILE, settings.SEAL_KEY_FILE = tmp_path / "head.jsonl", tmp_path / "seal.pem"
    ids = []
    for start in range(0, 30, 10):
        with transaction.atomic():
            ids += [
                e.id
                for e in journal.record_many([Record(event=Noted(n=start + n), subject=Ref("thing", str(n), "T")) for n in range(10)], actor=SYSTEM)
            ]
        assert seal_ten() == 10
    export_head()
    assert verify().is_whole
    return ids


def as_superuser(*statements: str) -> None:
    """What an intruder with the keys to the database can do: no trigger stops it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)


def resealed_from_scratch(ids: list[int]) -> None:
    """Rewrite history and seal it anew, even with the right key."""
    as_superuser("DELETE FROM kernel_seal", f"UPDATE kernel_entry SET reason = 'rewritten' WHERE id = {ids[4]}")
    for _ in range(3):
        seal_ten()


COPIED = "txid, name, at, recorded_at, actor_kind, actor_id, actor_label, subject_kind, subject_id, subject_label, payload"
TAMPERING: dict[str, tuple[Callable[[list[int]], Any], str, int | None]] = {
    "edit": (lambda ids: as_superuser(f"UPDATE kernel_entry SET reason = 'nothing happened' WHERE id = {ids[12]}"), "entry_altered", 12),
    "edit of the payload": (lambda ids: as_superuser(f"UPDATE kernel_entry SET payload = '{{\"n\": 0}}' WHERE id = {ids[3]}"), "entry_altered", 3),
    "edit of the time": (
        lambda ids: as_superuser(f"UPDATE kernel_entry SET at = at - interval '1 microsecond' WHERE id = {ids[5]}"),
        "entry_altered",
        5,
    ),
    "move to another timeline": (
        lambda ids: as_superuser(f"UPDATE kernel_entry_link SET record_id = 'other' WHERE entry_id = {ids[7]}"),
        "entry_altered",
        7,
    ),
    "delete": (lambda ids: as_superuser(f"DELETE FROM kernel_entry WHERE id = {ids[20]}"), "entry_missing", 20),
    "insert": (
        lambda ids: as_superuser(
            f"INSERT INTO kernel_entry (id, public_id, reason, {COPIED})"
            f" SELECT nextval('kernel_entry_id_seq'), gen_random_uuid(), 'smuggled in', {COPIED} FROM kernel_entry WHERE id = {ids[2]}"
        ),
        "entry_inserted",
        None,
    ),
    "swap": (
        lambda ids: as_superuser(
            f"UPDATE kernel_entry SET id = -1 WHERE id = {ids[1]}",
            f"UPDATE kernel_entry SET id = {ids[1]} WHERE id = {ids[2]}",
            f"UPDATE kernel_entry SET id = {ids[2]} WHERE id = -1",
        ),
        "entry_altered",
        1,
    ),
    "reorder of seals": (
        lambda ids: as_superuser(
            "UPDATE kernel_seal SET number = 99 WHERE number = 1",
            "UPDATE kernel_seal SET number = 1 WHERE number = 2",
            "UPDATE kernel_seal SET number = 2 WHERE number = 99",
        ),
        "chain_broken",
        None,
    ),
    "tail cut": (
        lambda ids: as_superuser("DELETE FROM kernel_seal WHERE number = 3", f"DELETE FROM kernel_entry WHERE id > {ids[19]}"),
        "tail_cut",
        29,
    ),
    "full rewrite": (resealed_from_scratch, "chain_rewritten", None),
}


@pytest.mark.req("INC-05", "RPT-04")
@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found_and_the_first_bad_entry_named(sealed: list[int], how: str) -> None:
    tamper, code, position = TAMPERING[how]
    tamper(sealed)
    verdict = verify()
    assert not verdict.is_whole
    assert verdict.findings[0].code == code
    if position is not None:
        assert verdict.findings[0].entry_id == sealed[position]


def test_a_seal_made_with_another_key_is_found(sealed: list[int], settings: Any, tmp_path: Path) -> None:
    settings.SEAL_KEY_FILE = tmp_path / "other.pem"
    assert verify().findings[0].code == "key_unknown"


def test_the_command_says_which_and_ends_with_1(sealed: list[int], capsys: Any) -> None:
    call_command("verify_journal", "--json")
    assert json.loads(capsys.readouterr().out)["whole"] is True
    as_superuser(f"UPDATE kernel_entry SET reason = 'x' WHERE id = {sealed[0]}")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_journal")
    assert ended.value.code == 1
    assert f"entry {sealed[0]}" in capsys.readouterr().out


@pytest.mark.req("INC-05")
def test_the_chain_is_whole_after_eight_writers_and_a_changed_time_zone(transactional_db: None, settings: Any, tmp_path: Path) -> None:
    """T58: 8 writers × 2 500 entries while a sealer runs; then the session's zone changes and everything still fits."""
    settings.SEAL_HEAD_FILE, settings.SEAL_KEY_FILE = tmp_path / "head.jsonl", tmp_path / "seal.pem"
    writing = threading.Event()
    writing.set()

    def write(writer: int) -> None:
        for n in range(50):
            with transaction.atomic():
                journal.record_many([Record(event=Noted(n=n), subject=Ref("thing", f"{writer}-{k}", "T")) for k in range(50)], actor=SYSTEM)
        connection.close()

    def seal() -> None:
        while writing.is_set():
            seal_journal()
        connection.close()

    sealer = threading.Thread(target=seal)
    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in [sealer, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    writing.clear()
    sealer.join()
    end = time.monotonic() + 60
    while verify().unsealed and time.monotonic() < end:
        if not seal_journal():
            time.sleep(0.2)
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone TO 'Australia/Lord_Howe'")
    try:
        verdict = verify()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET TimeZone TO 'UTC'")
    assert verdict.findings == []
    assert (verdict.entries, verdict.unsealed) == (20_000, 0)
    assert Entry.objects.count() == sum(len(seal.entry_ids) for seal in Seal.objects.all())


def test_the_head_file_holds_no_secret_and_is_one_line_a_seal(sealed: list[int], settings: Any) -> None:
    lines = settings.SEAL_HEAD_FILE.read_text().splitlines()
    assert json.loads(lines[-1])["number"] == 3
    assert "PRIVATE" not in settings.SEAL_HEAD_FILE.read_text()
    assert plain({"a": 1}) == {"a": 1}
