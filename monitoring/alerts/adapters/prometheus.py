"""Prometheus speaking to us as if we were its Alertmanager: POST …/api/v2/alerts (also v1), an array of alerts.

Such a source refreshes: it repeats what fires about every minute, with an `endsAt` some minutes ahead. What is not
refreshed until then is resolved; an `endsAt` in the past says resolved.
"""

from __future__ import annotations

from typing import Any

from monitoring.alerts.adapters.alertin import Action, AlertIn, Problem, Reading
from monitoring.alerts.adapters.values import SUMMARY_LIMIT, first_text, identity_of, labels_of, moment, text, url_of

_RESOLVED_WORDS = frozenset({"resolved", "ok", "normal", "inactive", "closed", "expired"})


def read(body: Any) -> Reading:
    """Read an array of alerts (or one alone, or what the API's own GET answers). Bad items become problems one by one."""
    items = items_of(body)
    if items is None:
        return Reading([], [Problem("not_alerts", "an array of alerts was expected", body)])
    alerts: list[AlertIn] = []
    bad: list[Any] = []
    detail = ""
    for item in items:
        alert = read_item(item)
        if alert is None:
            bad.append(item)
            detail = detail or why_not(item)
        else:
            alerts.append(alert)
    return Reading(alerts, [Problem("bad_items", f"{len(bad)} of {len(items)}: {detail}", bad)] if bad else [])


def items_of(body: Any) -> list[Any] | None:
    """The alerts of a body: an array, `{"data": …}` or `{"alerts": […]}` as API answers wrap them, or a single alert."""
    if isinstance(body, list):
        return body
    if isinstance(body, dict):
        if isinstance(body.get("labels"), dict):
            return [body]
        for name in ("data", "alerts"):
            if isinstance(body.get(name), list | dict):
                return items_of(body[name])
    return None


def read_item(item: Any) -> AlertIn | None:
    """One alert of the array, None when it has neither labels nor words."""
    if not isinstance(item, dict):
        return None
    raw_labels = item.get("labels")
    labels = labels_of(raw_labels)
    annotations = item.get("annotations")
    notes = labels_of(annotations)
    words = first_text(
        notes.get("summary"), item.get("summary"), notes.get("title"), notes.get("message"), notes.get("description"), limit=SUMMARY_LIMIT
    )
    if (
        (not labels and not words)
        or not (raw_labels is None or isinstance(raw_labels, dict))
        or not (annotations is None or isinstance(annotations, dict))
    ):
        return None
    starts_at = moment(item.get("startsAt")) or moment(item.get("activeAt"))
    return AlertIn(
        dedup_key=identity_of(item.get("fingerprint"), raw_labels or {}, words),
        action=Action.RESOLVE if status_of(item) in _RESOLVED_WORDS else Action.TRIGGER,
        summary=words or text(labels.get("alertname"), SUMMARY_LIMIT) or next(iter(labels.values())),
        description=first_text(notes.get("description"), notes.get("message"), item.get("description")),
        severity=severity_word(labels, notes),
        labels=labels,
        annotations=notes,
        starts_at=starts_at,
        ends_at=moment(item.get("endsAt")),
        new_start_is_new_episode=starts_at is not None,
        refreshes=True,
        generator_url=url_of(item.get("generatorURL")),
    )


def status_of(item: dict[str, Any]) -> str:
    """The sender's word for the state: `status` (a word, or an object with `state`), else `state`."""
    status = item.get("status")
    if isinstance(status, dict):
        status = status.get("state")
    return text(status if status is not None else item.get("state"), 40).strip().lower()


def severity_word(labels: dict[str, str], notes: dict[str, str]) -> str:
    """The sender's own word for how bad it is, wherever rule authors put it."""
    for name in ("severity", "priority", "level"):
        if word := labels.get(name) or notes.get(name):
            return word[:40].strip().lower()
    return ""


def why_not(item: Any) -> str:
    """What is wrong with an item, for the person who looks at the inbox."""
    if not isinstance(item, dict):
        return "an item is no object"
    for name in ("labels", "annotations"):
        if not isinstance(item.get(name), dict | None):
            return f"`{name}` of an item is no object"
    return "an item has neither labels nor a summary"
