"""Outages, recovery clocks and switches (switchover) below the life of an incident (response)."""
