"""The one Celery task: run a sweep. A lost or doubled message changes nothing."""

from celery import shared_task

from kernel import sweeps as registry


@shared_task(name="kernel.sweep_run", ignore_result=True)
def sweep_run(name: str) -> None:
    """Run the sweep of this name until nothing is due."""
    registry.run(name)
