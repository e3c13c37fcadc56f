"""Tests mirror the rooms; `tests/harness/` plays the outside world."""
