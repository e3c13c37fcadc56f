"""Use cases of the alert intake."""
