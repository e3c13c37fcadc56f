"""Logs: past-tense events with ids as keys; readable lines at a screen, JSON in production, one event a line."""

import logging
import sys
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured

FORMATS = ("console", "json")
# Told at WARNING only: they report each request or task, which are thousands an hour and tell nothing new.
QUIET = ("httpx", "httpcore", "mail", "celery.worker.strategy", "celery.worker.request", "celery.app.trace", "celery.beat", "asyncio", "kombu")


def logging_config(*, log_format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING, with structlog set up beside it. Raises ImproperlyConfigured for an unknown format or level."""
    if log_format not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT must be one of {', '.join(FORMATS)}, not {log_format!r}.")
    if level not in logging.getLevelNamesMapping():
        raise ImproperlyConfigured(f"LOG_LEVEL must be a level such as INFO, not {level!r}.")
    _configure_structlog(log_format, logging.getLevelNamesMapping()[level])
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(log_format)],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"level": "WARNING"} for name in QUIET},
            "django.server": {"level": "WARNING"},
            # a client's mistake is the client's business: it got its answer
            "django.request": {"level": "ERROR"},
        },
    }


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def _renderer(log_format: str) -> Any:
    if log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)


def _configure_structlog(log_format: str, level: int) -> None:
    structlog.configure(
        processors=[*_SHARED, _renderer(log_format)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
