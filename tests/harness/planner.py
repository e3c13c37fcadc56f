"""Making the planner choose badly: what holds only for the plan it prefers today does not hold."""

from __future__ import annotations

from django.db import connection


def plan_as_if_empty(table: str) -> None:
    """For the running transaction: Postgres believes that the table's rows are nearly none, as after a clean-up, and knows no index.

    It then runs a subquery once for each row of the table instead of once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM {table}")
        cursor.execute(f"DELETE FROM {table}")
        cursor.execute(f"ANALYZE {table}")
        cursor.execute(f"INSERT INTO {table} SELECT * FROM kept")
        for setting in ("hashjoin", "mergejoin", "material", "memoize", "indexscan", "bitmapscan", "indexonlyscan"):
            cursor.execute(f"SET LOCAL enable_{setting} = off")
