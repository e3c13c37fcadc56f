"""Senders killed while they hold work: nothing is lost, and what may have gone out twice says so (T1, T2)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from contingency.org.models import User
from kernel.actors import SYSTEM
from kernel.models import Entry
from notify import services
from notify.models import Delivery
from tests.notify.conftest import incident
from tests.notify.mailserver import MailServer

IS_SOAK = os.environ.get("SWITCHBACK_SOAK") == "1"
KILLS = 10 if IS_SOAK else 1  # of each point; all processes of the console are killed ten times each in tests/faults
LEASE_S = 4.0
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("MON-05"), pytest.mark.soak if IS_SOAK else pytest.mark.story]


@contextmanager
def senders(mail: MailServer, fault: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": url,
        "SMTP_URL": mail.url,
        "NOTIFY_LEASE_SECONDS": str(LEASE_S),
        "SWITCHBACK_FAULT": fault,
    }
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "tests.notify.nursery"], env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=10)


@pytest.mark.parametrize("point", ["notify.after_claim", "notify.after_send", "notify.before_record"])
def test_a_killed_sender_loses_nothing(point: str, person: Callable[..., User], mail: MailServer, tmp_path: Path) -> None:
    people = [person(f"P{number}") for number in range(20)]
    for batch in range(4):
        services.message_send(to=people, text="update-due", params={}, subject=incident(f"INC-{batch}"), actor=SYSTEM)
    trigger = tmp_path / "kill"
    kills, longest_s, is_armed = 0, 0.0, False
    with senders(mail, f"{point}@{trigger}", tmp_path / "log") as nursery:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and (kills < KILLS or Delivery.objects.exclude(state="sent").exists()):
            assert nursery.poll() is None, (tmp_path / "log").read_text()
            if kills < KILLS:
                if not is_armed:
                    trigger.touch()
                is_armed = not wait_gone(trigger, 3)
                kills += not is_armed
            longest_s = max(longest_s, oldest_sending_s())
            services.release_expired()  # as the worker of the clocks does
            time.sleep(0.05)
    arrived = mail.ids()
    keys = {f"<{key}@localhost>": is_repeat for key, is_repeat in Delivery.objects.values_list("idempotency_key", "is_repeat")}
    twice = [key for key, count in arrived.items() if count > 1]
    lost = len(keys.keys() - arrived.keys())
    print(f"{point}: {kills} kills, {len(keys)} messages, lost {lost}, arrived twice {len(twice)}, longest sending {longest_s:.1f} s")
    unsettled = list(Delivery.objects.exclude(state="sent").values_list("state", "attempts", "is_repeat", "error"))
    assert unsettled == []
    assert kills == KILLS
    assert keys.keys() == arrived.keys()
    assert len(twice) <= kills
    assert max(arrived.values()) <= 2
    assert all(keys[key] for key in twice)
    assert longest_s < 30
    repeats = {str(item["Message-ID"]) for item in mail.mails if item["X-Switchback-Repeat"]}
    assert set(twice) <= repeats
    marked = Entry.objects.filter(name="notify.delivery_maybe_sent.v1").count()
    assert marked == Delivery.objects.filter(is_repeat=True).count()
    assert Entry.objects.filter(name="notify.delivery_sent.v1").count() == len(keys)


def wait_gone(path: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not path.exists():
            return True
        time.sleep(0.01)
    return False


def oldest_sending_s() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - min(lease_until)) FROM notify_delivery WHERE state = 'sending'")
        return LEASE_S + float(cursor.fetchone()[0] or -LEASE_S)
