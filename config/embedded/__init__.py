"""`make run`: local services where none is configured, and one supervisor over every process of the console."""
