"""Texts that live in two columns (`name_en`, `name_zh`) and are picked in the reader's language."""

from typing import Any

from django.utils.translation import get_language


def language_suffix(language: str | None = None) -> str:
    """`zh` for any Chinese, else `en`."""
    return "zh" if (language or get_language() or "en").startswith("zh") else "en"


BETWEEN = " · "


def both(english: str, chinese: str) -> str:
    """One label that is kept for readers of either language: `one_of` takes the reader's half."""
    return f"{english}{BETWEEN}{chinese}" if chinese and chinese != english else english


def one_of(label: str, language: str | None = None) -> str:
    """The reader's half of a label made by `both`; any other label as it is."""
    english, between, chinese = label.partition(BETWEEN)
    return chinese if between and language_suffix(language) == "zh" else english


def pick(record: Any, field: str, language: str | None = None) -> str:
    """The field in the reader's language, falling back to the other one where it is empty."""
    first = language_suffix(language)
    other = "en" if first == "zh" else "zh"
    return str(getattr(record, f"{field}_{first}") or getattr(record, f"{field}_{other}"))
