"""The supervisor and the services it brings."""
