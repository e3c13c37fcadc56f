"""Run as a process of its own on the bench's database: real outages with running clocks, their deadlines armed."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import django


def main(clocks: int, due: int, in_seconds: float) -> None:
    """Arm four thresholds for each clock; `due` of all deadlines fall due at one instant, `in_seconds` from now."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    django.setup()
    from django.db import connection

    from contingency.catalog.models import Part
    from contingency.org.models import Roster, Unit
    from incidents.switchover.models import Outage, RecoveryClock
    from kernel import clock, deadlines
    from kernel.models import Deadline

    now = clock.now()
    instant = now + timedelta(seconds=in_seconds)
    unit, _ = Unit.objects.get_or_create(slug="bench", defaults={"name_en": "Bench", "name_zh": "Bench", "layer": "execution", "path": "/bench/"})
    roster, _ = Roster.objects.get_or_create(slug="bench", defaults={"name_en": "Bench", "name_zh": "Bench", "unit": unit})
    # one part, outages that are over: who looks after open ones (gateways, business checks) is not what is measured here
    part = Part.objects.create(slug="bench", name_en="Bench", name_zh="Bench", kind=Part.Kind.PAYMENT_CHANNEL, unit=unit, roster=roster, chain="none")
    outages = Outage.objects.bulk_create(
        [Outage(number=f"OUT-B-{n}", part=part, state="called_off", opened_at=now, failing_since=now, ended_at=now) for n in range(clocks)],
        batch_size=2000,
    )
    hour = timedelta(hours=1)
    rows = RecoveryClock.objects.bulk_create(
        [
            RecoveryClock(
                outage=outage, kind="switchover", state="running", target=hour, thresholds=[50, 80, 95, 100], started_at=now, due_at=now + hour
            )
            for outage in outages
        ],
        batch_size=2000,
    )
    armed = []
    for number, row in enumerate(rows):
        for key in ("50", "80", "95", "100"):
            # every other clock that is due breaches at the instant, the others are warned at it
            at_the_instant = number < due and key == ("100" if number % 2 else "50")
            due_at = instant if at_the_instant else now + timedelta(hours=2 + number % 20)
            armed.append(
                Deadline(kind="recovery_clock", subject_kind="recovery_clock", subject_id=row.public_id, key=key, generation=1, due_at=due_at)
            )
    for start in range(0, len(armed), 5000):
        deadlines.arm_many(armed[start : start + 5000])
    with connection.cursor() as cursor:  # as on a machine that has run for a while; or autovacuum would come in the very second measured
        cursor.execute("VACUUM ANALYZE")
    print(instant.isoformat())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
