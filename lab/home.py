"""The folder of one practice order system, and `lab.json`: its address book with ports, addresses and secrets (mode 0600)."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, Literal

from localservers.ports import free_port, is_free

Side = Literal["primary", "standby"]
PRIMARY: Side = "primary"
STANDBY: Side = "standby"
SIDES: tuple[Side, ...] = (PRIMARY, STANDBY)
DATABASE = "orders"
LOOPBACK = "127.0.0.1"


def other(side: Side) -> Side:
    return STANDBY if side == PRIMARY else PRIMARY


def repository() -> Path:
    return Path(__file__).resolve().parent.parent


def console_home() -> Path:
    """Where the console keeps its state; the lab lives below it unless LAB_HOME says otherwise."""
    return Path(os.environ.get("SWITCHBACK_HOME") or repository() / "var").absolute()


def lab_home() -> Path:
    return Path(os.environ.get("LAB_HOME") or console_home() / "lab").absolute()


def address_book_path() -> Path:
    return lab_home() / "lab.json"


def read_address_book() -> dict[str, Any] | None:
    """The address book of the system in LAB_HOME, None when it was never started."""
    try:
        book: dict[str, Any] = json.loads(address_book_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return book


def write_private_json(path: Path, content: Any) -> None:
    """Replace the file in one step, readable for its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def prepare_address_book() -> dict[str, Any]:
    """Last run's ports and secrets where they still serve, new ones otherwise.

    Ports stay the same from run to run as long as nobody took them: monitoring tools keep their targets.
    """
    kept = read_address_book() or {}
    taken: set[int] = set()

    def port(number: Any) -> int:
        while not isinstance(number, int) or number in taken or not is_free(number):
            number = free_port()
        taken.add(number)
        return number

    ports = kept.get("ports", {})
    names = ["control", "gateway", "gateway_admin", "customers"] + [f"{side}_{door}" for side in SIDES for door in ("service", "gate")]
    fixed = {"control": os.environ.get("LAB_CONTROL_PORT"), "gateway": os.environ.get("LAB_GATEWAY_PORT")}
    chosen = {name: int(fixed[name]) if fixed.get(name) else port(ports.get(name)) for name in names}  # type: ignore[arg-type]
    kept_secrets = kept.get("secrets", {})
    words = {name: kept_secrets.get(name) or secrets.token_urlsafe(24) for name in ("token", "app_password", "replication_password")}
    return _address_book(chosen, words)


def _address_book(ports: dict[str, int], words: dict[str, str]) -> dict[str, Any]:
    def url(name: str) -> str:
        return f"http://{LOOPBACK}:{ports[name]}"

    return {
        "home": str(lab_home()),
        "control": {"url": url("control"), "token": words["token"]},
        "gateway": {"url": url("gateway"), "admin_url": url("gateway_admin")},
        "customers": {"url": url("customers")},
        "sides": {
            side: {
                "service_url": url(f"{side}_service"),
                "gate_url": url(f"{side}_gate"),
                "metrics_url": url(f"{side}_service") + "/metrics",
                "health_url": url(f"{side}_service") + "/health",
            }
            for side in SIDES
        },
        "ports": ports,
        "secrets": words,
        "processes": {},
        "running": False,
    }
