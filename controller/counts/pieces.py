"""Pieces by their serial numbers: what was counted in a bin, beside where the books have each piece."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller import db
from controller.counts.review_queries import Row


class Of(StrEnum):
    """Missing: the books have it in this bin, and nobody scanned it here.  Elsewhere: scanned here, the books have it in `bin`.

    New: scanned here, and the books never heard of it, or have it nowhere on hand.
    """

    MISSING = "missing"
    ELSEWHERE = "elsewhere"
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`bin`: where the books have it now, None: nowhere."""

    serial: str
    what: Of
    bin: str | None


async def pieces_of(row: Row) -> list[Piece]:
    """Where a row and the table of serial numbers differ, in order of number; nothing where no serial number was told.

    It is the table as it is now: a piece that was sold or moved since the count shows as what it is by now.
    """
    told = await db.fetch(
        "SELECT DISTINCT l.serial, b.location_id FROM count_line l JOIN count_bin b ON b.id = l.bin_id JOIN count_part p "
        "ON p.id = l.part_id WHERE l.bin_id = ? AND l.round = ? AND l.sku_id = ? AND l.serial IS NOT NULL AND l.state = 'known' "
        "AND p.state = 'counts'",
        *(row.bin_id, row.round, row.sku_id),
    )
    if not told:
        return []
    here, scanned = told[0]["location_id"], {each["serial"] for each in told}
    known = await db.fetch(
        "SELECT s.serial, s.location_id, s.net, c.code FROM serial s LEFT JOIN location c ON c.id = s.location_id "
        f"WHERE s.sku_id = ? AND (s.location_id = ? OR {db.among('s.serial')}) ORDER BY s.serial",
        *(row.sku_id, here, db.listing(sorted(scanned))),
    )
    books = {each["serial"]: each for each in known}
    found = [_piece(serial, books.get(serial), here) for serial in sorted(scanned)]
    missing = [
        Piece(serial=each["serial"], what=Of.MISSING, bin=each["code"])
        for each in known
        if each["location_id"] == here and each["net"] > 0 and each["serial"] not in scanned
    ]
    return sorted([*missing, *(piece for piece in found if piece is not None)], key=lambda piece: piece.serial)


def _piece(serial: str, known: db.Row | None, here: int) -> Piece | None:
    """What is wrong with one that was scanned; None: it lies where the books have it."""
    if known is None or known["net"] <= 0:
        return Piece(serial=serial, what=Of.NEW, bin=None)
    return None if known["location_id"] == here else Piece(serial=serial, what=Of.ELSEWHERE, bin=known["code"])
