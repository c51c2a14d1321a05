"""Receipts, what goods cost, and where they are put away, over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from controller.catalog.queries import sku as sku_of
from controller.costing import queries as costing
from controller.http.routing import BadParameter, Call, Page, Permission, Route, number, page
from controller.purchasing import costs, receipt_operations, receipt_queries
from controller.purchasing.costs import InvoiceLine, LandedCosts
from controller.purchasing.numbers import RECEIPTS
from controller.purchasing.policies import Spread
from controller.purchasing.receipt_queries import ReadingView, ReceiptView
from controller.purchasing.receipt_views import (
    AssignOrder,
    Invoice,
    InvoicedLine,
    LabelsWanted,
    PutAwayView,
    PutCosts,
    ReceiptDetail,
    StockCostView,
    SuggestedBin,
    WantLabels,
    line_view,
    part_view,
    receipt_view,
)
from controller.purchasing.states import ReceiptState

B = TypeVar("B")


async def listing(call: Call[None]) -> Page[ReceiptView]:
    state = call.query.get("state", "")
    if state not in ("", *ReceiptState):
        raise BadParameter("state", f"one of {', '.join(ReceiptState)}")
    names = ("site", "order", "q")
    asked = receipt_queries.AskedReceipts(state=state, **{name: call.query.get(name, "") for name in names})
    rows = await receipt_queries.receipts(asked, before=call.page.number() or None, limit=call.page.limit, sites=call.actor.sites)
    return page([receipt_view(row) for row in rows], call.page, key=lambda view: RECEIPTS.row_id(view.no))


async def detail(call: Call[None]) -> ReceiptDetail:
    row = await _visible(call)
    return ReceiptDetail(
        receipt=receipt_view(row),
        lines=[line_view(line) for line in await receipt_queries.receipt_lines(row.id)],
        parts=[part_view(part) for part in await receipt_queries.parts(row.id)],
    )


async def readings(call: Call[None]) -> Page[ReadingView]:
    row = await _visible(call)
    found = await receipt_queries.evidence(row, after=call.page.number(), limit=call.page.limit)
    return page(found, call.page, key=lambda view: view.id)


async def put_costs(call: Call[PutCosts]) -> ReceiptView:
    row, told = await _visible(call), call.body
    await costs.set_landed_costs(
        row.no,
        LandedCosts(freight_minor=told.freight_minor, duty_minor=told.duty_minor, other_minor=told.other_minor, spread=told.spread),
    )
    return receipt_view(await receipt_queries.receipt(row.no))


async def invoice(call: Call[Invoice]) -> ReceiptView:
    row = await _visible(call)
    await costs.take_invoice(row.no, [InvoiceLine(sku=line.sku, minor=line.minor, units=line.units) for line in call.body.lines])
    return receipt_view(await receipt_queries.receipt(row.no))


async def assign(call: Call[AssignOrder]) -> ReceiptView:
    row = await _visible(call)
    await receipt_operations.assign_order(row.no, call.body.order)
    return receipt_view(await receipt_queries.receipt(row.no))


async def labels(call: Call[WantLabels]) -> LabelsWanted:
    row = await _visible(call)
    return LabelsWanted(
        labels=await receipt_operations.want_labels(row.no, each_piece=call.body.each_piece, wish=(call.key or "")[:40])
    )


async def put_away(call: Call[None]) -> PutAwayView:
    site, code = call.path["site"], call.query.get("sku", "")
    if not code:
        raise BadParameter("sku", "the code of a SKU")
    units, lot = number(call.query.get("quantity", "1"), "quantity"), number(call.query.get("lot", "0"), "lot")
    found = await receipt_queries.suggest_bins(site, (await sku_of(code)).id, units, lot)
    return PutAwayView(
        bins=[
            SuggestedBin(bin=each.code, zone=each.zone, capacity=each.capacity, holds=each.holds, same=each.same) for each in found
        ]
    )


async def stock_costs(call: Call[None]) -> Page[StockCostView]:
    rows = await costing.stock_costs(
        site=call.query.get("site", ""),
        sku=call.query.get("sku", ""),
        after=call.page.number(),
        limit=call.page.limit,
        sites=call.actor.sites,
    )
    views = [
        StockCostView(
            sku=row.sku,
            name_en=row.name_en,
            name_zh=row.name_zh,
            site=row.site_id,
            quantity=row.quantity,
            value_minor=row.value_minor,
            unknown=row.unknown,
            currency=row.currency,
            position=row.id,
        )
        for row in rows
    ]
    return page(views, call.page, key=lambda view: view.position)


def _simple(verb: Callable[[str], Awaitable[None]]) -> Callable[[Call[None]], Awaitable[ReceiptView]]:
    async def handle(call: Call[None]) -> ReceiptView:
        row = await _visible(call)
        await verb(row.no)
        return receipt_view(await receipt_queries.receipt(row.no))

    return handle


async def _visible(call: Call[B]) -> receipt_queries.ReceiptRow:
    return await receipt_queries.receipt(call.path["no"], sites=call.actor.sites)


READ, WRITE = Permission.PURCHASING_READ, Permission.PURCHASING_WRITE
ALL, ONE = "/api/v1/receipts", "/api/v1/receipts/{no}"
ROUTES = [
    Route(
        "GET",
        ALL,
        listing,
        permission=READ,
        reply=Page[ReceiptView],
        summary="List receipts, the newest first",
        filters={
            "state": "only receipts in this state",
            "site": "only those of this site",
            "order": "only those of this purchase order",
            "q": "a receipt's number, or the beginning of the document that was scanned",
        },
    ),
    Route("GET", ONE, detail, permission=READ, reply=ReceiptDetail, summary="One receipt: what should have come, and what did"),
    Route("GET", f"{ONE}/readings", readings, permission=READ, reply=Page[ReadingView], summary="The readings behind a receipt"),
    Route(
        "POST",
        f"{ONE}/settle",
        _simple(receipt_operations.settle_receipt),
        permission=WRITE,
        reply=ReceiptView,
        summary="Settle a receipt: the office looked at it",
    ),
    Route(
        "POST",
        f"{ONE}/reopen",
        _simple(receipt_operations.reopen_receipt),
        permission=WRITE,
        reply=ReceiptView,
        summary="Take a settled receipt back to checked",
    ),
    Route(
        "PUT",
        f"{ONE}/costs",
        put_costs,
        permission=WRITE,
        body=PutCosts,
        reply=ReceiptView,
        summary="Say what freight, duty and the rest cost; spread over the receipt's lines",
        example=PutCosts(freight_minor=12000, spread=Spread.WEIGHT),
    ),
    Route(
        "POST",
        f"{ONE}/invoice",
        invoice,
        permission=WRITE,
        body=Invoice,
        reply=ReceiptView,
        summary="Take in the prices of the supplier's invoice",
        example=Invoice(lines=[InvoicedLine(sku="013-1", minor=11900, units=24)]),
    ),
    Route(
        "POST",
        f"{ONE}/order",
        assign,
        permission=WRITE,
        body=AssignOrder,
        reply=ReceiptView,
        summary="Say which purchase order a receipt belongs to",
        example=AssignOrder(order="PO-100001"),
    ),
    Route(
        "POST",
        f"{ONE}/labels",
        labels,
        permission=WRITE,
        body=WantLabels,
        reply=LabelsWanted,
        summary="Have labels printed for what came, at the box that received it",
        example=WantLabels(each_piece=True),
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/put-away",
        put_away,
        permission=Permission.STOCK_READ,
        reply=PutAwayView,
        summary="Where goods should be put away at a site, the best bin first",
        filters={"sku": "the SKU's code (needed)", "quantity": "base units, 1 if left out", "lot": "the id of their lot"},
    ),
    Route(
        "GET",
        "/api/v1/stock-costs",
        stock_costs,
        permission=READ,
        reply=Page[StockCostView],
        summary="What the goods of each site cost, at the moving average",
        filters={"site": "only this site", "sku": "only this SKU"},
    ),
]
