"""Whatever a plan says: written, read and written again it is the same bytes, and every YAML reader sees the same."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contingency.plan.document import PlanDocument, read, write
from contingency.plan.document.schema import _UNPRINTABLE
from contingency.plan.placeholders import REQUIRED_TEXTS
from contingency.plan.shipped import shipped_plan

WORDS = {"en": "words", "zh": "文字"}


def smallest() -> dict[str, Any]:
    """The least that is a plan, so that a thousand of them are soon tried."""
    shipped = yaml.load(shipped_plan(), Loader=yaml.CSafeLoader)
    call = {"role": "commander", "position": "boss", "chain": "all"}
    return {
        **{key: shipped[key] for key in ("format", "slug", "title", "purpose", "scope", "principles", "recovery_targets")},
        "units": [{"slug": "top", "layer": "leadership", "name": WORDS}],
        "positions": [
            {"slug": "boss", "unit": "top", "role": "director", "name": WORDS, "duties": [WORDS]},
            {"slug": "keeper", "unit": "top", "role": "administrator", "name": WORDS, "duties": [WORDS]},
        ],
        "rosters": [{"slug": "duty", "unit": "top", "ranks": 1, "name": WORDS}],
        "faults": [{**fault, "kinds": [{"slug": fault["class"], "name": WORDS}]} for fault in shipped["faults"]],
        "escalation_chains": [{"slug": "all", "name": WORDS, "steps": [{"position": "boss", "after": "0 s"}], "gives_up_after": "5 min"}],
        "response_levels": [
            {"grade": grade, "name": WORDS, "criteria": [WORDS], "calls": [call], "update_every": "5 min"} for grade in ("general", "severe", "major")
        ],
        "message_texts": [{"slug": slug, "name": WORDS, "subject": WORDS, "body": WORDS} for slug in REQUIRED_TEXTS],
    }


SMALLEST = smallest()

# what has bitten writers of YAML before, beside ordinary words in two languages
NASTY = [
    "yes", "null", "~", "0x1F", "1e3", "1:30", "2026-11-21", ".5", "- item", "# no comment", "a: b", "a #b", "key:", "{a}", "[b]", "*x", "&x", "!t",
    "?", "why?", "a ?b", "|", ">", "%", "@", "`", '"', "'", "\\", "\\n", "<<", "=", "...", "---", "trailing \\", "double  space",
    "“引号”", "（括号）", "—", "é", "😀",
    "a-rather-long-word-without-any-space-that-does-not-fit-well-into-the-width-of-a-line", "订单系统升级故障应急预案与值班安排", "，", "：",
]  # fmt: skip
WORD = st.one_of(
    st.sampled_from(NASTY), st.text(alphabet="abcXYZ019.,:;-#'\"{}[]()&*!|>%@`\\ ", min_size=1, max_size=12), st.text(min_size=1, max_size=6)
)
LINE = st.lists(WORD, min_size=1, max_size=30).map(lambda words: _UNPRINTABLE.sub("", " ".join(words)).replace("\n", "").strip() or "x")
SHORT = LINE.map(lambda line: line[:50].strip())
PROSE = st.lists(st.one_of(LINE, st.just(""), LINE.map("    {}".format)), min_size=1, max_size=5).map(lambda lines: "\n".join(lines).strip() or "x")


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A small plan with texts, numbers and lengths of time of all sorts."""

    def pair(texts: st.SearchStrategy[str]) -> dict[str, str]:
        return {"en": draw(texts), "zh": draw(texts)}

    seconds = draw(st.one_of(st.integers(min_value=1, max_value=999_999), st.sampled_from([60, 3600, 86_400, 259_200, 604_800])))
    step = {
        "slug": "step",
        "track": "technical",
        "role": "commander",
        "expected": f"{draw(st.integers(1, 600))} min",
        "safe": draw(st.booleans()),
        **{column: pair(PROSE) for column in ("instruction", "where", "success", "otherwise")},
        "name": pair(SHORT),
    }
    when = draw(st.sampled_from(["every", "occasion", "both"]))
    times = {
        **({"every": f"{seconds} s"} if when != "occasion" else {}),
        **({"occasion": pair(PROSE)} if when != "every" else {}),
    }
    number = st.integers(1, 5)
    risk = {"slug": "risk", "field": "external", "name": pair(SHORT), "likelihood": draw(number), "impact": draw(number), "owner": "boss"}
    meeting = {"slug": "meeting", "name": pair(SHORT), **times, "lasts": "15 min", "led_by": "boss", "positions": ["keeper"]}
    text = {
        "slug": "outside",
        "audience": "press",
        "kind": "report",
        "name": pair(SHORT),
        "subject": WORDS,
        "body": {"en": "{contact}", "zh": "{contact}"},
    }
    return {
        **SMALLEST,
        "procedures": [{"slug": "way", "name": pair(SHORT), "steps": [pair(PROSE), pair(LINE)]}],
        "failure_causes": [{"slug": "cause", "name": WORDS, "signs": pair(PROSE), "causes": [{"slug": "below", "name": WORDS}]}],
        "risks": [{**risk, "measures": [pair(PROSE)]}],
        "meeting_kinds": [{**meeting, "agenda": [pair(LINE)], "outcome": pair(PROSE)}],
        "schedules": [{"slug": "again", "kind": "check", "name": pair(SHORT), **times, "owner": "boss", "what": [pair(PROSE)]}],
        "evaluation": [{"slug": "speed", "name": WORDS, "measure": pair(PROSE), "standard": pair(LINE)}],
        "message_texts": [*SMALLEST["message_texts"], text],
        "response_levels": [{**level, "texts": ["outside"]} for level in SMALLEST["response_levels"]],
        "title": pair(SHORT),
        "purpose": [pair(PROSE), pair(LINE)],
        "units": [{**SMALLEST["units"][0], "name": pair(SHORT)}],
        "recovery_targets": [{**target, "target": f"{seconds} s"} for target in SMALLEST["recovery_targets"]],
        "playbooks": [{"slug": "book", "name": pair(SHORT), "recognise": pair(PROSE), "steps": [step]}],
    }


@settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))
@given(st.data())
def test_writing_reading_and_writing_again_gives_the_same_bytes(data):
    document = PlanDocument.model_validate(data.draw(documents()))
    text = write(document)
    again = read(text)
    assert again == document
    assert write(again).encode() == text.encode()
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        seen = PlanDocument.model_validate(yaml.load(text, Loader=loader))  # noqa: S506 - both are safe ones
        assert seen == document, "another YAML reader sees something else"
