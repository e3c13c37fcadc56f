"""Tables, roles and migrations of the order system: version 1, the failed version 2, and version 2 mended.

Ids are derived from the customer's idempotency key, there are no sequences, every table has a primary key: so the same retry
gives the same row on either side, and rows travel both ways.
"""

from __future__ import annotations

import asyncpg

from lab.database import APP_ROLE, REPLICATION_ROLE, AdminConnection, Database

PUBLICATION = "orders_pub"
REPLICATED_TABLES = ("orders", "payments")

_TABLES = f"""
create table if not exists orders (
    id uuid primary key,
    idem_key text not null unique,
    customer text not null,
    item text not null,
    quantity integer not null check (quantity > 0),
    amount_cents bigint not null check (amount_cents >= 0),
    state text not null default 'placed' check (state in ('placed', 'paid', 'shipped')),
    marked boolean not null default false,
    placed_at timestamptz not null default clock_timestamp(),
    paid_at timestamptz,
    shipped_at timestamptz,
    hits integer not null default 1
);
create index if not exists orders_placed_at on orders (placed_at);
create table if not exists payments (
    id uuid primary key,
    order_id uuid not null,
    amount_cents bigint not null,
    paid_at timestamptz not null default clock_timestamp(),
    hits integer not null default 1
);
create index if not exists payments_order_id on payments (order_id);
grant usage on schema public to {APP_ROLE}, {REPLICATION_ROLE};
grant select on orders, payments to {APP_ROLE}, {REPLICATION_ROLE};
"""

# Only additive, with a default: code of version 1 does not know the column and still writes.
_CHANNEL_COLUMN = "alter table orders add column if not exists channel text not null default 'web'"

# What went wrong in the migration to 2.0.0: the list of channels was copied from the test shop, which sells in shops and by phone
# only, so web and app orders are refused; and the day's totals are kept in one row that every order has to lock.
_FAILED_MIGRATION = f"""
create table if not exists order_channels (
    order_id uuid primary key,
    channel text not null,
    constraint order_channels_known check (channel in ('shop', 'phone'))
);
create table if not exists day_totals (day date primary key, requests bigint not null default 0);
grant select, insert, update, delete on order_channels, day_totals to {APP_ROLE};
"""
_MENDED_MIGRATION = "drop table if exists order_channels, day_totals"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def create_roles_and_tables(database: Database, *, app_password: str, replication_password: str) -> None:
    """Version 1 of the schema and the roles. Repeating changes nothing but the passwords. Through the local socket, blocking."""
    roles = "".join(
        f"do $$ begin if not exists (select from pg_roles where rolname = '{role}') then create role {role}; end if; end $$;"
        f"alter role {role} with login {extra} password {_literal(password)};"
        for role, extra, password in ((APP_ROLE, "", app_password), (REPLICATION_ROLE, "replication", replication_password))
    )
    # pg_monitor: the service reports its own replication lag in its metrics
    everything = (
        "set client_min_messages = warning; set synchronous_commit = local;"
        + roles
        + f"grant pg_monitor to {APP_ROLE};"
        + _TABLES
        + f"do $$ begin if not exists (select from pg_publication where pubname = '{PUBLICATION}') then "
        # no truncate: emptying one side for a rebuild must not empty the other
        f"create publication {PUBLICATION} for table {', '.join(REPLICATED_TABLES)} with (publish = 'insert, update, delete'); end if; end $$;"
    )
    database.cluster.execute(everything, database="orders")


async def add_channel_column(admin: AdminConnection) -> None:
    """The additive column of version 2. On the subscriber first, then on the publisher: the other way round the apply stops."""
    for attempt in range(5):
        try:
            async with admin.session() as connection, connection.transaction():
                await connection.execute("set local lock_timeout = '1s'")
                await connection.execute(_CHANNEL_COLUMN)
        except asyncpg.LockNotAvailableError:
            if attempt == 4:
                raise
        else:
            return


async def migrate_to_failed_version_2(admin: AdminConnection) -> None:
    """The migration that goes wrong. It adds tables of this side only; rows of orders and payments stay as they are."""
    await admin.execute(_FAILED_MIGRATION)


async def drop_failed_version_2(admin: AdminConnection) -> None:
    await admin.execute(_MENDED_MIGRATION)


async def recorded_channels(admin: AdminConnection) -> list[tuple[object, str]]:
    """What the failed version 2 had accepted, to be carried over into the mended column."""
    if not await admin.fetchval("select to_regclass('order_channels') is not null"):
        return []
    return [(row["order_id"], row["channel"]) for row in await admin.fetch("select order_id, channel from order_channels")]


async def carry_over_channels(admin: AdminConnection, channels: list[tuple[object, str]]) -> None:
    """Written on the side that carries business, so that it replicates like any other change."""
    async with admin.session() as connection:
        await connection.executemany("update orders set channel = $2 where id = $1 and channel <> $2", channels)


async def columns(admin: AdminConnection, table: str) -> list[str]:
    """Column names in alphabetical order."""
    rows = await admin.fetch(
        "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attname::text", table
    )
    return [row["attname"] for row in rows]
