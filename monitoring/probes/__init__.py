"""Our own eyes: probes, the series they write, thresholds."""
