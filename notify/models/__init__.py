"""Rows of messages, deliveries, pages and fences."""

from notify.models.channels import ChannelHealth
from notify.models.fences import Fence, FencedAddress
from notify.models.messages import Delivery, Message
from notify.models.pages import AckLink, Page, PageCall

__all__ = ["AckLink", "ChannelHealth", "Delivery", "Fence", "FencedAddress", "Message", "Page", "PageCall"]
