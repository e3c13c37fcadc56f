"""Which requirement is proved by which test, and which by none: docs/developers/requirements.md against the tests' `req` marks.

usage: tools/requirements.py [--strict]     --strict: exit status 1 when a mark names no known requirement
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "docs" / "developers" / "requirements.md"
LINE = re.compile(r"^- ([A-Z]{2,4}-\d{2})\b\s*(.*)")


def main(arguments: list[str]) -> int:
    known = read_requirements(REQUIREMENTS.read_text(encoding="utf-8")) if REQUIREMENTS.exists() else {}
    if not known:
        print(f"{REQUIREMENTS.relative_to(ROOT)} is missing or names no requirement")
        return 1
    proved: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for requirement, test in marks(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))):
            proved[requirement].append(test)
    for requirement, text in known.items():
        tests = proved.get(requirement, [])
        print(f"{requirement}  {len(tests):3d} tests  {text[:100]}")
        for test in tests:
            print(f"            {test}")
    without = [requirement for requirement in known if requirement not in proved]
    unknown = sorted(set(proved) - set(known))
    print(f"\n{len(known) - len(without)} of {len(known)} requirements have a test. Without: {', '.join(without) or 'none'}")
    if unknown:
        print(f"Marks that name no requirement: {', '.join(unknown)}")
    return 1 if unknown and "--strict" in arguments else 0


def read_requirements(text: str) -> dict[str, str]:
    """Id → first words, in the order of the document."""
    return {match.group(1): match.group(2) for line in text.splitlines() if (match := LINE.match(line))}


def marks(source: str, name: str) -> list[tuple[str, str]]:
    """(requirement, test) for every `@pytest.mark.req(...)` on a test, on its class, or as `pytestmark` of the module."""
    found: list[tuple[str, str]] = []
    tree = ast.parse(source, name)
    whole_module = [ids for node in tree.body if isinstance(node, ast.Assign) and _names(node) == ["pytestmark"] for ids in _ids(node.value)]

    def visit(body: list[ast.stmt], inherited: list[str], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, inherited + _decorator_ids(node), f"{prefix}{node.name}::")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                found.extend((requirement, f"{prefix}{node.name}") for requirement in dict.fromkeys(inherited + _decorator_ids(node)))

    visit(tree.body, whole_module, f"{name}::")
    return found


def _decorator_ids(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [requirement for decorator in node.decorator_list for requirement in _ids(decorator)]


def _ids(expression: ast.expr) -> list[str]:
    """The words inside every `….req("A-01", …)` of an expression."""
    return [
        argument.value
        for node in ast.walk(expression)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "req"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
