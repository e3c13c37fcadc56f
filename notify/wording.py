"""What a call says by itself: until when to answer, and, where it is about a role or a clock, that it is that and not the whole incident.

Sentences of the house in the language that is active; the plan holds texts of its own for them where it wants others.
"""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.i18n import language_suffix, listed

LATER = frozenset({"role-escalated", "role-exhausted", "topic-escalated", "topic-exhausted"})


def deadlines(*, until: str, then: Sequence[str], is_last: bool, standby_by: str) -> str:
    """Until when to answer and what comes then; by when the standby must carry business, where that is known."""
    lines = []
    if until and is_last:
        lines.append(_("Answer by %(time)s; after you nobody further is called.") % {"time": until})
    elif until and then:
        text = ngettext("Answer by %(time)s, then %(names)s is called.", "Answer by %(time)s, then %(names)s are called.", len(then))
        lines.append(text % {"time": until, "names": people(then)})
    elif until:
        lines.append(_("Answer by %(time)s, then the next person is called.") % {"time": until})
    if standby_by:
        lines.append(_("If business stands still, the standby must carry it by %(time)s.") % {"time": standby_by})
    return "\n".join(lines)


def later(text: str, params: Mapping[str, str], called: Sequence[str]) -> tuple[str, str]:
    """Title and body of a call about a role or a clock that went on, or went through its whole chain."""
    said = {**params, "topic": _inside(params.get("topic", "")), "names": people(called)}
    title, lines = {"role-escalated": _role_on, "role-exhausted": _role_over, "topic-escalated": _topic_on, "topic-exhausted": _topic_over}[text](
        said, len(called)
    )
    about = _("%(number)s · %(title)s") % said
    paragraphs = [_run(lines), "\n".join(line for line in (about, params.get("graded", "")) if line), params.get("deadlines", "")]
    return title, params.get("practice", "") + "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def people(names: Sequence[str]) -> str:
    """A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return _("%(others)s and %(last)s") % {"others": listed(names[:-1]), "last": names[-1]}


def _role_on(said: Mapping[str, str], count: int) -> tuple[str, list[str]]:
    if said.get("minutes", "0") == "0":
        text = ngettext(
            "%(number)s needs a %(topic)s: %(names)s has not answered.", "%(number)s needs a %(topic)s: %(names)s have not answered.", count
        )
    else:
        text = ngettext(
            "%(number)s needs a %(topic)s: %(names)s has not answered for %(minutes)s min.",
            "%(number)s needs a %(topic)s: %(names)s have not answered for %(minutes)s min.",
            count,
        )
    return _("%(number)s needs a %(topic)s: please take this role") % said, [
        text % said,
        *_commander(said),
        _("Please take over as %(topic)s.") % said,
    ]


def _role_over(said: Mapping[str, str], count: int) -> tuple[str, list[str]]:
    lines = [
        _("%(number)s has no %(topic)s: everybody was called in %(minutes)s min and nobody answers (%(names)s).") % said,
        *_commander(said),
        _("Whoever reads this first: please take over as %(topic)s.") % said,
    ]
    return _("%(number)s: nobody answers as %(topic)s") % said, lines


def _topic_on(said: Mapping[str, str], count: int) -> tuple[str, list[str]]:
    text = ngettext(
        "%(number)s, call about “%(topic)s”: %(names)s has not answered.", "%(number)s, call about “%(topic)s”: %(names)s have not answered.", count
    )
    return _("%(number)s: please answer the call about “%(topic)s”") % said, [text % said, *_commander(said), _("Please answer in their place.")]


def _topic_over(said: Mapping[str, str], count: int) -> tuple[str, list[str]]:
    lines = [
        _("%(number)s, call about “%(topic)s”: everybody was called in %(minutes)s min and nobody answers (%(names)s).") % said,
        *_commander(said),
        _("Whoever reads this first: please answer."),
    ]
    return _("%(number)s: nobody answers the call about “%(topic)s”") % said, lines


def _commander(said: Mapping[str, str]) -> list[str]:
    return [_("Commander: %(commander)s.") % said] if said.get("commander") else []


def _inside(name: str) -> str:
    """A role's name inside an English sentence begins small."""
    return name[:1].lower() + name[1:] if language_suffix() == "en" else name


def _run(lines: Sequence[str]) -> str:
    """Sentences one after another: without blanks in Chinese."""
    return ("" if language_suffix() == "zh" else " ").join(lines)
