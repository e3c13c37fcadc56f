"""Fill one scene: `python -m tests.screenshots.build founded|empty|quiet|story`, or put its clock back: `… settle <file>`; `… keep` works
while the pictures are taken."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402 - the settings are known from here on
from django.db import connection  # noqa: E402

from contingency.org.demo import demo_people_create, demo_rosters_fill  # noqa: E402
from contingency.org.models import User  # noqa: E402
from contingency.org.services import contact_point_add  # noqa: E402
from contingency.plan import services as plan  # noqa: E402
from contingency.plan.demo import demo_plan_put_in_force  # noqa: E402
from contingency.plan.shipped import shipped_plan  # noqa: E402
from kernel import clock, sweeps  # noqa: E402
from kernel.actors import SYSTEM  # noqa: E402
from tests.screenshots import past, quiet, stage, story  # noqa: E402
from tests.screenshots.screens import PASSWORD  # noqa: E402

KEPT = ("gateway_watch", "business_checks", "alert_words", "seals")


def founded() -> None:
    """People with positions, no plan in force yet."""
    clock.allow_winding(True)
    clock.wind(timedelta(days=1))  # so that a kept scene can be put back to this moment: the clock never runs behind the machine's
    plan.organisation_found(text=shipped_plan(), actor=SYSTEM)
    demo_people_create()
    for number, user in enumerate(User.objects.order_by("id")):
        user.set_password(PASSWORD)
        user.save()
        contact_point_add(actor=SYSTEM, user=user.public_id, kind="phone", address=f"+86 10 5550 01{number:02}")


def empty() -> None:
    """A plan in force, people on duty; nothing to guard, nobody who reports anything."""
    demo_plan_put_in_force(shipped_plan())
    demo_rosters_fill(weeks=4)


def told() -> None:
    """Six days ago something went wrong and was put right; now it goes wrong again."""
    stage.quick_switches()
    past.tell()
    story.tell()


def note(path: Path) -> None:
    """Note what the clock says at the end, so that the pictures can be taken again."""
    path.write_text(json.dumps({"now": clock.now().isoformat(), **story.places()}))


def settle(path: Path) -> None:
    """Clock back to the end of the story; the probes rest, they have nothing to look at."""
    kept = json.loads(path.read_text())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_clock SET wound_by = %s::timestamptz - clock_timestamp() WHERE id = 1", [kept["now"]])
        cursor.execute("UPDATE probes_probe SET next_at = switchback_now() + interval '1 day'")
        # taking pictures may last longer than a call waits for its answer
        cursor.execute("UPDATE kernel_deadline SET due_at = due_at + interval '1 hour' WHERE fired_at IS NULL AND cancelled_at IS NULL")
        cursor.execute("DELETE FROM switchover_partcheck WHERE at > switchback_now()")  # of pictures taken before
    for name in KEPT:
        sweeps.run(name)


def keep() -> None:
    """What a worker does while somebody looks: gateways are seen, business is checked, words are found. Until it is ended."""
    while True:
        for name in KEPT:
            sweeps.run(name)
        time.sleep(2)


def main() -> int:
    """Do the one thing."""
    what = sys.argv[1]
    settings.SPOOL_DIR = Path(os.environ["SWITCHBACK_HOME"]) / "spool"
    if what == "settle":
        settle(Path(sys.argv[2]))
        return 0
    if what == "keep":
        keep()
    {"founded": founded, "empty": empty, "quiet": quiet.furnish, "story": told}[what]()
    note(Path(os.environ["SWITCHBACK_HOME"]) / f"{what}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
