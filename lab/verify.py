"""Every promise ever made to a customer, looked up in the database of the side that carries business."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from lab.customers.ledger import STEPS, promises
from lab.system import System

_BATCH = 5000


async def verify(system: System) -> dict[str, Any]:
    """Lost: acknowledged and absent, or found at an earlier step, or paid without payment. Duplicates: a key or an order's payment twice."""
    promised = await asyncio.to_thread(promises, system.folder / "customers.jsonl")
    admin, lost = system.active.database.admin, dict[str, str]()
    ids = list(promised)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        rows = await admin.fetch(
            "select o.id::text, o.state, (select count(*) from payments p where p.order_id = o.id) as payments from orders o where o.id = any($1)",
            [uuid.UUID(order) for order in batch], timeout_s=30,
        )  # fmt: skip
        found = {row["id"]: row for row in rows}
        lost |= {order: why for order in batch if (why := _what_is_missing(promised[order], found.get(order)))}
    doubles = await admin.fetch("select order_id::text as id from payments group by order_id having count(*) > 1", timeout_s=30)
    doubles += await admin.fetch("select min(id::text) as id from orders group by idem_key having count(*) > 1", timeout_s=30)
    return {
        "side": system.state.active, "checked": len(ids), "lost": len(lost), "duplicates": len(doubles),
        "lost_orders": dict(list(lost.items())[:20]), "duplicate_orders": [row["id"] for row in doubles[:20]],
    }  # fmt: skip


def _what_is_missing(promised: str, row: Any) -> str:
    if row is None:
        return f"{promised} was acknowledged, absent"
    if STEPS.index(row["state"]) < STEPS.index(promised):
        return f"{promised} was acknowledged, found {row['state']}"
    if promised != "placed" and row["payments"] == 0:
        return f"{promised} was acknowledged, payment absent"
    return ""
