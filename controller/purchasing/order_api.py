"""Purchase orders over HTTP; what suppliers answer is in `answer_api.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from controller.errors import NotFound
from controller.http.routing import BadParameter, Call, Created, Page, Permission, Reply, Route, number, page
from controller.purchasing import operations, outbox, papers, queries
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.operations import NewLine, NewOrder
from controller.purchasing.order_views import (
    Approve,
    Because,
    DraftOrder,
    OrderLine,
    PurchaseOrderDetail,
    PutLines,
    answer_view,
    line_view,
    order_view,
)
from controller.purchasing.queries import PurchaseOrderView
from controller.purchasing.states import OrderState

B = TypeVar("B")


async def listing(call: Call[None]) -> Page[PurchaseOrderView]:
    state = call.query.get("state", "")
    if state not in ("", "open", *OrderState):
        raise BadParameter("state", f"open, {', '.join(OrderState)}")
    names = ("site", "supplier", "q")
    asked = queries.AskedOrders(state=state, **{name: call.query.get(name, "") for name in names})
    rows = await queries.orders(asked, before=call.page.number() or None, limit=call.page.limit, sites=call.actor.sites)
    return page([order_view(row) for row in rows], call.page, key=lambda view: PURCHASE_ORDERS.row_id(view.no))


async def create(call: Call[DraftOrder]) -> Created[PurchaseOrderView]:
    new = call.body
    if call.actor.sites is not None and new.site not in call.actor.sites:
        raise NotFound("site", new.site)
    rate = (new.rate.ours, new.rate.theirs) if new.rate else None
    lines = _lines(new.lines)
    no = await operations.draft(NewOrder(site=new.site, supplier=new.supplier, lines=lines, note=new.note, origin="api", rate=rate))
    return Created(order_view(await queries.order(no)), location=f"/api/v1/purchase-orders/{no}")


async def detail(call: Call[None]) -> PurchaseOrderDetail:
    row = await visible(call)
    return PurchaseOrderDetail(
        order=order_view(row),
        lines=[line_view(line) for line in await queries.lines(row.id)],
        sendings=await queries.sendings(row.id),
        answers=[answer_view(each) for each, _ in await queries.answers(row.id)],
    )


async def put_lines(call: Call[PutLines]) -> PurchaseOrderView:
    row = await visible(call)
    await operations.change_lines(row.no, _lines(call.body.lines), note=call.body.note)
    return order_view(await queries.order(row.no))


async def as_csv(call: Call[None]) -> Reply:
    paper = await queries.paper_of((await visible(call)).no, "")
    name = {"Content-Disposition": f'attachment; filename="{paper.no}.{paper.revision}.csv"'}
    return Reply(papers.as_csv(paper), "text/csv; charset=utf-8", headers=name)


async def retry(call: Call[None]) -> PurchaseOrderView:
    row = await visible(call)
    sending = number(call.path["sending"], "sending")
    if sending not in {each.id for each in await queries.sendings(row.id)}:
        raise NotFound("sending", sending)
    await outbox.retry_sending(sending)
    return order_view(await queries.order(row.no))


async def approve(call: Call[Approve]) -> PurchaseOrderView:
    row = await visible(call)
    await operations.approve(row.no, despite_minimum=call.body.despite_minimum)
    return order_view(await queries.order(row.no))


async def close_line(call: Call[Because]) -> PurchaseOrderView:
    row = await visible(call)
    await operations.close_line(row.no, number(call.path["position"], "position"), reason=call.body.reason)
    return order_view(await queries.order(row.no))


async def cancel(call: Call[Because]) -> PurchaseOrderView:
    row = await visible(call)
    await operations.cancel(row.no, reason=call.body.reason)
    return order_view(await queries.order(row.no))


async def close(call: Call[Because]) -> PurchaseOrderView:
    row = await visible(call)
    await operations.close_rest(row.no, reason=call.body.reason)
    return order_view(await queries.order(row.no))


def _simple(verb: Callable[[str], Awaitable[None]]) -> Callable[[Call[None]], Awaitable[PurchaseOrderView]]:
    async def handle(call: Call[None]) -> PurchaseOrderView:
        row = await visible(call)
        await verb(row.no)
        return order_view(await queries.order(row.no))

    return handle


async def visible(call: Call[B]) -> queries.OrderRow:
    return await queries.order(call.path["no"], sites=call.actor.sites)


def _lines(lines: list[OrderLine]) -> list[NewLine]:
    return [NewLine(sku=line.sku, packs=line.packs, price_minor=line.price_minor, expected_on=line.expected_on) for line in lines]


READ, WRITE = Permission.PURCHASING_READ, Permission.PURCHASING_WRITE
ALL, ONE = "/api/v1/purchase-orders", "/api/v1/purchase-orders/{no}"
_DRAFT = DraftOrder(site="s1", supplier="dairy", lines=[OrderLine(sku="013-1", packs=10)])
_VERBS: list[tuple[str, Callable[[str], Awaitable[None]], str]] = [
    ("revise", operations.revise, "Take an approved order back to a draft"),
    ("send", operations.send, "Have an order sent by its supplier's channel; again, as a new revision"),
    ("reopen", operations.reopen, "Reopen an order that was closed short: the rest is to come after all"),
]
ROUTES = [
    Route(
        "GET",
        ALL,
        listing,
        permission=READ,
        reply=Page[PurchaseOrderView],
        summary="List purchase orders, the newest first",
        filters={
            "state": "only orders in this state, or `open`: what is to come",
            "site": "only those for this site",
            "supplier": "only those of this supplier",
            "q": "an order's number, the supplier's number of it, or part of the supplier's name",
        },
    ),
    Route(
        "POST",
        ALL,
        create,
        permission=WRITE,
        body=DraftOrder,
        reply=PurchaseOrderView,
        summary="Draft a purchase order",
        example=_DRAFT,
    ),
    Route("GET", ONE, detail, permission=READ, reply=PurchaseOrderDetail, summary="One order, how it was sent and answered"),
    Route(
        "PUT",
        f"{ONE}/lines",
        put_lines,
        permission=WRITE,
        body=PutLines,
        reply=PurchaseOrderView,
        summary="Put other lines into a draft",
        example=PutLines(lines=[OrderLine(sku="013-1", packs=12, price_minor=11800)]),
    ),
    Route("GET", f"{ONE}/csv", as_csv, permission=READ, summary="The order as its supplier gets it, as CSV"),
    Route(
        "POST",
        f"{ONE}/approve",
        approve,
        permission=WRITE,
        body=Approve,
        reply=PurchaseOrderView,
        summary="Approve an order: from now on its goods are on their way",
        example=Approve(),
    ),
    *(
        Route("POST", f"{ONE}/{name}", _simple(verb), permission=WRITE, reply=PurchaseOrderView, summary=summary)
        for name, verb, summary in _VERBS
    ),
    Route(
        "POST",
        f"{ONE}/cancel",
        cancel,
        permission=WRITE,
        body=Because,
        reply=PurchaseOrderView,
        summary="Cancel an order of which nothing has come",
        example=Because(reason="ordered twice"),
    ),
    Route(
        "POST",
        f"{ONE}/close",
        close,
        permission=WRITE,
        body=Because,
        reply=PurchaseOrderView,
        summary="Close an order short: what has not come does not come",
        example=Because(reason="out of range"),
    ),
    Route(
        "POST",
        f"{ONE}/lines/{{position}}/close",
        close_line,
        permission=WRITE,
        body=Because,
        reply=PurchaseOrderView,
        summary="Close one line: its rest does not come",
        example=Because(reason="sold out at the maker"),
    ),
    Route(
        "POST",
        f"{ONE}/sendings/{{sending}}/retry",
        retry,
        permission=WRITE,
        reply=PurchaseOrderView,
        summary="Try again to send an order",
    ),
]
