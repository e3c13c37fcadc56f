"""The screens of reports: the list, one report as a paper, one section with its versions, open actions."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from console.selectors import buttons
from console.selectors.buttons import Button
from console.selectors.lists import newest, place_of
from incidents.reports import selectors as reports
from incidents.reports.models import Action, Report, Section, SectionText
from incidents.reports.selectors.texts import Piece, Present, author_names, blocks, difference, wrote_it
from kernel import permissions
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.i18n import language_suffix

PAGE = 30
VERSIONS = 30  # that many are compared on the screen of a section
OWN_SCREEN = ("reports.section_put",)  # has a screen of its own instead of a dialog


@dataclass(frozen=True)
class ActionRow:
    """One improvement action and what may be done with it."""

    action: Action
    is_overdue: bool
    buttons: list[Button]


def action_rows(actor: Actor, actions: list[Action], now: datetime) -> list[ActionRow]:
    """Actions as rows."""
    return [ActionRow(action, action.is_overdue(now), buttons.buttons(actor, action)) for action in actions]


class ReportsHome:
    """The list of reports."""

    def __init__(self, actor: Actor, *, state: str, after: str) -> None:
        self.actor = actor
        self.state = state
        visible = reports.report_list(actor)
        found = newest([reports.report_list(actor, state=state).prefetch_related(None)], before=place_of(visible, after), size=PAGE + 1)
        self.rows = found[:PAGE]
        self.more = str(found[PAGE - 1].public_id) if len(found) > PAGE else ""

    @property
    def states(self) -> list[tuple[str, str, bool]]:
        """What can be chosen: code, word, whether it is chosen."""
        return [("", _("All"), not self.state), *((code, str(label), code == self.state) for code, label in Report.State.choices)]

    @property
    def makers(self) -> list[Button]:
        """How to begin a report by hand."""
        return buttons.makers(self.actor, Report.journal_kind)


class ActionsHome:
    """Improvement actions: the open ones, the most urgent first, or those of another state, newest first."""

    def __init__(self, actor: Actor, now: datetime, *, state: str) -> None:
        self.state = state or "open"
        found = reports.action_list(actor, state=self.state)
        ordered = found.order_by("due_at", "id") if self.state in ("open", "overdue") else found
        self.rows = action_rows(actor, list(ordered[:200]), now)

    @property
    def states(self) -> list[tuple[str, str, bool]]:
        """What can be chosen."""
        words = [("open", _("Open")), ("overdue", _("Overdue")), *((code, str(label)) for code, label in Action.State.choices[1:])]
        return [(code, label, code == self.state) for code, label in words]


@dataclass(frozen=True)
class Chapter:
    """One section on the paper."""

    present: Present
    blocks: list[dict[str, Any]]
    is_editable: bool


class ReportScreen:
    """One report for one person, in the language that they read or asked for."""

    def __init__(self, actor: Actor, report: Report, now: datetime, *, language: str = "") -> None:
        self.actor = actor
        self.report = report
        self.now = now
        self.suffix = language if language in ("en", "zh") else language_suffix()

    @property
    def other(self) -> tuple[str, str]:
        """The other language: code and its own name."""
        return ("zh", "简体中文") if self.suffix == "en" else ("en", "English")

    @property
    def lang(self) -> str:
        """What the text is written in, for screen readers."""
        return "zh-Hans" if self.suffix == "zh" else "en"

    @cached_property
    def chapters(self) -> list[Chapter]:
        """The sections as they read now."""
        editable = self.may_write and self.report.state == Report.State.DRAFT
        return [
            Chapter(present, blocks(getattr(present.text, f"text_{self.suffix}") if present.text is not None else ""), editable)
            for present in reports.present_texts(self.report)
        ]

    @cached_property
    def may_write(self) -> bool:
        """Whether the person may write sections."""
        return permissions.can(self.actor, "reports.section_put", self.report) is not None

    @cached_property
    def wrote_it(self) -> bool:
        """Whether somebody else must approve it (SEC-01)."""
        return wrote_it(self.report, self.actor)

    @property
    def buttons(self) -> list[Button]:
        """The legal next moves. Who wrote it is not offered to approve it."""
        skip = [*OWN_SCREEN, "reports.action_add", *(["reports.approve"] if self.wrote_it else [])]
        return buttons.buttons(self.actor, self.report, skip=skip)

    @property
    def action_adders(self) -> list[Button]:
        """How to agree on an action."""
        return buttons.buttons(self.actor, self.report, only=("reports.action_add",))

    @cached_property
    def actions(self) -> list[ActionRow]:
        """What was agreed for the incident."""
        found = reports.action_list(self.actor).filter(report__incident=self.report.incident).order_by("id")
        return action_rows(self.actor, list(found), self.now)

    @cached_property
    def authors(self) -> list[Any]:
        """Who wrote the present texts."""
        return author_names(self.report)

    @property
    def waits_for_other(self) -> bool:
        """Whether the person could approve it, had they not written it."""
        return self.wrote_it and self.report.state == Report.State.IN_REVIEW

    @cached_property
    def siblings(self) -> list[Report]:
        """Other reports of the same incident, newest first."""
        return list(reports.report_list(self.actor, incident=self.report.incident.number).exclude(pk=self.report.pk))


@dataclass(frozen=True)
class Version:
    """One saved text with what it changed, in both languages; empty where a language was not touched."""

    text: SectionText
    english: list[Piece]
    chinese: list[Piece]


class SectionScreen:
    """One section: write it, and see who changed what."""

    def __init__(self, actor: Actor, report: Report, section: str) -> None:
        if section not in [item.value for item in report.sections]:
            raise NotFound(kind=_("section"))
        self.report = report
        self.section = Section(section)
        self.texts = reports.texts_of(report, section)
        self.may_write = permissions.can(actor, "reports.section_put", report) is not None and report.state == Report.State.DRAFT

    @property
    def present(self) -> SectionText | None:
        """The latest text."""
        return self.texts[0] if self.texts else None

    @property
    def older(self) -> str:
        """The language that stayed behind."""
        return next((item.older for item in reports.present_texts(self.report) if item.section == self.section), "")

    @cached_property
    def versions(self) -> list[Version]:
        """Newest first, each compared with the one before it."""
        shown = self.texts[:VERSIONS]
        return [self._version(text, self.texts[place + 1] if place + 1 < len(self.texts) else None) for place, text in enumerate(shown)]

    @staticmethod
    def _version(text: SectionText, before: SectionText | None) -> Version:
        if before is None:
            return Version(text, [Piece("same", text.text_en)], [Piece("same", text.text_zh)])
        english = difference(before.text_en, text.text_en) if before.text_en != text.text_en else []
        chinese = difference(before.text_zh, text.text_zh) if before.text_zh != text.text_zh else []
        return Version(text, english, chinese)
