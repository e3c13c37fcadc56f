"""Alerts: taken in once, kept by episode, routed to guarded parts."""
