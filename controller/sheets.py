"""Files of rows as people send them: CSV or XLSX to rows of text; and cells of ours that no spreadsheet takes for a formula.

Whatever is wrong with a file is said in a sentence.  Blocking: for a thread.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from controller.errors import Rejected

T = TypeVar("T")

MOST_UNPACKED = 256 * 1024 * 1024
"""Bytes of an XLSX file once unpacked."""
MOST_COLUMNS = 1024
MOST_ROWS = 1_048_576
"""Rows that a sheet holds (Microsoft, Excel specifications and limits)."""
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet begins a formula with (OWASP, CSV Injection)."""
BOM = "\ufeff"
"""So that spreadsheets read Chinese names as UTF-8."""
SAVED_AS = ("utf-8-sig", "gb18030")
"""What spreadsheets save CSV in where people read Chinese."""
_PIECE, _LONGEST_HEAD = 1 << 16, 100_000
_FINEST = Decimal("0.0001")
_BETWEEN = (",", ";", "\t")
"""What stands between cells, by what the first line has most of: spreadsheets write what is usual where they were bought."""


class BadFile(Rejected):
    """It cannot be read as a whole: no such format, no header, a column that is missing."""

    code = "bad_file"


def cell_text(value: object) -> str:
    """A cell of a sheet as it would stand in a CSV file; of an instant its day."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\0", "")


def sheet_text(value: object) -> str:
    """A cell of a sheet: amounts to four decimals, as people see them; instants with their time."""
    if isinstance(value, float) and not value.is_integer() and abs(value) < 10**12:
        return f"{Decimal(repr(value)).quantize(_FINEST).normalize():f}"
    if isinstance(value, datetime) and (value.hour or value.minute or value.second):
        return value.isoformat(timespec="seconds" if value.second else "minutes")
    return cell_text(value)


def is_sheet(body: bytes) -> bool:
    """By its content, not its name: a ZIP is XLSX, all else is CSV."""
    return body[:4] == b"PK\x03\x04"


def rows_of(body: bytes, text: Callable[[object], str] = cell_text, *, encodings: Sequence[str] = SAVED_AS) -> Iterator[list[str]]:
    """Of XLSX the first sheet is read.  `encodings`: those of a CSV file, the first that it can be.  Raises BadFile."""
    return _sheet_rows(body, text) if is_sheet(body) else _text_rows(body, encodings)


def below(rows: Iterator[list[str]], width: int) -> Iterator[tuple[int, list[str] | str]]:
    """The rows below a header of `width` columns, with the line of each; a sentence where it is no row of such a table.

    Empty rows are passed by; a file that cannot be read any further ends with a sentence.
    """
    line = 1
    try:
        for line, cells in enumerate(rows, 2):
            if not any(cells):
                continue
            is_wider = len(cells) > width and not any(cells[width:])
            found = cells[:width] if is_wider else cells
            yield line, found if len(found) == width else f"has {len(found)} cells, expected {width}"
    except BadFile as error:
        yield line + 1, f"cannot be read from here on: {error}"


def defused(cell: T) -> T | str:
    """The same for a spreadsheet: text that would be a formula begins with an apostrophe; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell


def _text_rows(body: bytes, encodings: Sequence[str]) -> Iterator[list[str]]:
    text = io.TextIOWrapper(
        io.BytesIO(body), encoding=_encoding_of(body, encodings), newline=""
    )  # piece by piece: it is not there twice
    first = text.readline(_LONGEST_HEAD)
    text.seek(0)
    reader = csv.reader(text, strict=True, delimiter=max(_BETWEEN, key=first.count))
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise BadFile(f"line {reader.line_num} is no CSV: {error}") from error
        if row is None:
            return
        if len(row) > MOST_COLUMNS:
            raise BadFile(f"line {reader.line_num} has more than {MOST_COLUMNS} columns")
        yield [cell.replace("\0", "") for cell in row]


def _encoding_of(body: bytes, encodings: Sequence[str]) -> str:
    """Raises BadFile."""
    for encoding in ("utf-16", *encodings) if body[:2] in (b"\xff\xfe", b"\xfe\xff") else encodings:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for start in range(0, len(body), _PIECE):
                decoder.decode(body[start : start + _PIECE])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise BadFile("the file is neither UTF-8 nor GB 18030: save it as CSV UTF-8")


def _sheet_rows(body: bytes, text: Callable[[object], str]) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # noqa: PLC0415 -- loaded when somebody sends one

    flaw = ""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            size = sum(each.file_size for each in packed.infolist())
        if size > MOST_UNPACKED:
            flaw = f"unpacked, the file is larger than {MOST_UNPACKED} bytes: send it in parts"
        else:
            book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what it says of its own size may be wrong
            width = 0
            for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                if number > MOST_ROWS or len(row) > MOST_COLUMNS:
                    flaw = f"the sheet has more than {MOST_ROWS} rows or {MOST_COLUMNS} columns"
                    break
                width = width or len(row)
                yield [text(value) for value in row] + [""] * (width - len(row))  # what is empty at its end is not written
    except Exception as error:  # whatever the library makes of a broken file
        raise BadFile(f"the file cannot be read as XLSX ({type(error).__name__})") from error
    if flaw:
        raise BadFile(flaw)
