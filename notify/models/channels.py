"""Whether a channel works: the breaker that keeps a dead one from holding people up."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models

TRIPS_AFTER = 3  # failures in a row of the channel itself, not of one address
FIRST_PAUSE_S = 2
LONGEST_PAUSE_S = 10  # short: a returning mail server is found within ten seconds


class ChannelHealth(models.Model):
    """One breaker: for the mail server, or for one host that takes webhooks.

    While `open_until` lies ahead nobody is sent this way; who has another channel is reached by that one at once.
    """

    journal_kind: ClassVar[str] = "channel"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=300, unique=True)
    channel = models.CharField(max_length=20)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    down_since = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_ok_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notify_channel_health"

    def __str__(self) -> str:
        return self.key

    def journal_label(self) -> str:
        """Which channel."""
        return self.key

    def is_open(self, at: datetime) -> bool:
        """Whether the breaker keeps messages away from it now."""
        return self.open_until is not None and at < self.open_until

    @property
    def is_down(self) -> bool:
        """Whether it failed so often in a row that the breaker tripped and nothing has got through since."""
        return self.down_since is not None
