"""Every screen there is, from the URL resolver, with an address that shows something: a screen added later cannot be forgotten.

An address with a parameter that nothing is known for here fails, and so does one that nobody may open.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from django.test import Client

from contingency.plan import services as plan
from contingency.plan.document import read, write
from contingency.plan.models import PlanVersion
from contingency.plan.shipped import shipped_plan
from incidents.response.models import Incident
from kernel import access, moves
from tests.console.conftest import PASSWORD, Company
from tests.console.samples import sample_of_each
from tests.console.test_rights import every_view

# Who is asked, in this order, until somebody may see it; nobody: a screen before the log-in.
VIEWERS = ("lead", "admin", "director", "engineer", "")
# GET addresses that are not screens: they answer another program, lead elsewhere, or hand out a file.
NO_SCREEN = re.compile(r"^/(api/|feed/|healthz|metrics|do/|go/|alerts/<uuid:public_id>/body/)")
# The same screens, with more or with less on them.
BESIDES = ("/plan/compare/?from=1&to=2", "/alerts/?state=all", "/incidents/?q=nothing-like-this")


@dataclass(frozen=True)
class Screen:
    """One screen as somebody opens it."""

    pattern: str
    address: str
    viewer: str


class Atlas:
    """Where the screens are, for one company with one record of each kind in it."""

    def __init__(self, company: Company, incident: Incident, token: str) -> None:
        self.samples = sample_of_each(company, incident)
        text = write(read(shipped_plan()))
        PlanVersion.objects.filter(number=1).update(text=text, digest=hashlib.sha256(text.encode()).hexdigest())
        plan.plan_load(text=text.replace("target: 1 h", "target: 45 min", 1), actor=company.actor("lead"))
        self.clients = {name: self._client(name) for name in VIEWERS}
        of = self.samples
        self.parameters: dict[str, dict[str, Any]] = {
            "/ack/": {"token": token},
            "/incidents/": {"number": incident.number},
            "/alerts/inbox/": {"public_id": of["failed_intake"].public_id},
            "/alerts/": {"public_id": of["alert"].public_id},
            "/switchboard/": {"slug": company.part.slug, "direction": "over"},
            "/offline/": {"slug": company.part.slug},
            "/plan/versions/": {"number": of["plan_version"].number},
            "/plan/playbooks/": {"slug": "application-fault-after-upgrade"},
            "/setup/sources/": {"public_id": of["source"].public_id},
            "/reports/": {"number": of["report"].number, "section": "summary", "language": "en"},
        }

    def screens(self) -> tuple[list[Screen], list[str]]:
        """What answers with a page, and addresses that nobody got to see."""
        found, unseen = [], []
        here = [(pattern, view.access_rule[0]) for pattern, view in every_view()] + [(address, "") for address in BESIDES]
        for pattern, rule in here:
            if rule == access.KEY or NO_SCREEN.match(pattern):
                continue
            address = self._address(pattern)
            kind, viewer = self._looked_at(address)
            if kind == "page":
                found.append(Screen(pattern, address, viewer))
            elif kind == "unseen":
                unseen.append(pattern)
        return found, unseen

    def forms(self) -> list[Screen]:
        """One form of a move for every mixture of fields that there is."""
        found: dict[frozenset[str], Screen] = {}
        for move in moves.all_moves():
            address = f"/do/{move.id}/" if move.creates else f"/do/{move.id}/{self.samples[move.record].public_id}/"
            kind, viewer = self._looked_at(address)
            if kind == "page":
                body = self.clients[viewer].get(address).content.decode().partition('class="move-form"')[2]
                fields = re.findall(r"<(?:input|select|textarea|fieldset|ul|ol)[^>]*?(?: type=\S+| class=\S+|>)", body)
                found.setdefault(frozenset(fields), Screen(move.id, address, viewer))
        return list(found.values())

    def _client(self, name: str) -> Client:
        client = Client()
        if name:
            client.post("/login/", {"username": name, "password": PASSWORD})
        return client

    def _address(self, pattern: str) -> str:
        given = next((values for start, values in self.parameters.items() if pattern.startswith(start)), {})
        return re.sub(r"<\w+:(\w+)>", lambda match: str(given.get(match.group(1), match.group(0))), pattern)

    def _looked_at(self, address: str) -> tuple[str, str]:
        """(page, unseen or another answer, who saw it)."""
        kind = "unseen"
        for viewer, client in self.clients.items():
            answer = client.get(address, follow=False)
            is_page = answer.headers.get("Content-Type", "").startswith("text/html")
            if answer.status_code == 200:
                return ("page" if is_page else "other"), viewer
            if answer.status_code == 405 or (answer.status_code in (301, 302) and "/login/" not in answer.headers["Location"]):
                kind = "other"
        return kind, ""
