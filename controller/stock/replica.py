"""What boxes keep of the catalogue and of their site's stock, page by page, and what changed since (docs/adr/0016).

A change takes the `version` off its row (NULL); whoever reads next gives all such rows the next version, one reader after another.
So versions are in the order in which changes became visible, with no lock that writers would wait for.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and numbers of ours; values are parameters
from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from controller import db
from controller.sites.queries import site
from edge_agent.wire.replica import ITEMS, ReplicaBarcode, ReplicaItem, ReplicaPage, ReplicaStock

NUMBERED_AT_ONCE = 10_000
"""Rows that get their version for one request: an import of many is numbered by several."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a box has come in this database: the last row, by version and id, of the goods and of the stock."""

    database: str
    item: tuple[int, int] = (0, 0)
    stock: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return ".".join(map(str, (self.database, *self.item, *self.stock)))


def parse_cursor(text: str) -> Cursor | None:
    """None for what is no cursor."""
    database, *numbers = text.split(".")
    if len(numbers) != 4 or not all(number.isascii() and number.isdigit() and len(number) <= 18 for number in numbers):
        return None
    version, item, stock_version, stock = map(int, numbers)
    return Cursor(database, (version, item), (stock_version, stock))


async def page_since(site_id: str, since: str, *, limit: int = ITEMS) -> ReplicaPage:
    """Up to `limit` SKUs and as many levels of stock that changed since the cursor.  Raises NotFound (site)."""
    await site(site_id)
    at = db.now()
    has_unnumbered = await db.in_transaction(lambda: _number_changes(site_id))
    start, since = await _start(since)
    items, last_item = await _items(site_id, start.item, limit)
    stock, last_stock = await _stock(site_id, start.stock, limit)
    return ReplicaPage(
        site=site_id,
        since=since,
        next=str(Cursor(start.database, last_item, last_stock)),
        more=has_unnumbered or limit in (len(items), len(stock)),
        at=at,
        items=items,
        stock=stock,
    )


async def _start(since: str) -> tuple[Cursor, str]:
    """Where to begin, and what of `since` was heeded: nothing, if it is of another database or ahead of this one."""
    row = (await db.fetch("SELECT stamp, version FROM replica_version WHERE id = 1"))[0]
    asked = parse_cursor(since)
    if asked is None or asked.database != row["stamp"] or max(asked.item[0], asked.stock[0]) > row["version"]:
        return Cursor(row["stamp"]), ""
    return asked, since


async def _number_changes(site_id: str) -> bool:
    """Give changed rows the next version; True if some may be left.  A row that somebody is writing right now is left to later."""
    stamped = (await db.fetch("SELECT stamp FROM replica_version WHERE id = 1"))[0]["stamp"]
    if stamped and not await _has_changes(site_id):
        return False
    (row,) = await db.fetch(
        "UPDATE replica_version SET version = version + 1, stamp = CASE WHEN stamp = '' THEN ? ELSE stamp END "
        "WHERE id = 1 RETURNING version",
        secrets.token_hex(8),
    )
    free = " FOR UPDATE SKIP LOCKED" if db.engine() is db.Engine.POSTGRES else ""
    items = await db.execute(
        "UPDATE sku SET version = ? WHERE id IN (SELECT id FROM sku WHERE version IS NULL "
        f"ORDER BY id LIMIT {NUMBERED_AT_ONCE}{free})",
        row["version"],
    )
    levels = await db.execute(
        "UPDATE availability SET version = ? WHERE id IN (SELECT id FROM availability WHERE site_id = ? AND version IS NULL "
        f"ORDER BY id LIMIT {NUMBERED_AT_ONCE}{free})",
        *(row["version"], site_id),
    )
    return NUMBERED_AT_ONCE in (items, levels)


async def _has_changes(site_id: str) -> bool:
    found = await db.fetch(
        "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM sku WHERE version IS NULL) "
        "OR EXISTS (SELECT 1 FROM availability WHERE site_id = ? AND version IS NULL)",
        site_id,
    )
    return bool(found)


async def _items(site_id: str, after: tuple[int, int], limit: int) -> tuple[list[ReplicaItem], tuple[int, int]]:
    rows = await db.fetch(
        "SELECT id, version, code, name_en, name_zh, base_unit, price_minor, currency FROM sku "
        "WHERE (version, id) > (?, ?) ORDER BY version, id LIMIT ?",
        *(*after, limit),
    )
    codes = await _barcodes(site_id, [row["id"] for row in rows])
    items = [
        ReplicaItem(
            id=row["id"],
            sku=row["code"],
            name_en=row["name_en"],
            name_zh=row["name_zh"],
            unit=row["base_unit"],
            price_minor=row["price_minor"],
            currency=row["currency"],
            barcodes=codes[row["id"]],
        )
        for row in rows
    ]
    return items, (rows[-1]["version"], rows[-1]["id"]) if rows else after


async def _barcodes(site_id: str, skus: Sequence[int]) -> dict[int, list[ReplicaBarcode]]:
    rows = await db.fetch(
        "SELECT sku_id, kind, symbol, numerator, denominator FROM barcode "
        f"WHERE active AND (site_id IS NULL OR site_id = ?) AND {db.among('sku_id')} ORDER BY id",
        site_id,
        db.listing(skus),
    )
    found: dict[int, list[ReplicaBarcode]] = defaultdict(list)
    for row in rows:
        sku = row.pop("sku_id")
        found[sku].append(ReplicaBarcode(**row))
    return found


async def _stock(site_id: str, after: tuple[int, int], limit: int) -> tuple[list[ReplicaStock], tuple[int, int]]:
    rows = await db.fetch(
        "SELECT sku_id, version, on_hand FROM availability "
        "WHERE site_id = ? AND (version, sku_id) > (?, ?) ORDER BY version, sku_id LIMIT ?",
        *(site_id, *after, limit),
    )
    stock = [ReplicaStock(item=row["sku_id"], on_hand=row["on_hand"]) for row in rows]
    return stock, (rows[-1]["version"], rows[-1]["sku_id"]) if rows else after
