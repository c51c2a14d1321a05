"""What a SKU's goods cost at a site, over HTTP: the moving average, their value, and the entries behind it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from controller.catalog.queries import sku as sku_of
from controller.costing import queries
from controller.costing.policies import Pool
from controller.errors import NotFound
from controller.http.routing import Call, Page, Permission, Route, page
from controller.sites.queries import site as site_of


class CostView(Struct, frozen=True, kw_only=True):
    """`quantity` base units cost `value_minor` of `currency` in all, at the moving average; of `unknown` more nobody knows it."""

    sku: str
    site: str
    quantity: int
    value_minor: int
    unknown: int
    currency: str


class CostEntryView(Struct, frozen=True, kw_only=True):
    """`movement` is the entry of the ledger that it values, null: a correction.

    `difference_minor`: what came out later for goods that had left by then.
    """

    id: int
    movement: int | None
    reason: str
    document: str | None
    quantity: int
    value_minor: int
    unknown: int
    difference_minor: int
    recorded_at: datetime


async def show(call: Call[None]) -> CostView:
    sku_id, code, site, currency = await _where(call)
    pool = (await queries.costs_of([sku_id], site)).get(sku_id, Pool())
    return CostView(sku=code, site=site, quantity=pool.quantity, value_minor=pool.value, unknown=pool.unknown, currency=currency)


async def entries(call: Call[None]) -> Page[CostEntryView]:
    sku_id, _, site, _ = await _where(call)
    rows = await queries.entries(sku_id, site, before=call.page.number() or None, limit=call.page.limit)
    views = [
        CostEntryView(
            id=row.id,
            movement=row.movement_id,
            reason=row.reason,
            document=row.document,
            quantity=row.quantity,
            value_minor=row.value_minor,
            unknown=row.unknown,
            difference_minor=row.difference_minor,
            recorded_at=row.recorded_at,
        )
        for row in rows
    ]
    return page(views, call.page, key=lambda view: view.id)


async def _where(call: Call[None]) -> tuple[int, str, str, str]:
    """SKU, its code, site and its currency.  Raises NotFound, also for a site that somebody does not see."""
    wanted = call.path["site"]
    if call.actor.sites is not None and wanted not in call.actor.sites:
        raise NotFound("site", wanted)
    place, sku = await site_of(wanted), await sku_of(call.path["sku"])
    return sku.id, sku.code, place.id, place.currency


ROUTES = [
    Route(
        "GET",
        "/api/v1/sites/{site}/stock/{sku}/cost",
        show,
        permission=Permission.PURCHASING_READ,
        reply=CostView,
        summary="Show what a SKU's goods at a site cost, at the moving average",
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/stock/{sku}/cost/entries",
        entries,
        permission=Permission.PURCHASING_READ,
        reply=Page[CostEntryView],
        summary="List the entries behind what a SKU's goods at a site cost, the newest first",
    ),
]
