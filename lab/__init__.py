"""The practice order system: two sides with a database each, a gateway, customers, and faults on demand."""
