"""Message texts, in both languages, with placeholders in braces."""

import re
from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q

from contingency.plan.models.choices import OUTSIDE, Audience, MessageKind
from contingency.plan.models.rows import PlanRow
from kernel.i18n import pick

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
MISSING = "–"


class MessageText(PlanRow):
    """A subject and a body that `notify` renders in the reader's language. The first body line alone should make sense."""

    journal_kind: ClassVar[str] = "message_text"

    # Defaults of the database too: during an upgrade of the console itself, older code still approves plans on this table.
    audience = models.CharField(max_length=12, choices=Audience.choices, default=Audience.RESPONDERS, db_default=Audience.RESPONDERS.value)
    kind = models.CharField(max_length=14, choices=MessageKind.choices, default=MessageKind.NOTICE, db_default=MessageKind.NOTICE.value)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    subject_en = models.CharField(max_length=300)
    subject_zh = models.CharField(max_length=300)
    body_en = models.TextField()
    body_zh = models.TextField()

    class Meta(PlanRow.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="message_text_audience_known"),
            models.CheckConstraint(condition=Q(kind__in=MessageKind.values), name="message_text_kind_known"),
        ]

    @property
    def goes_outside(self) -> bool:
        """Whether people outside the company read it: then it is approved before it is sent."""
        return self.audience in OUTSIDE

    def render(self, language: str, params: Mapping[str, object]) -> tuple[str, str]:
        """(subject, body) with the placeholders filled. A parameter that is missing shows as a dash: a page must go out."""

        def fill(text: str) -> str:
            return PLACEHOLDER.sub(lambda found: str(params.get(found.group(1), MISSING)), text)

        subject = fill(pick(self, "subject", language))
        return " ".join(subject.split()), fill(pick(self, "body", language))
