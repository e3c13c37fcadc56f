"""What was mended after looking at every screen stays mended."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone

from console.selectors.proposed import asked_for
from console.templatetags.console import whole
from contingency.catalog.models import Gateway
from incidents.response import services as response
from incidents.response.models import Incident
from kernel import moves, proposals
from kernel.actors import SYSTEM
from kernel.models import Proposal
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


def test_whoever_is_to_agree_sees_to_what(company: Any, confirmed: Incident, browser: Any) -> None:
    """Where the proposal is listed and again where one agrees: what was filled in, by whom, and why, in words and not in slugs."""
    engineer, asked_of = company.actor("engineer"), confirmed.public_id
    lower = proposals.perform("incidents.grade_lower", actor=engineer, public_id=asked_of, inputs={"grade": "general"}, reason="business runs")
    client = browser("lead")
    for address in ("/", "/proposals/", f"/incidents/{confirmed.number}/"):
        assert "Grade: General proposed by" in words(client.get(address)), address
    asked = words(client.get(f"/do/console.accept/{lower.public_id}/"))
    assert f"Lower the grade {confirmed.number}" in asked
    assert "Grade General Proposed by" in asked
    assert "business runs" in asked
    assert "incidents.grade_lower" not in asked


def test_a_proposals_moments_and_people_are_told_in_words_and_secrets_not_at_all(company: Any) -> None:
    lead = company.users["lead"]
    moment = Proposal(move="incidents.outage_correct_start", inputs={"failing_since": "2026-11-20T01:30:00Z"})
    with timezone.override("Asia/Shanghai"):
        assert [words for _label, words in asked_for(moment)] == ["2026-11-20 09:30"]
    person = Proposal(move="org.holding_assign_restricted", inputs={"user": str(lead.public_id), "position": "", "is_deputy": True})
    assert [words for _label, words in asked_for(person)] == [str(lead), "yes"]
    hidden = next(move for move in moves.all_moves() if move.extra.get("secret_inputs"))
    secret = hidden.extra["secret_inputs"][0]
    assert asked_for(Proposal(move=hidden.id, inputs={secret: "hush"})) == []


def test_a_list_of_proposals_teaches_only_where_nothing_waits(company: Any, browser: Any) -> None:
    client = browser("lead")
    assert "stands here until another agrees or declines" in words(client.get("/proposals/"))
    assert "There is no such proposal" in words(client.get("/proposals/?state=declined"))


def test_a_records_number_is_not_broken_at_the_end_of_a_line() -> None:
    told = whole("赵敏关闭了INC-2026-0001（OUT-2026-0002）。<b> 2026-11-30 X-INC-2026-0001")
    assert told.count('<span class="nowrap">') == 2
    assert '<span class="nowrap">INC-2026-0001</span>（' in told
    assert "&lt;b&gt; 2026-11-30 X-INC" in told, "other people's text stays text"


def test_an_option_of_a_command_is_not_broken_at_the_end_of_a_line() -> None:
    told = whole('journalctl -u 服务名 --since "1 hour ago" > x.log; <!-- --failed为空 -- END')
    assert told.count('<span class="nowrap">') == 2
    assert '服务名 <span class="nowrap">--since</span> &quot;1 hour' in told
    assert '&lt;!-- <span class="nowrap">--failed</span>为空 -- END' in told


def test_what_an_old_incident_shows_of_today_says_so(company: Any, confirmed: Incident, browser: Any) -> None:
    client = browser("lead")
    assert "as it is now" not in words(client.get(f"/incidents/{confirmed.number}/"))
    alone = response.incident_open(actor=company.actor("engineer"), part="orders", fault_class="network", title="The line is slow")
    response.incident_false_alarm(public_id=alone.public_id, version=alone.version, actor=company.actor("lead"), reason="nothing")
    assert words(client.get(f"/incidents/{alone.number}/")).count("as it is now") == 2


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
