"""What the versions of the order service do with an order. Each method runs inside one transaction.

A retry with the same key always *writes* (it raises `hits`): a commit waits for the other side, a plain read would not, and
could promise a row that only one side has.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg

from lab.state import VERSION_1, VERSION_2_BROKEN, VERSION_2_MENDED

ORDER_NAMESPACE = uuid.UUID("6d0f4c1e-5b8e-5f8b-9a53-0c1d6b5a7e21")
_SHOWN = "id, idem_key, customer, item, quantity, amount_cents, state, marked, placed_at, paid_at, shipped_at, hits"
_QUOTE_S = 0.25  # how long the tax service takes to answer


def order_id(key: str) -> uuid.UUID:
    """The same key gives the same order on either side."""
    return uuid.uuid5(ORDER_NAMESPACE, key)


def payment_id(order: uuid.UUID) -> uuid.UUID:
    return uuid.uuid5(order, "pay")


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """An order as the customer sent it. `marked`: a business check, no business."""

    key: str
    customer: str
    item: str
    quantity: int
    amount_cents: int
    channel: str
    marked: bool


class Version1:
    """Orders and payments, nothing else."""

    number = VERSION_1

    async def place(self, connection: asyncpg.Connection, order: NewOrder) -> Any:
        return await connection.fetchrow(
            f"""insert into orders (id, idem_key, customer, item, quantity, amount_cents, marked) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (idem_key) do update set hits = orders.hits + 1 returning {_SHOWN}""",  # noqa: S608 - constant column list
            order_id(order.key), order.key, order.customer, order.item, order.quantity, order.amount_cents, order.marked,
        )  # fmt: skip

    async def pay(self, connection: asyncpg.Connection, order: uuid.UUID) -> Any:
        """None when there is no such order."""
        row = await connection.fetchrow(
            f"""update orders set hits = hits + 1, paid_at = coalesce(paid_at, clock_timestamp()),
            state = case when state = 'placed' then 'paid' else state end where id = $1 returning {_SHOWN}""",  # noqa: S608 - constant column list
            order,
        )
        if row is not None:
            await connection.execute(
                "insert into payments (id, order_id, amount_cents) values ($1, $2, $3) on conflict (id) do update set hits = payments.hits + 1",
                payment_id(order), order, row["amount_cents"],
            )  # fmt: skip
        return row

    async def ship(self, connection: asyncpg.Connection, order: uuid.UUID) -> Any:
        """None when there is no such order or it is not paid."""
        return await connection.fetchrow(
            f"""update orders set hits = hits + 1, state = 'shipped', shipped_at = coalesce(shipped_at, clock_timestamp())
            where id = $1 and state in ('paid', 'shipped') returning {_SHOWN}""",  # noqa: S608 - constant column list
            order,
        )


class Version2Broken(Version1):
    """2.0.0: records the sales channel and the day's totals, and asks the tax service, all in one transaction.

    The migration left most channels out of its list, so most orders are refused. The totals are one row: every request locks
    it and keeps it while it waits for the tax service, so requests queue behind each other and the queue grows.
    """

    number = VERSION_2_BROKEN

    async def place(self, connection: asyncpg.Connection, order: NewOrder) -> Any:
        await self._count(connection)
        row = await super().place(connection, order)
        await connection.execute(
            "insert into order_channels (order_id, channel) values ($1, $2) on conflict (order_id) do update set channel = excluded.channel",
            row["id"], order.channel,
        )  # fmt: skip
        return row

    async def pay(self, connection: asyncpg.Connection, order: uuid.UUID) -> Any:
        await self._count(connection)
        return await super().pay(connection, order)

    async def ship(self, connection: asyncpg.Connection, order: uuid.UUID) -> Any:
        await self._count(connection)
        return await super().ship(connection, order)

    async def _count(self, connection: asyncpg.Connection) -> None:
        await connection.execute(
            "insert into day_totals (day, requests) values (current_date, 1) on conflict (day) do update set requests = day_totals.requests + 1"
        )
        await asyncio.sleep(_QUOTE_S)


class Version2(Version1):
    """2.0.1: the channel is a column with a default, totals are counted when asked for, tax is settled with the invoice."""

    number = VERSION_2_MENDED

    async def place(self, connection: asyncpg.Connection, order: NewOrder) -> Any:
        return await connection.fetchrow(
            f"""insert into orders (id, idem_key, customer, item, quantity, amount_cents, marked, channel) values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (idem_key) do update set hits = orders.hits + 1 returning {_SHOWN}, channel""",  # noqa: S608 - constant column list
            order_id(order.key), order.key, order.customer, order.item, order.quantity, order.amount_cents, order.marked, order.channel,
        )  # fmt: skip


VERSIONS: dict[str, type[Version1]] = {version.number: version for version in (Version1, Version2Broken, Version2)}
