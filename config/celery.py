"""Celery carries the sweeps and nothing else: Postgres keeps the time and the work (ADR 0003)."""

import os

from celery import Celery
from celery.signals import setup_logging
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

QUEUES = ("clocks", "notify", "probes", "default", "jobs", "retry")

app = Celery("switchback")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=False,  # work is claimed in Postgres; with late acks a dying broker takes the worker along
    task_default_queue="default",
    task_queues=[Queue(name) for name in QUEUES],
    task_soft_time_limit=240,
    task_time_limit=300,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 10,
    },
    timezone="UTC",
)
app.autodiscover_tasks(["kernel"])


@app.on_after_finalize.connect
def schedule_sweeps(sender: Celery, **_: object) -> None:
    """Beat pokes every sweep at its pace; a poke that comes late is dropped, the next one does the work."""
    from kernel.sweeps import all_sweeps

    for sweep in all_sweeps():
        seconds = sweep.every.total_seconds()
        sender.conf.beat_schedule[sweep.name] = {
            "task": "kernel.sweep_run",
            "schedule": seconds,
            "args": (sweep.name,),
            "options": {"queue": sweep.queue, "expires": max(5, int(seconds * 5))},
        }


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Celery leaves logging to the settings when somebody answers this signal."""
