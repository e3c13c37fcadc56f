"""Who was called, who answers for what, and by which playbook they work."""

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class ResponseStarted:
    """INC-02: the grade's response level was copied onto the incident: who is called, which lists run, how often to tell.

    `playbooks`: the names of the lists, in both languages.
    """

    name: ClassVar[str] = "incidents.response_started.v1"
    incident_id: UUID
    grade: str
    called: list[str]
    task_lists: list[str]
    groups: list[str]
    update_every_minutes: int | None
    playbooks: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class PlaybookAdded:
    """INC-04: a person started one more playbook; its task list names this entry as its cause."""

    name: ClassVar[str] = "incidents.playbook_added.v1"
    incident_id: UUID
    playbook: str
    name_en: str
    name_zh: str


@dataclass(frozen=True, kw_only=True)
class RoleAssigned:
    """INC-03: somebody has a role; handed over when there was somebody before."""

    name: ClassVar[str] = "incidents.role_assigned.v1"
    incident_id: UUID
    role: str
    user_id: UUID
    person: str
    earlier: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RoleAcknowledged:
    """The person called has answered."""

    name: ClassVar[str] = "incidents.role_acknowledged.v1"
    incident_id: UUID
    user_id: UUID
    person: str
    roles: list[str]


@dataclass(frozen=True, kw_only=True)
class PageUnanswered:
    """The chain of people to call came to its end and nobody answered."""

    name: ClassVar[str] = "incidents.page_unanswered.v1"
    incident_id: UUID
    page_id: UUID
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class LeadsCalled:
    """A recovery clock ran out or a task is overdue: those who lead were called."""

    name: ClassVar[str] = "incidents.leads_called.v1"
    incident_id: UUID
    why: str
    what: str
