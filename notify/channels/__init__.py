"""Ways to reach a person. A new one is a class with these four members, registered by its kind of contact point."""

from notify.channels.base import BadAddress, Channel, LeaseLost, Outcome, Parcel, Verdict, all_kinds, find, register
from notify.channels.smtp import SmtpChannel
from notify.channels.webhook import WebhookChannel

register(SmtpChannel())
register(WebhookChannel())

__all__ = ["BadAddress", "Channel", "LeaseLost", "Outcome", "Parcel", "SmtpChannel", "Verdict", "all_kinds", "find", "register"]
