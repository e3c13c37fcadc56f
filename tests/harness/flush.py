"""Emptying the tables after a test that committed: only those with rows, past the journal's own guards."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

_EMPTY = """
DO $$ DECLARE name text; found boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission', 'kernel_clock') LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO found;
        IF found THEN EXECUTE format('DELETE FROM %I', name); END IF;
    END LOOP;
    UPDATE kernel_clock SET wound_by = interval '0', windable = true;
END $$
"""


def _empty(_self: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY)


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> None:
    """Django would TRUNCATE every table, which the journal refuses and which is slow."""
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[method-assign]
