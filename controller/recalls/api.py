"""Recalls of lots over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, page
from controller.recalls import queries as recall_queries
from controller.recalls.operations import RECALLS, end_recall, recall
from controller.recalls.queries import StoredRecall

Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class RecallLot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`lot`: the maker's code."""

    lot: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
    sku: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
    reason: Reason


class EndRecall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class RecallView(Struct, frozen=True, kw_only=True):
    """`sites`: how many had some of the lot; `open_sites`: how many still have some outside quarantine."""

    no: str
    sku: str
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


class RecallSiteView(Struct, frozen=True, kw_only=True):
    """`bins`: base units by place, as last told to the site; `cleared_at` null: some of it is still there."""

    site: str
    found: int
    bins: dict[str, int]
    cleared_at: datetime | None


class RecallDetail(Struct, frozen=True, kw_only=True):
    recall: RecallView
    sites: list[RecallSiteView]


class SoldView(Struct, frozen=True, kw_only=True):
    """What of the lot left its shelf: `document` names the order or the receipt, `reason` picked or how it left."""

    id: int
    site: str
    document: str | None
    reason: str
    quantity: int
    occurred_at: datetime


async def listing(call: Call[None]) -> Page[RecallView]:
    state = call.query.get("state", "")
    if state not in ("", "open", "ended"):
        raise BadParameter("state", "open or ended")
    rows = await recall_queries.recalls(
        before=call.page.number() or None, limit=call.page.limit, state=state, q=call.query.get("q", "")
    )
    return page([_view(row) for row in rows], call.page, key=lambda view: RECALLS.row_id(view.no))


async def start(call: Call[RecallLot]) -> Created[RecallDetail]:
    number = await recall(call.body.lot, call.body.sku, reason=call.body.reason)
    return Created(await _detail(number, call.actor.sites), location=f"/api/v1/recalls/{number}")


async def show(call: Call[None]) -> RecallDetail:
    return await _detail(call.path["no"], call.actor.sites)


async def sold(call: Call[None]) -> Page[SoldView]:
    found = await recall_queries.recall_of(call.path["no"])
    rows = await recall_queries.sold_of(found.id, before=call.page.number() or None, limit=call.page.limit, sites=call.actor.sites)
    views = [
        SoldView(
            id=row.id, site=row.site, document=row.document, reason=row.reason, quantity=row.quantity, occurred_at=row.occurred_at
        )
        for row in rows
    ]
    return page(views, call.page, key=lambda view: view.id)


async def end(call: Call[EndRecall]) -> RecallDetail:
    await end_recall(call.path["no"], reason=call.body.reason)
    return await _detail(call.path["no"], call.actor.sites)


async def _detail(number: str, sites: frozenset[str] | None) -> RecallDetail:
    found = await recall_queries.recall_of(number)
    rows = await recall_queries.sites_of(found.id, sites)
    views = [RecallSiteView(site=row.site, found=row.found, bins=row.bins, cleared_at=row.cleared_at) for row in rows]
    return RecallDetail(recall=_view(found), sites=views)


def _view(row: StoredRecall) -> RecallView:
    return RecallView(
        no=row.no,
        sku=row.sku,
        lot=row.lot,
        expiry=row.expiry,
        reason=row.reason,
        state=row.state,
        created_at=row.created_at,
        created_by=row.created_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        ended_reason=row.ended_reason,
        sites=row.sites,
        open_sites=row.open_sites,
    )


READ, WRITE = Permission.STOCK_READ, Permission.STOCK_WRITE
ROUTES = [
    Route(
        "GET",
        "/api/v1/recalls",
        listing,
        permission=READ,
        reply=Page[RecallView],
        summary="List recalls of lots, the newest first",
        filters={"state": "open or ended", "q": "part of a lot's or a SKU's code"},
    ),
    Route(
        "POST",
        "/api/v1/recalls",
        start,
        permission=WRITE,
        body=RecallLot,
        reply=RecallDetail,
        summary="Recall a lot: blocked at all sites at once, a task for each that has some of it",
        example=RecallLot(lot="L2311", sku="013-1", reason="glass in the bottle"),
        whole_chain=True,
    ),
    Route("GET", "/api/v1/recalls/{no}", show, permission=READ, reply=RecallDetail, summary="One recall, and what each site had"),
    Route(
        "GET",
        "/api/v1/recalls/{no}/sold",
        sold,
        permission=READ,
        reply=Page[SoldView],
        summary="What of a recalled lot went to customers, with the orders' numbers; the latest first",
    ),
    Route(
        "POST",
        "/api/v1/recalls/{no}/end",
        end,
        permission=WRITE,
        body=EndRecall,
        reply=RecallDetail,
        summary="End a recall: the lot may be sold again",
        example=EndRecall(reason="the maker named another lot"),
        whole_chain=True,
    ),
]
