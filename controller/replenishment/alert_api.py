"""Alerts of stock over HTTP."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from controller.errors import NotFound
from controller.http.routing import BadParameter, Call, Page, Permission, Route, page
from controller.replenishment import alerts, queries
from controller.replenishment.alerts import AlertKind
from controller.replenishment.queries import AlertRow


class StockAlertView(Struct, frozen=True, kw_only=True):
    """`number`: days until it is out (out, low), of supply (overstock), since it was sold (slow; null: never), until it expires.

    `quantity`: base units that this is about; `value_minor`: theirs at the sales price.
    """

    id: int
    kind: AlertKind
    site: str
    sku: str
    name_en: str
    name_zh: str
    number: int | None
    quantity: int
    value_minor: int
    currency: str
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


async def listing(call: Call[None]) -> Page[StockAlertView]:
    kind = call.query.get("kind", "")
    if kind and kind not in set(AlertKind):
        raise BadParameter("kind", ", ".join(AlertKind))
    rows = await queries.alerts(
        after=call.page.number(), limit=call.page.limit, kind=kind, site=call.query.get("site", ""), sites=call.actor.sites
    )
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


async def acknowledge(call: Call[None]) -> StockAlertView:
    text = call.path["alert"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("stock alert", text[:40])
    await queries.alert(int(text), call.actor.sites)
    await alerts.acknowledge(int(text))
    return _view(await queries.alert(int(text)))


def _view(row: AlertRow) -> StockAlertView:
    return StockAlertView(
        id=row.id,
        kind=AlertKind(row.kind),
        site=row.site_id,
        sku=row.sku,
        name_en=row.name_en,
        name_zh=row.name_zh,
        number=row.number,
        quantity=row.quantity,
        value_minor=row.value_minor,
        currency=row.currency,
        opened_at=row.opened_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
    )


ROUTES = [
    Route(
        "GET",
        "/api/v1/stock-alerts",
        listing,
        permission=Permission.STOCK_READ,
        reply=Page[StockAlertView],
        summary="List what somebody should see of stock: out, low, overstock, slow, expiring",
        filters={"kind": "only this kind", "site": "only at this site"},
    ),
    Route(
        "POST",
        "/api/v1/stock-alerts/{alert}/acknowledge",
        acknowledge,
        permission=Permission.STOCK_WRITE,
        reply=StockAlertView,
        summary="Say that somebody has seen an alert; it closes by itself when it is not so any more",
    ),
]
