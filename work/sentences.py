"""How the room's entries read."""

from django.utils.translation import gettext_lazy as _

from kernel.models import Entry
from kernel.sentences import Words, register


def _done(entry: Entry) -> Words:
    if entry.payload["evidence"]:
        return _("%(actor)s did “%(subject)s”: %(evidence)s")
    return _("%(actor)s did “%(subject)s”.")


register("work.task_list_started.v1", _("The playbook “%(subject)s” started with %(tasks)s tasks."))
register("work.task_started.v1", _("%(actor)s began “%(subject)s”."))
register("work.task_done.v1", _done)
register("work.task_skipped.v1", _("%(actor)s skipped “%(subject)s”: %(reason)s"))
register("work.task_reopened.v1", _("%(actor)s reopened “%(subject)s”."))
register("work.task_reassigned.v1", _("“%(subject)s” was given to %(person)s."))
register("work.task_overdue.v1", _("“%(subject)s” is overdue."))
