"""Create SKUs, give them barcodes, note what nobody knows, and link it."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller import db, events
from controller.catalog.events import BarcodeAdded, SkuCreated, UnknownBarcodeSeen
from controller.catalog.models import BaseUnit, SymbolKind, Tracking
from controller.catalog.policies import BadSymbol, storable, symbol_of, unknown_key
from controller.errors import Conflict, NotFound, Rejected
from controller.facts import FactIn, unpark
from edge_agent.wire.facts import Fact
from edge_agent.wire.messages import Symbol


class SkuExists(Conflict):
    code = "sku_exists"

    def __init__(self, sku: str) -> None:
        super().__init__(f"SKU {sku} exists already")
        self.sku = sku


class BarcodeTaken(Conflict):
    """An active barcode of the same scope names something already."""

    code = "barcode_taken"

    def __init__(self, symbol: str, sku: str) -> None:
        super().__init__(f"{symbol} names SKU {sku} already")
        self.symbol = symbol
        self.sku = sku


class BadSku(Rejected):
    code = "bad_sku"


class BadBarcode(Rejected):
    code = "bad_barcode"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBarcode:
    """`barcode` as people write it (`symbol_of`); one scan is `numerator / denominator` base units.  No site: the whole chain."""

    barcode: str
    numerator: int = 1
    denominator: int = 1
    site_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSku:
    """`price_minor`: minor units for one piece, 100 g or 100 ml; without `product` it is a product of its own."""

    code: str
    name_en: str
    name_zh: str
    base_unit: BaseUnit = BaseUnit.PIECE
    price_minor: int = 0
    currency: str = "CNY"
    weight_grams: int | None = None
    tracking: Tracking = Tracking.NONE
    shelf_life_days: int | None = None
    min_remaining_days: int | None = None
    product: str | None = None


async def create_sku(new: NewSku, barcodes: Sequence[NewBarcode] = ()) -> int:
    """The SKU's id.  Records SkuCreated, BarcodeAdded.  Raises SkuExists, BadSku, BadBarcode, BarcodeTaken."""
    lowest = min(new.price_minor, new.weight_grams or 0, new.shelf_life_days or 0, new.min_remaining_days or 0)
    if not new.code.strip() or lowest < 0 or not re.fullmatch("[A-Z]{3}", new.currency):
        raise BadSku("a SKU needs a code, an ISO 4217 currency, and no price, weight or days below zero")
    async with db.transaction():
        product = new.product or new.code
        await db.execute(
            "INSERT INTO product (code, name_en, name_zh) VALUES (?, ?, ?) ON CONFLICT (code) DO NOTHING",
            *(product, new.name_en, new.name_zh),
        )
        rows = await db.fetch(
            "INSERT INTO sku (product_id, code, name_en, name_zh, base_unit, price_minor, currency, weight_grams, "
            "tracking, shelf_life_days, min_remaining_days) "
            "SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM product WHERE code = ? ON CONFLICT (code) DO NOTHING RETURNING id",
            *(new.code, new.name_en, new.name_zh, new.base_unit.value, new.price_minor, new.currency, new.weight_grams),
            *(new.tracking.value, new.shelf_life_days, new.min_remaining_days, product),
        )
        if not rows:
            raise SkuExists(new.code)
        await events.record(SkuCreated(name_en=new.name_en, name_zh=new.name_zh), subject=new.code)
        for barcode in barcodes:
            await add_barcode(new.code, barcode)
    return int(rows[0]["id"])


async def add_barcode(sku: str, new: NewBarcode) -> int:
    """Let a printed code name a SKU; facts that wait for it are applied.  The barcode's id; again the same is a repetition.

    Records BarcodeAdded.  Raises NotFound (SKU, site), BadBarcode, BarcodeTaken.
    """
    try:
        kind, symbol = symbol_of(new.barcode)
    except BadSymbol as error:
        raise BadBarcode(str(error)) from error
    return await _add(sku, kind, symbol, new)


async def link_barcode(text: str, sku: str, *, numerator: int = 1, denominator: int = 1, site_id: str | None = None) -> int:
    """Link an unknown symbol, exactly as it was scanned, to a SKU; facts that wait for it are applied.

    Records BarcodeAdded.  Raises NotFound (unknown symbol, SKU), BadBarcode, BarcodeTaken.
    """
    rows = await db.fetch("SELECT text, gtin FROM unknown_barcode WHERE key = ?", unknown_key(text))
    if not rows:
        raise NotFound("unknown barcode", text[:80])
    kind, symbol = (SymbolKind.GTIN, rows[0]["gtin"]) if rows[0]["gtin"] else (SymbolKind.TEXT, rows[0]["text"])
    return await _add(sku, kind, symbol, NewBarcode(barcode=symbol, numerator=numerator, denominator=denominator, site_id=site_id))


async def _add(sku: str, kind: SymbolKind, symbol: str, new: NewBarcode) -> int:
    if new.numerator < 1 or new.denominator < 1:
        raise BadBarcode(f"a pack of {new.numerator}/{new.denominator} base units: both must be above zero")
    async with db.transaction():
        owner = await db.fetch("SELECT id FROM sku WHERE code = ?", sku)
        if not owner:
            raise NotFound("SKU", sku)
        if new.site_id is not None and not await db.fetch("SELECT 1 FROM site WHERE id = ?", new.site_id):
            raise NotFound("site", new.site_id)
        rows = await db.fetch(
            "INSERT INTO barcode (kind, symbol, sku_id, numerator, denominator, site_id, active) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING RETURNING id",
            *(kind.value, symbol, owner[0]["id"], new.numerator, new.denominator, new.site_id, True),
        )
        if not rows:
            return await _same(kind, symbol, sku, new)
        told = BarcodeAdded(sku=sku, kind=kind.value, numerator=new.numerator, denominator=new.denominator)
        await db.execute("UPDATE sku SET version = NULL WHERE id = ?", owner[0]["id"])
        await events.record(told, subject=symbol[:128], site=new.site_id)
        await barcodes_changed()
    return int(rows[0]["id"])


async def _same(kind: SymbolKind, symbol: str, sku: str, new: NewBarcode) -> int:
    """The barcode that is there already, if it says the same.  Raises BarcodeTaken."""
    rows = await db.fetch(
        "SELECT b.id, b.numerator, b.denominator, s.code FROM barcode b JOIN sku s ON s.id = b.sku_id "
        "WHERE b.active AND b.kind = ? AND b.symbol = ? AND COALESCE(b.site_id, '') = ?",
        *(kind.value, symbol, new.site_id or ""),
    )
    row = rows[0]
    if (row["code"], row["numerator"], row["denominator"]) != (sku, new.numerator, new.denominator):
        raise BarcodeTaken(symbol, row["code"])
    return int(row["id"])


async def barcodes_changed() -> None:
    """Call it in every transaction that writes a barcode: caches everywhere forget, and facts that waited are applied."""
    await db.execute("UPDATE catalog_version SET stamp = ? WHERE id = 1", secrets.token_hex(16))
    known = await db.fetch(
        "SELECT u.id, u.key FROM unknown_barcode u WHERE u.state = 'open' AND EXISTS (SELECT 1 FROM barcode b WHERE b.active AND ("
        "(b.kind = 'text' AND b.symbol = u.text) OR (b.kind = 'gtin' AND b.symbol = u.gtin) "
        "OR (b.kind = 'measured' AND LENGTH(u.text) = 13 AND b.symbol = SUBSTR(u.text, 1, 7))))"
    )
    await db.execute_many("UPDATE unknown_barcode SET state = 'linked' WHERE id = ?", [(row["id"],) for row in known])
    for row in known:
        await unpark(waiting_for(row["key"]))


def waiting_for(text: str) -> str:
    """The key that facts with an unknown symbol are parked under."""
    return f"barcode:{unknown_key(text)}"[:512]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An unknown symbol was scanned; `raw_b64` its bytes if they were not UTF-8."""

    text: str
    gtin: str | None
    raw_b64: str | None
    site_id: str
    box: str
    station: str | None
    seen_at: datetime


def sighting(fact: FactIn[Fact], symbol: Symbol, gtin: str | None) -> Sighting:
    """Where and when a fact saw a symbol."""
    return Sighting(
        text=symbol.text,
        gtin=gtin,
        raw_b64=symbol.raw_b64,
        site_id=fact.site_id,
        box=fact.box,
        station=fact.station,
        seen_at=fact.occurred_at,
    )


async def note_unknown(sightings: Iterable[Sighting]) -> None:
    """Keep what nobody knows, for linking.  `count` counts sightings in the order of their time; one told again adds nothing.

    Records UnknownBarcodeSeen for each new one.
    """
    by_key: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        by_key.setdefault(unknown_key(storable(sighting.text)), []).append(sighting)
    if not by_key:
        return
    async with db.transaction():
        keys = db.listing(sorted(by_key))
        known = {
            row["key"]
            for row in await db.fetch(f"SELECT key FROM unknown_barcode WHERE {db.among('key')} AND state = 'open'", keys)
        }
        await db.execute_many(
            "INSERT INTO unknown_barcode (key, text, gtin, raw_b64, first_seen, last_seen, count, site_id, box, station, state) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open') ON CONFLICT (key) DO UPDATE SET state = 'open', "
            "count = unknown_barcode.count "
            "+ CASE WHEN excluded.last_seen > unknown_barcode.last_seen THEN excluded.count ELSE 0 END, "
            "first_seen = CASE WHEN excluded.first_seen < unknown_barcode.first_seen THEN excluded.first_seen "
            "ELSE unknown_barcode.first_seen END, "
            "last_seen = CASE WHEN excluded.last_seen > unknown_barcode.last_seen THEN excluded.last_seen "
            "ELSE unknown_barcode.last_seen END",
            [_unknown(key, by_key[key]) for key in sorted(by_key)],
        )
        for key in sorted(by_key.keys() - known):
            first = by_key[key][0]
            told = UnknownBarcodeSeen(
                text=storable(first.text), gtin=first.gtin, raw_b64=first.raw_b64, box=first.box, station=first.station
            )
            await events.record(told, subject=key[:128], site=first.site_id)


def _unknown(key: str, sightings: Sequence[Sighting]) -> tuple[object, ...]:
    first = min(sightings, key=lambda sighting: sighting.seen_at)
    last = max(sighting.seen_at for sighting in sightings)
    seen = (db.utc(first.seen_at), db.utc(last), len(sightings))
    return (key, storable(first.text), first.gtin, first.raw_b64, *seen, first.site_id, first.box, first.station)
