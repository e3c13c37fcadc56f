"""Any JSON, read by a mapping that is kept with the source: POST /in/generic/<key>.

A mapping names, for each of our fields, where it lies in the body: a dotted path (`event.host.0.name`), several of them of which
the first that says anything wins, or an object with `path` and `default`. Example:

    {"items": "events",
     "dedup_key": "id",
     "summary": ["title", "message"],
     "severity": {"path": "priority", "default": "warning"},
     "status": {"path": "state", "resolved": ["ok", "closed"], "acknowledged": ["acked"]},
     "starts_at": "since",
     "labels": {"service": "svc.name", "env": {"path": "env", "default": "prod"}}}

`labels` may also be one path to an object whose members all become labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.alerts.adapters.alertin import Action, AlertIn, Problem, Reading
from monitoring.alerts.adapters.values import SUMMARY_LIMIT, key_of, key_of_labels, labels_of, moment, text, url_of

DEFAULT_MAPPING: Mapping[str, Any] = {
    "dedup_key": ["dedup_key", "dedupKey", "fingerprint", "alert_id", "alert_uid", "event_id", "incident_key", "alias", "id", "key"],
    "summary": ["summary", "title", "message", "name", "subject", "text", "alertname", "labels.alertname", "title_rule", "description"],
    "description": ["description", "details", "message", "body"],
    "severity": ["severity", "priority", "level", "labels.severity", "event_status"],
    "status": {"path": ["status", "state", "event_action", "action", "event_status"]},
    "starts_at": ["starts_at", "startsAt", "started_at"],
    "url": ["url", "link", "generatorURL", "link_to_upstream_details"],
    "labels": ["labels", "tags"],
}
RESOLVED_WORDS = frozenset(
    {"resolved", "resolve", "ok", "okay", "closed", "close", "normal", "recovered", "recovery", "up", "cleared", "clear", "inactive", "success"}
)
ACKNOWLEDGED_WORDS = frozenset({"acknowledged", "acknowledge", "acked", "ack"})
MAPPED_FIELDS = frozenset(
    {"items", "dedup_key", "summary", "description", "severity", "status", "starts_at", "ends_at", "group_key", "url", "labels"}
)
PATH_LIMIT = 200  # characters


class BadMapping(ValueError):
    """The mapping itself is wrong; the message says where."""


def check_mapping(mapping: Any) -> dict[str, Any]:
    """Return the mapping when it is one. Raises BadMapping."""
    if not isinstance(mapping, dict):
        raise BadMapping("a mapping is an object")
    unknown = sorted(set(mapping) - MAPPED_FIELDS)
    if unknown:
        raise BadMapping(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(MAPPED_FIELDS))}")
    for name, rule in mapping.items():
        if name == "labels" and isinstance(rule, dict) and "path" not in rule:
            for label, inner in rule.items():
                _check_rule(f"labels.{label}", inner)
        else:
            _check_rule(name, rule)
    return mapping


def _check_rule(name: str, rule: Any) -> None:
    paths = rule.get("path") if isinstance(rule, dict) else rule
    for path in paths if isinstance(paths, list) else [paths]:
        if path is None and isinstance(rule, dict) and "default" in rule:
            continue
        if not isinstance(path, str) or not path or len(path) > PATH_LIMIT:
            raise BadMapping(f"{name}: a dotted path is expected")
    for words in ("resolved", "acknowledged"):
        if isinstance(rule, dict) and not isinstance(rule.get(words, []), list):
            raise BadMapping(f"{name}: `{words}` is a list of words")


def read(body: Any, *, mapping: Mapping[str, Any]) -> Reading:
    """Read a body by the mapping (or by the names that tools commonly use, where the mapping says nothing)."""
    rules = {**DEFAULT_MAPPING, **mapping}
    found = lookup(body, rules["items"]) if "items" in rules else body
    items = found if isinstance(found, list) else [found]
    alerts: list[AlertIn] = []
    bad: list[Any] = []
    for item in items:
        alert = _read_item(item, rules) if isinstance(item, dict) else None
        if alert is None:
            bad.append(item)
        else:
            alerts.append(alert)
    if not bad:
        return Reading(alerts)
    rest = body if not alerts else ({rules["items"]: bad} if isinstance(rules.get("items"), str) and "." not in rules["items"] else bad)
    return Reading(alerts, [Problem("not_mapped", f"{len(bad)} of {len(items)}: the mapping finds neither a summary nor a dedup key", rest)])


def _read_item(item: dict[str, Any], rules: Mapping[str, Any]) -> AlertIn | None:
    summary = text(lookup(item, rules.get("summary")), SUMMARY_LIMIT).strip()
    dedup_key = key_of(lookup(item, rules.get("dedup_key")))
    if not summary and not dedup_key:
        return None
    labels = _labels(item, rules.get("labels"))
    action = _action(item, rules.get("status"))
    starts_at = moment(lookup(item, rules.get("starts_at")))
    return AlertIn(
        dedup_key=dedup_key or key_of_labels(labels, (summary,)),
        action=action,
        summary=summary or dedup_key,
        description=text(lookup(item, rules.get("description"))),
        severity=text(lookup(item, rules.get("severity")), 40).strip().lower(),
        labels=labels,
        starts_at=starts_at,
        ends_at=moment(lookup(item, rules.get("ends_at"))) if action is Action.RESOLVE else None,
        new_start_is_new_episode=starts_at is not None,
        group_key=key_of(lookup(item, rules.get("group_key"))),
        generator_url=url_of(lookup(item, rules.get("url"))),
    )


def lookup(body: Any, rule: Any) -> Any:
    """What a rule finds in a body: the first of its paths that leads to something, else its default, else None."""
    paths = rule.get("path") if isinstance(rule, dict) else rule
    for path in paths if isinstance(paths, list) else [paths]:
        if path:
            found = _follow(body, path)
            if found not in (None, "", [], {}):
                return found
    return rule.get("default") if isinstance(rule, dict) else None


def _follow(value: Any, path: str) -> Any:
    if isinstance(value, dict) and path in value:  # a name that has a dot in it
        return value[path]
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and len(step) < 6 and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _labels(item: dict[str, Any], rule: Any) -> dict[str, str]:
    if isinstance(rule, dict) and "path" not in rule:
        return labels_of({label: lookup(item, inner) for label, inner in rule.items()})
    found = lookup(item, rule)
    if isinstance(found, list):  # ["env:prod", "db"], as many tools write tags
        pairs = (text(tag, 500).partition(":") for tag in found)
        return labels_of({name: value or "true" for name, _colon, value in pairs if name})
    return labels_of(found)


def _action(item: dict[str, Any], rule: Any) -> Action:
    word = text(lookup(item, rule), 40).strip().lower()
    resolved = rule.get("resolved") if isinstance(rule, dict) else None
    acknowledged = rule.get("acknowledged") if isinstance(rule, dict) else None
    if word in ({text(each, 40).lower() for each in resolved} if resolved else RESOLVED_WORDS):
        return Action.RESOLVE
    if word in ({text(each, 40).lower() for each in acknowledged} if acknowledged else ACKNOWLEDGED_WORDS):
        return Action.ACKNOWLEDGE
    return Action.TRIGGER
