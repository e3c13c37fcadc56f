"""Rows of the plan: its versions, and what approving one makes."""

from contingency.plan.models.choices import Clock, Grade, ResponseRole, Track
from contingency.plan.models.playbooks import Playbook, PlaybookStep
from contingency.plan.models.receipts import PlanReceipt
from contingency.plan.models.response import ChainStep, EscalationChain, LevelCall, RecoveryTarget, ResponseLevel
from contingency.plan.models.texts import MessageText
from contingency.plan.models.versions import Plan, PlanVersion

__all__ = [
    "ChainStep",
    "Clock",
    "EscalationChain",
    "Grade",
    "LevelCall",
    "MessageText",
    "Plan",
    "PlanReceipt",
    "PlanVersion",
    "Playbook",
    "PlaybookStep",
    "RecoveryTarget",
    "ResponseLevel",
    "ResponseRole",
    "Track",
]
