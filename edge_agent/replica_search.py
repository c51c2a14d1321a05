"""Searching the goods on the box: by the beginning of a SKU's code or of a barcode first, then by words in a name.

Names are looked through one after another (`words`), which finds any part of them in both languages and needs no index of its own:
100,000 take some 20 ms, and a page that is full ends it sooner (docs/adr/0021).
"""

from __future__ import annotations

import sqlite3
from typing import Final

from msgspec import Struct

from edge_agent.replica_blind import all_kept_blind
from edge_agent.replica_goods import ITEM_COLUMNS, folded, item_of
from edge_agent.stations import Item

PER: Final = 20
LONGEST: Final = 100
"""Characters of a query that are heeded."""
SHORTEST_CODE: Final = 3
"""Characters from which on a query may be the beginning of a barcode."""
_LAST: Final = "\U0010ffff"


class Hit(Struct, frozen=True, kw_only=True):
    """`barcode`: one of the item's own, to be used as if it had been scanned; None: it has none."""

    item: Item
    barcode: str | None


class Hits(Struct, frozen=True, kw_only=True):
    """`next` goes on behind them; None: that was all."""

    hits: tuple[Hit, ...] = ()
    next: str | None = None


class _Stage(Struct, frozen=True):
    """One kind of hit: SQL that gives (item, key) behind a key, in its order."""

    sql: str
    values: tuple[str, ...]
    first: str | int


def search(reader: sqlite3.Connection, edition: int, text: str, after: str | None, age_ms: int | None, per: int = PER) -> Hits:
    """Up to `per` items behind `after`, the `next` of the page before."""
    stages = _stages(folded(text[:LONGEST]).split())
    stage, key = _place(after, stages)
    found: dict[int, None] = {}
    place: str | None = None
    while stage < len(stages) and len(found) < per:
        wanted = per - len(found)
        rows = reader.execute(
            f"{stages[stage].sql} LIMIT ?", (edition, *stages[stage].values, stages[stage].first if key is None else key, wanted)
        ).fetchall()
        found.update(dict.fromkeys(row[0] for row in rows))
        if len(rows) == wanted:
            key, place = rows[-1][1], f"{stage}:{rows[-1][1]}"
        else:
            stage, key, place = stage + 1, None, None
    return Hits(hits=tuple(_hits(reader, edition, list(found), age_ms)), next=place)


def _stages(terms: list[str]) -> list[_Stage]:
    if not terms:
        return []
    code = terms[0] if len(terms) == 1 else None
    stages = []
    if code is not None:
        stages.append(
            _Stage(
                "SELECT item, sku FROM words WHERE edition = ? AND sku >= ? AND sku < ? AND sku > ? ORDER BY sku", _from(code), ""
            )
        )
        stages += [_barcodes(*each) for each in _beginnings(code)]
    terms = sorted(
        terms, key=lambda term: (term.isascii() and term.isalpha(), -len(term))
    )  # what is rare first: most rows end there
    is_in_name = " AND ".join("instr(text, ?) > 0" for _ in terms)
    not_by_code = "" if code is None else " AND NOT (sku >= ? AND sku < ?)"
    values = (*terms, *(() if code is None else _from(code)))
    names = f"SELECT item, item FROM words WHERE edition = ? AND {is_in_name}{not_by_code} AND item > ? ORDER BY item"  # noqa: S608 -- ours
    return [*stages, _Stage(names, values, -1)]


def _beginnings(code: str) -> list[tuple[str, str]]:
    """The kinds of barcodes that may begin so.  GTINs are kept with 14 digits: EAN-13, UPC-A, EAN-8 with zeros before them."""
    if len(code) < SHORTEST_CODE:
        return []
    if not (code.isascii() and code.isdigit()):
        return [("text", code), ("text", code.upper())] if code != code.upper() else [("text", code)]
    return [("gtin", code), *(("gtin", "0" * zeros + code) for zeros in range(1, 7)), ("text", code), ("measured", code)]


def _barcodes(kind: str, code: str) -> _Stage:
    sql = (
        f"SELECT item, symbol FROM barcode WHERE edition = ? AND kind = '{kind}' "  # noqa: S608 -- ours
        "AND symbol >= ? AND symbol < ? AND symbol > ? ORDER BY symbol"
    )
    return _Stage(sql, _from(code), "")


def _from(code: str) -> tuple[str, str]:
    return code, code + _LAST


def _place(after: str | None, stages: list[_Stage]) -> tuple[int, str | int | None]:
    """The stage and the key in it; the beginning for what is no place."""
    number, _, key = (after or "").partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 3 and int(number) < len(stages)):
        return 0, None
    if isinstance(stages[int(number)].first, int):
        return int(number), int(key) if key.isascii() and key.isdigit() and len(key) < 19 else None
    return int(number), key


def _hits(reader: sqlite3.Connection, edition: int, items: list[int], age_ms: int | None) -> list[Hit]:
    sql = (
        "SELECT (SELECT symbol FROM barcode WHERE edition = i.edition AND item = i.id AND kind <> 'measured' "  # noqa: S608 -- ours
        f"ORDER BY numerator, symbol LIMIT 1), {ITEM_COLUMNS} FROM item i "
        "LEFT JOIN stock s ON s.edition = i.edition AND s.item = i.id WHERE i.edition = ? AND i.id = ?"
    )
    rows = [reader.execute(sql, (edition, each)).fetchone() for each in items]
    found = [(item_of(row[1:], age_ms), row[0]) for row in rows if row is not None]
    shown = all_kept_blind(reader, edition, [item for item, _ in found])
    return [Hit(item=item, barcode=barcode) for item, (_, barcode) in zip(shown, found, strict=True)]
