"""With Postgres away people and tools are told to come again, not that something broke."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client


@pytest.fixture
def without_postgres(db: None) -> Iterator[None]:
    """Every statement fails as it does while the server restarts."""

    def refuse(*_: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.parametrize("address, kind", [("/api/v1/me/", "application/json"), ("/incidents/", "text/html; charset=utf-8")])
def test_postgres_away_is_503_and_come_again(without_postgres: None, address: str, kind: str) -> None:
    client = Client(raise_request_exception=False, headers={"Authorization": "Bearer sbp_" + "x" * 40} if "api" in address else {})
    client.cookies["sessionid"] = "a" * 32
    answer = client.get(address)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer["Content-Type"] == kind
    assert b"OperationalError" not in answer.content
