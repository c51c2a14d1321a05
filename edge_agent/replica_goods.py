"""Goods and stock in the replica's file: their tables, and what a scanned symbol is."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from drivers.symbols.gtin import has_check_digit
from edge_agent.stations import Item, Missing
from edge_agent.stations.model import Tracking
from edge_agent.wire.replica import ReplicaItem, ReplicaStock

GOODS_TABLES: Final = (
    ("item", "barcode", "words"),
    """
CREATE TABLE item (
    edition INTEGER, id INTEGER, sku TEXT NOT NULL, name_en TEXT NOT NULL, name_zh TEXT NOT NULL, unit TEXT NOT NULL,
    price_minor INTEGER NOT NULL, currency TEXT NOT NULL, image TEXT, tracking TEXT NOT NULL,
    tax_class TEXT NOT NULL,
    PRIMARY KEY (edition, id)) WITHOUT ROWID;
CREATE TABLE barcode (
    edition INTEGER, kind TEXT, symbol TEXT, item INTEGER, numerator INTEGER NOT NULL, denominator INTEGER NOT NULL,
    PRIMARY KEY (edition, kind, symbol, item, numerator, denominator)) WITHOUT ROWID;
CREATE INDEX barcode_item ON barcode (edition, item);
CREATE TABLE words (
    edition INTEGER, item INTEGER, sku TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (edition, item)) WITHOUT ROWID;
CREATE INDEX words_sku ON words (edition, sku, item);
""",
)
"""Their names, and the statements that make them.  `words`: what a search looks through, folded."""
STOCK_TABLES: Final = (
    ("stock",),
    """
CREATE TABLE stock (
    edition INTEGER, item INTEGER, on_hand INTEGER NOT NULL, bins TEXT, PRIMARY KEY (edition, item)) WITHOUT ROWID;
""",
)
ITEM_COLUMNS: Final = (
    "i.id, i.sku, i.name_en, i.name_zh, i.unit, i.price_minor, i.currency, i.image, i.tracking, i.tax_class, "
    "COALESCE(s.on_hand, 0), s.bins"
)
_TRACKINGS: Final[Mapping[str, Tracking]] = {"none": "none", "lot": "lot", "serial": "serial"}
_BINS: Final = msgspec.json.Decoder(tuple[tuple[str, int], ...])
_FIND: Final = (
    f"SELECT b.kind, b.numerator, b.denominator, {ITEM_COLUMNS} "  # noqa: S608 -- ours
    "FROM (VALUES ('text', ?), ('gtin', ?), ('measured', ?)) asked "
    # CROSS JOIN keeps this order: the three symbols first, each found by the whole key
    "CROSS JOIN barcode b ON b.edition = ? AND b.kind = asked.column1 AND b.symbol = asked.column2 "
    "CROSS JOIN item i ON i.edition = b.edition AND i.id = b.item "
    "LEFT JOIN stock s ON s.edition = b.edition AND s.item = b.item"
)


def folded(text: str) -> str:
    """As texts are compared in a search: without case, full-width letters as plain ones."""
    return unicodedata.normalize("NFKC", text).casefold()


def put_goods(writer: sqlite3.Connection, edition: int, rows: Sequence[ReplicaItem]) -> None:
    writer.executemany("DELETE FROM barcode WHERE edition = ? AND item = ?", [(edition, item.id) for item in rows])
    writer.executemany(
        "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (edition, item.id, *_texts(item), item.price_minor, item.currency, _image(item), item.tracking, item.tax_class)
            for item in rows
        ],
    )
    writer.executemany(
        "INSERT OR REPLACE INTO barcode VALUES (?, ?, ?, ?, ?, ?)",
        [(edition, code.kind, code.symbol, item.id, code.numerator, code.denominator) for item in rows for code in item.barcodes],
    )
    writer.executemany(
        "INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?)",
        [(edition, item.id, folded(item.sku), "\n".join(map(folded, (item.sku, item.name_en, item.name_zh)))) for item in rows],
    )


def forget_goods(writer: sqlite3.Connection, edition: int, ids: Sequence[str] | None) -> None:
    for table, column in (("item", "id"), ("barcode", "item"), ("words", "item")):
        _forget(writer, edition, ids, table, column)


def put_stock(writer: sqlite3.Connection, edition: int, rows: Sequence[ReplicaStock]) -> None:
    writer.executemany(
        "INSERT OR REPLACE INTO stock VALUES (?, ?, ?, ?)", [(edition, row.item, row.on_hand, _bins(row)) for row in rows]
    )


def forget_stock(writer: sqlite3.Connection, edition: int, ids: Sequence[str] | None) -> None:
    _forget(writer, edition, ids, "stock", "item")


def find(reader: sqlite3.Connection, edition: int, text: str, gtin: str | None, age_ms: int | None) -> Item | Missing:
    """What a scanned symbol is, as the controller would resolve it."""
    measured = text[:7] if _measured_units(text) else None
    rows = reader.execute(_FIND, (text, gtin, measured, edition)).fetchall()
    return _decide(rows, text, age_ms)


def item_of(row: Sequence[object], age_ms: int | None, *, numerator: int = 1, denominator: int = 1) -> Item:
    """From `ITEM_COLUMNS`."""
    _, sku, name_en, name_zh, unit, price_minor, currency, image, tracking, tax_class, on_hand, bins = row
    return Item(
        sku=str(sku),
        name_en=str(name_en),
        name_zh=str(name_zh),
        unit=str(unit),
        price_minor=_whole(price_minor),
        currency=str(currency),
        on_hand=_whole(on_hand),
        age_ms=age_ms,
        numerator=numerator,
        denominator=denominator,
        image=None if image is None else str(image),
        tracking=_TRACKINGS.get(str(tracking), "none"),
        tax_class=str(tax_class),
        bins=_BINS.decode(bins) if isinstance(bins, bytes | str) else (),
    )


def _texts(item: ReplicaItem) -> tuple[str, str, str, str]:
    return item.sku, item.name_en, item.name_zh, item.unit


def _bins(row: ReplicaStock) -> str | None:
    return msgspec.json.encode(row.bins).decode() if row.bins else None


def _image(item: ReplicaItem) -> str | None:
    return item.image.hash if item.image else None


def _forget(writer: sqlite3.Connection, edition: int, ids: Sequence[str] | None, table: str, column: str) -> None:
    if ids is None:
        writer.execute(f"DELETE FROM {table} WHERE edition = ?", (edition,))  # noqa: S608 -- ours
        return
    numbers = [(edition, int(each)) for each in ids if each.isascii() and each.isdigit() and len(each) < 19]
    writer.executemany(f"DELETE FROM {table} WHERE edition = ? AND {column} = ?", numbers)  # noqa: S608 -- ours


def _decide(rows: Iterable[tuple[object, ...]], text: str, age_ms: int | None) -> Item | Missing:
    """The measured code counts only if no other does; two meanings are none."""
    exact: dict[tuple[object, ...], Item] = {}
    measured: dict[tuple[object, ...], Item] = {}
    for kind, numerator, denominator, *columns in rows:
        is_measured = kind == "measured"
        scale = (_measured_units(text), 1) if is_measured else (_whole(numerator), _whole(denominator))
        found = item_of(columns, age_ms, numerator=scale[0], denominator=scale[1])
        (measured if is_measured else exact)[found.sku, *scale] = found
    meanings = exact or measured
    if not meanings:
        return Missing.UNKNOWN
    return next(iter(meanings.values())) if len(meanings) == 1 else Missing.SEVERAL


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _measured_units(text: str) -> int:
    """The five digits of an in-store EAN-13 (base units) whose check digit is right; 0 for anything else."""
    is_measured = len(text) == 13 and text.isascii() and text[0] == "2" and has_check_digit(text)
    return int(text[7:12]) if is_measured else 0
