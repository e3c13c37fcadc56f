"""The session engine: rows in Postgres that know whose they are, so that people can see where they are logged in."""

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from console.models import BrowserSession

BROWSER = "browser"


class SessionStore(DatabaseStore):
    """Django's own, on our table."""

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        """Where sessions lie."""
        return BrowserSession

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        """The row, with its owner beside the sealed data."""
        row = cast(BrowserSession, super().create_model_instance(data))
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.browser = str(data.get(BROWSER, ""))[:200]
        return row
