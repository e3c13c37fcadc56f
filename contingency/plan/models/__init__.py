"""Rows of the plan: its versions, and what approving one makes."""

from contingency.plan.models.choices import OUTSIDE, Audience, Clock, Grade, MessageKind, ResponseRole, RiskField, ScheduleKind, Track
from contingency.plan.models.playbooks import Playbook, PlaybookStep
from contingency.plan.models.receipts import PlanReceipt
from contingency.plan.models.response import ChainStep, EscalationChain, LevelCall, RecoveryTarget, ResponseLevel
from contingency.plan.models.rounds import Round
from contingency.plan.models.schedules import MeetingKind, Schedule
from contingency.plan.models.texts import MessageText
from contingency.plan.models.versions import Plan, PlanVersion

__all__ = [
    "OUTSIDE",
    "Audience",
    "ChainStep",
    "Clock",
    "EscalationChain",
    "Grade",
    "LevelCall",
    "MeetingKind",
    "MessageKind",
    "MessageText",
    "Plan",
    "PlanReceipt",
    "PlanVersion",
    "Playbook",
    "PlaybookStep",
    "RecoveryTarget",
    "ResponseLevel",
    "ResponseRole",
    "RiskField",
    "Round",
    "Schedule",
    "ScheduleKind",
    "Track",
]
