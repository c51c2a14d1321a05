"""Files of rows as people send them: CSV or XLSX to rows of text; and cells of ours that no spreadsheet takes for a formula.

Whatever is wrong with a file is said in a sentence.  Blocking: for a thread.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
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
_PIECE, _LONGEST_HEAD = 1 << 16, 100_000
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


def rows_of(body: bytes, text: Callable[[object], str] = cell_text) -> Iterator[list[str]]:
    """By its content, not its name: a ZIP is XLSX, of which the first sheet is read; all else is CSV.  Raises BadFile."""
    return _sheet_rows(body, text) if body[:4] == b"PK\x03\x04" else _text_rows(body)


def defused(cell: T) -> T | str:
    """The same for a spreadsheet: text that would be a formula begins with an apostrophe; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell


def _text_rows(body: bytes) -> Iterator[list[str]]:
    text = io.TextIOWrapper(io.BytesIO(body), encoding=_encoding_of(body), newline="")  # piece by piece: it is not there twice
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


def _encoding_of(body: bytes) -> str:
    """UTF-8, or what spreadsheets save besides.  Raises BadFile."""
    encodings = ("utf-16",) if body[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
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
            for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                if number > MOST_ROWS or len(row) > MOST_COLUMNS:
                    flaw = f"the sheet has more than {MOST_ROWS} rows or {MOST_COLUMNS} columns"
                    break
                yield [text(value) for value in row]
    except Exception as error:  # whatever the library makes of a broken file
        raise BadFile(f"the file cannot be read as XLSX ({type(error).__name__})") from error
    if flaw:
        raise BadFile(flaw)
