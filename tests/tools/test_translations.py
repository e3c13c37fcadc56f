"""Texts are found where they are, and what is wrong with their translation is said."""

from __future__ import annotations

import gettext

import pytest

from tools import translations


def found_in_python(source):
    return [(text.context, text.singular, text.plural) for text in translations.texts_of_python(source, "x.py")]


def found_in_template(source):
    return {(text.context, text.singular, text.plural) for text in translations.texts_of_template(source, "x.html")}


@pytest.mark.parametrize(
    "source, expected",
    [
        ('_("Stop")', [("", "Stop", "")]),
        ('gettext_lazy("one " "text " "in three")', [("", "one text in three", "")]),
        ('translation.gettext("by module")', [("", "by module", "")]),
        ('ngettext_lazy("%(n)s day", "%(n)s days", "n")', [("", "%(n)s day", "%(n)s days")]),
        ('pgettext("verb", "page")', [("verb", "page", "")]),
        ('npgettext("verb", "page", "pages", 2)', [("verb", "page", "pages")]),
        ("_(name)", []),
        ('other("Stop")', []),
    ],
)
def test_texts_of_python(source, expected):
    assert found_in_python(source) == expected


@pytest.mark.parametrize(
    "source, expected",
    [
        ('{% load i18n %}{% translate "Now" %}', {("", "Now", "")}),
        ('{% translate "It\'s (almost) over" %}', {("", "It's (almost) over", "")}),
        ('{% translate "May" context "month" %}', {("month", "May", "")}),
        ("{% blocktranslate with who=x.y %}Hello {{ who }}{% endblocktranslate %}", {("", "Hello %(who)s", "")}),
        (
            "{% blocktranslate count n=days %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}",
            {("", "%(n)s day", "%(n)s days")},
        ),
        ('{% include "a.html" with title=_("Open incidents") %}', {("", "Open incidents", "")}),
        ("<p>{% comment %}{% translate 'not seen' %}{% endcomment %}plain</p>", set()),
    ],
)
def test_texts_of_templates(source, expected):
    assert found_in_template(source) == expected


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """A small house of its own: write(part, entries) and sources(text)."""
    (tmp_path / "locale" / "parts").mkdir(parents=True)
    (tmp_path / "room").mkdir()
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "PARTS", tmp_path / "locale" / "parts")
    monkeypatch.setattr(translations, "TARGET", tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po")
    original = translations.texts
    monkeypatch.setattr(translations, "texts", lambda: original(tmp_path))

    def write(part, **entries):
        lines = [f'msgid "{msgid}"\nmsgstr "{msgstr}"\n' for msgid, msgstr in entries.items()]
        (tmp_path / "locale" / "parts" / f"{part}.po").write_text("\n".join(lines))

    def sources(text):
        (tmp_path / "room" / "views.py").write_text(text)

    return write, sources, tmp_path


def test_parts_become_one_compiled_catalogue(catalogue):
    write, _, root = catalogue
    write("one", Stop="停止")
    write("two", Start="开始", Stop="停止")
    assert translations.build() == []
    with (root / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert (compiled.gettext("Stop"), compiled.gettext("Start")) == ("停止", "开始")


def test_two_rooms_that_disagree_are_named(catalogue):
    write, *_ = catalogue
    write("one", Stop="停止")
    write("two", Stop="终止")
    assert translations.build() == ["'Stop' is translated differently in one.po and two.po"]


def test_a_missing_and_an_empty_translation_are_named_with_their_place(catalogue):
    write, sources, _ = catalogue
    write("one", Stop="停止", Start="")
    sources('_("Stop")\n_("Start")\n_("Wait")\n')
    translations.build()
    assert translations.check() == ["room/views.py:2: no translation of 'Start'", "room/views.py:3: no translation of 'Wait'"]


def test_a_lost_or_invented_placeholder_is_named(catalogue):
    write, _, _ = catalogue
    write("one", **{"Call %(who)s": "呼叫", "Stop": "停止 %(what)s", "100%% of {n}": "{n} 的 100%%"})
    translations.build()
    assert sorted(translations.check()) == [
        "'Call %(who)s': the translation lost ['%(who)s']",
        "'Stop': the translation invents ['%(what)s']",
    ]


@pytest.mark.parametrize(
    "english, chinese, wrong",
    [
        ("Wait, then look", "请稍候,再查看", [","]),
        ("Wait, then look", "请稍候，再查看", []),
        ("Nobody may (%(why)s)", "无权限(%(why)s)：请求助", ["("]),
        ("Nobody may (see why)", "无权限(原因)", ["(", ")"]),
        ("give host:port", "填写“主机:端口”", []),
        ("at %(at)s: %(what)s", "%(at)s:操作", [":"]),
        ("yes,no", "是,否", []),
    ],
)
def test_chinese_has_chinese_punctuation(english, chinese, wrong):
    assert translations.half_width(english, chinese) == wrong
