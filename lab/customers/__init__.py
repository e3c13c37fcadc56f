"""Customers of the practice shop: they place, pay and ship, keep every promise they got, and count what was not kept."""
