"""Alertmanager's webhook, version 4 (and 3, and Grafana's of the same shape): POST /in/alertmanager/<key>.

Each alert of the group is stored by itself, under Alertmanager's own fingerprint; the group's key is kept, because a
message that was cut (`truncatedAlerts`) does not name every alert that it resolves.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitoring.alerts.adapters import prometheus
from monitoring.alerts.adapters.alertin import Action, AlertIn, Group, Problem, Reading
from monitoring.alerts.adapters.prometheus import severity_word, status_of, why_not
from monitoring.alerts.adapters.values import SUMMARY_LIMIT, first_text, identity_of, key_of, key_of_labels, labels_of, moment, text, url_of

_FIRING_WORDS = frozenset({"firing", "alerting", "active", "pending", "no_data", "nodata", "error", "unprocessed", "suppressed"})
_RESOLVED_WORDS = frozenset({"resolved", "ok", "normal", "inactive", "closed"})


def read(body: Any) -> Reading:
    """Read one webhook message. Unknown fields and newer versions are accepted; bad items become one problem."""
    if isinstance(body, dict) and isinstance(body.get("alerts"), list):
        return _read_group(body)
    if isinstance(body, dict) and ("evalMatches" in body or ("ruleName" in body and "state" in body)):
        return _read_grafana_legacy(body)
    reading = prometheus.read(body)
    # a single alert or an array at this address: the sender fires once and does not refresh
    return reading._replace(alerts=[alert._replace(refreshes=False) for alert in reading.alerts])


def _read_group(body: dict[str, Any]) -> Reading:
    group_status = status_of(body)
    group_key = key_of(body.get("groupKey")) or _made_up_group_key(body)
    common = {"labels": labels_of(body.get("commonLabels")), "notes": labels_of(body.get("commonAnnotations"))}
    alerts: list[AlertIn] = []
    bad: list[Any] = []
    detail = ""
    for item in body["alerts"]:
        alert = _read_item(item, group_key=group_key, group_status=group_status, common=common)
        if alert is None:
            bad.append(item)
            detail = detail or why_not(item)
        else:
            alerts.append(alert)
    problems = []
    if bad:
        # the rest of the message is kept around the bad items, so that they can be replayed as they came
        problems.append(Problem("bad_items", f"{len(bad)} of {len(body['alerts'])}: {detail}", {**body, "alerts": bad, "truncatedAlerts": 0}))
    elif not alerts and not _is_a_group(body):
        problems.append(Problem("not_alerts", "no alert in it", body))
    truncated = body.get("truncatedAlerts")
    group = Group(
        key=group_key,
        is_resolved=group_status in _RESOLVED_WORDS,
        truncated=min(truncated, 2**31 - 1) if isinstance(truncated, int) and truncated > 0 else 0,
    )
    return Reading(alerts, problems, group)


def _read_item(item: Any, *, group_key: str, group_status: str, common: dict[str, dict[str, str]]) -> AlertIn | None:
    if not isinstance(item, dict):
        return None
    raw_labels, annotations = item.get("labels"), item.get("annotations")
    if not (raw_labels is None or isinstance(raw_labels, dict)) or not (annotations is None or isinstance(annotations, dict)):
        return None
    labels = labels_of(raw_labels) if raw_labels else common["labels"]
    notes = labels_of(annotations)
    words = (
        notes.get("summary")
        or common["notes"].get("summary")
        or first_text(
            notes.get("title"), notes.get("message"), notes.get("description"), item.get("summary"), labels.get("alertname"), limit=SUMMARY_LIMIT
        )
    )
    if not labels and not words:
        return None
    starts_at = moment(item.get("startsAt"))
    action, ends_at = _action(status_of(item), group_status, item.get("endsAt"))
    return AlertIn(
        dedup_key=identity_of(item.get("fingerprint"), raw_labels or labels, words),
        action=action,
        summary=text(words or next(iter(labels.values())), SUMMARY_LIMIT),
        description=notes.get("description") or notes.get("message") or common["notes"].get("description") or "",
        severity=severity_word(labels, notes) or severity_word(common["labels"], common["notes"]),
        labels=labels,
        annotations=notes,
        starts_at=starts_at,
        ends_at=ends_at,
        new_start_is_new_episode=starts_at is not None,
        group_key=group_key,
        generator_url=url_of(item.get("generatorURL")),
    )


def _action(status: str, group_status: str, ends_at: Any) -> tuple[Action, datetime | None]:
    """The alert's own status decides, then the group's; without either a past `endsAt` will (version 3 at times)."""
    for word in (status, group_status):
        if word in _RESOLVED_WORDS:
            return Action.RESOLVE, moment(ends_at)
        if word in _FIRING_WORDS:
            return Action.TRIGGER, None
    return Action.TRIGGER, moment(ends_at)


def _made_up_group_key(body: dict[str, Any]) -> str:
    labels = labels_of(body.get("groupLabels"))
    return f"{text(body.get('receiver'), 100)}:{key_of_labels(labels)}" if labels else ""


def _is_a_group(body: dict[str, Any]) -> bool:
    """A group message without alerts is odd but legal; anything else with an empty list is not ours."""
    return "groupKey" in body or "groupLabels" in body or "receiver" in body


def _read_grafana_legacy(body: dict[str, Any]) -> Reading:
    """Grafana before its version 8: one rule, one state, no alerts array."""
    name = first_text(body.get("ruleName"), body.get("title"), limit=SUMMARY_LIMIT)
    if not name:
        return Reading([], [Problem("not_alerts", "a rule without a name", body)])
    labels = {**labels_of(body.get("tags")), "alertname": name}
    resolved = status_of(body) in _RESOLVED_WORDS
    alert = AlertIn(
        dedup_key=key_of(f"rule:{text(body.get('ruleId'), 100)}:{name}"),
        action=Action.RESOLVE if resolved else Action.TRIGGER,
        summary=first_text(body.get("title"), name, limit=SUMMARY_LIMIT),
        description=first_text(body.get("message")),
        severity=severity_word(labels, {}),
        labels=labels,
        generator_url=url_of(body.get("ruleUrl")),
    )
    return Reading([alert])
