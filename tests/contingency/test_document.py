"""The plan's document: one way to write it, every error with its line, nothing unknown let through."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from contingency.plan.document import PlanDocument, PlanDocumentInvalid, read, write
from contingency.plan.document.durations import spell
from contingency.plan.models import OUTSIDE
from contingency.plan.placeholders import OPTIONAL_TEXTS, REQUIRED_TEXTS
from contingency.plan.shipped import shipped_plan
from kernel import moves

from .test_document_property import NASTY, SMALLEST


def parsed(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)


def dumped(values: Any, **style: Any) -> str:
    return yaml.dump(values, Dumper=yaml.CSafeDumper, **{"allow_unicode": True, **style})


def problems(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(PlanDocumentInvalid) as caught:
        read(text)
    return [(problem.line, problem.at, str(problem.message)) for problem in caught.value.problems]


def changed(old: str, new: str, *, count: int = 1) -> tuple[str, int]:
    """The shipped plan with its first `old` replaced, and the line where that stood."""
    text = shipped_plan()
    place = text.index(old)
    return text.replace(old, new, count), text.count("\n", 0, place) + 1


@pytest.mark.req("PLN-03")
def test_the_shipped_plan_is_in_canonical_form():
    assert write(read(shipped_plan())) == shipped_plan()


@pytest.mark.req("PLN-03")
@pytest.mark.parametrize("style", [{"indent": 4, "width": 60}, {"default_flow_style": True, "width": 200}, {"allow_unicode": False}])
def test_a_hand_written_file_keeps_its_meaning_and_becomes_canonical(style):
    """Written by another YAML writer, in another style, with comments, other order of keys, other quotes."""
    values = parsed(shipped_plan())
    by_hand = "# our plan\n\n" + dumped(values, **{"sort_keys": True, **style}) + "\n# the end\n"
    assert by_hand != shipped_plan()
    assert write(read(by_hand)) == shipped_plan()


@pytest.mark.req("PLN-03")
def test_words_that_have_bitten_writers_of_yaml_before():
    """Each stands once in a short pair on one line, once in a long text and once in lines; three readers see the same."""
    values = {**SMALLEST, "purpose": []}
    for word in NASTY:
        values["purpose"] += [{"en": word, "zh": f"a {word}"}, {"en": f"{word} {'long words ' * 12}{word}", "zh": f"{word}\n{word}\n  {word}"}]
    values["purpose"] += [{"en": f"{'x' * shift}{'two  spaces  ' * 20}end", "zh": "-"} for shift in range(4)]  # wherever the line breaks
    document = PlanDocument.model_validate(values)
    text = write(document)
    assert write(read(text)) == text
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        assert PlanDocument.model_validate(yaml.load(text, Loader=loader)) == document  # noqa: S506 - both are safe ones


def test_other_readers_of_yaml_see_the_same_document():
    """What looks like a boolean, a number or a date to any reader of YAML 1.1 stands in quotes."""
    text, _line = changed("name: {en: Procurement, zh: 采购部}", 'name: {en: "no", zh: "2025-01-01"}')
    written = write(read(text))
    assert 'name: {en: "no", zh: "2025-01-01"}' in written
    unit = next(unit for unit in parsed(written)["units"] if unit["slug"] == "procurement")
    assert unit["name"] == {"en": "no", "zh": "2025-01-01"}


@pytest.mark.parametrize(
    "old,new,at,words",
    [
        (
            "    layer: execution\n",
            "    layer: middle\n",
            "units[2].layer",
            "“middle” is not known; expected one of: leadership, execution, support.",
        ),
        ("    ranks: 2\n", "    ranks: two\n", "rosters[1].ranks", "A whole number is expected here."),
        ("    ranks: 2\n", "    ranks: 2\n    colour: red\n", "rosters[1].colour", "“colour” is not known here."),
        ("target: 1 h\n", "target: 1 hour\n", "recovery_targets[1].target", "A length of time is expected here"),
        ("target: 1 h\n", "target: 0 s\n", "recovery_targets[1].target", "This must be longer than nothing."),
        ("thresholds: [50, 80, 95, 100]", "thresholds: [80, 50, 100]", "recovery_targets[1].thresholds", "The per cent must rise and end with 100."),
        ("thresholds: [50, 80, 95, 100]", "thresholds: [50, 80]", "recovery_targets[1].thresholds", "The per cent must rise and end with 100."),
        ("    role: director\n", "    role: commander\n", "positions[1].role", "“commander” is not known"),
        ("    unit: leadership\n", "    unit: 7\n", "positions[1].unit", "Text is expected here; put a number or a bare word in quotes."),
        ("        expected: 5 min\n", "        expected: 30 s\n", "playbooks[1].steps[1].expected", "Whole minutes are expected here"),
        ("format: switchback-plan/1", "format: switchback-plan/9", "format", "'switchback-plan/1' is expected here."),
        ("  - slug: project-director\n", "  - slug: Project Director\n", "positions[1].slug", "“Project Director” is no short name"),
    ],
)
def test_a_wrong_value_is_told_with_its_line(old, new, at, words):
    text, line = changed(old, new)
    added = new.count("\n") - old.count("\n")
    [(found_line, found_at, message)] = problems(text)
    assert (found_line, found_at) == (line + added, at)
    assert words in message


@pytest.mark.parametrize(
    "old,new,at,words",
    [
        (
            "    unit: operations\n    role: team_lead",
            "    unit: cellar\n    role: team_lead",
            "positions[6].unit",
            "There is no “cellar” in “units”.",
        ),
        ("    parent: technology\n", "    parent: cellar\n", "units[4].parent", "There is no unit “cellar” above this one."),
        ("roster: operations-duty\n", "roster: night-watch\n", "escalation_chains[1].steps[1].roster", "There is no “night-watch” in “rosters”."),
        ("        rank: 2\n", "        rank: 3\n", "escalation_chains[1].steps[2].rank", "The roster “operations-duty” has only 2 ranks."),
        (
            "    fault_kind: application\n",
            "    fault_kind: server\n",
            "playbooks[1].fault_kind",
            "There is no fault kind “server” in the class “software”.",
        ),
        (
            "        chain: operations\n",
            "        chain: nobody\n",
            "response_levels[1].calls[1].chain",
            "There is no “nobody” in “escalation_chains”.",
        ),
        (
            "    playbooks: [keep-people-informed, run-business-by-hand]",
            "    playbooks: [keep-calm, run-business-by-hand]",
            "response_levels[2].playbooks[1]",
            "There is no “keep-calm” in “playbooks”.",
        ),
        ("members: [project-director,", "members: [nobody,", "groups[1].members[1]", "There is no “nobody” in “positions”."),
        (
            "    texts: [staff-first-notice, staff-all-clear]",
            "    texts: [staff-first-word, staff-all-clear]",
            "response_levels[1].texts[1]",
            "There is no “staff-first-word” in “message_texts”.",
        ),
        ("    led_by: project-manager\n", "    led_by: nobody\n", "meeting_kinds[1].led_by", "There is no “nobody” in “positions”."),
        ("    owner: technical-director\n    measures", "    owner: nobody\n    measures", "risks[1].owner", "There is no “nobody” in “positions”."),
        ("    every: 30 d\n", "", "meeting_kinds[1]", "Say how often (“every”) or on what occasion."),
        ("  - slug: technical-director\n", "  - slug: project-director\n", "positions[2].slug", "“project-director” is there already."),
        (
            "      - position: operations-lead\n",
            "      - position: operations-lead\n        rank: 1\n",
            "escalation_chains[1].steps[3]",
            "Name either",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_with_its_line(old, new, at, words):
    text, line = changed(old, new)
    found = {(found_at, message): found_line for found_line, found_at, message in problems(text)}
    [(place, message)] = [key for key in found if key[0] == at]
    assert words in message
    assert abs(found[place, message] - line) <= 3  # the first key of the item that the line belongs to


@pytest.mark.parametrize("part", ["subject", "body"])
def test_a_placeholder_that_nobody_fills_is_refused(part):
    text, _line = changed("{assigned_by}", "{assigned_at}")
    assert any("{assigned_at} is not known in this message." in message for _line, _at, message in problems(text))
    text, _line = changed("{practice}{number}: {title}", "{practice}{number: {title}")
    assert any("A brace belongs to no placeholder." in message for _line, _at, message in problems(text))


def test_what_leaves_the_house_speaks_of_nothing_inside():
    """A title is what an engineer wrote at night; the person, the cause and the link into the console are nobody's outside."""
    for inside in ("title", "person", "ack_url", "url", "grade"):
        text = shipped_plan().replace("{contact}", "{%s}" % inside)  # noqa: UP031 - braces are the point
        found = {at for _line, at, message in problems(text) if f"{{{inside}}} is not known in this message." in message}
        outside = [index for index, item in enumerate(read(shipped_plan()).message_texts, start=1) if item.audience in OUTSIDE]
        assert {f"message_texts[{index}].body.en" for index in outside} <= found, inside


def test_a_risk_beyond_the_scale_and_an_unknown_audience_are_told_with_their_lines():
    for old, new, at, words in (
        ("    likelihood: 3\n", "    likelihood: 6\n", "risks[1].likelihood", "Too large: at most 5."),
        ("    audience: press\n", "    audience: world\n", "audience", "“world” is not known; expected one of: responders, staff"),
        ("    kind: training\n", "    kind: holiday\n", "kind", "“holiday” is not known; expected one of: review, check"),
    ):
        text, line = changed(old, new)
        [(found_line, found_at, message)] = problems(text)
        assert found_line == line
        assert found_at.endswith(at)
        assert words in message


def test_two_languages_speak_of_the_same_things():
    text, _line = changed("自 {failing_since} 起", "起")
    [(_line, at, message)] = problems(text)
    assert (at, message) == ("message_texts[1].body", "The two languages do not use the same placeholders.")


@pytest.mark.req("PLN-03")
def test_many_problems_are_told_at_once_in_the_order_of_the_lines():
    text, _line = changed("layer: execution", "layer: middle", count=3)
    text = text.replace("thresholds: [50, 80, 95, 100]", "thresholds: []")
    found = problems(text)
    assert len(found) == 6
    assert [line for line, _at, _message in found] == sorted(line for line, _at, _message in found)


@pytest.mark.parametrize(
    "missing,at",
    [
        ("clock: switchback", "recovery_targets"),
        ("grade: major", "response_levels"),
        ("role: administrator", "positions"),
        ("role: director", "positions"),
        ("slug: clock-warning", "message_texts"),
        ("role: commander", "response_levels[1].calls"),
    ],
)
def test_what_somebody_needs_at_night_must_be_there(missing, at):
    values = parsed(shipped_plan())
    key, word = missing.split(": ")
    for section in ("recovery_targets", "response_levels", "positions", "message_texts"):
        if at == section:
            values[section] = [item for item in values[section] if item.get(key) != word]
    if at == "response_levels[1].calls":
        values["response_levels"][0]["calls"] = values["response_levels"][0]["calls"][1:]
    if at == "positions":  # and nobody asks for the position that is gone
        gone = "administrator" if word == "administrator" else "project-director"
        values = parsed(dumped(values).replace(f"position: {gone}", "position: auditor").replace(f"- {gone}", "- auditor"))
    found = problems(dumped(values))
    assert (at, f"“{word}” is missing here.") in [(place, message) for _line, place, message in found]


@pytest.mark.parametrize(
    "text,line,words",
    [
        ("", 1, "The document is empty."),
        ("a: 1\nb: [1, }\n", 2, "This is not YAML"),
        ("a: 1\na: 2\n", 2, "“a” is given twice."),
        ("a: &x 1\nb: *x\n", 1, "Anchors and aliases"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: 1\nb: !!python/object:os.system 1\n", 2, "Tags such as"),
        ("a: 1\n? [b]\n: 2\n", 2, "A key must be a word."),
        ("a: " + "[" * 40 + "]" * 40, 1, "nested too deeply"),
        ("a: 1\nb: \x07\n", 2, "cannot be printed"),
        ("just words", 1, "Keys with values are expected here."),
        ("a: " + "x" * (2 * 1024 * 1024), 1, "larger than 2 MiB"),
    ],
)
def test_what_is_no_document_at_all_is_told_with_its_line(text, line, words):
    found_line, _at, message = problems(text)[0]
    assert (found_line, words in message) == (line, True), message


def test_the_words_of_a_problem_follow_the_reader(settings):
    from django.utils.translation import override

    with pytest.raises(PlanDocumentInvalid) as caught:
        read("format: switchback-plan/1\n")
    with override("en"):
        assert str(caught.value.problems[0]).startswith("Line 1")
        assert caught.value.message.startswith("The plan document has")
    assert caught.value.params["problems"][0].keys() == {"line", "at", "message"}


@pytest.mark.parametrize(
    "length,words",
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=90), "90 s"),
        (timedelta(minutes=20), "20 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(hours=72), "72 h"),
        (timedelta(days=7), "7 d"),
        (timedelta(hours=90), "90 h"),
    ],
)
def test_lengths_of_time_are_spelled_as_people_say_them(length, words):
    assert spell(length) == words


def test_the_shipped_texts_cover_every_message_of_the_house():
    assert {text.slug for text in read(shipped_plan()).message_texts if text.audience == "responders"} == {
        *REQUIRED_TEXTS,
        "round-due",
        "update-posted",
    }
    assert set(OPTIONAL_TEXTS) > {"round-due", "update-posted"}, "the others are said in words of the console"


@pytest.mark.req("INC-04")
def test_every_move_that_the_shipped_playbooks_name_exists():
    named = {step.move for playbook in read(shipped_plan()).playbooks for step in playbook.steps if step.move}
    assert {"incidents.switch_over", "incidents.switch_back"} <= named
    assert named <= {move.id for move in moves.all_moves()}
