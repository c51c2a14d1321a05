"""Opening-stock files: CSV or XLSX to lines of text, and what is wrong with each as far as the file itself tells."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from controller.errors import Rejected

NEEDED = ("site", "bin", "sku", "quantity")
KNOWN = (*NEEDED, "lot", "expiry", "cost")
MOST_LINES = 500_000
MOST_UNPACKED = 256 * 1024 * 1024
"""Bytes of an XLSX file once unpacked."""
LARGEST = 10**12
LONGEST = 64
_TRUNCATED = {"expiry": 32, "cost": 32}


class BadFile(Rejected):
    """It cannot be read as a whole: no such format, no header, a column that is missing."""

    code = "bad_file"


@dataclass(frozen=True, slots=True)
class Line:
    """Cells as text; `number` is the line's in the file, the header being 1."""

    number: int
    site: str
    bin: str
    sku: str
    quantity: str
    lot: str = ""
    expiry: str = ""
    cost: str = ""


def read_file(body: bytes) -> list[Line]:
    """By its content, not its name: a ZIP is XLSX, all else CSV.  Blocking.  Raises BadFile."""
    rows = _sheet_rows(body) if body[:4] == b"PK\x03\x04" else _text_rows(body)
    header = [str(name).strip().lower().removeprefix("\ufeff") for name in next(rows, [])]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise BadFile(f"the first line has no column {', '.join(missing)}: expected {', '.join(KNOWN)}")
    places = {name: header.index(name) for name in KNOWN if name in header}
    found = list(_lines(rows, places))
    if not found:
        raise BadFile("the file has a header and no lines")
    return found


def _lines(rows: Iterator[Sequence[str]], places: Mapping[str, int]) -> Iterator[Line]:
    for number, row in enumerate(rows, 2):
        if not any(row):
            continue
        if number > MOST_LINES + 1:
            raise BadFile(f"more than {MOST_LINES} lines: send it in parts")
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        yield Line(number, **{name: value[: _TRUNCATED.get(name, LONGEST)] for name, value in cells.items()})


def _text_rows(body: bytes) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(_decoded(body), newline=""), strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise BadFile(f"line {reader.line_num} is no CSV: {error}") from error
        if row is None:
            return
        yield [cell.replace("\0", "") for cell in row]


def _decoded(body: bytes) -> str:
    """UTF-8, or what spreadsheets in China save.  Raises BadFile."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile("the file is neither UTF-8 nor GB 18030: save it as CSV UTF-8")


def _sheet_rows(body: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # noqa: PLC0415 -- loaded when somebody sends one

    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            size = sum(each.file_size for each in packed.infolist())
        if size <= MOST_UNPACKED:
            book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
            for row in book.worksheets[0].iter_rows(values_only=True):
                yield [_cell(value) for value in row]
    except Exception as error:  # whatever the library makes of a broken file
        raise BadFile(f"the file cannot be read as XLSX ({type(error).__name__})") from error
    if size > MOST_UNPACKED:
        raise BadFile(f"unpacked, the file is larger than {MOST_UNPACKED} bytes: send it in parts")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\0", "")


def quantity_of(text: str) -> int | None:
    """Whole base units above zero; None for anything else."""
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 13):
        return None
    return int(digits) if 0 < int(digits) <= LARGEST else None


def expiry_of(text: str) -> date | None:
    """Raises ValueError for what is no day."""
    return date.fromisoformat(text) if text else None


def cost_of(text: str) -> int | None:
    """Minor units for 100 base units, of a cost of one in major units (`1.2345`); None: not said.  Raises ValueError."""
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    scaled = value * 10_000
    if not value.is_finite() or value < 0 or value > 10**9 or scaled != scaled.to_integral_value():
        raise ValueError(text)
    return int(scaled)


def doubled(lines: Iterable[Line]) -> set[int]:
    """The numbers of lines that say again what an earlier one said: the same site, bin, SKU and lot."""
    seen: set[tuple[str, str, str, str, str]] = set()
    found = set()
    for line in lines:
        key = (line.site, line.bin, line.sku, line.lot, line.expiry)
        if key in seen:
            found.add(line.number)
        seen.add(key)
    return found
