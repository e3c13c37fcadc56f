"""The steps of an emergency switch: the old side is dead or cut off, the new one goes on alone."""

from __future__ import annotations

import asyncio

from lab import replication
from lab.errors import LabError
from lab.parts import say
from lab.steps import Order, Outcome, Step, refuse_past_return
from lab.system import System


async def confirm_down(system: System, order: Order) -> Outcome:
    """Make sure that the old side takes and keeps no order, now or later.

    A side whose database still answers is refused (409 `still_alive`): plan the switch, or say `"stonith": true` and it is killed.
    One that does not answer may only be frozen and would go on writing when it wakes: what is left of it is killed.
    """
    site, wanted = system.sites[order.old], system.state.sides[order.old]
    if wanted.isolated:
        return f"The {order.old} is isolated already", {"already": True}
    if system.state.active == order.new:
        raise LabError("already_moved", f"The {order.new} carries business already; its partner cannot be given up this way")
    service, database = await asyncio.gather(site.service_answers(), site.database.answers())
    evidence = {"service_answers": service, "database_answers": database}
    if database and not order.options.get("stonith"):
        raise LabError("still_alive", f"The database of the {order.old} answers: switch as planned, or order it killed", **evidence)
    wanted.gate_open = False
    wanted.isolated = True
    wanted.service_wanted = wanted.database_wanted = False
    system.state.save()
    killed = await site.kill()
    say("lab", f"the {order.old} is isolated; {len(killed)} processes of it were still there and were killed")
    return f"The {order.old} is down and stays out until it is rebuilt", {**evidence, "killed_processes": killed}


async def release(system: System, order: Order) -> Outcome:
    """Undo of confirm_down, as long as nobody else may write: the old side starts again as the active one."""
    await refuse_past_return(system, order)
    site, wanted = system.sites[order.old], system.state.sides[order.old]
    wanted.isolated, wanted.service_wanted, wanted.database_wanted, wanted.gate_open = False, True, True, True
    system.state.active = order.old
    system.state.faults = [fault for fault in system.state.faults if fault.side != order.old or fault.kind == "upgrade"]
    system.state.save()
    await site.database_start()
    await system.follow(order.new, order.old)
    await system.follow(order.old, order.new)
    system.save_book(running=True)
    await site.service_start()
    return f"The {order.old} is up again and carries business", {"gate": "open"}


async def detach_subscription(system: System, order: Order) -> Outcome:
    """The new side stops following the dead one and waits for nobody. The slot it keeps for it goes at the rebuild."""
    if not system.state.sides[order.old].isolated:
        raise LabError("not_confirmed_down", f"The {order.old} is not confirmed down")
    database = system.sites[order.new].database
    if await replication.subscription_exists(database, order.old):
        await replication.subscription_stop(database, order.old)
        system.state.sides[order.new].applied_lsn = await replication.subscription_applied(database, order.old)
        system.state.save()
    dropped = await replication.subscription_drop(database, order.old)
    await replication.sync_names_set(database, None)
    return f"The {order.new} stands alone: no second copy", {"subscription_dropped": dropped, "second_copy": False}


async def attach_subscription(system: System, order: Order) -> Outcome:
    """Undo of detach_subscription. With the old side still down there is nothing to attach to: `release` does it then."""
    if system.state.sides[order.old].isolated:
        return f"The {order.new} follows again once the {order.old} is released", {"attached": False}
    await system.follow(order.new, order.old)
    return f"The {order.new} follows the {order.old} again", {"attached": True}


async def move_gateway(system: System, order: Order) -> Outcome:
    """List only the new side's gate. Held orders get a 502 and are tried again by the customers: only when a gate cannot be closed."""
    await system.gateway.move(order.new)
    system.state.gateway_moved_to = order.new
    system.state.save()
    return f"The gateway knows only the {order.new}", {"upstreams": await system.gateway.upstreams()}


async def restore_gateway(system: System, order: Order) -> Outcome:
    """Both gates listed again, which a planned switch needs. Refused while both gates are open."""
    if all(side.gate_open for side in system.state.sides.values()):
        raise LabError("other_gate_open", "Both gates are open: close one first")
    await system.gateway.move(None)
    system.state.gateway_moved_to = None
    system.state.save()
    return "The gateway knows both sides", {"upstreams": await system.gateway.upstreams()}


EMERGENCY = (
    Step("confirm_down", "Make sure that the old side is down and stays down", confirm_down, "release"),
    Step("detach_subscription", "Let the new side stand alone", detach_subscription, "attach_subscription"),
)
EMERGENCY_EXTRA = (
    Step("release", "Start the old side again as the active one", release),
    Step("attach_subscription", "Let the new side follow the old one again", attach_subscription),
    Step("move_gateway", "Send all orders to the new side, without waiting for the old gate", move_gateway, "restore_gateway"),
    Step("restore_gateway", "List both gates at the gateway", restore_gateway),
)
