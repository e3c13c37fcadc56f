"""The contingency plan as a document, and as the rows that approving it makes."""
