"""docs/capabilities.md says only what the tree holds."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([A-Z]{2}\d+) \| (.+?) \| (.+?) \| ?(.*?) ?\|$")


def rows() -> list[tuple[str, str, str]]:
    text = (ROOT / "docs/capabilities.md").read_text(encoding="utf-8")
    found = [ROW.match(line) for line in text.splitlines() if re.match(r"^\| [A-Z]{2}\d", line)]
    assert all(found), "a row is not `| id | capability | status | where |`"
    return [(match[1], match[3], match[4]) for match in found if match]


def test_each_id_stands_once_with_a_known_status() -> None:
    ids = [row[0] for row in rows()]
    assert len(ids) == len(set(ids)) == 81
    assert {row[1] for row in rows()} <= {"works", "partly", "not yet"}


def test_what_works_names_a_place_that_exists() -> None:
    for id_, status, where in rows():
        paths = re.findall(r"`([a-z_]+/[^`]*)`", where)
        assert status == "not yet" or paths or "REST" in where, f"{id_} is {status} and names no place"
        missing = [path for path in paths if not (ROOT / path).exists()]
        assert not missing, f"{id_} names {missing}"
