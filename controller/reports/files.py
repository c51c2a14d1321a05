"""A report as a file: CSV line by line, XLSX row by row.  A cell that a spreadsheet would take for a formula stays text."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path

from controller.reports.model import Asked, Cell, Report
from controller.sheets import BOM, defused

AT_ONCE = 20_000
MOST_XLSX = 1_048_575
"""Rows below the heading that a sheet holds (Microsoft, Excel specifications and limits)."""


async def pieces(report: Report, asked: Asked) -> AsyncIterator[list[Sequence[Cell]]]:
    """All rows, many at a time."""
    after = ""
    while rows := await report.rows(asked, after, AT_ONCE):
        yield [row.cells for row in rows]
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].key


async def csv_of(report: Report, asked: Asked) -> AsyncIterator[bytes]:
    """RFC 4180, UTF-8 with a byte order mark."""
    yield (BOM + _lines([[column.name for column in report.columns]])).encode()
    async for rows in pieces(report, asked):
        yield _lines(rows).encode()


def _lines(rows: Sequence[Sequence[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([["" if cell is None else defused(cell) for cell in row] for row in rows])
    return text.getvalue()


class Sheet:
    """An XLSX file in the making, written to disk row by row; memory does not grow with it.  Blocking: for a thread."""

    def __init__(self, path: Path, report: Report) -> None:
        from openpyxl import Workbook  # noqa: PLC0415 -- loaded when somebody asks for a file

        self._path = path
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(report.name[:31])
        self._sheet.append([column.name for column in report.columns])
        self._left = MOST_XLSX

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 -- see above

        for row in rows[: self._left]:
            cells: list[object] = []
            for value in row:
                if isinstance(value, str):
                    cell = WriteOnlyCell(self._sheet, value=_printable(value))
                    cell.data_type = "s"  # text, also where it begins with "="
                    cells.append(cell)
                else:
                    cells.append(value)
            self._sheet.append(cells)
        self._left -= min(len(rows), self._left)

    def save(self) -> None:
        self._book.save(self._path)


def _printable(text: str) -> str:
    """Without the control characters that XML has no way to hold (XML 1.0, section 2.2)."""
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n\r")


def file_name(report: Report, asked: Asked, ending: str) -> str:
    """`turnover_2026-10-01_2026-11-21.csv`."""
    return f"{report.name}_{_text(asked.first)}_{_text(asked.last)}.{ending}"


def _text(day: date) -> str:
    return day.isoformat()
