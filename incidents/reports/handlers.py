"""What this room hears from below."""

from incidents.reports import services
from kernel.journal import subscribe
from kernel.models import Entry


@subscribe("incidents.incident_resolved.v1")
def draft_report(entry: Entry) -> None:
    """The incident is over: its report drafts itself."""
    services.incident_resolved(entry)
