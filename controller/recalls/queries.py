"""Recalls as people and auditors look at them."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from controller import db
from controller.errors import NotFound
from controller.recalls.operations import RECALLS
from controller.stock.pickable import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecall:
    """`sites`: how many had some of it; `open_sites`: how many still have some outside quarantine."""

    id: int
    sku: str
    name_en: str
    name_zh: str
    lot: str
    expiry: date | None
    reason: str
    state: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None
    ended_reason: str | None
    sites: int
    open_sites: int

    @property
    def no(self) -> str:
        return RECALLS.number(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFound:
    """`bins`: base units by place, as they were told last; `cleared_at` None: some of it is still there."""

    site: str
    found: int
    bins: dict[str, int]
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """`quantity` base units of the lot left the site, or were picked for it; `document` names the order or the receipt."""

    id: int
    site: str
    document: str | None
    reason: str
    quantity: int
    occurred_at: datetime


_RECALLS = (
    "SELECT r.id, s.code AS sku, s.name_en, s.name_zh, o.code, o.key, o.expiry, r.reason, r.state, r.created_at, r.created_by, "
    "r.ended_at, r.ended_by, r.ended_reason, (SELECT COUNT(*) FROM recall_site x WHERE x.recall_id = r.id) AS sites, "
    "(SELECT COUNT(*) FROM recall_site x WHERE x.recall_id = r.id AND x.cleared_at IS NULL) AS open_sites "
    "FROM recall r JOIN lot o ON o.id = r.lot_id JOIN sku s ON s.id = o.sku_id "
)


async def recalls(*, before: int | None, limit: int, state: str = "", q: str = "") -> list[StoredRecall]:
    """The newest first, below the id `before`.  `q`: part of a lot's or a SKU's code."""
    rows = await db.fetch(
        _RECALLS + "WHERE r.id < ? AND (? = '' OR r.state = ?) "
        "AND (? = '' OR LOWER(s.code) LIKE ? ESCAPE '!' OR LOWER(o.key) LIKE ? ESCAPE '!') ORDER BY r.id DESC LIMIT ?",
        *(2**62 if before is None else before, state, state, q, _like(q), _like(q), limit),
    )
    return [_stored(row) for row in rows]


def _like(text: str) -> str:
    for sign in ("!", "%", "_"):
        text = text.replace(sign, f"!{sign}")
    return f"%{text.lower()}%"


async def recall_of(number: str) -> StoredRecall:
    """Raises NotFound."""
    rows = await db.fetch(_RECALLS + "WHERE r.id = ?", RECALLS.row_id(number))
    if not rows:
        raise NotFound(RECALLS.what, number)
    return _stored(rows[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalledNow:
    """`lot`: the maker's code."""

    no: str
    sku: str
    lot: str


async def recalled_now() -> list[RecalledNow]:
    """Every lot that is recalled and not released, the oldest recall first."""
    rows = await db.fetch(
        "SELECT r.id, s.code AS sku, o.code, o.key FROM recall r JOIN lot o ON o.id = r.lot_id JOIN sku s ON s.id = o.sku_id "
        "WHERE r.state = 'open' ORDER BY r.id"
    )
    return [RecalledNow(no=RECALLS.number(row["id"]), sku=row["sku"], lot=name_of(row["code"], row["key"])) for row in rows]


async def sites_of(recall_id: int, sites: Iterable[str] | None = None) -> list[SiteFound]:
    """Of these sites; None: of all."""
    here, listed = ("", []) if sites is None else (f" AND {db.among('site')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        f"SELECT site, found, bins, cleared_at FROM recall_site WHERE recall_id = ?{here} ORDER BY site", recall_id, *listed
    )
    return [
        SiteFound(site=row["site"], found=row["found"], bins=json.loads(row["bins"]), cleared_at=row["cleared_at"]) for row in rows
    ]


async def sold_of(recall_id: int, *, before: int | None = None, limit: int = 50, sites: Iterable[str] | None = None) -> list[Sold]:
    """What of the lot left its shelves for customers, ever, the latest first: whom to tell."""
    here, listed = ("", []) if sites is None else (f" AND {db.among('f.site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        "SELECT m.id, f.site_id AS site, m.document, m.reason, m.quantity, m.occurred_at FROM recall r "
        "JOIN lot o ON o.id = r.lot_id JOIN stock_movement m ON m.sku_id = o.sku_id AND m.lot_id = r.lot_id "
        "JOIN location f ON f.id = m.from_location_id JOIN location t ON t.id = m.to_location_id "
        "WHERE r.id = ? AND m.id < ? AND f.kind IN ('bin', 'receiving', 'packing', 'quarantine') "
        f"AND (t.kind = 'customer' OR m.reason = 'picked'){here} ORDER BY m.id DESC LIMIT ?",
        *(recall_id, 2**62 if before is None else before, *listed, limit),
    )
    return [Sold(**row) for row in rows]


async def recalled_in(document: str, sku_ids: Iterable[int], *, by: datetime | None = None) -> list[str]:
    """Names of the lots recalled by then (None: by now) of which something was picked for a document and not put back."""
    rows = await db.fetch(
        "SELECT o.code, o.key FROM stock_movement m JOIN recall r ON r.lot_id = m.lot_id AND r.state = 'open' "
        f"JOIN lot o ON o.id = m.lot_id WHERE {db.among('m.sku_id')} AND m.document = ? AND m.reason IN ('picked', 'unpicked') "
        "AND r.created_at <= ? GROUP BY o.id, o.code, o.key "
        "HAVING SUM(CASE WHEN m.reason = 'picked' THEN m.quantity ELSE -m.quantity END) > 0 "
        "ORDER BY o.id",
        db.listing(sorted(set(sku_ids))),
        document,
        by or db.now(),
    )
    return [name_of(row["code"], row["key"]) for row in rows]


async def recalled_picks(documents: Iterable[str]) -> dict[str, dict[int, list[str]]]:
    """The same of many documents: names of lots by document and SKU; documents with none are left out."""
    skus = await db.fetch("SELECT DISTINCT o.sku_id FROM recall r JOIN lot o ON o.id = r.lot_id WHERE r.state = 'open'")
    if not skus:
        return {}
    rows = await db.fetch(
        "SELECT m.document, m.sku_id, o.code, o.key FROM stock_movement m JOIN lot o ON o.id = m.lot_id "
        f"JOIN recall r ON r.lot_id = m.lot_id AND r.state = 'open' WHERE {db.among('m.sku_id')} AND {db.among('m.document')} "
        "AND m.reason IN ('picked', 'unpicked') GROUP BY m.document, m.sku_id, o.id, o.code, o.key "
        "HAVING SUM(CASE WHEN m.reason = 'picked' THEN m.quantity ELSE -m.quantity END) > 0 ORDER BY o.id",
        db.listing(sorted(row["sku_id"] for row in skus)),
        db.listing(sorted(set(documents))),
    )
    found: dict[str, dict[int, list[str]]] = {}
    for row in rows:
        found.setdefault(row["document"], {}).setdefault(row["sku_id"], []).append(name_of(row["code"], row["key"]))
    return found


def _stored(row: db.Row) -> StoredRecall:
    told = {name: value for name, value in row.items() if name not in ("code", "key")}
    return StoredRecall(lot=name_of(row["code"], row["key"]), **told)
