"""docs/architecture.md names modules, classes and functions that exist, with the parameters that they have."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
CHAPTER = re.compile(r"^## \d+\. .*\(`([a-z_]+)/`\)$", re.MULTILINE)
ROW = re.compile(r"^\| (`[^|]+) \| ([^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"`([A-Za-z_]+(?:\.[A-Za-z_]+)*)(?:\(\))?`")
"""What a table names of a module: `name()`, `Class`, `Class.method()`; other quoted words are not looked at."""
OPTIONAL = {"drivers.transports.evdev"}
"""Needs an extra that the tests do without."""
CONTRACT = re.compile(r"^\*\*`(controller/[a-z_/]+)\.py`\*\*[^\n]*\n\n((?:    [^\n]+\n)+)", re.MULTILINE)


def rows() -> Iterator[tuple[str, list[str], str]]:
    """Room, paths inside it, what stands beside them."""
    for chapter in re.split(r"^(?=## )", DOCUMENT, flags=re.MULTILINE):
        if room := CHAPTER.match(chapter):
            for paths, content in ROW.findall(chapter):
                yield room[1], re.findall(r"`([^`]+)`", paths), content


def modules_of(path: str) -> list[ModuleType]:
    if path.endswith(".py"):
        return [importlib.import_module(path.removesuffix(".py").replace("/", "."))]
    package = importlib.import_module(path.strip("/").replace("/", "."))
    names = [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__) if found.name != "__main__"]
    return [package, *(importlib.import_module(name) for name in names if name not in OPTIONAL)]


def has(modules: list[ModuleType], dotted: str) -> bool:
    for module in modules:
        found: object = module
        for part in dotted.split("."):
            found = getattr(found, part, None)
        if found is not None:
            return True
    return False


def test_there_are_tables_for_the_rooms() -> None:
    assert {room for room, *_ in rows()} == {"edge_agent", "controller", "drivers", "provisioning"}


@pytest.mark.parametrize(
    ("room", "paths", "content"), list(rows()), ids=lambda value: value[0] if isinstance(value, list) else None
)
def test_a_table_names_what_is_there(room: str, paths: list[str], content: str) -> None:
    missing = [path for path in paths if not (ROOT / room / path).exists()]
    assert not missing
    modules = [module for path in paths for module in modules_of(f"{room}/{path}")]
    quoted = re.findall(r"`[^`]+`", content)
    named = [match[1] for text in quoted if (match := NAME.fullmatch(text)) and (text.endswith("()`") or match[1][0].isupper())]
    assert [name for name in named if not has(modules, name)] == []


def test_every_module_of_the_agent_and_every_feature_is_in_a_table() -> None:
    named = {f"{room}/{path}".rstrip("/") for room, paths, _ in rows() for path in paths}
    expected = {str(path.relative_to(ROOT)) for path in (ROOT / "edge_agent").glob("*.py")}
    expected |= {str(path.relative_to(ROOT)) for path in (ROOT / "controller").glob("*.py")}
    expected |= {str(path.parent.relative_to(ROOT)) for path in (ROOT / "controller").glob("*/operations.py")}
    elsewhere = {"edge_agent/__init__.py", "edge_agent/__main__.py", "edge_agent/seams.py", "edge_agent/errors.py"}
    elsewhere |= {"controller/__init__.py", "controller/sqlite.py"}
    assert expected - named == elsewhere


def test_every_path_in_running_text_exists() -> None:
    quoted = set(re.findall(r"`((?:edge_agent|controller|drivers|provisioning|tests|docs)/[a-z0-9_/.]+)`", DOCUMENT))
    assert len(quoted) > 15
    assert [path for path in sorted(quoted) if not (ROOT / path).exists()] == []


def contracts() -> Iterator[tuple[str, str]]:
    for path, block in CONTRACT.findall(DOCUMENT):
        for line in block.splitlines():
            yield path.replace("/", "."), line.split("  #")[0].strip()


@pytest.mark.parametrize(("module", "line"), list(contracts()))
def test_a_contract_has_the_parameters_of_the_code(module: str, line: str) -> None:
    (written,) = ast.parse(f"{line}: ...").body
    assert isinstance(written, ast.FunctionDef | ast.AsyncFunctionDef)
    function = getattr(importlib.import_module(module), written.name)
    parameters = list(inspect.signature(function).parameters.values())
    documented = {argument.arg: argument for argument in [*written.args.args, *written.args.kwonlyargs]}
    if written.args.vararg:
        documented[written.args.vararg.arg] = written.args.vararg
    shown = [parameter for parameter in parameters if parameter.name in documented]
    assert {parameter.name for parameter in shown} == set(documented)
    for parameter in parameters:
        if parameter.name in documented:
            annotation = documented[parameter.name].annotation
            assert annotation is not None
            assert ast.unparse(annotation).replace("'", "") == str(parameter.annotation).replace("'", "")
            assert (parameter.kind is inspect.Parameter.KEYWORD_ONLY) == any(
                each.arg == parameter.name for each in written.args.kwonlyargs
            )
        else:
            assert parameter.default is not inspect.Parameter.empty, f"{parameter.name} is needed, and not documented"


def test_there_are_contracts_to_check() -> None:
    assert len(list(contracts())) > 25
