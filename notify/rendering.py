"""A message in a person's language and time zone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import override

from contingency.org.models import User
from contingency.plan import selectors as plan
from kernel.errors import NotFound
from kernel.i18n import in_readers_words, language_suffix, listed
from kernel.journal.plain import plain
from notify import wording
from notify.models import AckLink, Message

_MARK = re.compile(r"\{\{ack:([0-9a-f-]{36})\}\}")
# What turns the reading direction or hides: shown as its code, so that a label cannot dress up as something else.
_UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_TITLE_LIMIT = 200
_WORKINGS = frozenset({"topic_kind", "answer_until", "called_next", "is_last", "standby_by"})  # what sentences are made of, no facts by themselves


@dataclass(frozen=True)
class Rendered:
    """Title and body; the body has marks where links to acknowledge will stand."""

    title: str
    body: str


def stored(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON that still knows its moments and its two languages."""
    return {name: _stored(value) for name, value in params.items()}


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"at": plain(value)}
    if isinstance(value, Promise):
        return {suffix: _in(language, value) for suffix, language in (("en", "en"), ("zh", "zh-hans"))}
    return plain(value)


def _in(language: str, words: Promise) -> str:
    with override(language):
        return str(words)


def render(message: Message, user: User, acks: list[AckLink] | None = None) -> Rendered:
    """The plan's text for this reader, with a link per page to acknowledge; a plain sentence where the plan has no such text."""
    acks = acks or []
    with override(user.language):
        params = {name: _shown(value, user) for name, value in message.params.items()}
        params["deadlines"] = _deadlines(message, user)
        practice = _("PRACTICE · ") if message.fence else ""
        params |= {"person": visible(user.display_name), "practice": practice, "ack_url": mark(acks[0]) if acks else ""}
        params.setdefault("subject", visible(in_readers_words(message.subject_label)))
        params.setdefault("title", params["subject"])
        params.setdefault("url", settings.BASE_URL)
        try:
            title, body = plan.message_text(message.text).render(user.language, params)
        except NotFound:
            title, body = _plain_words(message, params, user)
        if practice not in title:
            title = practice + title
        unlinked = [ack for ack in acks if mark(ack) not in body]
        unsaid = "" if params["deadlines"] in body else params["deadlines"]
        parts = [body.strip(), unsaid, _ack_lines(unlinked), "" if params["url"] in body else params["url"]]
    return Rendered(one_line(title), "\n\n".join(part for part in parts if part))


def _deadlines(message: Message, user: User) -> str:
    """Until when this reader should answer, and what comes then; empty for what nobody has to answer."""
    params = message.params
    return wording.deadlines(
        until=_hour(params.get("answer_until"), message, user),
        then=[_shown(name, user) for name in params.get("called_next", [])],
        is_last=bool(params.get("is_last")),
        standby_by=_hour(params.get("standby_by"), message, user),
    )


def _hour(value: Any, message: Message, user: User) -> str:
    """The clock time in the reader's zone; with the date where it is not that of the message."""
    if not isinstance(value, dict) or "at" not in value:
        return ""
    zone = ZoneInfo(user.time_zone)
    moment = datetime.fromisoformat(value["at"]).astimezone(zone)
    return f"{moment:%H:%M}" if moment.date() == message.created_at.astimezone(zone).date() else f"{moment:%Y-%m-%d %H:%M}"


def _plain_words(message: Message, params: Mapping[str, str], user: User) -> tuple[str, str]:
    """Never a page lost for want of a text."""
    if message.kind == Message.Kind.TEST:
        return _("Switchback: test of your contact point"), _("This is a test that you asked for. Pages and messages reach you here.")
    if "says" in params:  # words of the house itself, which no plan has to hold
        return _("Switchback: %(title)s") % params, params["says"]
    if message.text in wording.LATER:
        return wording.later(message.text, {"number": params["subject"], **params}, [_shown(name, user) for name in message.params["called_before"]])
    shown = sorted(name for name in message.params if name not in {"subject", "url"} | _WORKINGS)
    title = _("Switchback calls you: %(subject)s") if message.kind == Message.Kind.PAGE else _("Switchback: %(subject)s")
    return title % params, "\n".join([params["subject"], "", *(f"{name}: {params[name]}" for name in shown)])


def _ack_lines(acks: list[AckLink]) -> str:
    if not acks:
        return ""
    lines = [f"{visible(ack.page.subject_label)}: {mark(ack)}" if len(acks) > 1 else mark(ack) for ack in acks]
    return "\n".join([_("Acknowledge (no log-in needed, valid for 15 minutes):"), *lines])


def mark(ack: AckLink) -> str:
    """Stands for the link until it is sent: the link itself is a key and is stored nowhere."""
    return f"{{{{ack:{ack.public_id}}}}}"


def marked(body: str) -> list[UUID]:
    """The links that a body has marks for, in order."""
    return [UUID(found) for found in _MARK.findall(body)]


def with_links(body: str, urls: Mapping[UUID, str]) -> str:
    """The body with the marks replaced."""
    return _MARK.sub(lambda found: urls.get(UUID(found.group(1)), ""), body)


def _shown(value: Any, user: User) -> str:
    if isinstance(value, dict) and set(value) == {"at"}:
        moment = datetime.fromisoformat(value["at"]).astimezone(ZoneInfo(user.time_zone))
        return f"{moment:%Y-%m-%d %H:%M} ({user.time_zone})"
    if isinstance(value, dict) and value and set(value) <= {"en", "zh"}:
        return visible(str(value.get(language_suffix(user.language)) or next(iter(value.values()))))
    if isinstance(value, list):
        return listed(_shown(item, user) for item in value)
    return visible(in_readers_words(str(value))) if value is not None else "–"


def visible(text: str) -> str:
    """Without control characters, and with those that turn or hide text shown as their code. Never a mark for a link."""
    text = _UNSEEN.sub(lambda found: f"[U+{ord(found.group()):04X}]", text)
    return _CONTROL.sub(" ", text).replace("{{ack:", "{ {ack:")


def one_line(text: str) -> str:
    """A title: one line, not too long, cut between characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= _TITLE_LIMIT else f"{line[: _TITLE_LIMIT - 1]}…"
