"""Stock levels and adjustments, over HTTP."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated
from urllib.parse import quote

from msgspec import Meta, Struct

from controller import events
from controller.catalog.queries import sku
from controller.counts.blind import hidden_from
from controller.errors import NotFound
from controller.http.routing import PLAIN, Call, Created, Page, Permission, Route, page
from controller.sites.queries import bins, site
from controller.stock import operations, queries
from controller.stock.lots import lot_told, lots_of


class LevelView(Struct, frozen=True, kw_only=True):
    """A SKU at a site, in base units; available = on_hand - reserved - allocated - quarantined."""

    sku_id: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    site: str
    on_hand: int
    reserved: int
    allocated: int
    quarantined: int
    incoming: int
    available: int


class BinLevelView(Struct, frozen=True, kw_only=True):
    """`missing` base units were taken from here and never known to be here: count it."""

    sku: str
    location: str
    on_hand: int
    missing: int


class SkuStockView(Struct, frozen=True, kw_only=True):
    level: LevelView
    bins: list[BinLevelView]


class AdjustmentIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`change` base units came to light in a bin, or are gone (below zero); `lot`: by its code, null: nobody knows which."""

    sku: Annotated[str, Meta(min_length=1, max_length=64)]
    bin: Annotated[str, Meta(min_length=1, max_length=64)]
    change: Annotated[int, Meta(ge=-(10**12), le=10**12)]
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
    lot: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)] | None = None


async def levels(call: Call[None]) -> Page[LevelView]:
    await site(call.path["site"])
    rows = await queries.levels(call.path["site"], after=call.page.number(), limit=call.page.limit, q=call.query.get("q", ""))
    return page([_level(row) for row in rows], call.page, key=lambda view: view.sku_id)


async def show(call: Call[None]) -> SkuStockView:
    return await _stock(call.path["sku"], call.path["site"], await hidden_from(call.actor, call.path["site"]))


async def adjust(call: Call[AdjustmentIn]) -> Created[SkuStockView]:
    where, asked = call.path["site"], call.body
    found = await sku(asked.sku)
    place = (await bins(where, [asked.bin])).get(asked.bin)
    if place is None:
        raise NotFound("bin", asked.bin)
    lots = await lots_of([lot_told(found.id, asked.lot)], site=where)
    booked = operations.Adjustment(sku_id=found.id, location_id=place.id, change=asked.change, reason=asked.reason, lot_id=lots[0])
    await operations.adjust(booked, person=events.actor().actor)
    return Created(await _stock(asked.sku, where), location=f"/api/v1/sites/{where}/stock/{quote(asked.sku, safe='')}")


async def counts_needed(call: Call[None]) -> Page[BinLevelView]:
    await site(call.path["site"])
    rows = await queries.counts_needed(call.path["site"], after=call.page.number(), limit=call.page.limit)
    shown = page(rows, call.page, key=lambda row: row.id)
    hidden = await hidden_from(call.actor, call.path["site"])
    return Page(items=[_bin(row) for row in shown.items if row.location_id not in hidden], next=shown.next)


async def _stock(code: str, site_id: str, hidden: Collection[int] = ()) -> SkuStockView:
    found = await sku(code)
    level = await queries.level(found.id, site_id)
    if level is None:
        raise NotFound(f"stock at {site_id} of SKU", code)
    rows = await queries.bins_of([found.id], site_id)
    bins = [_bin(row) for row in rows if row.location_id not in hidden]
    return SkuStockView(level=_level(level), bins=bins)


def _level(row: queries.Level) -> LevelView:
    return LevelView(
        sku_id=row.sku_id,
        sku=row.sku,
        name_en=row.name_en,
        name_zh=row.name_zh,
        base_unit=row.base_unit,
        site=row.site_id,
        on_hand=row.on_hand,
        reserved=row.reserved,
        allocated=row.allocated,
        quarantined=row.quarantined,
        incoming=row.incoming,
        available=row.available,
    )


def _bin(row: queries.BinLevel) -> BinLevelView:
    return BinLevelView(sku=row.sku, location=row.location, on_hand=row.on_hand, missing=row.borrowed)


READ = Permission.STOCK_READ
ROUTES = [
    Route(
        "GET",
        "/api/v1/sites/{site}/stock",
        levels,
        permission=READ,
        reply=Page[LevelView],
        summary="List stock levels of a site",
        filters={"q": "part of a SKU's code or name"},
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/stock/{sku}",
        show,
        permission=READ,
        reply=SkuStockView,
        summary="Show a SKU's level at a site, and its bins; without those of a blind count that waits, for who may not review it",
    ),
    Route(
        "POST",
        "/api/v1/sites/{site}/adjustments",
        adjust,
        permission=Permission.STOCK_WRITE,
        body=AdjustmentIn,
        reply=SkuStockView,
        summary="Book a difference that somebody saw",
        example=AdjustmentIn(sku="milk-250", bin="A-01", change=-1, reason="bottle broken"),
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/counts-needed",
        counts_needed,
        permission=READ,
        reply=Page[BinLevelView],
        summary="List bins that gave more than was known to be there",
    ),
]
