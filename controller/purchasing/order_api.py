"""Purchase orders over HTTP; what suppliers answer is in `answer_api.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Reply, Route, number, page
from controller.purchasing import operations, outbox, papers, queries
from controller.purchasing.answers import Stored
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.operations import MOST_LINES, MOST_PACKS, NewLine, NewOrder
from controller.purchasing.states import AnswerState, OrderState, SendingState
from controller.purchasing.suppliers import LARGEST_PRICE

B = TypeVar("B")
Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
Part = Annotated[int, Meta(ge=1, le=operations.LARGEST_RATE)]


class OrderLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Packs as the supplier sells them; a price (minor units per pack) and a date that are left out are the supplier's."""

    sku: Key
    packs: Annotated[int, Meta(ge=1, le=MOST_PACKS)]
    price_minor: Annotated[int, Meta(ge=0, le=LARGEST_PRICE)] | None = None
    expected_on: date | None = None


Lines = Annotated[list[OrderLine], Meta(min_length=1, max_length=MOST_LINES)]


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ours` minor units of the site's currency are worth `theirs` of the supplier's."""

    ours: Part
    theirs: Part


class DraftOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rate`: needed for what the goods cost, where the supplier's currency is another than the site's."""

    site: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
    supplier: Key
    lines: Lines
    note: Annotated[str, Meta(max_length=400, pattern=PLAIN)] = ""
    rate: Rate | None = None


class PutLines(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    lines: Lines
    note: Annotated[str, Meta(max_length=400, pattern=PLAIN)] | None = None


class Approve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`despite_minimum`: though it comes to less than its supplier takes orders from."""

    despite_minimum: bool = False


class Because(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class PurchaseOrderView(Struct, frozen=True, kw_only=True):
    """Quantities in base units, `total_minor` in the supplier's currency; `sending`: of what was to be sent last."""

    no: str
    state: OrderState
    supplier: str
    supplier_name: str
    site: str
    currency: str
    origin: str
    note: str
    reference: str | None
    revision: int
    created_at: datetime
    approved_at: datetime | None
    sent_at: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    reason: str | None
    lines: int
    units: int
    received: int
    total_minor: int
    expected_on: date | None
    sending: SendingState | None
    answer_waits: bool


class PurchaseLineView(Struct, frozen=True, kw_only=True):
    """`units`, `received` and `owed` (still to come) in base units; `price_minor` per pack."""

    position: int
    sku: str
    name_en: str
    name_zh: str
    their_code: str
    pack_numerator: int
    pack_denominator: int
    packs: int
    units: int
    price_minor: int | None
    expected_on: date | None
    received: int
    owed: int
    closed: bool


class SendingView(Struct, frozen=True, kw_only=True):
    """`is_cancel`: it tells the supplier that the order is not wanted any more."""

    id: int
    revision: int
    channel: str
    address: str
    state: SendingState
    tries: int
    next_at: datetime
    sent_at: datetime | None
    error: str | None
    message_id: str
    is_cancel: bool


class DifferenceView(Struct, frozen=True, kw_only=True):
    """`field` is packs, price_minor or expected_on."""

    position: int
    field: str
    ordered: int | date | None
    answered: int | date | None


class AnswerView(Struct, frozen=True, kw_only=True):
    """One that differs is `waiting` until somebody accepts or refuses it."""

    id: int
    state: AnswerState
    source: str
    reference: str | None
    differences: list[DifferenceView]


class PurchaseOrderDetail(Struct, frozen=True, kw_only=True):
    order: PurchaseOrderView
    lines: list[PurchaseLineView]
    sendings: list[SendingView]
    answers: list[AnswerView]


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
        lines=[_line(line) for line in await queries.lines(row.id)],
        sendings=[_sending(each) for each in await queries.sendings(row.id)],
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


def order_view(row: queries.OrderRow) -> PurchaseOrderView:
    names = set(PurchaseOrderView.__struct_fields__) - {"answer_waits"}
    return PurchaseOrderView(**{name: getattr(row, name) for name in names}, answer_waits=row.has_answer)


def _line(row: queries.LineRow) -> PurchaseLineView:
    return PurchaseLineView(**{name: getattr(row, name) for name in PurchaseLineView.__struct_fields__})


def _sending(row: queries.SendingRow) -> SendingView:
    return SendingView(**{name: getattr(row, name) for name in SendingView.__struct_fields__})


def answer_view(stored: Stored) -> AnswerView:
    found = [
        DifferenceView(position=each.position, field=each.field, ordered=each.ordered, answered=each.answered)
        for each in stored.differences
    ]
    return AnswerView(id=stored.id, state=stored.state, source=stored.source, reference=stored.reference, differences=found)


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
