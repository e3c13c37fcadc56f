"""One supervisor over every process: ordered, watched, restarted, stopped, with nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.embedded.conftest import POLITE, ROOT, eventually, part
from tests.harness.own import is_gone

pytestmark = pytest.mark.story  # real processes


def test_parts_start_in_order_and_only_when_those_before_are_ready(supervise):
    slow = "sleep 1; " + POLITE
    run = supervise(part("second", stage=2), part("first", slow), chores=[["prepare", "preparing", ["sh", "-c", "echo prepared"]]])
    run.until_ready()
    order = re.findall(r"(?:first +\| up and running|prepare +\| prepared|second +\| up and running|WELCOME)", run.said)
    assert [line.split()[0] for line in order] == ["first", "prepare", "second", "WELCOME"]


def test_an_installation_that_served_before_is_refreshed_while_its_parts_are_starting_already(supervise):
    slow = ["sh", "-c", "sleep 1; echo refreshed"]
    run = supervise(part("web", stage=2), part("beat", stage=3), chores=[["setup", "refreshing", slow]], first_start=False)
    run.until_ready()
    order = re.findall(r"(?:web +\| up and running|setup +\| refreshed|beat +\| up and running|WELCOME)", run.said)
    assert [line.split()[0] for line in order] == ["web", "setup", "beat", "WELCOME"]


def test_ctrl_c_and_sigterm_stop_everything_in_reverse_and_leave_with_status_0(supervise):
    for number in (signal.SIGTERM, signal.SIGINT):
        run = supervise(part("low"), part("high", stage=2)).until_ready()
        pids = [run.pid_of("low"), run.pid_of("high")]
        assert run.stop(number) == 0
        assert run.said.index("high       | leaving") < run.said.index("low        | leaving")
        assert all(is_gone(pid) for pid in pids)
        assert not (run.home / "run.json").exists()
        assert not (run.home / "database_url").exists()


def test_a_crashed_part_is_started_again_with_growing_pauses(supervise):
    run = supervise(part("fragile"), part("steady")).until_ready()
    steady = run.pid_of("steady")
    for pause in ("0.5", "1", "2"):
        os.kill(run.pid_of("fragile"), signal.SIGKILL)
        run.until_said(rf"fragile +\| ended by SIGKILL; starting it again in {pause} s")
        eventually(lambda: run.state()["parts"]["fragile"]["state"] == "up")
    assert run.state()["parts"]["fragile"]["restarts"] == 3
    assert run.pid_of("steady") == steady


def test_children_of_a_crashed_part_do_not_work_on_beside_its_successor(supervise):
    run = supervise(part("worker", "sleep 600 & echo child $!; echo up and running; wait")).until_ready()
    child = int(run.until_said(r"child (\d+)").group(1))
    os.kill(run.pid_of("worker"), signal.SIGKILL)
    run.until_said("ended by SIGKILL")
    eventually(lambda: is_gone(child))


def test_a_part_that_does_not_listen_is_killed_after_its_time_with_all_its_children(supervise):
    stubborn = "trap '' TERM; sleep 600 & echo child $!; echo up and running; while :; do sleep 0.1; done"
    run = supervise(part("stubborn", stubborn, stop_s=1)).until_ready()
    child, pid = int(run.until_said(r"child (\d+)").group(1)), run.pid_of("stubborn")
    began = time.monotonic()
    assert run.stop() == 0
    assert 1 <= time.monotonic() - began < 30  # left alone it sleeps for ten minutes
    assert "stubborn   | did not stop within 1 s: killed" in run.said
    assert is_gone(pid)
    assert is_gone(child)


def test_asked_twice_it_stops_at_once(supervise):
    run = supervise(part("stubborn", "trap '' TERM; echo up and running; while :; do sleep 0.1; done", stop_s=60)).until_ready()
    run.process.send_signal(signal.SIGINT)
    run.until_said("stopping")
    time.sleep(1)
    began = time.monotonic()
    assert run.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 30  # of the sixty seconds that it has


def test_a_sigterm_that_comes_twice_at_once_is_one_request(supervise):
    """`kill` of the whole group: make passes its own on to us."""
    unhurried = "trap 'sleep 1; echo leaving; exit 0' TERM; echo up and running; while :; do sleep 0.05; done"
    run = supervise(part("slow", unhurried)).until_ready()
    run.process.send_signal(signal.SIGTERM)
    time.sleep(0.01)  # two at the very same moment are one to the kernel already
    assert run.stop(signal.SIGTERM) == 0
    assert "slow       | leaving" in run.said


def test_a_second_start_on_the_same_folder_says_so_and_leaves_the_first_alone(supervise):
    first = supervise(part("only")).until_ready()
    second = supervise(part("only"))
    assert second.process.wait(60) == 3
    assert f"already runs on {first.home}: process {first.process.pid}, http://127.0.0.1:8000" in second.said
    assert first.process.poll() is None
    assert not is_gone(first.pid_of("only"))


def test_killed_itself_it_leaves_no_part_behind_and_the_next_start_works(supervise):
    killed = supervise(part("listens"), part("stubborn", "trap '' TERM; echo up and running; while :; do sleep 0.1; done")).until_ready()
    pids = {name: killed.pid_of(name) for name in ("listens", "stubborn")}
    killed.process.kill()
    killed.process.wait()
    eventually(lambda: is_gone(pids["listens"]))  # the kernel told it
    assert not is_gone(pids["stubborn"])

    again = supervise(part("listens"), part("stubborn", POLITE)).until_ready()
    assert "ended stubborn, left behind by a start that was killed" in again.said
    assert is_gone(pids["stubborn"])


def test_a_stranger_who_got_the_process_id_of_a_former_part_is_not_killed(supervise):
    killed = supervise(part("only")).until_ready()
    time.sleep(1)  # start times are told apart to a hundredth of a second
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        text = (killed.home / "run.json").read_text()
        killed.process.kill()
        killed.process.wait()
        (killed.home / "run.json").write_text(text.replace(f'"pid": {killed_pid(text)}', f'"pid": {stranger.pid}'))
        supervise(part("only")).until_ready()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def killed_pid(text: str) -> str:
    return re.search(r'"pid": (\d+)', text).group(1)


def test_a_chore_that_fails_stops_the_start_and_its_own_words_are_shown(supervise):
    run = supervise(part("low"), part("web", stage=2), chores=[["migrate", "bringing it up to date", ["sh", "-c", "echo column is missing; exit 7"]]])
    assert run.process.wait(60) == 1
    assert "migrate    | column is missing" in run.said
    assert "bringing it up to date: `python -c echo column is missing; exit 7` ended with exit status 7" in run.said
    assert "web " not in run.said.replace("switchback", "")
    assert "nothing is left running" in run.said


def test_a_needed_part_that_never_comes_up_fails_the_start(supervise):
    run = supervise(part("web", "echo no settings; exit 1"))
    assert run.process.wait(60) == 1
    assert "web does not start: its own words are above" in run.said
    assert run.said.count("no settings") == 4


def test_a_part_that_may_be_missing_does_not_hold_up_the_start(supervise):
    run = supervise(part("web"), part("lab", "exit 1", needed=False)).until_ready()
    assert "lab is not up yet; going on without it" in run.said


def test_a_part_counts_as_up_when_its_address_answers_200(supervise):
    code = (
        "import http.server, os, time\n"
        "began = time.monotonic()\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200 if time.monotonic() - began > 1 else 503); self.end_headers()\n"
        "    def log_message(self, *a): pass\n"
        "s = http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H); s.serve_forever()\n"
    )
    from localservers.ports import free_port

    port = free_port()
    row = {"name": "web", "command": [sys.executable, "-c", code], "ready": {"address": f"http://127.0.0.1:{port}/healthz"}, "stage": 1}
    began = time.monotonic()
    supervise(row, PORT=str(port)).until_ready()
    assert time.monotonic() - began > 1


def test_secrets_are_masked_on_the_screen_and_in_the_log(supervise):
    script = "echo up and running; echo connecting to $DATABASE_URL; echo 'POST /in/generic/k3yk3yk3yk3yk3yk3y'; sleep 60"
    run = supervise(part("chatty", script)).until_ready()
    run.until_said("POST /in/generic/k3yk")
    password = os.environ["DATABASE_URL"].split(":")[2].partition("@")[0]
    for text in (run.said, (run.home / "log" / "switchback.log").read_text()):
        assert "connecting to postgresql://" in text
        assert password not in text
        assert "k3yk3yk3" not in text


def test_a_held_part_stays_down_until_it_is_let_go(supervise):
    run = supervise(part("held")).until_ready()
    (run.home / "hold").mkdir()
    (run.home / "hold" / "held").touch()
    os.kill(run.pid_of("held"), signal.SIGKILL)
    run.until_said("ended by SIGKILL")
    time.sleep(1.5)
    assert run.state()["parts"]["held"]["state"] == "waiting"
    (run.home / "hold" / "held").unlink()
    eventually(lambda: run.state()["parts"]["held"]["state"] == "up")


def test_variables_of_the_environment_reach_the_parts_except_those_hidden_from_them(supervise):
    script = 'echo "up and running fault=$SWITCHBACK_FAULT db=${DATABASE_URL:+given} home=$SWITCHBACK_HOME"; sleep 60'
    run = supervise(
        part("open", script), part("closed", script, hidden_variables=["DATABASE_URL"]), SWITCHBACK_FAULT="relay.after_claim"
    ).until_ready()
    assert f"open       | up and running fault=relay.after_claim db=given home={run.home}" in run.said
    assert f"closed     | up and running fault=relay.after_claim db= home={run.home}" in run.said


def test_the_hum_of_a_healthy_part_is_dropped_and_everything_else_is_shown(supervise):
    script = "echo up and running; echo 'Task a received'; echo 'Task a raised an error'; sleep 60"
    run = supervise(part("worker", script, hushed="Task . received")).until_ready()
    run.until_said("Task a raised an error")
    assert "Task a received" not in run.said


def test_output_without_a_line_end_and_broken_characters_do_no_harm(supervise):
    run = supervise(part("odd", r"printf 'up and running\nbroken \377 byte\nno end'; sleep 60")).until_ready()
    run.until_said("broken \N{REPLACEMENT CHARACTER} byte")
    assert run.stop() == 0
    assert "odd        | no end" in run.said


@pytest.mark.parametrize(
    "variables, status, words",
    [
        ({"PORT": "eighty"}, 2, "PORT must be a number"),
        ({"PORT": "taken"}, 4, "is taken by another program. Choose another: `PORT=8001 make run`"),
        ({"SWITCHBACK_HOME": "/proc/no/such"}, 2, "Set SWITCHBACK_HOME to a folder of your own"),
    ],
)
def test_what_cannot_work_is_refused_with_the_cure(open_folder, variables, status, words):
    import socket

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        if variables.get("PORT") == "taken":
            variables = {"PORT": str(server.getsockname()[1])}
        done = subprocess.run(
            [sys.executable, "-m", "config.embedded"],
            cwd=ROOT,
            env={**os.environ, "SWITCHBACK_HOME": str(open_folder / "refused"), **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == status
    assert words in done.stderr


def test_a_database_url_that_leads_nowhere_is_named_with_the_cure(supervise):
    run = supervise(part("web"), DATABASE_URL="postgresql://me:topsecret@127.0.0.1:1/none")
    assert run.process.wait(60) == 1
    assert "The database of DATABASE_URL cannot be reached" in run.said
    assert "topsecret" not in run.said


def test_no_process_of_a_run_is_left_after_any_of_these_tests(supervise):
    run = supervise(part("a"), part("b", stage=2), part("c", "sleep 600 & echo up and running; wait", stage=2)).until_ready()
    family = psutil.Process(run.process.pid).children(recursive=True)
    assert len(family) >= 4
    run.stop()
    assert all(is_gone(process.pid) for process in family)
