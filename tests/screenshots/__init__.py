"""Pictures of every screen: a real database with a real story, the project's own server, a real browser (`make screenshots`)."""
