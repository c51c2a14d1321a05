"""docs/adr: each record has a number of its own, a status, and a row in the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs/adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
LONGEST = 45
"""Lines: a record is one page."""


def test_the_numbers_follow_each_other() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name[:4])
def test_a_record_has_a_title_a_status_and_one_page(record: Path) -> None:
    lines = record.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(rf"# {record.name[:4]}\. .+", lines[0])
    assert lines[1] == ""
    assert re.match(r"Status: (accepted|replaced by \d{4}), \d{4}-\d\d-\d\d\.", lines[2])
    assert re.fullmatch(r"\d{4}(-[a-z0-9]+)+\.md", record.name)
    assert len(lines) <= LONGEST


def test_the_index_lists_each_record_with_its_title() -> None:
    rows = re.findall(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    titles = [record.read_text(encoding="utf-8").splitlines()[0] for record in RECORDS]
    assert rows == [(record.name[:4], title.partition(". ")[2], record.name) for record, title in zip(RECORDS, titles, strict=True)]
