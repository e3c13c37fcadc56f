"""One scale for all: critical, error, warning, info. Each source may add its own words; these are what tools say by themselves."""

from __future__ import annotations

from collections.abc import Mapping

CRITICAL, ERROR, WARNING, INFO = "critical", "error", "warning", "info"
ORDER = (CRITICAL, ERROR, WARNING, INFO)

COMMON_WORDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("critical", "crit", "fatal", "emergency", "emerg", "disaster", "page", "p1", "sev1", "blocker", "alert", "down", "紧急", "致命", "灾难"),
        CRITICAL,
    ),
    **dict.fromkeys(("error", "err", "major", "high", "severe", "p2", "sev2", "failed", "failure", "严重", "错误", "重要"), ERROR),
    **dict.fromkeys(("warning", "warn", "minor", "average", "medium", "moderate", "p3", "sev3", "degraded", "警告", "一般", "次要"), WARNING),
    **dict.fromkeys(
        ("info", "information", "informational", "notice", "low", "none", "debug", "trace", "ok", "p4", "p5", "sev4", "sev5", "提示", "信息"), INFO
    ),
}


def of(word: str, source_map: Mapping[str, str], default: str) -> str:
    """Our severity for the sender's word: by the source's map, else by common use, else the source's default."""
    word = word.lower()
    return source_map.get(word) or COMMON_WORDS.get(word) or default
