"""What watches, and what other tools tell us."""
