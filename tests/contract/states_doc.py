"""Every state table of the product, and `docs/states.md` drawn from them: ``python -m tests.contract.states_doc`` writes it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "states.md"

Edges = Mapping[StrEnum, Mapping[StrEnum, StrEnum]]

OTHERS_BEGIN = frozenset({"controller.fleet.states.PRINT_JOB"})
"""Tables whose states may begin anywhere: somebody else's table (the box's) leads to them."""


@dataclass(frozen=True)
class StateTable:
    """A table, and where it stands."""

    module: str
    name: str
    edges: Edges

    @property
    def key(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def states(self) -> type[StrEnum]:
        return type(next(iter(self.edges)))

    @property
    def start(self) -> StrEnum:
        """The first state of its enum."""
        return next(iter(self.states))


def tables() -> list[StateTable]:
    """Found, not listed: dicts of dicts of StrEnums in a `states.py`, or in a module that is named for what it has states of."""
    return [table for module in _modules() for table in _tables_in(module)]


def _modules() -> Iterator[str]:
    for path in sorted([*ROOT.glob("controller/*/states.py"), ROOT / "edge_agent" / "jobs.py"]):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _tables_in(module: str) -> Iterator[StateTable]:
    for name, value in vars(importlib.import_module(module)).items():
        if (
            isinstance(value, dict)
            and value
            and all(isinstance(key, StrEnum) and isinstance(row, dict) for key, row in value.items())
        ):
            yield StateTable(module, name, value)


def page() -> str:
    """The whole of docs/states.md."""
    parts = [
        "# States\n",
        "Drawn from the tables in the code by `python -m tests.contract.states_doc`; a test compares. Do not edit.\n",
    ]
    for table in tables():
        parts.append(f"## `{table.key}`\n\n{_about(table)}```mermaid\nstateDiagram-v2\n{_diagram(table)}```\n")
    return "\n".join(parts)


def _about(table: StateTable) -> str:
    text = (table.states.__doc__ or "").strip()
    return f"{' '.join(text.split())}\n\n" if text else ""


def _diagram(table: StateTable) -> str:
    lines = [f"    [*] --> {table.start.value}"]
    for state, row in table.edges.items():
        lines += [f"    {state.value} --> {following.value}: {action.value}" for action, following in row.items()]
        if not row and table.key not in OTHERS_BEGIN:
            lines.append(f"    {state.value} --> [*]")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
