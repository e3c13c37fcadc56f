"""The command line. Everything but `run`, `serve`, `customers` and `clock` asks the running system over its control server."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from lab.errors import LabError, LabNotRunning
from lab.home import SIDES, lab_home, read_address_book

OK, FAILED, USAGE, NOT_RUNNING = 0, 1, 2, 3


def ask(method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float = 180) -> dict[str, Any]:
    """One request to the control server. Raises LabNotRunning, or LabError with what the server said."""
    book = read_address_book()
    if book is None:
        raise LabNotRunning(f"No practice order system in {lab_home()}. Start one: make run, or python -m lab run")
    request = urllib.request.Request(
        book["control"]["url"] + path,
        method=method,
        data=None if method == "GET" else json.dumps(body or {}).encode(),
        headers={"Authorization": f"Bearer {book['control']['token']}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout_s) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as refused:
        said = json.loads(refused.read() or b"{}")
        raise LabError(said.get("code", "refused"), said.get("message", str(refused)), status=refused.code, **said.get("evidence", {})) from refused
    except (urllib.error.URLError, TimeoutError, ConnectionError) as lost:
        raise LabNotRunning(f"The practice order system in {lab_home()} does not answer ({book['control']['url']}). Is it running?") from lost


def _status(arguments: argparse.Namespace) -> dict[str, Any]:
    answer = ask("GET", "/status")
    if arguments.verify:
        answer["verify"] = ask("GET", "/customers/verify")
    return answer


def _status_text(answer: dict[str, Any]) -> str:
    gateway, copy = answer["gateway"], answer["replication"]
    lines = [f"orders go to: {gateway['serving'] or 'nobody'}   (shop {gateway['url']})"]
    for side in SIDES:
        view = answer["sides"][side]
        service, database = ("up" if view[part]["up"] else "DOWN" for part in ("service", "database"))
        parts = f"service {service}  gate {view['gate']['state']}  database {database} (port {view['database']['port']})"
        lines.append(f"{side:<8} {view['role']:<8} version {view['version']}  {parts}")
    second = "yes" if copy["second_copy"] else "NO"
    behind = f"{copy['lag_bytes']} bytes behind, synchronous {copy['synchronous']}, second copy {second}"
    lines.append(f"copy {copy['from']} → {copy['to']}: {copy['state']}, {behind}")
    counts = answer["customers"]
    names = ("placed", "done", "failed", "lost", "duplicates")
    lines.append("customers: " + (", ".join(f"{counts[name]} {name}" for name in names) if counts else "no answer"))
    lines.append("faults: " + (", ".join(f"{fault['kind']} ({fault['side']})" for fault in answer["faults"]) or "none"))
    if "verify" in answer:
        found = answer["verify"]
        lines.append(
            f"verified in the database of the {found['side']}: {found['checked']} orders, {found['lost']} lost, {found['duplicates']} duplicates"
        )
    return "\n".join(lines)


def _clock(arguments: argparse.Namespace) -> dict[str, Any]:
    from lab.clock import wind

    offset = wind(arguments.seconds)
    return {"ok": True, "detail": f"The console's clock is {offset:g} s ahead", "offset_seconds": offset}


def _step(arguments: argparse.Namespace) -> dict[str, Any]:
    options = {"stonith": True} if arguments.stonith else {}
    return ask("POST", f"/steps/{arguments.step}", {"from": arguments.old, "to": arguments.new, **options})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab",
        description="The practice order system.",
        epilog="Exit status: 0 done, 1 failed with the reason, 2 wrong usage, 3 the system is not running.",
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="answer as JSON")

    def command(name: str, help_text: str, act: Any) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_text, description=help_text, parents=[shared])
        made.set_defaults(act=act)
        return made

    command("run", "run the system in the foreground until Ctrl-C", None)
    seen = command("status", "sides, replication, gateway, customers, faults", _status)
    seen.add_argument(
        "--verify", action="store_true", help="look every acknowledged order up in the active database; exit 1 when one is lost or double"
    )
    broken = command("break", "put a fault in", lambda a: ask("POST", f"/break/{a.kind}", {"side": a.side} if a.side else {}))
    broken.add_argument("kind", choices=("upgrade", "crash", "freeze", "slow", "database"))
    broken.add_argument("--side", choices=SIDES, help="default: the side that carries business")
    command("fix", "undo every fault that is in; rebuild a side that business moved away from", lambda a: ask("POST", "/fix"))
    for action in ("stop", "start"):
        moved = command(f"{action}-database", f"{action} one side's database", lambda a, action=action: ask("POST", f"/database/{a.side}/{action}"))
        moved.add_argument("side", choices=SIDES)
    rate = command("rate", "how many orders a second customers start", lambda a: ask("POST", "/customers/rate", {"rate": a.rate}))
    rate.add_argument("rate", type=float)
    step = command("step", "one step of a switch", _step)
    step.add_argument("step")
    step.add_argument("old", choices=SIDES, metavar="FROM")
    step.add_argument("new", choices=SIDES, metavar="TO")
    step.add_argument("--stonith", action="store_true", help="confirm_down: kill a side that still answers")
    clock = command("clock", "wind the console's clock forward", _clock)
    clock.add_argument("seconds", type=float, metavar="+SECONDS")
    served = commands.add_parser("serve")
    served.add_argument("side", choices=SIDES)
    served.add_argument("version")
    commands.add_parser("customers")
    return parser


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    match arguments.command:
        case "run":
            from lab.run import run

            return run()
        case "serve":
            from lab.service.main import run as serve

            return serve(arguments.side, arguments.version)
        case "customers":
            from lab.customers.main import run as trade

            return trade()
    try:
        answer = arguments.act(arguments)
    except LabError as problem:
        _print_problem(problem, as_json=arguments.json)
        return NOT_RUNNING if isinstance(problem, LabNotRunning) else FAILED
    if arguments.json:
        print(json.dumps(answer, indent=1))
    else:
        print(_status_text(answer) if arguments.command == "status" else answer.get("detail") or f"{answer}")
    found = answer.get("verify", {"lost": 0, "duplicates": 0})
    return FAILED if found["lost"] or found["duplicates"] else OK


def _print_problem(problem: LabError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(problem.as_json(), indent=1))
    else:
        print(f"lab: {problem.message}", file=sys.stderr)
