"""Real Prometheus and Alertmanager file, repeat and resolve over loopback against the real server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import close_old_connections

from contingency.catalog.models import Part
from kernel.models import Entry
from localservers.ports import free_port
from monitoring.alerts.models import Alert, FailedIntake
from tests.harness.skips import tool_path
from tests.monitoring import live
from tests.monitoring.conftest import Tool


@pytest.mark.story
@pytest.mark.req("MON-06")
@pytest.mark.needs_tool("prometheus", "alertmanager")
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(180)
def test_real_prometheus_and_alertmanager_file_repeat_and_resolve(tool: Callable[..., Tool], part: Part, open_folder: Path) -> None:
    am, prometheus, pagerduty = tool("alertmanager"), tool("prometheus"), tool("pagerduty")
    tools = {am.source.pk: "alertmanager", prometheus.source.pk: "prometheus", pagerduty.source.pk: "pagerduty"}
    exporter = live.Exporter()
    folder = open_folder / "real-tools"
    folder.mkdir()

    def counts(**wanted: str) -> dict[str, int]:
        close_old_connections()
        found = dict.fromkeys(tools.values(), 0)
        for source_id in Alert.objects.filter(**wanted).values_list("source_id", flat=True):
            found[tools[source_id]] += 1
        return found

    with ExitStack() as stack:
        stack.callback(exporter.close)
        console = stack.enter_context(live.web_server(folder))
        am_port, prometheus_port = free_port(), free_port()
        config = live.write_alertmanager(folder, console=console, key=am.key, routing_key=pagerduty.key)
        command = live.alertmanager_command(tool_path("alertmanager"), config, am_port)
        stack.enter_context(live.tool(command, folder, f"http://127.0.0.1:{am_port}/-/ready"))
        config = live.write_prometheus(folder, exporter=exporter.port, alertmanager=am_port, console=console, key=prometheus.key)
        command = live.prometheus_command(tool_path("prometheus"), config, prometheus_port)
        stack.enter_context(live.tool(command, folder, f"http://127.0.0.1:{prometheus_port}/-/ready"))

        exporter.failing = 2
        # two shops: Alertmanager's webhook and Prometheus tell of each, PagerDuty's receiver of the group
        everybody = {"alertmanager": 2, "prometheus": 2, "pagerduty": 1}
        live.wait_for(lambda: counts(state="firing") == everybody, 40, "all three told of what fires")
        assert {alert.part for alert in Alert.objects.exclude(source=pagerduty.source)} == {part}
        assert {alert.severity for alert in Alert.objects.all()} == {"critical", "error"}, "Alertmanager's own severity for PagerDuty is error"
        live.wait_for(lambda: Alert.objects.filter(times_seen__gte=3).count() == 5, 40, "all three repeated it")
        assert Alert.objects.count() == 5, "a repetition makes no row"
        assert Entry.objects.filter(name="monitoring.alert_raised.v1").count() == 5

        exporter.failing = 0
        live.wait_for(lambda: counts(state="resolved") == everybody, 60, "all three told that it is over")
        assert set(Alert.objects.values_list("resolved_by", flat=True)) == {"sender"}

        exporter.failing = 1
        live.wait_for(lambda: sum(counts(state="firing").values()) == 3, 60, "a new start")
        assert Alert.objects.count() == 8, "a new start is a new episode"
    assert FailedIntake.objects.count() == 0
