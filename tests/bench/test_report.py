from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.report import percentile, row, write, write_table


def test_the_ratio_is_of_the_limit_measured_beside() -> None:
    assert row("ingest", 6000, "facts/s", limit=8000, target=">= 50%", ok=True).ratio == pytest.approx(0.75)


def test_what_has_no_limit_beside_it_has_no_ratio() -> None:
    assert row("ready", 0.7, "s", target="<= 1 s", ok=True).ratio is None


def test_a_percentile_is_the_least_that_so_many_are_at_or_below() -> None:
    samples = [float(number) for number in range(101)]
    assert percentile(samples, 99) == pytest.approx(99)
    assert percentile(samples, 50) == pytest.approx(50)


def test_the_file_is_a_list_of_the_agreed_keys(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    write([row("beep", 2.0, "ms", limit=0.5, target="<= 5 ms", ok=True), row("ready", 2.0, "s", target="<= 1 s", ok=False)], path)
    assert json.loads(path.read_text()) == [
        {"name": "beep", "value": 2.0, "unit": "ms", "limit": 0.5, "ratio": 4.0, "target": "<= 5 ms", "ok": True},
        {"name": "ready", "value": 2.0, "unit": "s", "limit": None, "ratio": None, "target": "<= 1 s", "ok": False},
    ]


def test_the_table_is_that_of_the_page_of_numbers(tmp_path: Path) -> None:
    write_table([row("beep", 2.0, "ms", limit=0.5, target="<= 1 ms", ok=False)], tmp_path / "bench.txt")
    assert (tmp_path / "bench.txt").read_text().splitlines()[2] == "| beep | 2 ms | 0.5 ms | 4.00 | <= 1 ms | **missed** |"
