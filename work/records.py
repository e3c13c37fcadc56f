"""Tasks as a list, for API, screens and command line."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from kernel.permissions import Grant
from kernel.records import RecordType, register
from work import selectors
from work.models import OWNER, Task


def task_output(task: Task) -> dict[str, Any]:
    """A task with its texts in both languages."""
    texts = {
        field: {"en": getattr(task, f"{field}_en"), "zh": getattr(task, f"{field}_zh")}
        for field in ("name", "instruction", "where", "success", "otherwise")
    }
    return {
        "id": str(task.public_id),
        "version": task.version,
        "state": task.state,
        "about": {"kind": task.task_list.subject_kind, "id": str(task.task_list.subject_id), "label": task.task_list.subject_label},
        "playbook": task.task_list.playbook,
        "track": task.track,
        "order": task.order,
        "role": task.role,
        **texts,
        "move": task.move,
        "is_safe": task.is_safe,
        "needs_evidence": task.needs_evidence,
        "owner": {"id": str(task.owner.public_id), "name": task.owner.display_name} if task.owner else None,
        "due_at": task.due_at.isoformat(),
        "overdue_at": task.overdue_at.isoformat() if task.overdue_at else None,
        "started_at": task.started_at.isoformat() if task.started_at else None,
        "ended_at": task.ended_at.isoformat() if task.ended_at else None,
        "evidence": task.evidence,
        "by_move": task.by_move,
        "skip_reason": task.skip_reason,
    }


register(
    RecordType(
        kind=Task.journal_kind,
        collection="tasks",
        title=_("task"),
        model=Task,
        list_for=selectors.task_list_for,
        output=task_output,
        read={**selectors.READERS, OWNER: Grant.ALL},
        filters=("state", "subject", "owner", "track"),
    )
)
