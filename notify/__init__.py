"""Reaching people: messages, deliveries over channels, pages with escalation, acknowledgement by link, fences."""
