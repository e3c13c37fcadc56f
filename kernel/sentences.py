"""What an entry says to a person, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel import moves
from kernel.i18n import in_readers_words
from kernel.models import Entry

Words = str | Promise
_templates: dict[str, Words | Callable[[Entry], Words]] = {}


_words: dict[str, Words] = {}
_TYPED = frozenset({"reason", "text", "evidence", "note", "finding"})  # what somebody wrote stays as it was written


class _Parameters(dict[str, Any]):
    """An entry's values as people read them: known codes become words of the reader's language."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if not isinstance(value, str) or key in _TYPED:
            return value
        return str(_words[value]) if value in _words else in_readers_words(value)

    def __missing__(self, key: str) -> str:
        return "—"


def register_words(words: Mapping[str, Words]) -> None:
    """Say what codes in payloads are called ("severe", "email"), for all sentences at once."""
    _words.update(words)


def register(name: str, template: Words | Callable[[Entry], Words]) -> None:
    """Say how entries of this name read: a lazy text with %(actor)s, %(subject)s and payload keys, or a function."""
    _templates[name] = template


def is_known(name: str) -> bool:
    """Whether entries of this name have words of their own."""
    return name in _templates


def sentence(entry: Entry) -> str:
    """The entry as one sentence, without markup; the caller escapes it."""
    template = _templates.get(entry.name)
    if template is None:
        template = _("%(actor)s: %(subject)s — %(name)s")
    words = str(template(entry) if callable(template) else template)
    said = {**entry.payload, "actor": entry.actor_label, "subject": entry.subject_label, "reason": entry.reason, "name": entry.name}
    return words % _Parameters({**said, "move": _title_of(said["move"])} if "move" in said else said)


def _title_of(move_id: Any) -> str:
    """What a move is called; its id where it no longer exists."""
    try:
        return str(moves.get(str(move_id)).title)
    except KeyError:
        return str(move_id)


register("kernel.linked.v1", _("%(child_label)s was linked to %(subject)s."))
register("kernel.move_proposed.v1", _("%(actor)s proposed “%(move)s”; somebody else must agree."))
register("kernel.proposal_accepted.v1", _("%(actor)s agreed to “%(move)s”, proposed by %(proposed_by)s."))
register("kernel.proposal_declined.v1", _("%(actor)s declined “%(move)s”, proposed by %(proposed_by)s."))
