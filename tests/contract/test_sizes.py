"""Hard stops of size; CONTRIBUTING.md names the smaller ones to aim at."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("drivers", "edge_agent", "controller", "provisioning")
MOST_LINES, MOST_OF_A_FUNCTION, MOST_PARAMETERS = 400, 40, 8
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if "migrations" not in path.parts]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_larger_than_can_be_read_at_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    functions = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not [each.name for each in functions if (each.end_lineno or 0) - each.lineno >= MOST_OF_A_FUNCTION]
    assert not [
        each.name
        for each in functions
        if len([*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]) - _is_method(each) > MOST_PARAMETERS
    ]


def _is_method(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg in ("self", "cls")
