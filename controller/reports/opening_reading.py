"""Opening-stock files: CSV or XLSX to lines of text, and what is wrong with each as far as the file itself tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from controller.sheets import SAVED_AS, BadFile, rows_of

NEEDED = ("site", "bin", "sku", "quantity")
KNOWN = (*NEEDED, "lot", "expiry", "cost")
MOST_LINES = 500_000
LARGEST = 10**12
LONGEST = 64
ENCODINGS = (*SAVED_AS, "cp1252", "latin-1")
"""What it may be saved as: what we read is plain in each, and a note beside it in another is no reason to refuse the file."""
_TRUNCATED = {"expiry": 32, "cost": 32}


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
    is_cut: bool = False
    """A cell was longer than any that means something, and only its beginning was kept."""


def read_file(body: bytes) -> list[Line]:
    """By its content, not its name: a ZIP is XLSX, all else CSV.  Blocking.  Raises BadFile."""
    rows = rows_of(body, encodings=ENCODINGS)
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
        kept = {name: value[: _TRUNCATED.get(name, LONGEST)] for name, value in cells.items()}
        yield Line(number, **kept, is_cut=kept != cells)


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
