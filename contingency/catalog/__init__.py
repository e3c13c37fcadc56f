"""What is guarded, and what can go wrong with it."""
