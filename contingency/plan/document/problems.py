"""What is wrong with a plan document, and in which line."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from kernel.errors import DomainError

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One problem. `line` counts from 1; `at` is where in the document, such as `positions[4].unit` (counting from 1)."""

    line: int
    at: str
    message: str | Promise

    def __str__(self) -> str:
        place = f" ({self.at})" if self.at else ""
        return str(_("Line %(line)s%(place)s: %(message)s") % {"line": self.line, "place": place, "message": self.message})


class PlanDocumentInvalid(DomainError):
    """The document cannot become a version of the plan. Params: count, first, problems (line, at, message each)."""

    code = "plan_document_invalid"
    http_status = 422
    template = ngettext_lazy(
        "The plan document has %(count)d problem. %(first)s",
        "The plan document has %(count)d problems. The first: %(first)s",
        "count",
    )

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.at)))
        listed = [{"line": problem.line, "at": problem.at, "message": str(problem.message)} for problem in self.problems]
        super().__init__(count=len(listed), first=str(self.problems[0]), problems=listed)

    @property
    def message(self) -> str:
        """How many problems there are, and the first of them."""
        return str(self.template % {"count": len(self.problems), "first": str(self.problems[0])})


def spell(location: Location) -> str:
    """`("positions", 3, "unit")` as people write it: `positions[4].unit`, counting from 1."""
    text = ""
    for step in location:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text
