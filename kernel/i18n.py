"""Texts that live in two columns (`name_en`, `name_zh`) and are picked in the reader's language."""

from typing import Any

from django.utils.translation import get_language


def language_suffix(language: str | None = None) -> str:
    """`zh` for any Chinese, else `en`."""
    return "zh" if (language or get_language() or "en").startswith("zh") else "en"


def pick(record: Any, field: str, language: str | None = None) -> str:
    """The field in the reader's language, falling back to the other one where it is empty."""
    first = language_suffix(language)
    other = "en" if first == "zh" else "zh"
    return str(getattr(record, f"{field}_{first}") or getattr(record, f"{field}_{other}"))
