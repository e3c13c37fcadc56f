"""What the practice order system can answer instead of doing what was asked."""

from __future__ import annotations

from typing import Any


class LabError(Exception):
    """A refusal or a failure with a code for programs and a sentence for people.

    Status 4xx: the request does not fit the present state; 5xx: it was tried and did not work.
    """

    def __init__(self, code: str, message: str, *, status: int = 409, **evidence: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.evidence = evidence

    def as_json(self) -> dict[str, Any]:
        return {"ok": False, "code": self.code, "message": self.message, "evidence": self.evidence}


class LabNotRunning(LabError):
    """No `lab run` answers for this folder."""

    def __init__(self, message: str) -> None:
        super().__init__("lab_not_running", message, status=503)
