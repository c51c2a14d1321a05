"""Vendored files are what their record says."""

from __future__ import annotations

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "edge_agent/ui/static/vendor"


def recorded() -> dict[str, str]:
    rows = [line.strip("|").split("|") for line in (FOLDER / "VENDORED.md").read_text().splitlines() if line.startswith("| ")]
    return {row[0].strip(): row[-1].strip() for row in rows[1:]}


def test_every_vendored_file_is_recorded_with_its_hash() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir() if path.name != "VENDORED.md"}
    assert found == recorded()
