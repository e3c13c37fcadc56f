"""What a switch met is kept as a code and told in the reader's language; another machine's own words are quoted."""

import re
from pathlib import Path

import pytest
from django.utils.translation import override

from incidents.switchover.problems import SAID, WORDS, at_step, problem, problem_words, said

ROOT = Path(__file__).resolve().parents[3]
ACTS = ("emergency", "gateway", "rebuild", "replication", "site", "steps")  # what carries out the practice system's steps
MISUSE = {"bad_option"}  # of its own command line
SEEN = {"kind": "ConnectError", "status": 503, "limit_s": "2", "name": "standby"}


def test_every_code_has_words_in_both_languages() -> None:
    for code in WORDS:
        with override("en"):
            english = problem_words(problem(code, **SEEN))
        with override("zh-hans"):
            chinese = problem_words(problem(code, **SEEN))
        assert english != code
        assert re.search(r"[\u4e00-\u9fff]", chinese), chinese
        assert not re.search(r"%\(|standby", english.replace("the standby", "") + chinese), (english, chinese)


def test_whatever_a_step_of_the_practice_system_refuses_is_known() -> None:
    raised = {code for name in ACTS for code in re.findall(r'LabError\(\s*"(\w+)"', (ROOT / f"lab/{name}.py").read_text(encoding="utf-8"))}
    assert len(raised) > 15
    assert sorted(raised - set(SAID) - MISUSE) == []


@pytest.mark.parametrize(
    "language, wanted",
    [
        ("en", "“Replication caught up”: replication did not catch up in time (“standby has not confirmed 0/3A”)"),
        ("zh-hans", "“复制追平”：复制未能按时追平（“standby has not confirmed 0/3A”）"),
    ],
)
def test_a_step_and_the_machines_own_words_stand_in_one_sentence(language: str, wanted: str) -> None:
    kept = at_step("catch_up", said("not_caught_up", "standby has not confirmed 0/3A"))
    with override(language):
        assert problem_words(kept) == wanted


def test_an_unknown_code_is_quoted_whole_and_plain_words_come_back_as_they_are() -> None:
    with override("zh-hans"):
        assert problem_words(said("E42", "valve stuck")) == "网关控制端拒绝了请求（“E42: valve stuck”）"
        assert problem_words("kept before codes were") == "kept before codes were"
        assert problem_words(at_step("catch_up", "plain")) == "“复制追平”：plain"
        assert problem_words("") == ""
        assert problem_words("{broken") == "{broken"


def test_sides_go_by_the_names_that_the_part_gives_them() -> None:
    kept = problem("traffic_elsewhere", name="standby")
    with override("en"):
        assert problem_words(kept, names={"standby": "Hall B"}) == "requests reach Hall B"
        assert problem_words(kept) == "requests reach the standby"
