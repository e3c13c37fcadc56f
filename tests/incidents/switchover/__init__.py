"""Outages, recovery clocks, switches."""
