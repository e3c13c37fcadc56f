"""The mail as simple HTML: the text, and one button that opens the screen with the acknowledgement."""

import re

from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import override

from notify.channels.base import Parcel

_URL = re.compile(r"https?://[^\s<>\"']+")
_FONT = "font:15px/1.5 -apple-system,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"
_BUTTON = (
    "display:inline-block;min-height:44px;line-height:44px;padding:0 20px;border-radius:8px;"
    "background:#0b5fff;color:#ffffff;text-decoration:none;font-weight:600"
)


def html_of(parcel: Parcel, body: str) -> str:
    """Everything that came from outside is escaped; only addresses that begin with http(s) become links."""
    with override(parcel.language):
        buttons = "".join(
            f'<p><a href="{escape(ack.url)}" style="{_BUTTON}">{escape(_("Acknowledge"))}</a>{_caption(parcel, ack.label)}</p>' for ack in parcel.acks
        )
    paragraphs = "".join(f'<p dir="auto">{_linked(part)}</p>' for part in body.split("\n\n") if part.strip())
    return (
        f'<!doctype html><html lang="{escape(parcel.language)}"><head><meta charset="utf-8"><title>{escape(parcel.title)}</title></head>'
        f'<body style="{_FONT};color:#17202b;margin:0;padding:20px">{buttons}{paragraphs}</body></html>'
    )


def _caption(parcel: Parcel, label: str) -> str:
    return f" <bdi>{escape(label)}</bdi>" if len(parcel.acks) > 1 else ""


def _linked(text: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _URL.finditer(text):
        url = match.group()
        parts += [escape(text[end : match.start()]), f'<a href="{escape(url)}">{escape(url)}</a>']
        end = match.end()
    parts.append(escape(text[end:]))
    return "".join(parts).replace("\n", "<br>")
