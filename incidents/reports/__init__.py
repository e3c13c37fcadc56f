"""Post-incident reports, improvement actions, statistics."""
