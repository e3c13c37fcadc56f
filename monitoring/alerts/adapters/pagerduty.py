"""PagerDuty Events API version 2: POST /v2/enqueue, the key inside the body."""

from __future__ import annotations

import re
import uuid
from typing import Any

from monitoring.alerts.adapters.alertin import Action, AlertIn, Reading
from monitoring.alerts.adapters.values import KEY_LIMIT, LABELS_LIMIT, NAME_LIMIT, SUMMARY_LIMIT, first_text, key_of, labels_of, moment, text, url_of

SEVERITIES = ("critical", "error", "warning", "info")
_ACTIONS = {action.value: action for action in Action}
_LABEL_VALUE_LIMIT = 256  # characters; longer details are texts, not labels to match on
_KEY_IN_BODY = re.compile(rb'"routing_key"\s*:\s*"([0-9A-Za-z]{32})"')
_FIELDS = ("source", "component", "group", "class")


class Invalid(Exception):
    """The event lacks what PagerDuty requires; `errors` in PagerDuty's own manner of speaking."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def routing_key_of(body: Any) -> str:
    """The key that authenticates the event; empty when there is none."""
    key = body.get("routing_key") if isinstance(body, dict) else None
    return key.strip() if isinstance(key, str) else ""


def key_in(body: bytes) -> str:
    """The routing key in a body that cannot be parsed (too large, broken), so that its owner finds it in the inbox."""
    match = _KEY_IN_BODY.search(body)
    return match.group(1).decode() if match else ""


def read(body: Any, *, new_key: str | None = None) -> Reading:
    """Read one event. Raises Invalid with PagerDuty's list of errors where a required field is missing.

    A trigger without a dedup key gets `new_key`, or a new one; the answer tells the sender.
    """
    errors = errors_of(body)
    if errors:
        raise Invalid(errors)
    action = _ACTIONS[body["event_action"]]
    payload = body["payload"] if isinstance(body.get("payload"), dict) else {}
    dedup_key = key_of(body.get("dedup_key")) or new_key or uuid.uuid4().hex
    if action is not Action.TRIGGER:
        return Reading([AlertIn(dedup_key=dedup_key, action=action)])
    details = payload.get("custom_details")
    labels, notes = _split(payload, details)
    return Reading(
        [
            AlertIn(
                dedup_key=dedup_key,
                action=action,
                summary=text(payload["summary"], SUMMARY_LIMIT),
                description=first_text(details if isinstance(details, str) else None, notes.get("description"), notes.get("firing")),
                severity=payload["severity"],
                labels=labels,
                annotations=notes,
                starts_at=moment(payload.get("timestamp")),
                generator_url=url_of(body.get("client_url")) or _first_link(body.get("links")),
            )
        ]
    )


def errors_of(body: Any) -> list[str]:
    """Every reason why PagerDuty would refuse the event (but the key's validity); empty when it is valid."""
    if not isinstance(body, dict):
        return ["Event object is invalid: an object was expected"]
    errors = []
    if not routing_key_of(body):
        errors.append("'routing_key' is missing or blank")
    action = body.get("event_action")
    known = isinstance(action, str) and action in _ACTIONS
    if action in (None, ""):
        errors.append("'event_action' is missing or blank")
    elif not known:
        errors.append("'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')")
    dedup_key = body.get("dedup_key")
    if dedup_key is not None and (not isinstance(dedup_key, str) or len(dedup_key) > KEY_LIMIT):
        errors.append(f"'dedup_key' is invalid (must be a string of at most {KEY_LIMIT} characters)")
    if action == Action.TRIGGER:
        errors += _payload_errors(body.get("payload"))
    elif known and not (isinstance(dedup_key, str) and dedup_key.strip()):
        errors.append("'dedup_key' is missing or blank")
    return errors


def _payload_errors(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank" if payload in (None, "") else "'payload' is invalid (must be an object)"]
    errors = []
    for name in ("summary", "source"):
        value = payload.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            errors.append(f"'payload.{name}' is missing or blank")
        elif not isinstance(value, str | int | float):
            errors.append(f"'payload.{name}' is invalid (must be a string)")
    severity = payload.get("severity")
    if severity in (None, ""):
        errors.append("'payload.severity' is missing or blank")
    elif not isinstance(severity, str) or severity not in SEVERITIES:
        errors.append("'payload.severity' is invalid (must be one of the following: 'critical', 'error', 'warning' or 'info')")
    return errors


def _split(payload: dict[str, Any], details: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Short details are labels (one may route by them), long ones are notes; PagerDuty's own fields are labels first."""
    labels = labels_of({name: payload.get(name) for name in _FIELDS})
    notes: dict[str, str] = {}
    for name, value in details.items() if isinstance(details, dict) else ():
        words = text(value)
        short = not isinstance(value, dict | list) and len(words) <= _LABEL_VALUE_LIMIT and "\n" not in words
        if words and short and name not in labels and len(labels) < LABELS_LIMIT:
            labels[name[:NAME_LIMIT]] = words
        elif words and len(notes) < LABELS_LIMIT:
            notes[name[:NAME_LIMIT]] = words
    return labels, notes


def _first_link(links: Any) -> str:
    return next((url for link in links if isinstance(link, dict) and (url := url_of(link.get("href")))), "") if isinstance(links, list) else ""
