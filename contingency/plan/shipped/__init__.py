"""The plan that comes with the console."""

from pathlib import Path

PLAN_FILE = Path(__file__).parent / "plan.yaml"


def shipped_plan() -> str:
    """The text of the shipped plan, in the canonical form."""
    return PLAN_FILE.read_text(encoding="utf-8")
