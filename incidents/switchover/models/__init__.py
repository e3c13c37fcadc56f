"""Rows of this room. One module per noun."""

from incidents.switchover.models.clock import ClockKind, RecoveryClock
from incidents.switchover.models.evidence import Duration, GatewaySample, PartCheck
from incidents.switchover.models.outage import Outage
from incidents.switchover.models.switch import Direction, Mode, Switch, SwitchStep

__all__ = ["ClockKind", "Direction", "Duration", "GatewaySample", "Mode", "Outage", "PartCheck", "RecoveryClock", "Switch", "SwitchStep"]
