"""Every address declares who may use it; one without a declaration fails a test (deny by default)."""

from collections.abc import Callable
from typing import Any, TypeVar

PUBLIC = "public"
LOGGED_IN = "logged_in"
MOVE = "move"  # the table of moves decides
RECORD = "record"  # the record type's read rule decides
KEY = "key"  # an intake key decides
OPERATIONS = "operations"  # loopback or a token with the scope `operations`

View = TypeVar("View", bound=Callable[..., Any])


def access(rule: str, *roles: str) -> Callable[[View], View]:
    """Declare the rule of a view (function or `as_view()` result): one of the constants, or `role` with role names."""

    def declare(view: View) -> View:
        view.access_rule = (rule, frozenset(roles))  # type: ignore[attr-defined]
        return view

    return declare
