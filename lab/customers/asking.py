"""Asking the customers' process for its counts."""

from __future__ import annotations

from typing import Any

import httpx

from lab.errors import LabError


async def customer_counts(url: str, since: float | None = None) -> dict[str, Any]:
    """The customers' own count. Raises LabError `customers_down`."""
    return await _ask("GET", f"{url}/counts", params={"since": since} if since is not None else None)


async def customer_rate_set(url: str, rate: float) -> dict[str, Any]:
    """How many orders a second are started from now on."""
    return await _ask("POST", f"{url}/rate", json={"rate": rate})


async def _ask(method: str, url: str, **options: Any) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
            answer: dict[str, Any] = (await http.request(method, url, **options)).raise_for_status().json()
            return answer
    except (httpx.HTTPError, ValueError) as lost:
        raise LabError("customers_down", f"The customers do not answer: {type(lost).__name__}", status=503) from lost
