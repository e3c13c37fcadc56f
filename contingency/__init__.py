"""What is prepared beforehand: people, guarded parts, and the plan."""
