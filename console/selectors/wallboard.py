"""The wallboard: what Now shows, and which of it must be heard."""

from functools import cached_property
from typing import Any

from console.selectors.now import NowScreen

LOUD_SEVERITY = "critical"
MOST = 50  # signs that one board tells apart; the newest alerts


class Wallboard(NowScreen):
    """Now for a wall. A sign is heard once, by its id; as long as one that is loud stands unanswered, the light flashes."""

    @cached_property
    def loud(self) -> list[str]:
        """Critical alerts that nobody acknowledged, and major incidents that nobody answered."""
        alerts = [f"alert-{alert.public_id}" for alert in self._signs if alert.severity == LOUD_SEVERITY]
        return alerts + [f"incident-{card.incident.public_id}" for card in self._unanswered if card.incident.response_grade == "major"]

    @cached_property
    def soft(self) -> list[str]:
        """Everything else that is new and unanswered."""
        alerts = [f"alert-{alert.public_id}" for alert in self._signs if alert.severity != LOUD_SEVERITY]
        return alerts + [f"incident-{card.incident.public_id}" for card in self._unanswered if card.incident.response_grade != "major"]

    @cached_property
    def _signs(self) -> list[Any]:
        return list(self._alerts[:MOST]) if self.sees_alerts else []

    @property
    def _unanswered(self) -> list[Any]:
        return [card for card in self.incidents if card.incident.answered_at is None and card.incident.state == "discovered"]
