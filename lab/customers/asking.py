"""Asking the customers' process for its counts."""

from __future__ import annotations

from typing import Any

from lab.errors import LabError
from lab.http import NoAnswer, request


async def customer_counts(url: str, since: float | None = None) -> dict[str, Any]:
    """The customers' own count. Raises LabError `customers_down`."""
    return await _ask("GET", f"{url}/counts" + (f"?since={since}" if since is not None else ""))


async def customer_rate_set(url: str, rate: float) -> dict[str, Any]:
    """How many orders a second are started from now on."""
    return await _ask("POST", f"{url}/rate", {"rate": rate})


async def _ask(method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = (await request(method, url, body, timeout_s=2)).json()
    except NoAnswer as lost:
        raise LabError("customers_down", f"The customers do not answer: {lost}", status=503) from lost
    return answer
