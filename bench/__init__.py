"""Measurements: the console beside a bare Django view under the same server, in the same run."""
