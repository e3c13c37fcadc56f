"""How a secret is shown the one time that it is: a key of a monitoring tool comes with what to write into the tool."""

from typing import Any
from uuid import UUID

from console.selectors.setup_sources import snippets
from monitoring.alerts.models import Source


def shown_once(answer: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """(page, partial, what else they need). The secret is in `answer` for this request only."""
    kind, public_id = answer.get("of", ["", ""])
    if kind == Source.journal_kind:
        source = Source.objects.get(public_id=UUID(public_id))
        shown = {"source": source, "snippets": snippets(source, str(answer["secret"]))}
        return "console/setup/source_key_once.html", "console/setup/_source_key_once.html", shown
    return "console/shown_once.html", "console/partials/_shown_once.html", {}
