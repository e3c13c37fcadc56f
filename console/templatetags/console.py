"""How times, ages, icons and other people's text are drawn on every screen."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.middleware.csrf import get_token
from django.template.defaultfilters import date as format_date
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext

from console.passkey_address import passkeys_elsewhere
from console.selectors import buttons, intake_words, now, proposed
from incidents.reports import selectors as reports
from incidents.switchover.problems import problem_words
from kernel import moves
from kernel.i18n import in_readers_words, list_comma, listed
from kernel.i18n import pick as pick_text

register = template.Library()

# of each severity: its sign and its word
_SEVERITIES = {
    "critical": ("alert-octagon", gettext_lazy("critical")),
    "error": ("circle-x", gettext_lazy("error")),
    "warning": ("alert-triangle", gettext_lazy("warning")),
    "info": ("info-circle", gettext_lazy("info")),
}
_UNBROKEN = re.compile(r"(?<![A-Za-z0-9-])[A-Z]{3}-[0-9]{4}-[0-9]{4,}(?![0-9-])|(?<![\w-])--[a-z][a-z-]*")
RING = 163.4  # length of the ring's circle, radius 26


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """A decorative symbol of the sprite; the words stand beside it."""
    return _drawn(str(name), str(size))


@cache
def _drawn(name: str, size: str) -> SafeString:
    """Long lists have hundreds of the same few."""
    return format_html('<svg class="i {}" aria-hidden="true"><use href="{}#{}"/></svg>', size, static("switchback/icons.svg"), name)


@register.simple_tag
def severity_tag(severity: str) -> SafeString:
    """How bad an alert is: a sign and a word. Written here because long lists have it in every row."""
    known = severity if severity in _SEVERITIES else "info"
    picture, word = _SEVERITIES[known]
    return format_html('<span class="tag {}">{}{}</span>', known, icon(picture, "s"), word)


@register.simple_tag(takes_context=True)
def move_button(context: dict[str, Any], button: Any, tone: str = "", size: str = "") -> SafeString:
    """One move as a button: pressed once where it asks nothing, else a form that opens in the dialog. Written here and not as a
    template of its own because long lists have hundreds of them."""
    look = f"btn {tone or button.tone} {size}"
    if not button.is_one_tap:
        return format_html(
            '<a id="{}" class="{}" href="{}" hx-get="{}" hx-target="#dialog-body" title="{}">{}…</a>',
            button.id, look, button.address, button.address, button.effect, button.title,
        )  # fmt: skip
    return format_html(
        '<form method="post" action="{}" hx-post="{}" hx-target="#dialog-body" hx-disabled-elt="find button">{}'
        '<input type="hidden" name="version" value="{}"><button id="{}" class="{}" type="submit" title="{}">{}</button></form>',
        button.address, button.address, _hidden(context["request"]), button.version, button.id, look, button.effect, button.title,
    )  # fmt: skip


def _hidden(request: Any) -> SafeString:
    """What every such form of one answer carries: making a token anew for each costs more than all the rest."""
    made: SafeString | None = getattr(request, "_hidden_of_buttons", None)
    if made is None:
        made = request._hidden_of_buttons = format_html(
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}"><input type="hidden" name="next" value="{}">',
            get_token(request),
            request.get_full_path(),
        )
    return made


def _exact(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()} ({local:%z})"


def _age_words(seconds: float) -> str:
    size = int(abs(seconds))
    if size < 60:
        words = ngettext("%(n)d s", "%(n)d s", size) % {"n": size}
    elif size < 3600:
        words = ngettext("%(n)d min", "%(n)d min", size // 60) % {"n": size // 60}
    elif size < 86400:
        words = ngettext("%(n)d h", "%(n)d h", size // 3600) % {"n": size // 3600}
    else:
        words = ngettext("%(n)d day", "%(n)d days", size // 86400) % {"n": size // 86400}
    return gettext("in %(time)s") % {"time": words} if seconds > 0 else gettext("%(time)s ago") % {"time": words}


@register.simple_tag(takes_context=True)
def age(context: dict[str, Any], moment: datetime | None) -> SafeString | str:
    """“12 min ago”, kept true by script, with the exact time and zone on hover."""
    if moment is None:
        return "—"
    words = _age_words((moment - context["frame"].now).total_seconds())
    return format_html('<time data-age datetime="{}" title="{}">{}</time>', moment.isoformat(), _exact(moment), words)


@register.simple_tag(takes_context=True)
def at(context: dict[str, Any], moment: datetime | None, *, dated: bool = False) -> SafeString | str:
    """The clock time in the reader's zone; with the date when it is not today or where beginnings and ends are compared, with a foreign year."""
    if moment is None:
        return "—"
    local, today = timezone.localtime(moment), timezone.localtime(context["frame"].now)
    is_bare = local.date() == today.date() and not dated
    words = format_date(local, "H:i" if is_bare else "m-d H:i" if local.year == today.year else "Y-m-d H:i")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), _exact(moment), words)


@register.simple_tag
def day(moment: datetime | None) -> str:
    """The date in the reader's zone."""
    return format_date(timezone.localtime(moment), "Y-m-d") if moment is not None else "—"


@register.filter
def span(length: timedelta | float | None) -> str:
    """41:12, 2:00:00."""
    if length is None:
        return "—"
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    hours, rest = divmod(abs(seconds), 3600)
    words = f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"
    return f"+{words}" if seconds < 0 else words


@register.filter
def took(length: timedelta) -> str:
    """2 min 30 s: a length that nobody takes for the time of day that stands beside it."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    said = [
        *([ngettext("%(n)d h", "%(n)d h", hours) % {"n": hours}] if hours else []),
        *([ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}] if minutes else []),
        *([ngettext("%(n)d s", "%(n)d s", seconds) % {"n": seconds}] if not hours and (seconds or not minutes) else []),
    ]
    return " ".join(said)


@register.simple_tag(takes_context=True)
def left(context: dict[str, Any], moment: datetime) -> str:
    """How long until then: 41:12. Script keeps it true inside `data-clock`."""
    return span(moment - context["frame"].now)


@register.simple_tag
def seconds_between(start: datetime, end: datetime) -> int:
    """The whole length of a countdown, for the script that runs it down."""
    return int((end - start).total_seconds())


@register.filter
def arc(share: float) -> str:
    """The stroke of a ring that is filled to this share."""
    return f"{RING * min(1.0, max(0.0, share)):.1f} {RING}"


@register.filter
def safe_link(address: str) -> str:
    """An address from outside, only if it is plain http(s): never `javascript:`."""
    try:
        parts = urlsplit(str(address).strip())
    except ValueError:
        return ""
    return str(address).strip() if parts.scheme in ("http", "https") and parts.netloc else ""


_BIDI = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"), "\ufffd")


@register.filter
def foreign(text: Any) -> str:
    """Text from outside: characters that turn the reading direction are shown as what they are, not obeyed. Where it may hold
    what the console itself once wrote (a probe's alert), that is said in the reader's language."""
    return quoted(in_readers_words(str(text)))


@register.filter
def what_was_seen(kept: str) -> str:
    """What a switch or a step met, in the reader's language."""
    return problem_words(kept)


@register.filter
def quoted(text: Any) -> str:
    """What a person or a tool wrote, letter by letter; nothing of it is said in other words, not even a name that we know. Characters
    that turn the reading direction are shown as what they are, not obeyed."""
    return str(text).translate(_BIDI)


@register.filter
def whole(text: Any) -> SafeString:
    """Numbers of records (INC-2026-0042) are not broken at the end of a line: people read them out. Nor are options of commands
    (--since): whoever types what a step says would put a blank into them."""
    return mark_safe(_UNBROKEN.sub(r'<span class="nowrap">\g<0></span>', conditional_escape(text)))


@register.simple_tag
def colon() -> str:
    """Between what something is called and what it is; full width in Chinese."""
    return pgettext("between a name and what it is", ": ")


register.simple_tag(list_comma, name="comma")
register.filter("listed", listed)


@register.filter
def about_seconds(seconds: float) -> str:
    """How long something will take, as exactly as anybody knows."""
    return gettext("about %(n)s s") % {"n": f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"} if seconds >= 1 else gettext("less than a second")


@register.filter
def failure_words(code: str) -> str:
    """Why a body could not be read as alerts."""
    return str(intake_words.FAILURES.get(code, code))


@register.filter
def severity_words(severities: Iterable[str]) -> str:
    """Severities by what people call them."""
    return listed(_SEVERITIES[severity][1] if severity in _SEVERITIES else severity for severity in severities)


@register.simple_tag
def pick(record: Any, field: str) -> str:
    """A two-language column in the reader's language."""
    return pick_text(record, field) if record is not None else ""


@register.simple_tag
def move_title(move_id: str) -> str:
    """What people call a move."""
    return str(moves.get(move_id).title)


register.filter("only_proposed", now.only_proposed)


register.simple_tag(proposed.asked_for)


@register.simple_tag(takes_context=True)
def proposal_buttons(context: dict[str, Any], proposal: Any) -> list[Any]:
    """Agree and decline, as far as this person may: nobody agrees to what they proposed themselves."""
    actor = context["frame"].actor
    own = str(proposal.proposer.get("id")) == actor.id
    return [found for found in buttons.buttons(actor, proposal) if not own or found.move.verb == "decline"]


@register.simple_tag(takes_context=True)
def report_of(context: dict[str, Any], incident: Any) -> Any:
    """The incident's report as far as this person may see it, else None. One query."""
    actor = context["frame"].actor
    return reports.report_of(actor, incident) if actor is not None else None


@register.simple_tag(takes_context=True)
def passkey_address(context: dict[str, Any]) -> str:
    """This page where passkeys work; "" where they work here."""
    return passkeys_elsewhere(context["request"])
