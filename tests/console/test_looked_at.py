"""What was mended after looking at every screen stays mended."""

from __future__ import annotations

import re
from typing import Any

from contingency.catalog.models import Gateway
from incidents.response.models import Incident
from kernel import proposals
from kernel.actors import SYSTEM
from monitoring.alerts.services.sources import source_create, source_key_issue
from notify import services as notify
from tests.console.reading import words


def _nav(page: str, inside: str) -> list[str]:
    return re.findall(r'<a class="nav[^"]*" href="([^"]+)"', re.search(inside, page, re.DOTALL).group())  # type: ignore[union-attr]


def test_a_phone_shows_four_screens_and_the_rest_behind_more(company: Any, browser: Any) -> None:
    page = browser("lead").get("/").content.decode()
    bar = re.findall(r'<a class="nav([^"]*)" href="([^"]+)"', page.partition('<details class="nav-more">')[0])
    assert [address for look, address in bar if "beyond" not in look] == ["/", "/alerts/", "/incidents/", "/switchboard/"]
    hidden = [address for look, address in bar if "beyond" in look]
    assert hidden
    assert _nav(page, r'<div class="sheet">.*?</div>') == hidden


def test_the_timeline_opens_without_each_mail_and_all_shows_them(company: Any, confirmed: Incident, browser: Any) -> None:
    notify.message_send(to=[company.users["lead"]], text="update-due", params={}, subject=confirmed, actor=SYSTEM)
    client = browser("lead")
    assert "A message goes to" not in words(client.get(f"/incidents/{confirmed.number}/"))
    assert "A message goes to" in words(client.get(f"/incidents/{confirmed.number}/?show=all"))


def test_a_proposal_is_told_by_the_name_of_its_move(company: Any, confirmed: Incident, browser: Any) -> None:
    actor = company.actor("engineer")
    proposals.perform("incidents.grade_lower", actor=actor, public_id=confirmed.public_id, inputs={"grade": "general"}, reason="business runs")
    told = words(browser("lead").get(f"/incidents/{confirmed.number}/"))
    assert "proposed “Lower the grade”" in told
    assert "incidents.grade_lower" not in told


def test_a_key_to_revoke_is_chosen_among_those_in_force(company: Any, browser: Any) -> None:
    source, first = source_create(kind="alertmanager", name="Tool", actor=SYSTEM)
    second = source_key_issue(public_id=source.public_id, version=source.version, actor=SYSTEM).issued_key
    page = browser("admin").get(f"/do/monitoring.source_key_revoke/{source.public_id}/").content.decode()
    assert re.findall(r'<input type="radio" name="hint" value="(.{4})"', page) == [first[:4], second[:4]]


def test_a_move_that_is_not_possible_now_says_so_once_and_offers_nothing_to_send(company: Any, confirmed: Incident, browser: Any) -> None:
    page = browser("lead").get(f"/do/incidents.resolve/{confirmed.public_id}/")
    assert words(page).count("“Confirmed”") == 1
    assert 'type="submit"' not in page.content.decode().partition('class="move-form"')[2].partition("</form>")[0]


def test_a_part_without_gateway_is_said_to_be_one(company: Any, browser: Any) -> None:
    Gateway.objects.all().delete()
    client = browser("lead")
    for address in ("/", "/switchboard/"):
        shown = words(client.get(address))
        assert "No gateway is set up: its traffic is not switched from here." in shown
        assert "There is no such record" not in shown
