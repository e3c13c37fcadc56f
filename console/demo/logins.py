"""The demo company's log-ins, kept for the person at this machine: readable for its owner only."""

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contingency.org import services as org
from contingency.org.demo import PEOPLE, DemoLogin
from contingency.org.models import Position, User
from kernel.actors import SYSTEM
from kernel.i18n import pick

# Who is worth logging in as first, and what for.
FIRST = {
    "chen.yu": "is on duty: is called, confirms, orders the switch",
    "zhao.min": "leads operations: commands, agrees as the second person",
    "zhou.hong": "the project director: approves the plan",
    "li.na": "business, reads Chinese",
    "xu.jing": "audits: sees everything, does nothing",
    "gao.peng": "administers people and tokens",
}


def logins_keep(path: Path, made: Sequence[DemoLogin]) -> None:
    """Add log-ins that were just made to the file (mode 0600)."""
    known = {login["username"]: login for login in logins_read(path)}
    known |= {
        login.username: {"username": login.username, "password": login.password, "name": login.name, "position": login.position} for login in made
    }
    if made or not path.exists():
        _write(path, json.dumps(list(known.values()), ensure_ascii=False, indent=1))
        _write(path.with_suffix(".txt"), logins_text(list(known.values())))


def logins_read(path: Path) -> list[dict[str, Any]]:
    """What is kept; empty when nothing is."""
    try:
        kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return kept


def logins_text(logins: Sequence[dict[str, Any]]) -> str:
    """For the end of the start-up: who is who, with passwords."""
    if not logins:
        return "The demo log-ins are not kept here; `manage.py demo_setup --new-passwords` makes new ones."
    names = {position.slug: pick(position, "name", "en") for position in Position.objects.all()}
    ordered = sorted(
        logins, key=lambda login: (list(FIRST).index(login["username"]) if login["username"] in FIRST else len(FIRST), login["username"])
    )
    lines = ["Log in as:"]
    for login in ordered:
        about = FIRST.get(login["username"], names.get(login["position"], login["position"]))
        lines.append(f"  {login['username']:<10} {login['password']:<14} {login['name']}, {about}")
    return "\n".join(lines)


def demo_names() -> list[str]:
    """The user names of the demo company."""
    return [person.username for person in PEOPLE]


def new_passwords() -> list[DemoLogin]:
    """Give everybody of the demo company a new password, where the old ones were lost."""
    made = []
    for person in PEOPLE:
        user = User.objects.filter(username=person.username).first()
        if user is not None:
            password = secrets.token_urlsafe(9)
            org.password_set(public_id=user.public_id, version=user.version, actor=SYSTEM, password=password)
            made.append(DemoLogin(username=person.username, name=person.name, name_zh=person.name_zh, position=person.position, password=password))
    return made


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
