"""The one Celery task: run a sweep. A lost or doubled message changes nothing."""

import structlog
from celery import shared_task
from django.db import InterfaceError, OperationalError, connection

from kernel import sweeps as registry

log = structlog.get_logger()


@shared_task(name="kernel.sweep_run", ignore_result=True)
def sweep_run(name: str) -> None:
    """Run the sweep of this name until nothing is due. With Postgres away it says so in one line; the next poke tries again."""
    try:
        registry.run(name)
    except (OperationalError, InterfaceError) as error:
        log.warning("sweep_without_postgres", sweep=name, error=str(error).strip().splitlines()[0])
        connection.close()
