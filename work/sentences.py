"""How the room's entries read."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from kernel.i18n import one_of
from kernel.models import Entry
from kernel.sentences import Words, register


def _named(template: Words) -> Callable[[Entry], str]:
    """The template with the work's name in the reader's language; it may have been kept in both."""
    return lambda entry: str(template).replace("%(subject)s", one_of(entry.subject_label).replace("%", "%%"))


def _done(entry: Entry) -> Words:
    if entry.payload.get("by_move"):  # entries of earlier versions have none
        return _named(_("“%(subject)s” was done in the console (%(evidence)s)."))(entry)
    if entry.payload["evidence"]:
        return _named(_("%(actor)s did “%(subject)s”: %(evidence)s"))(entry)
    return _named(_("%(actor)s did “%(subject)s”."))(entry)


register("work.task_list_started.v1", _named(_("The playbook “%(subject)s” started with %(tasks)s tasks.")))
register("work.task_started.v1", _named(_("%(actor)s began “%(subject)s”.")))
register("work.task_done.v1", _done)
register("work.task_skipped.v1", _named(_("%(actor)s skipped “%(subject)s”: %(reason)s")))
register("work.task_reopened.v1", _named(_("%(actor)s reopened “%(subject)s”.")))
register("work.task_reassigned.v1", _named(_("“%(subject)s” was given to %(person)s.")))
register("work.task_overdue.v1", _named(_("“%(subject)s” is overdue.")))
