"""The process of one side's order service."""

from __future__ import annotations

import asyncio
import os
import signal

from lab.home import DATABASE, Side, other, read_address_book
from lab.replication import subscription_name
from lab.service.doors import Doors
from lab.service.gate import listen, serve
from lab.service.shop import Shop

_DRAIN_S = 1.0


async def _run(side: Side, version: str) -> None:
    book = read_address_book()
    assert book is not None, "started by `lab run`, which writes the address book first"
    address = book["sides"][side]
    shop = Shop(side=side, follower_slot=subscription_name(other(side), side), version=version, dsn=address["database"]["app_dsn"])
    await shop.start()
    doors = Doors(shop, book["ports"][f"{side}_gate"], book["secrets"]["token"])
    await serve(doors.service_app(), sockets=[listen(book["ports"][f"{side}_service"])])
    print(f"version {version} on {address['service_url']}, database {DATABASE} on port {address['database']['port']}, gate closed", flush=True)
    watch = asyncio.create_task(shop.watch_database())
    await stop_asked_for()
    await doors.gate.close(_DRAIN_S)
    watch.cancel()


async def stop_asked_for() -> None:
    """Return when a signal asks for it or when the parent is gone."""
    asked, loop, parent = asyncio.Event(), asyncio.get_running_loop(), os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    while not asked.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(asked.wait(), timeout=1)
        except TimeoutError:
            continue


def run(side: Side, version: str) -> int:
    asyncio.run(_run(side, version))
    return 0
