"""Work to be done: task lists started from playbooks."""
