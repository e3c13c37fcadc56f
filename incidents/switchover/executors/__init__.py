"""Whoever moves traffic: one executor per kind of gateway. Network only, no database, hard time limits."""

from incidents.switchover.executors.base import Executor, GatewayView, Outcome, Result, SideView
from incidents.switchover.executors.caddy import CaddyExecutor
from incidents.switchover.executors.lab import LabExecutor
from incidents.switchover.executors.target import SideAddress, Target

_BY_KIND: dict[str, type[Executor]] = {"lab": LabExecutor, "caddy": CaddyExecutor}

__all__ = ["CaddyExecutor", "Executor", "GatewayView", "LabExecutor", "Outcome", "Result", "SideAddress", "SideView", "Target", "executor_for"]


def executor_for(target: Target) -> Executor:
    """The executor of a part's gateway."""
    return _BY_KIND[target.gateway_kind](target)
