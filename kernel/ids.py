"""Numbers people can say on the phone: INC-2026-0042."""

from django.db import connection

from kernel import clock


def number_next(prefix: str) -> str:
    """The next number of the year for this prefix. Call inside the transaction that uses it: one row lock per prefix and year.

    A rolled-back transaction leaves no gap, because the counter is an ordinary row.
    """
    year = clock.now().year
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_counter (prefix, year, last) VALUES (%s, %s, 1)"
            " ON CONFLICT (prefix, year) DO UPDATE SET last = kernel_counter.last + 1 RETURNING last",
            [prefix, year],
        )
        last: int = cursor.fetchone()[0]
    return f"{prefix}-{year}-{last:04d}"
