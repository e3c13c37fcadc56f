"""The life of an incident: from the first sign to the closed report."""
