"""The one way in which a document is written, so that what was exported, loaded and exported again is the same bytes.

Written by hand rather than by a YAML library: the bytes must not change with a library's version. Keys in the order of
the schema; what is empty or at its default left out; no anchors; long text in blocks; short pairs of languages on one line.
"""

import json
import re
from datetime import timedelta
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contingency.plan.document import durations
from contingency.plan.document.schema import PlanDocument

WIDTH = 100
_STEP = "  "
_BETWEEN_WORDS = re.compile(r"(?<! ) (?! )")
_FLOW_SIGNS = set(",:?[]{}")
_RESOLVER = yaml.SafeLoader("")
_AIRY = {
    "procedures", "positions", "groups", "faults", "risks", "escalation_chains", "playbooks", "response_levels", "message_texts",
    "meeting_kinds", "schedules", "evaluation",
}  # fmt: skip


def write(document: PlanDocument) -> str:
    """The canonical text, ending in one line break."""
    sections = []
    for key, value in _pairs(document):
        lines = _entry(key, value, "")
        sections.append("\n".join(_aired(lines) if key in _AIRY else lines))
    head, *rest = sections
    return "\n".join([head, rest[0], *(f"\n{section}" for section in rest[1:])]) + "\n"


def _aired(lines: list[str]) -> list[str]:
    """An empty line between the items of a section whose items are long."""
    first = True
    aired: list[str] = []
    for line in lines:
        if line.startswith("  - "):
            if not first:
                aired.append("")
            first = False
        aired.append(line)
    return aired


def _pairs(section: BaseModel) -> list[tuple[str, Any]]:
    """Keys and values to write, in the order of the schema; what is at its default says nothing."""
    fields: dict[str, FieldInfo] = type(section).model_fields
    pairs = [(field.alias or name, getattr(section, name), field) for name, field in fields.items()]
    return [(key, value) for key, value, field in pairs if field.is_required() or value != field.default]


def _entry(key: str, value: Any, indent: str) -> list[str]:
    """`key: value`, on one line where it fits."""
    if isinstance(value, BaseModel):
        flow = _flow_pair(value)
        if flow is not None and len(indent) + len(key) + 2 + _seen(flow) <= WIDTH:
            return [f"{indent}{key}: {flow}"]
        return [f"{indent}{key}:", *_mapping(value, indent + _STEP)]
    if isinstance(value, list):
        return _list(key, value, indent)
    head, *block = _scalar(value, indent + _STEP)
    return [f"{indent}{key}: {head}", *block]


def _mapping(section: BaseModel, indent: str) -> list[str]:
    return [line for key, value in _pairs(section) for line in _entry(key, value, indent)]


def _list(key: str, items: list[Any], indent: str) -> list[str]:
    if all(isinstance(item, str | int) for item in items):
        flow = "[" + ", ".join(_inline(item, in_flow=True) for item in items) + "]"
        if len(indent) + len(key) + 2 + _seen(flow) <= WIDTH:
            return [f"{indent}{key}: {flow}"]
    lines = [f"{indent}{key}:"]
    for item in items:
        lines.extend(_item(item, indent + _STEP))
    return lines


def _item(item: Any, indent: str) -> list[str]:
    """`- …`; the first key of a mapping stands on the line of the dash."""
    if not isinstance(item, BaseModel):
        return [f"{indent}- {_inline(item, in_flow=False)}"]
    flow = _flow_pair(item)
    if flow is not None and len(indent) + 2 + _seen(flow) <= WIDTH:
        return [f"{indent}- {flow}"]
    first, *rest = _mapping(item, indent + _STEP)
    return [f"{indent}- {first.strip()}", *rest]


def _flow_pair(section: BaseModel) -> str | None:
    """`{en: Operations, zh: 运维}` for two short texts, else None."""
    pairs = _pairs(section)
    if [key for key, _value in pairs] != ["en", "zh"] or any("\n" in value for _key, value in pairs):
        return None
    return "{" + ", ".join(f"{key}: {_inline(value, in_flow=True)}" for key, value in pairs) + "}"


def _scalar(value: Any, indent: str) -> list[str]:
    """The value behind a key: first line, then the lines of a block where it is one."""
    if isinstance(value, str) and "\n" in value:
        return ["|-", *(indent + line if line else "" for line in value.split("\n"))]
    if isinstance(value, str) and len(indent) + _seen(value) > WIDTH:
        return [">-", *(indent + line for line in _folded(value, WIDTH - len(indent)))]
    return [_inline(value, in_flow=False)]


def _folded(text: str, width: int) -> list[str]:
    """Broken at single spaces only: a reader puts exactly one space back for each break."""
    lines: list[str] = []
    for word in _BETWEEN_WORDS.split(text):
        if lines and _seen(lines[-1]) + 1 + _seen(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _inline(value: Any, *, in_flow: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, timedelta):
        return durations.spell(value)
    return value if _is_plain(value, in_flow=in_flow) else json.dumps(value, ensure_ascii=False)


def _is_plain(text: str, *, in_flow: bool) -> bool:
    """Whether it needs no quotes for any reader of YAML 1.1 or 1.2."""
    if not (text[0].isalnum() or ord(text[0]) > 0x2000) or text.endswith(":") or ": " in text or " #" in text:
        return False
    if in_flow and _FLOW_SIGNS & set(text):
        return False
    return bool(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == "tag:yaml.org,2002:str")  # type: ignore[no-untyped-call]


def _seen(text: str) -> int:
    """Width on a screen: Chinese signs take two columns."""
    return len(text) + sum(1 for sign in text if "\u1100" <= sign <= "\uffef")
