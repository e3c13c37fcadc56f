"""The look keeps its promises: contrast in both themes, no inline style or script, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKENS = (ROOT / "static/switchback/tokens.css").read_text()
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

TEXT_ON = [(text, ground) for text in ("ink", "ink-2", "ink-3", "accent", "ok", "warn", "severe", "major") for ground in ("bg", "surface", "sunken")]
TEXT_ON += [(tone, f"{tone}-soft") for tone in ("accent", "ok", "warn", "severe", "major")]
TEXT_ON += [("ink", f"{tone}-soft") for tone in ("warn", "severe", "major")] + [("ink-2", f"{tone}-soft") for tone in ("warn", "severe", "major")]
TEXT_ON += [("on-fill", fill) for fill in ("accent", "major")]


def themes():
    blocks = re.findall(r"\{\s*color-scheme:(light|dark);([^}]*)\}", TOKENS)
    return [(f"{name} {number}", dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", body))) for number, (name, body) in enumerate(blocks)]


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", themes(), ids=lambda theme: theme[0])
@pytest.mark.parametrize("pair", TEXT_ON, ids="/".join)
def test_text_reaches_the_contrast_of_wcag_aa(theme, pair):
    text, ground = (theme[1][name] for name in pair)
    assert contrast(text, ground) >= 4.5


def test_there_is_a_light_theme_and_the_dark_one_is_the_same_by_system_and_by_switch():
    found = themes()
    assert [name.split()[0] for name, _tokens in found] == ["light", "dark", "dark"]
    assert found[1][1] == found[2][1]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_carries_inline_style_script_or_handler_or_another_host(template):
    text = template.read_text()
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=\"", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    assert "hx-on" not in text
    assert "|safe" not in text.replace("|safe_link", "")
    assert "autoescape off" not in text


def test_a_symbol_that_a_template_asks_for_is_in_the_sprite():
    sprite = (ROOT / "static/switchback/icons.svg").read_text()
    known = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    asked = {name for template in TEMPLATES for name in re.findall(r'{% icon "([\w-]+)"', template.read_text())}
    assert asked <= known
