"""The main job walked on screens by two people, from the failing upgrade to the closed incident: by mouse, by keyboard alone, by thumb.

One console, one incident per walk. The outside world breaks and mends the order system (`manage.py lab …`); everything else is done on screens.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from pypdf import PdfReader

from tests.flows.hands import Hands, Keyboard, Mouse, Touch
from tests.flows.running import Console, Mail, links_in, wait_for
from tests.flows.walking import PHONE, Stopwatch, Walker, passwords, watched
from tests.harness.skips import tool_path

pytestmark = [
    pytest.mark.story, pytest.mark.needs_tool("chromium"), pytest.mark.timeout(300), pytest.mark.xdist_group("walk"),
    pytest.mark.req("MON-01", "INC-01", "INC-03", "INC-05", "INC-07", "SWO-01", "SWO-05", "RPT-01"),
]  # fmt: skip

WIDE = {"viewport": {"width": 1440, "height": 900}}
LAPTOP = {"viewport": {"width": 1280, "height": 800}}
SWITCH_MS = 60_000
TASKS = (
    ("Freeze the upgrade", "The run sheet stands at step 4. 操作单停在第 4 步。"),
    ("Validate the standby", "The standby answers, lag 0. 备用正常应答，延迟 0。"),
)
CALLED_AGAIN_AFTER_S = 301  # a person who was called about a part gets the rest of five minutes in a digest
SHOWN = "Orders flow, nothing is lost, three clocks are met. 订单正常，无丢失，三项时限达标。"


@pytest.fixture(scope="module")
def browsers() -> Iterator[tuple[Browser, Browser]]:
    """Two real browsers, one per person."""
    with sync_playwright() as driver:
        pair = [driver.chromium.launch(executable_path=tool_path("chromium"), args=["--no-sandbox"]) for _ in range(2)]
        yield pair[0], pair[1]
        for browser in pair:
            browser.close()


@pytest.mark.parametrize(
    "walk, handle, screen, languages",
    [
        ("by mouse, wide", Mouse, WIDE, ("en", "en")),
        ("by keyboard alone", Keyboard, LAPTOP, ("en", "zh-hans")),
        ("by thumb, 360 px", Touch, PHONE, ("zh-hans", "zh-hans")),
    ],
)
def test_the_main_job_is_walked(
    console: Console, browsers: tuple[Browser, Browser], walk: str, handle: type[Hands], screen: dict[str, Any], languages: tuple[str, str]
) -> None:
    engineer = Walker(browsers[0], console, "chen.yu", handle, languages[0], **screen)
    lead = Walker(browsers[1], console, "zhao.min", handle, languages[1], **screen)
    watch = Stopwatch(walk)
    with watched(engineer, lead):
        for walker in (engineer, lead):
            walker.log_in(passwords(console)[walker.name])
            expect(walker.page.locator("#now-incidents article")).to_have_count(0)  # the walk before was walked to its end
        watch.told("two people log in")
        the_upgrade_fails(console, engineer, lead, browsers[0], watch)
        confirmed_and_staffed(engineer, lead, watch)
        tasks_are_done(engineer, lead, watch)
        switched_over(engineer, lead, watch)
        console.lab("fix")
        watch.told("the upgrade is mended outside")
        repaired_and_switched_back(engineer, lead, watch)
        ended(engineer, lead, watch)
        reported_and_closed(engineer, lead, watch)
    watch.ended(engineer, lead)
    engineer.leave()
    lead.leave()
    console.lab("clock", str(CALLED_AGAIN_AFTER_S))


def the_upgrade_fails(console: Console, engineer: Walker, lead: Walker, browser: Browser, watch: Stopwatch) -> None:
    """It shows on Now by itself; the call is answered on a phone from the mail's link; then into the room."""
    mails_before = len(console.sink.mails)
    console.lab("break", "upgrade")
    broke = time.monotonic()
    for walker in (engineer, lead):
        walker.page.locator("#now-incidents article").first.wait_for(timeout=30_000)
        walker.picture("incident on Now")
    watch.told(f"on Now {time.monotonic() - broke:.1f} s after the break;")
    call = wait_for("the call", lambda: next((m for m in console.sink.mails[mails_before:] if m.to == "chen.yu@demo.example"), None), within_s=15)
    answered_on_a_phone(console, browser, engineer, call)
    watch.told("called and answered on a phone")
    for walker in (engineer, lead):
        walker.hands.press(walker.control("Open incident room"))
        walker.stands_at("Discovered")
        walker.picture("room")
    expect(engineer.main.locator(".banner.severe")).to_have_count(0)  # nobody is called any more
    watch.told("into the room")


def answered_on_a_phone(console: Console, browser: Browser, engineer: Walker, call: Mail) -> None:
    """One press on the screen that the link opens; from there, logged in, into the incident."""
    phone = Walker(browser, console, engineer.name, type(engineer.hands), engineer.language, **PHONE)
    with watched(phone):
        phone.page.goto(next(link for link in links_in(call) if "/ack/" in link))
        phone.picture("the call")
        phone.hands.press(phone.page.get_by_role("button", name=phone.say("I have it")))
        phone.sees(phone.say("Thank you: you have it. Nobody further is called."))
        phone.picture("answered")
        phone.hands.press(phone.page.get_by_role("link", name=phone.say("Open it in the console")))
        phone.in_language()
        phone.enter(passwords(console)[phone.name])
        phone.stands_at("Discovered")
        phone.picture("room on the phone")
    phone.leave()


def confirmed_and_staffed(engineer: Walker, lead: Walker, watch: Stopwatch) -> None:
    """Graded; the clocks run; both answer for their roles."""
    engineer.does("Confirm and grade", keys="c", choose={"Grade": "Severe", "Business stands still": "Yes"})
    for walker in (engineer, lead):
        walker.stands_at("Confirmed")
        expect(walker.main.locator(".ring")).to_have_count(3)
        walker.picture("clocks")
    watch.told("confirmed and graded")
    lead.does("I have it")
    lead.picture("answered")
    engineer.hands.press(engineer.control("Take it… Scribe"), near="r")
    engineer.answers("Take a role", choose={})
    for walker in (engineer, lead):
        expect(walker.page.locator("#room-roles").get_by_text(walker.say("answered"))).to_have_count(3)  # commander, technical lead, scribe
    watch.told("roles taken")


def tasks_are_done(engineer: Walker, lead: Walker, watch: Stopwatch) -> None:
    """Begun and finished from the playbook, with what shows it; the other one sees the count by itself."""
    for task, evidence in TASKS:
        row = engineer.page.locator(".task").filter(has=engineer.page.get_by_text(engineer.say(task), exact=True))
        engineer.hands.press(engineer.control("Begin", row), near="t")
        row.and_(engineer.page.locator(".started")).wait_for()
        engineer.hands.settle()
        engineer.hands.press(engineer.control("Done", row))
        engineer.answers("Done", write={"Evidence": evidence})
        lead.page.locator(".task.done").filter(has=lead.page.get_by_text(lead.say(task), exact=True)).wait_for()
    engineer.picture("tasks")
    watch.told(f"{len(TASKS)} tasks done")


def switched_over(engineer: Walker, lead: Walker, watch: Stopwatch) -> None:
    """Ordered by one, approved by the other, watched to its end by both; then business is normal."""
    engineer.does("Switch over to the standby", write={"Reason": "Orders cannot be paid. 订单无法支付。"})
    engineer.picture("ordered")
    lead.does("Approve the switch", write={"Reason": "Agreed. 同意。"})
    watched_to_its_end(engineer, lead)
    watch.told("switched over")
    lead.does("Start handling")
    for walker in (engineer, lead):
        walker.stands_at("Handling")
    engineer.does("Fault located", write={"What was found": "The migration left orders unpayable. 迁移后订单无法支付。"})
    lead.does("Business is normal on the standby", write={})
    for walker in (engineer, lead):
        expect(walker.main.locator(".ring[data-state=met]")).to_have_count(2)
    watch.told("handled, located, business normal")


def watched_to_its_end(engineer: Walker, lead: Walker) -> None:
    """Each step shows by itself; at the end the other side carries business."""
    for walker in (engineer, lead):
        walker.page.locator("#room-switch .tag.ok").wait_for(timeout=SWITCH_MS)
        assert walker.page.locator("#room-switch .switch-steps li").count() > 5
        expect(walker.page.locator("#room-switch .switch-steps li:not(.done)")).to_have_count(0)
        walker.picture("switched")
        walker.hands.settle()


def repaired_and_switched_back(engineer: Walker, lead: Walker, watch: Stopwatch) -> None:
    """The repair recorded, and back the same way."""
    engineer.does("The original is repaired", write={"What was done": "Version 2.0.1: the migration is mended. 2.0.1 版已修正迁移。"})
    engineer.does("Switch back to the primary", write={"Reason": "The primary is repaired. 主用已修复。"})
    lead.does("Approve the switch", write={})
    watched_to_its_end(engineer, lead)
    for walker in (engineer, lead):
        expect(walker.main.locator(".ring[data-state=met]")).to_have_count(3)
        expect(walker.page.locator("#room-end .task.done").first).to_contain_text("probes")  # what the console itself saw stands as evidence
        walker.picture("back on the primary")
    watch.told("repaired and switched back")


def ended(engineer: Walker, lead: Walker, watch: Stopwatch) -> None:
    """Verified, each end condition with what shows it, and the end declared."""
    engineer.does("Start verifying recovery")
    for condition in ("System functions work", "Data is correct", "Business is unaffected"):
        engineer.does(
            "Report an end condition",
            choose={"End condition": condition, "It holds": "Yes"},
            write={"What shows it": SHOWN},
        )
    expect(lead.page.locator("#room-end .task.done").filter(has_text=SHOWN)).to_have_count(3)
    lead.does("Declare the end")
    for walker in (engineer, lead):
        walker.stands_at("Resolved")
        walker.picture("resolved")
    watch.told("verified and ended")


def reported_and_closed(engineer: Walker, lead: Walker, watch: Stopwatch) -> None:
    """The draft is edited and submitted by one, approved by the other; the incident closes."""
    engineer.does("Start the review")
    engineer.hands.press(engineer.main.get_by_role("link", name=re.compile(f"^{engineer.say('Report')}")).first)
    engineer.hands.press(engineer.main.get_by_role("link", name=re.compile(rf"^{engineer.say('Edit')}\s*: {engineer.say('Summary')}$")))
    engineer.hands.write(engineer.page.get_by_label(engineer.say("English text")), "\n\nReviewed by the engineer on duty.")
    engineer.hands.write(engineer.page.get_by_label(engineer.say("Chinese text")), "\n\n值班工程师已复核。")
    engineer.picture("section")
    engineer.hands.press(engineer.control("Save as a new version"))
    engineer.sees("值班工程师已复核。" if engineer.language == "zh-hans" else "Reviewed by the engineer on duty.")
    engineer.does_here("Submit for approval")
    watch.told("report written and submitted")
    lead.hands.press(lead.main.get_by_role("link", name=re.compile(f"^{lead.say('Report')}")).first)
    lead.picture("report")
    lead.does_here("Approve the report")
    lead.sees(lead.say("Approved"))
    printed_in_both_languages(lead)
    lead.hands.press(lead.main.get_by_role("link", name=re.compile("^INC-")).first)
    lead.does("Close", write={})
    lead.stands_at("Closed")
    lead.picture("closed")
    watch.told("report approved, incident closed")


def printed_in_both_languages(reader: Walker) -> None:
    """The approved report on paper, as the two links give it: what was written by hand stands in it."""
    for link, wanted in (("PDF English", "Reviewed by the engineer on duty."), ("PDF 中文", "值班工程师已复核。")):
        address = reader.main.get_by_role("link", name=link, exact=True).get_attribute("href")
        answer = reader.context.request.get(str(address))
        assert answer.status == 200
        text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.body())).pages)
        assert "".join(wanted.split()) in "".join(text.split())
        reader.keep(link, text)
