"""Monitoring tools: their keys, what came from them, and what to write into their configuration."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Count, Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from console.selectors.buttons import Button
from console.selectors.setup import MOST, SetupScreen
from contingency.org import selectors as org
from kernel import moves, permissions, records
from kernel.i18n import pick
from monitoring.alerts.models import Alert, Heartbeat, Source
from monitoring.alerts.services import url_for

PLACEHOLDER = "YOUR-KEY"  # where a key belongs that nobody can be shown any more
LATEST = 8
TAKEN = '{"status":"ok","alerts":1,"problems":[]}'
MERGE = _("Merge this into your file; do not replace your own route.")


@dataclass(frozen=True)
class Snippet:
    """A piece of configuration to copy. `title`: where it belongs; `advice`: how; `answer`: what the console says when it is right."""

    title: str | Promise
    text: str
    advice: str | Promise = ""
    answer: str = ""


@dataclass(frozen=True)
class SourceRow:
    """One tool."""

    source: Source
    hints: list[str]
    count: int
    last_at: Any
    buttons: list[Button]
    beat: Heartbeat | None = None  # of a job that reports that it is alive


class SourcesScreen(SetupScreen):
    """All tools that file alerts; our own probes are none."""

    name, kind = "sources", Source.journal_kind

    @cached_property
    def keepers(self) -> list[str]:
        """Who may connect a tool, for somebody who may not. One query for each of their roles."""
        move = moves.get("monitoring.source_create")
        if permissions.can(self.actor, move.id) is not None:
            return []
        people = {user.pk: user for role in move.rule for user in org.people_with_role(role, self.now)}
        return [pick(user, "display_name") for user in people.values()]

    @cached_property
    def rows(self) -> list[SourceRow]:
        """Newest first. Four queries."""
        found = [source for source in records.get(self.kind).list_for(self.actor)[:MOST] if source.kind != Source.Kind.PROBE]
        seen: dict[int, Any] = {
            row["source_id"]: row
            for row in Alert.objects.filter(source__in=found).values("source_id").annotate(count=Count("id"), last=Max("last_seen_at"))
        }
        beats = {beat.source_id: beat for beat in Heartbeat.objects.filter(source__in=found)}
        return [
            SourceRow(
                source,
                [key.hint for key in source.keys_in_force],
                seen.get(source.pk, {}).get("count", 0),
                seen.get(source.pk, {}).get("last"),
                self.acts(source, only=("monitoring.source_test",)),
                beats.get(source.pk),
            )
            for source in found
        ]


class SourceScreen(SetupScreen):
    """One tool: how to connect it, its keys, its last alerts."""

    name, kind = "sources", Source.journal_kind

    def __init__(self, actor: Any, now: Any, source: Source) -> None:
        super().__init__(actor, now)
        self.source = source

    @cached_property
    def buttons(self) -> list[Button]:
        """What may be done with it: testing first."""
        skip = () if self.source.kind == Source.Kind.GENERIC else ("monitoring.source_map",)
        found = self.acts(self.source, skip=skip) if self.source.kind != Source.Kind.PROBE else []
        return sorted(found, key=lambda button: button.move.id != "monitoring.source_test")

    @cached_property
    def keys(self) -> list[Any]:
        """Keys in force; of each only its first four characters are known."""
        return list(self.source.keys.filter(revoked_at=None).order_by("slot"))

    @property
    def snippets(self) -> list[Snippet]:
        """What to write into the tool, with a placeholder: the key was shown when it was issued."""
        return snippets(self.source, PLACEHOLDER)

    @cached_property
    def alerts(self) -> list[Alert]:
        """What came last, as far as the reader may see alerts."""
        record_type = records.get(Alert.journal_kind)
        if not records.may_read(self.actor, record_type, None):
            return []
        found = record_type.list_for(self.actor, source=self.source.name)
        return list(found.filter(source=self.source).select_related("source", "part")[:LATEST])

    @cached_property
    def heard(self) -> dict[str, Any]:
        """How many alerts came and when the last did, for those who connect tools but may not see what they report."""
        return Alert.objects.filter(source=self.source).aggregate(count=Count("id"), last=Max("last_seen_at"))

    @property
    def sees_alerts(self) -> bool:
        """Whether the reader may see any."""
        return records.may_read(self.actor, records.get(Alert.journal_kind), None)


def snippets(source: Source, key: str) -> list[Snippet]:
    """Ready to copy, with the real address."""
    make = _SNIPPETS.get(source.kind)
    return make(url_for(source, key), key) if make is not None else []


def _alertmanager(url: str, _key: str) -> list[Snippet]:
    config = f"""route:
  receiver: switchback
  group_wait: 5s
receivers:
  - name: switchback
    webhook_configs:
      - url: {url}
        send_resolved: true
        max_alerts: 0"""
    body = (
        '{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Test","severity":"info"},'
        '"annotations":{"summary":"Hello from Alertmanager"},"startsAt":"\'"$(date -u +%FT%TZ)"\'","fingerprint":"test"}]}'
    )
    return [Snippet("alertmanager.yml", config, MERGE), Snippet(_("Try it from a shell"), _post(url, body), answer=TAKEN)]


def _prometheus(url: str, _key: str) -> list[Snippet]:
    parts = urlsplit(url)
    config = f"""alerting:
  alertmanagers:
    - scheme: {parts.scheme}
      path_prefix: {parts.path}
      api_version: v2
      static_configs:
        - targets: ["{parts.netloc}"]"""
    body = '[{"labels":{"alertname":"Test","severity":"info"},"annotations":{"summary":"Hello from Prometheus"}}]'
    return [Snippet(_("prometheus.yml (without an Alertmanager)"), config), Snippet(_("Try it from a shell"), _post(f"{url}/api/v2/alerts", body))]


def _pagerduty(url: str, key: str) -> list[Snippet]:
    manager = f"""receivers:
  - name: switchback
    pagerduty_configs:
      - url: {url}
        routing_key: {key}"""
    body = f'{{"routing_key":"{key}","event_action":"trigger","dedup_key":"test","payload":{{"summary":"Hello","source":"shell","severity":"info"}}}}'
    return [
        Snippet(_("Any client of PagerDuty Events v2: another address, this key"), manager),
        Snippet(_("Try it from a shell"), _post(url, body), answer='{"status":"success","message":"Event processed","dedup_key":"test"}'),
    ]


def _generic(url: str, _key: str) -> list[Snippet]:
    firing = '{"id":"test","summary":"Hello from curl","severity":"info","status":"firing","labels":{"system":"orders"}}'
    over = '{"id":"test","summary":"Hello from curl","status":"resolved"}'
    return [Snippet(_("It fires"), _post(url, firing), answer=TAKEN), Snippet(_("It is over"), _post(url, over), answer=TAKEN)]


def _heartbeat(url: str, _key: str) -> list[Snippet]:
    cron = f"0 3 * * * /usr/local/bin/backup.sh && curl -fsS -m 10 --retry 3 {url}"
    both = f"curl -fsS -m 10 --retry 3 {url}/start\n/usr/local/bin/backup.sh; curl -fsS -m 10 --retry 3 {url}/$?"
    return [Snippet(_("crontab: tells that the job ended well"), cron), Snippet(_("With start and exit status"), both)]


def _post(url: str, body: str) -> str:
    return f"curl -X POST {url} \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"


_SNIPPETS = {
    Source.Kind.ALERTMANAGER.value: _alertmanager,
    Source.Kind.PROMETHEUS.value: _prometheus,
    Source.Kind.PAGERDUTY.value: _pagerduty,
    Source.Kind.GENERIC.value: _generic,
    Source.Kind.HEARTBEAT.value: _heartbeat,
}
