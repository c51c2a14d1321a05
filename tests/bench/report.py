"""Rows of the benchmark: a value, the limit measured beside it, their ratio, the target."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`limit` is in the unit of `value`, `ratio` is value / limit (None where nothing was measured beside it)."""

    name: str
    value: float
    unit: str
    limit: float | None
    ratio: float | None
    target: str
    ok: bool


def row(name: str, value: float, unit: str, *, target: str, ok: bool, limit: float | None = None) -> Row:
    return Row(name=name, value=value, unit=unit, limit=limit, ratio=value / limit if limit else None, target=target, ok=ok)


def percentile(samples: Sequence[float], percent: int) -> float:
    """`percent` of the samples are at or below it; at least 100 samples for a p99 that means anything."""
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


def show(rows: Iterable[Row]) -> None:
    table = Table(title="Shelfwire, measured here and now")
    for heading in ("what", "value", "limit in this run", "ratio", "target", ""):
        table.add_column(heading, justify="right" if heading in ("value", "limit in this run", "ratio") else "left")
    for each in rows:
        limit = "" if each.limit is None else f"{each.limit:,.4g} {each.unit}"
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        table.add_row(each.name, f"{each.value:,.4g} {each.unit}", limit, ratio, each.target, "ok" if each.ok else "MISSED")
    Console(width=150).print(table)


def write(rows: Iterable[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in rows], indent=2) + "\n", encoding="utf-8")


def write_table(rows: Iterable[Row], path: Path) -> None:
    """As it stands in docs/numbers.md."""
    lines = ["| what | value | limit in this run | ratio | target | |", "|---|---|---|---|---|---|"]
    for each in rows:
        limit = "" if each.limit is None else f"{each.limit:,.4g} {each.unit}"
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        cells = (each.name, f"{each.value:,.4g} {each.unit}".strip(), limit, ratio, each.target, "ok" if each.ok else "**missed**")
        lines.append(f"| {' | '.join(cells)} |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
