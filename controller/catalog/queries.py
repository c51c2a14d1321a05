"""Reads of the catalogue; `resolve` is on the way of every fact and answers from memory while no barcode changes."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from controller import db
from controller.catalog.models import BaseUnit, SymbolKind
from controller.catalog.policies import (
    Ambiguous,
    Found,
    Resolution,
    SymbolKey,
    Unknown,
    candidates,
    measured_units,
    storable,
    unknown_key,
    weighed_units,
)
from controller.errors import NotFound

__all__ = ["Ambiguous", "Found", "Resolution", "SymbolKey", "Unknown", "resolve"]

REMEMBERED = 200_000
"""Symbols kept in memory; past that all are forgotten."""


@dataclass(slots=True)
class _Memory:
    """Answers that hold while the catalogue has this stamp.  A stamp is never used twice, not even by a rolled back change."""

    stamp: str = ""
    answers: dict[str, dict[SymbolKey, Resolution]] = field(default_factory=dict)
    """By site."""


async def resolve(symbols: Sequence[SymbolKey], *, site_id: str) -> list[Resolution]:
    """What each symbol means at a site, in the same order."""
    memory = db.memory("catalog.resolve", _Memory)
    stamp = (await db.fetch("SELECT stamp FROM catalog_version WHERE id = 1"))[0]["stamp"]
    if memory.stamp != stamp or sum(map(len, memory.answers.values())) > REMEMBERED:
        memory.stamp, memory.answers = stamp, {}
    answers = memory.answers.setdefault(site_id, {})
    if missing := dict.fromkeys(symbols).keys() - answers.keys():
        answers.update(await _look_up(sorted(missing, key=_place), site_id))
    return [answers[key] for key in symbols]


def _place(key: SymbolKey) -> tuple[str, str]:
    return key.text, key.gtin or ""


async def _look_up(keys: Sequence[SymbolKey], site_id: str) -> dict[SymbolKey, Resolution]:
    asked = {key: candidates(SymbolKey(storable(key.text), key.gtin)) for key in keys}
    rows = await db.fetch(
        "SELECT b.kind, b.symbol, b.numerator, b.denominator, s.id AS sku_id, s.code AS sku, s.base_unit "
        "FROM barcode b JOIN sku s ON s.id = b.sku_id "
        f"WHERE b.active AND (b.site_id IS NULL OR b.site_id = ?) AND {db.among('b.symbol')}",
        site_id,
        db.listing(sorted({symbol for found in asked.values() for _, symbol in found})),
    )
    meanings: dict[tuple[str, str], set[Found]] = defaultdict(set)
    for row in rows:
        meanings[row["kind"], row["symbol"]].add(Found(row["sku_id"], row["sku"], row["numerator"], row["denominator"]))
    by_weight = {row["sku_id"] for row in rows if row["base_unit"] == BaseUnit.GRAM.value}
    return {
        key: _weighed(key, _decide(key, [(kind, meanings[kind.value, symbol]) for kind, symbol in found]), by_weight)
        for key, found in asked.items()
    }


def _weighed(key: SymbolKey, meaning: Resolution, by_weight: AbstractSet[int]) -> Resolution:
    """A pack that says what it weighs is so many grams, whatever its barcode usually counts."""
    if not isinstance(meaning, Found) or meaning.sku_id not in by_weight or (units := weighed_units(key)) is None:
        return meaning
    return Found(meaning.sku_id, meaning.sku, units)


def _decide(key: SymbolKey, meanings: Sequence[tuple[SymbolKind, set[Found]]]) -> Resolution:
    exact = {meaning for kind, found in meanings if kind is not SymbolKind.MEASURED for meaning in found}
    if not exact:
        units = measured_units(key.text) or 1
        exact = {Found(meaning.sku_id, meaning.sku, units) for _, found in meanings for meaning in found}
    if not exact:
        return Unknown()
    return exact.pop() if len(exact) == 1 else Ambiguous(tuple(sorted({meaning.sku for meaning in exact})))


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuRow:
    """A SKU; `price_minor` is for one piece, 100 g or 100 ml; `weight_grams` of one base unit."""

    id: int
    product: str
    code: str
    name_en: str
    name_zh: str
    base_unit: str
    price_minor: int
    currency: str
    weight_grams: int | None
    tracking: str
    shelf_life_days: int | None
    min_remaining_days: int | None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BarcodeRow:
    id: int
    kind: str
    symbol: str
    sku: str
    numerator: int
    denominator: int
    site_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownRow:
    id: int
    text: str
    gtin: str | None
    raw_b64: str | None
    first_seen: datetime
    last_seen: datetime
    count: int
    site_id: str
    box: str
    station: str | None
    state: str


_UNKNOWN = "SELECT id, text, gtin, raw_b64, first_seen, last_seen, count, site_id, box, station, state FROM unknown_barcode "
_SKU = (
    "SELECT s.id, p.code AS product, s.code, s.name_en, s.name_zh, s.base_unit, s.price_minor, s.currency, s.weight_grams, "
    "s.tracking, s.shelf_life_days, s.min_remaining_days, c.code AS category FROM sku s JOIN product p ON p.id = s.product_id "
    "LEFT JOIN category c ON c.id = s.category_id "
)


IN_CATEGORY = (
    "s.category_id IN (WITH RECURSIVE below (id) AS (SELECT id FROM category WHERE code = ? "
    "UNION SELECT d.id FROM category d JOIN below b ON d.parent_id = b.id) SELECT id FROM below)"
)
"""Of a SKU `s`: it is in a category or below it; the parameter is the category's code."""
NO_CATEGORY = "-"
"""Asked for, it means: those that nobody put into one."""


async def skus(*, after: int = 0, limit: int = 50, q: str = "", category: str = "") -> list[SkuRow]:
    """In order of id; `q` is part of the code or a name; of a category and those below it, `-`: of none."""
    like = f"%{q.lower()}%"
    here, codes = ("", []) if not category else (f"AND {IN_CATEGORY}", [category])
    if category == NO_CATEGORY:
        here, codes = "AND s.category_id IS NULL", []
    rows = await db.fetch(
        _SKU + "WHERE s.id > ? AND (LOWER(s.code) LIKE ? OR LOWER(s.name_en) LIKE ? OR s.name_zh LIKE ?) "
        f"{here} ORDER BY s.id LIMIT ?",
        *(after, like, like, like, *codes, limit),
    )
    return [SkuRow(**row) for row in rows]


async def sku(code: str) -> SkuRow:
    """Raises NotFound."""
    rows = await db.fetch(_SKU + "WHERE s.code = ?", code)
    if not rows:
        raise NotFound("SKU", code)
    return SkuRow(**rows[0])


async def skus_by_id(ids: Sequence[int]) -> dict[int, SkuRow]:
    rows = await db.fetch(_SKU + f"WHERE {db.among('s.id')}", db.listing(sorted(set(ids))))
    return {row["id"]: SkuRow(**row) for row in rows}


async def skus_by_code(codes: Sequence[str]) -> dict[str, SkuRow]:
    rows = await db.fetch(_SKU + f"WHERE {db.among('s.code')}", db.listing(sorted(set(codes))))
    return {row["code"]: SkuRow(**row) for row in rows}


async def barcodes(sku_code: str, *, after: int = 0, limit: int = 200, sites: Collection[str] | None = None) -> list[BarcodeRow]:
    """The active codes of a SKU; those of the chain and of `sites`, None: of all."""
    here, ids = ("", []) if sites is None else (f"AND (b.site_id IS NULL OR {db.among('b.site_id')})", [db.listing(sorted(sites))])
    rows = await db.fetch(
        "SELECT b.id, b.kind, b.symbol, s.code AS sku, b.numerator, b.denominator, b.site_id FROM barcode b "
        f"JOIN sku s ON s.id = b.sku_id WHERE b.active AND s.code = ? AND b.id > ? {here} ORDER BY b.id LIMIT ?",
        *(sku_code, after, *ids, limit),
    )
    return [BarcodeRow(**row) for row in rows]


async def unknown_barcode(unknown_id: int) -> UnknownRow:
    """Raises NotFound."""
    rows = await db.fetch(_UNKNOWN + "WHERE id = ?", unknown_id)
    if not rows:
        raise NotFound("unknown barcode", unknown_id)
    return UnknownRow(**rows[0])


async def unknown_barcode_of(text: str) -> UnknownRow:
    """By what was scanned.  Raises NotFound."""
    rows = await db.fetch(_UNKNOWN + "WHERE key = ?", unknown_key(text))
    if not rows:
        raise NotFound("unknown barcode", text[:80])
    return UnknownRow(**rows[0])


async def unknown_barcodes(
    *, state: str = "open", after: int = 0, limit: int = 50, sites: Collection[str] | None = None
) -> list[UnknownRow]:
    """In order of id; those last seen at one of `sites`, None: at any."""
    here, ids = ("", []) if sites is None else (f"AND {db.among('site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(_UNKNOWN + f"WHERE state = ? AND id > ? {here} ORDER BY id LIMIT ?", *(state, after, *ids, limit))
    return [UnknownRow(**row) for row in rows]


async def still_unknown(keys: Iterable[str]) -> set[str]:
    """Which of these unknown barcodes wait to be linked, by their keys."""
    rows = await db.fetch(
        f"SELECT key FROM unknown_barcode WHERE {db.among('key')} AND state = 'open'", db.listing(sorted(set(keys)))
    )
    return {row["key"] for row in rows}
