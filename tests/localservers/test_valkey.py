"""A Valkey of our own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from localservers.caddy import caddy_binary
from localservers.valkey import ValkeyServer
from tests.harness.own import is_gone

pytestmark = pytest.mark.story  # real processes


@pytest.fixture
def server(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[ValkeyServer]:
    made = ValkeyServer(open_folder / f"vk-{request.node.name[:40]}")
    yield made
    made.stop()


def test_what_was_accepted_survives_a_kill(server):
    server.start()
    client = redis.Redis.from_url(server.url())
    for number in range(200):
        client.rpush("queue", number)
    time.sleep(1.2)  # the append-only file is flushed to disk each second
    url = server.url()
    os.kill(server.pid(), signal.SIGKILL)
    server.start()
    assert server.url() == url
    assert redis.Redis.from_url(url).llen("queue") == 200


def test_it_never_evicts_and_asks_for_the_password(server):
    server.start()
    client = redis.Redis.from_url(server.url())
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)).ping()


def test_the_password_is_on_no_command_line_and_in_no_open_file(server):
    server.start()
    assert server.password not in " ".join(psutil.Process(server.pid()).cmdline())
    for path in server.data_dir.iterdir():
        if path.is_file() and server.password.encode() in path.read_bytes():
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_start_takes_the_running_server_as_it_is(server):
    server.start()
    other = ValkeyServer(server.data_dir)
    assert other.start() is None
    assert other.pid() == server.pid()
    other.stop()
    assert not server.is_running()


def test_a_recycled_process_id_is_not_mistaken_for_the_server(server):
    server.start()
    server.stop()
    (server.data_dir / "pid").write_text(str(os.getpid()))
    assert not server.is_running()
    server.stop()  # must not end this very process
    server.start()
    assert server.answers()


def test_it_dies_with_the_process_that_started_it(open_folder):
    code = (
        "import time; from pathlib import Path; from localservers.valkey import ValkeyServer\n"
        f"server = ValkeyServer(Path({str(open_folder / 'vk-leash')!r})); server.start(die_with_parent=True)\n"
        "print(server.pid(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    give_up = time.monotonic() + 60
    while not is_gone(pid) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert is_gone(pid)


def test_caddy_is_found_and_runs():
    done = subprocess.run([caddy_binary(), "version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("v2.")
