"""docs/operations.md explains every metric and every stable code that the programs can tell, and none that they cannot."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from controller.app import Parts, _add_gauges
from edge_agent.faults import WORDS

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
CODES = DOCUMENT.split("\n## Codes\n")[1].split("\n## ")[0]
ROW = re.compile(r"^\| `([a-z_]+)` \| (.+?) \|(?: (.*?) \|)?$", re.MULTILINE)
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
PLACES = {
    "Denied": 1,
    "sign_in_page": 1,
    "problem": 2,
    "Rejected": 0,
    "Parked": 0,
    "fault": 0,
    "Outcome": 0,
    "Problem": 1,
    "alert": 1,
    "_unreadable": 2,
    "_tell": 0,
    "Result": 1,
    "ask_about": 3,
}
"""Where the code stands among the arguments of what makes a refusal, a fault or an alert."""


def texts(value: ast.expr) -> Iterator[str]:
    """Those that an expression may give; not those by which it looks something up."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and CODE.fullmatch(value.value):
        yield value.value
    for name, field in ast.iter_fields(value):
        if (isinstance(value, ast.Call) and name != "func") or (isinstance(value, ast.Subscript) and name == "slice"):
            continue
        for child in field if isinstance(field, list) else [field]:
            if isinstance(child, ast.expr):
                yield from texts(child)


def told(node: ast.AST) -> Iterator[str]:
    """The codes that one piece of code names: `code = "…"`, `…_CODE = "…"`, or an argument of one of `PLACES`, or `code="…"`."""
    match node:
        case (
            ast.Assign(targets=[ast.Name(id="code")], value=value)
            | ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as value)
        ):
            yield from texts(value)
        case ast.Assign(targets=[ast.Tuple(elts=[_, ast.Name(id="code")])], value=ast.IfExp(orelse=ast.Tuple(elts=[_, value]))):
            yield from texts(value)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() as value) if name.endswith("_CODE"):
            yield from texts(value)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments, keywords=keywords):
            place = PLACES.get(name, len(arguments))
            if place < len(arguments) and isinstance(arguments[place], ast.Constant | ast.IfExp):
                yield from texts(arguments[place])
            for keyword in keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant | ast.IfExp):
                    yield from texts(keyword.value)


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All of it but the examples of routes."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.keyword) and child.arg == "example"):
            yield from nodes(child)


def codes_of_the_programs() -> set[str]:
    """What stations say to people has codes of its own, which no other program reads."""
    found = set(WORDS)
    for room in ("controller", "edge_agent", "drivers"):
        for path in (ROOT / room).rglob("*.py"):
            if not {"migrations", "emulators", "stations"} & set(path.parts):
                tree = ast.parse(path.read_text(encoding="utf-8"))
                found |= {code for node in nodes(tree) for code in told(node)}
    return found


def test_each_code_is_explained_and_no_other() -> None:
    documented = {code for code, *_ in ROW.findall(CODES)}
    programs = codes_of_the_programs()
    assert len(programs) > 100, "the search finds too little to be right"
    assert programs - documented == set(), "these codes are not explained in docs/operations.md"
    assert documented - programs == set(), "nothing tells these codes any more"


def test_faults_are_explained_in_the_words_that_people_see() -> None:
    section = CODES.split("### Faults of devices and print jobs")[1]
    assert {code: words for code, words, _ in ROW.findall(section)} == WORDS


def test_each_metric_is_explained_and_no_other() -> None:
    parts = Parts()
    _add_gauges(parts.metrics)
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in parts.metrics.registry.collect()}
    section = DOCUMENT.split("### Metrics\n")[1].split("\n#")[0]
    assert {name for name, *_ in ROW.findall(section)} == names
