"""A spare payment channel behind a real Caddy: traffic is moved and read through its admin API (SWO-03)."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from contingency.catalog.models import Gateway, Part, Side
from incidents.switchover import selectors, services
from incidents.switchover.errors import NothingToSwitch
from incidents.switchover.executors import CaddyExecutor
from kernel.actors import Actor
from localservers.caddy import caddy_binary
from localservers.leash import die_with_parent
from localservers.ports import free_port
from tests.incidents.switchover.conftest import look, make_part

pytestmark = [pytest.mark.django_db, pytest.mark.req("SWO-03", "SWO-01")]


class Channel:
    """One side: says its name, and whether it is ready."""

    def __init__(self, name: str) -> None:
        self.ready = True
        channel = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                body = name.encode()
                self.send_response(200 if channel.ready or self.path != "/ready" else 503)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Front:
    """Both channels and the Caddy before them."""

    primary: Channel
    standby: Channel
    url: str
    admin: str

    def answers(self) -> str:
        return httpx.get(f"{self.url}/pay", trust_env=False, timeout=3).text


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    primary, standby = Channel("primary"), Channel("standby")
    port, admin = free_port(), free_port()
    handler = {"@id": "payments", "handler": "reverse_proxy", "upstreams": [{"dial": primary.url.removeprefix("http://")}]}
    config = {
        "admin": {"listen": f"127.0.0.1:{admin}", "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "apps": {
            "http": {"servers": {"pay": {"listen": [f"127.0.0.1:{port}"], "automatic_https": {"disable": True}, "routes": [{"handle": [handler]}]}}}
        },
    }
    (tmp_path / "caddy.json").write_text(json.dumps(config))
    process = subprocess.Popen(
        [str(caddy_binary()), "run", "--config", str(tmp_path / "caddy.json")],
        env={"HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(9),
    )
    front = Front(primary, standby, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin}")
    try:
        give_up = time.monotonic() + 15
        while True:
            try:
                assert front.answers() == "primary"
                break
            except httpx.HTTPError:
                assert time.monotonic() < give_up
                time.sleep(0.05)
        yield front
    finally:
        process.terminate()
        process.wait(10)
        primary.stop()
        standby.stop()


@pytest.fixture
def channel(targets: None, front: Front) -> Part:
    part = make_part("payments", kind="payment_channel", name_en="Payment channel", base_url=front.url)
    for role in ("primary", "standby"):
        url = getattr(front, role).url
        Side.objects.create(part=part, role=role, name=role.title(), url=url, ready_url=f"{url}/ready")
    Gateway.objects.create(part=part, kind="caddy", admin_url=f"{front.admin}#payments")
    look()
    return part


def test_over_and_back_at_a_real_gateway(channel: Part, front: Front, lead: Actor) -> None:
    assert selectors.traffic_now(channel).serving == "primary"
    switch = services.switch_order(actor=lead, part=channel, direction="over")
    assert [step.name for step in switch.steps.order_by("order")] == ["check_target", "move_upstreams", "verify_traffic", "verify_probes"]
    services.switch_run()
    switch.refresh_from_db()
    assert switch.state == "done", switch.failure_detail
    assert front.answers() == "standby"
    assert switch.steps.get(name="move_upstreams").evidence["upstreams"] == [{"dial": front.standby.url.removeprefix("http://")}]
    assert switch.evidence["traffic"]["serving"] == "standby"
    back = services.switch_revert(public_id=switch.public_id, version=None, actor=lead)
    services.switch_run()
    back.refresh_from_db()
    assert (back.state, front.answers()) == ("done", "primary")


def test_a_spare_that_is_not_ready_is_not_switched_to(channel: Part, front: Front, lead: Actor) -> None:
    front.standby.ready = False
    switch = services.switch_order(actor=lead, part=channel, direction="over")
    services.switch_run()
    switch.refresh_from_db()
    assert (switch.state, front.answers()) == ("reverted", "primary")
    assert switch.steps.get(name="move_upstreams").state == "skipped"


def test_a_dead_spare_refuses_the_order(channel: Part, front: Front, lead: Actor) -> None:
    front.standby.stop()
    look()
    with pytest.raises(NothingToSwitch):
        services.switch_order(actor=lead, part=channel, direction="over")


def test_moving_can_be_taken_back_and_a_wrong_handler_is_refused(channel: Part, front: Front) -> None:
    target = selectors.target_of(selectors.part_find(channel))
    executor = CaddyExecutor(target)
    assert executor.act("move_upstreams", from_side="primary", to_side="standby", limit_s=3).is_ok
    assert executor.act("move_upstreams_back", from_side="primary", to_side="standby", limit_s=3).is_ok
    assert front.answers() == "primary"
    executor.handler_id = "nobody"
    refused = executor.act("move_upstreams", from_side="primary", to_side="standby", limit_s=3)
    assert refused.result == "refused"
    assert not executor.status().is_known
    assert executor.act("fence", from_side="primary", to_side="standby", limit_s=3).result == "refused"
