"""`python -m tests.bench [name …]`: measure, print the table, write build/bench.json and .txt; exit 1 if a target is missed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from tests.bench.report import Row, show, write, write_table

BENCHES = (
    "beep",
    "ack",
    "ingest",
    "backlog",
    "ledger",
    "counts",
    "sales",
    "print",
    "footprint",
    "recovery",
    "floor",
    "devices",
    "replica",
    "offline",
    "replenishment",
    "sourcing",
    "orders",
    "pages",
    "waves",
)
OUT = Path("build/bench.json")


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        print(f"There is no bench called {', '.join(unknown)}; there are: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or BENCHES:
        measure: Callable[[], Iterator[Row]] = import_module(f"tests.bench.{name}_bench").measure
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows.extend(measure())
    show(rows)
    write(rows, OUT)
    write_table(rows, OUT.with_suffix(".txt"))
    return 0 if all(each.ok for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
