"""The plan's screens: chapters, versions, differences by meaning, loading, who has read it, chart, playbook, paper."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from console.selectors.plan_diff import differences
from contingency.plan import services
from contingency.plan.document import read, write
from contingency.plan.models import PlanReceipt, PlanVersion
from contingency.plan.shipped import shipped_plan
from kernel.errors import InvalidTransition
from kernel.models import Entry
from tests.console.reading import words

XSS = "<script>alert(1)</script>"


@pytest.fixture
def plan_text() -> str:
    return write(read(shipped_plan()))


@pytest.fixture
def in_force(company, plan_text) -> PlanVersion:
    """The company's version 1 says what the shipped plan says; its people keep their positions."""
    PlanVersion.objects.filter(number=1).update(text=plan_text, digest=hashlib.sha256(plan_text.encode()).hexdigest())
    return PlanVersion.objects.get(number=1)


@pytest.fixture
def draft(company, in_force, plan_text) -> PlanVersion:
    """Version 2, by the lead: business on the standby in 45 min instead of 1 h."""
    text = plan_text.replace("target: 1 h", "target: 45 min", 1)
    assert text != plan_text
    return services.plan_load(text=text, actor=company.actor("lead"))


def changed(before: str, after: str, language: str = "en") -> list[str]:
    with override(language):
        return [change.sentence for chapter in differences(read(before), read(after)) for change in chapter.changes]


@pytest.mark.req("PLN-01")
def test_the_version_in_force_is_shown_in_chapters(in_force, browser):
    page = browser("engineer").get("/plan/")
    shown = words(page)
    for expected in (
        "Contingency plan for failed upgrades of the order system",
        "Version 1",
        "in force",
        "approved by Director",
        "Purpose",
        "Everybody knows beforehand who does what",
        "Recovery targets",
        "Business on the standby",
        "Escalation chains",
        "Who is called",
        "Playbooks",
        "Message texts",
        "Why upgrades fail",
    ):
        assert expected in shown, expected
    assert "style=" not in page.content.decode()


@pytest.mark.req("PLN-01")
def test_the_same_in_chinese(in_force, browser):
    client = browser("engineer")
    client.cookies["django_language"] = "zh-hans"
    shown = words(client.get("/plan/"))
    for expected in ("订单系统升级故障应急预案", "让每个人事先清楚升级失败时由谁做什么", "恢复时限目标", "升级链"):
        assert expected in shown, expected


@pytest.mark.req("PLN-01")
def test_a_difference_is_told_by_meaning(plan_text):
    after = plan_text.replace("target: 1 h", "target: 45 min", 1)
    assert changed(plan_text, after) == ["Recovery target “Business on the standby” – Target: 1 h → 45 min"]
    assert changed(plan_text, plan_text) == []


@pytest.mark.req("PLN-01")
def test_items_are_found_again_wherever_they_stand(plan_text):
    document = read(plan_text)
    books = document.playbooks
    moved = document.model_copy(update={"playbooks": [books[1], books[0], *books[2:]]})
    assert [change.kind for chapter in differences(document, moved) for change in chapter.changes] == ["moved"]
    fewer = document.model_copy(update={"playbooks": books[1:]})
    with override("en"):
        (chapter,) = differences(document, fewer)
        assert [(change.kind, change.what) for change in chapter.changes] == [("removed", books[0].name.en)]
        (chapter,) = differences(fewer, document)
        assert [(change.kind, change.what) for change in chapter.changes] == [("added", books[0].name.en)]


@pytest.mark.req("PLN-01")
def test_a_word_in_a_long_text_is_marked_alone_and_the_other_language_is_named(plan_text):
    document = read(plan_text)
    book = document.playbooks[0]
    step = book.steps[0]
    text = step.instruction.model_copy(update={"en": step.instruction.en + " Twice."})
    book_after = book.model_copy(update={"steps": [step.model_copy(update={"instruction": text}), *book.steps[1:]]})
    other = document.model_copy(update={"playbooks": [book_after, *document.playbooks[1:]]})
    with override("en"):
        (chapter,) = differences(document, other)
    (change,) = chapter.changes
    assert change.what == f"{book.name.en} › Steps › {step.name.en}"
    assert change.field == "What to do"
    assert [piece.text.strip() for piece in change.pieces if piece.kind == "added"] == ["Twice."]
    with override("zh-hans"):
        (chapter,) = differences(document, other)
    assert "英文" in chapter.changes[0].field


def test_unnamed_lines_are_compared_line_by_line(plan_text):
    document = read(plan_text)
    purpose = document.purpose
    other = document.model_copy(update={"purpose": [purpose[0], *purpose[2:]]})
    with override("en"):
        (chapter,) = differences(document, other)
    assert [(change.kind, change.before) for change in chapter.changes] == [("removed", purpose[1].en)]


@pytest.mark.req("PLN-01")
def test_the_comparison_on_screen(draft, browser):
    shown = words(browser("director").get("/plan/compare/?from=1&to=2"))
    assert "1 difference" in shown
    assert "Recovery target “Business on the standby” – Target 1 h → 45 min" in shown
    assert browser("director").get("/plan/compare/?from=1&to=77").status_code == 404


@pytest.mark.req("PLN-01")
@pytest.mark.req("SEC-01")
def test_the_authors_screen_offers_no_approval_and_the_directors_does(company, draft, browser):
    lead, director = browser("lead"), browser("director")
    assert "plan.submit" in lead.get("/plan/versions/2/").content.decode()
    draft = services.plan_submit(public_id=draft.public_id, version=draft.version, actor=company.actor("lead"))
    page = lead.get("/plan/versions/2/")
    assert "plan.approve" not in page.content.decode()
    assert "approves it, never its author" in words(page)
    page = director.get("/plan/versions/2/")
    assert "plan.approve" in page.content.decode()
    assert "plan.send_back" in page.content.decode()
    answer = director.post(f"/do/plan.approve/{draft.public_id}/", {"version": draft.version})
    assert answer.status_code == 302, words(answer)
    draft.refresh_from_db()
    assert draft.state == "approved"


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "name,loads,submits,sees_readers",
    [
        ("engineer", True, True, False),
        ("lead", True, True, True),
        ("business", True, True, False),
        ("service", False, False, False),
        ("auditor", False, False, True),
        ("admin", False, False, True),
        ("director", True, True, True),
    ],
)
def test_who_may_do_what_with_the_plan(draft, browser, name, loads, submits, sees_readers):
    client = browser(name)
    page = client.get("/plan/versions/2/")
    assert page.status_code == 200
    assert ("/plan/load/" in page.content.decode()) == loads
    assert ("plan.submit" in page.content.decode()) == submits
    assert client.get("/plan/load/").status_code == (200 if loads else 403)
    assert client.post("/plan/load/", {"text": "x"}).status_code == (422 if loads else 403)
    assert client.get("/plan/readers/").status_code == (200 if sees_readers else 403)


@pytest.mark.req("PLN-03")
def test_a_wrong_document_is_shown_at_its_lines_and_nothing_typed_is_lost(in_force, plan_text, browser):
    wrong = plan_text.replace("target: 1 h", "target: soon", 1)
    line = wrong.split("\n").index(next(text for text in wrong.split("\n") if "target: soon" in text)) + 1
    answer = browser("lead").post("/plan/load/", {"text": wrong.replace("\n", "\r\n"), "reason": "tighter"})
    assert answer.status_code == 422
    shown = words(answer)
    assert "1 problem; nothing was loaded" in shown
    assert f"Line {line} recovery_targets[1].target : A length of time is expected here" in shown
    assert re.search(rf'<span class="it"><i>▶{line}</i>\s*target: soon', answer.content.decode())
    assert "target: soon" in answer.content.decode().split("<textarea", 1)[1]
    assert 'value="tighter"' in answer.content.decode()
    assert PlanVersion.objects.count() == 1


@pytest.mark.req("PLN-03")
@pytest.mark.parametrize("way", ["file", "text"])
def test_a_document_by_file_or_paste_becomes_a_draft_of_the_person(company, in_force, plan_text, browser, way):
    text = plan_text.replace("target: 1 h", "target: 30 min", 1)
    sent = {"file": SimpleUploadedFile("plan.yaml", text.encode())} if way == "file" else {"text": text}
    answer = browser("lead").post("/plan/load/", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/plan/versions/2/")
    version = PlanVersion.objects.get(number=2)
    assert (version.state, version.author, version.text) == ("draft", company.users["lead"], text)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * (2 * 1024 * 1024 + 1), b"\x00"])
def test_a_file_that_is_no_document_is_refused(in_force, browser, content):
    answer = browser("lead").post("/plan/load/", {"file": SimpleUploadedFile("plan.yaml", content)})
    assert answer.status_code == 422
    assert PlanVersion.objects.count() == 1


@pytest.mark.req("PLN-03")
def test_the_export_is_the_kept_document_byte_by_byte(in_force, plan_text, browser):
    answer = browser("auditor").get("/plan/versions/1/export/")
    assert answer.content.decode() == plan_text
    assert answer["Content-Disposition"] == 'attachment; filename="contingency-plan-1.yaml"'


@pytest.mark.req("PLN-02")
def test_reading_is_confirmed_once_per_person_and_version(company, in_force, browser):
    client = browser("service")
    page = client.get("/plan/")
    assert "Read and understood?" in words(page)
    for _press in range(2):
        answer = client.post(f"/do/plan.read_confirm/{in_force.public_id}/", {"version": in_force.version})
        assert answer.status_code == 302
    assert PlanReceipt.objects.filter(user=company.users["service"], plan_version=in_force).count() == 1
    assert Entry.objects.filter(name="plan.plan_version_read.v1").count() == 1
    assert "You have read and understood this version." in words(client.get("/plan/"))
    assert "Read and understood?" in words(browser("engineer").get("/plan/"))
    readers = words(browser("lead").get("/plan/readers/"))
    assert "1 of 10 people with a position have read and understood version 1." in readers


@pytest.mark.req("PLN-02")
def test_only_the_version_in_force_is_confirmed(company, draft):
    with pytest.raises(InvalidTransition):
        services.plan_read_confirm(public_id=draft.public_id, version=draft.version, actor=company.actor("engineer"))
    assert not PlanReceipt.objects.exists()


@pytest.mark.req("PLN-02")
def test_a_receipt_is_never_taken_back(company, in_force):
    from django.db import DatabaseError, transaction

    services.plan_read_confirm(public_id=in_force.public_id, version=None, actor=company.actor("engineer"))
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        PlanReceipt.objects.all().delete()


@pytest.mark.req("ORG-01")
@pytest.mark.req("ORG-02")
def test_the_chart_is_nested_lists_of_the_plan_with_todays_holders(company, in_force, browser):
    from datetime import timedelta

    from contingency.org.models import Holding, Position
    from kernel import clock

    unit = company.part.unit
    position = Position.objects.create(slug="technical-director", name_en="x", name_zh="x", unit=unit, role="")
    Holding.objects.create(user=company.users["lead2"], position=position, starts_at=clock.now() - timedelta(days=1))
    page = browser("service").get("/plan/chart/")
    shown = words(page)
    assert re.search(r"Leadership .*Technical director Lead2", shown)
    assert "Project director nobody" in shown
    assert "leads" in shown
    html = page.content.decode()
    assert html.count('<ul class="tree') > 3


@pytest.mark.req("INC-04")
def test_a_playbooks_page_has_its_steps_by_track(in_force, plan_text, browser):
    book = next(item for item in read(plan_text).playbooks if {step.track for step in item.steps} == {"technical", "business"})
    shown = words(browser("service").get(f"/plan/playbooks/{book.slug}/"))
    assert book.name.en in shown
    assert "Track: Technical" in shown
    assert "Track: Business" in shown
    for step in book.steps:
        assert step.name.en in shown
        assert " ".join(step.success.en.split()) in shown
    assert browser("service").get("/plan/playbooks/no-such-book/").status_code == 404


@pytest.mark.req("PLN-02")
def test_the_paper_has_everything_open(in_force, plan_text, browser):
    page = browser("engineer").get("/plan/versions/1/paper/")
    shown = words(page)
    document = read(plan_text)
    for book in document.playbooks:
        assert " ".join(book.steps[-1].otherwise.en.split()) in shown
    assert '<details id="text-' in page.content.decode()
    assert not re.search(r'<details id="(text|position|group)-[\w-]+">', page.content.decode())


@pytest.mark.parametrize("address", ["/plan/", "/plan/chart/", "/plan/versions/1/paper/", "/plan/compare/?from=1&to=2", "/plan/versions/"])
def test_markup_in_a_plan_is_only_text(company, in_force, plan_text, browser, address):
    document = read(plan_text)
    line = document.positions[0].name.model_copy(update={"en": XSS, "zh": XSS})
    positions = [document.positions[0].model_copy(update={"name": line}), *document.positions[1:]]
    text = document.model_copy(update={"positions": positions, "purpose": [document.purpose[0].model_copy(update={"en": XSS, "zh": XSS})]})
    marked = write(text)
    services.plan_load(text=plan_text.replace("target: 1 h", "target: 2 h", 1), actor=company.actor("lead"))
    PlanVersion.objects.filter(number=1).update(text=marked, digest=hashlib.sha256(marked.encode()).hexdigest())
    page = browser("lead").get(address)
    assert page.status_code == 200
    assert XSS not in page.content.decode()


def test_before_the_first_plan_the_screen_teaches(company, browser):
    PlanVersion.objects.filter(number=1).update(text="", digest="0" * 64)
    page = browser("lead").get("/plan/")
    assert "cannot be read by today's rules" in words(page)


@pytest.mark.parametrize("address", ["/plan/", "/plan/chart/", "/plan/readers/", "/plan/versions/"])
def test_a_screen_costs_a_fixed_number_of_queries(in_force, browser, address):
    client = browser("lead")
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    assert len(asked) <= 22, [query["sql"][:100] for query in asked]
