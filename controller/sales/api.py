"""Receipts of tills that are not ours, over HTTP: in batches, late, repeated, in any order."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from controller import db, events
from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Page, Permission, Route, number, page
from controller.sales import queries
from controller.sales.policies import LineState, NewLine, NewReceipt, Outcome, SaleState
from controller.sales.queries import Asked, StoredSale
from controller.sales.recording import record
from controller.sites.queries import known_sites

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
Till = Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)]
Code = Annotated[str, Meta(min_length=1, max_length=500, pattern=PLAIN)]
Amount = Annotated[int, Meta(ge=-(10**15), le=10**15)]
MAX_RECEIPTS, MAX_LINES, MAX_DAYS = 1000, 5000, 400


class SaleLineIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`barcode` as printed, or `sku`: one of the two.  `quantity` counts what that names, below zero for what came back.

    For a SKU, and for a barcode of one base unit, those are pieces, grams or millilitres.  `amount_minor` is what was paid for the
    line, with tax and after the discount.  `damaged`: it came back broken, and is kept apart.
    """

    quantity: Annotated[int, Meta(ge=-(10**9), le=10**9)]
    amount_minor: Amount
    barcode: Code | None = None
    sku: Name | None = None
    tax_minor: Amount = 0
    discount_minor: Amount = 0
    damaged: bool = False


class ReceiptIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`site`, `till` and `number` are what it is known by; `voids`: the number of one of that till that it takes back."""

    site: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    till: Till
    number: Name
    occurred_at: Annotated[datetime, Meta(tz=True)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    lines: Annotated[list[SaleLineIn], Meta(max_length=MAX_LINES)] = []
    voids: Name | None = None


class ReceiptsIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    receipts: Annotated[list[ReceiptIn], Meta(min_length=1, max_length=MAX_RECEIPTS)]


class ReceiptResult(Struct, frozen=True, kw_only=True):
    """In the order of the receipts.  `refused`: nothing of it was kept, `reason` says why; everything else was."""

    site: str
    till: str
    number: str
    outcome: str
    code: str | None
    reason: str | None


class ReceiptResults(Struct, frozen=True, kw_only=True):
    """How many receipts became what; `no_goods`: lines of new ones whose codes are none."""

    booked: int
    waiting: int
    repeated: int
    conflicts: int
    refused: int
    no_goods: int
    results: list[ReceiptResult]


class SaleView(Struct, frozen=True, kw_only=True):
    """`day`: the business day of its site.  `waiting`: lines whose goods nobody knows yet."""

    id: int
    site: str
    till: str
    number: str
    occurred_at: datetime
    day: date
    currency: str
    total_minor: int
    voids: str | None
    voided_by: str | None
    state: SaleState
    lines: int
    waiting: int
    source: str
    recorded_at: datetime


class SaleLineView(Struct, frozen=True, kw_only=True):
    """`units` in the SKU's base unit; `cost_minor`: what the goods had cost, when they left."""

    position: int
    text: str
    sku: str | None
    quantity: int
    units: int | None
    amount_minor: int
    tax_minor: int
    discount_minor: int
    cost_minor: int | None
    damaged: bool
    state: LineState


class SaleDetail(Struct, frozen=True, kw_only=True):
    sale: SaleView
    lines: list[SaleLineView]


class WaitingView(Struct, frozen=True, kw_only=True):
    """A barcode, or a SKU's code, that nobody knows, and how many lines wait for it."""

    text: str
    is_sku: bool
    site: str
    lines: int
    since: datetime


class WaitingList(Struct, frozen=True, kw_only=True):
    items: list[WaitingView]


class DemandView(Struct, frozen=True, kw_only=True):
    day: date
    sku: str
    sold: int
    returned: int
    amount_minor: int


class DemandList(Struct, frozen=True, kw_only=True):
    items: list[DemandView]


async def take_in(call: Call[ReceiptsIn]) -> ReceiptResults:
    for receipt in call.body.receipts:
        if call.actor.sites is not None and receipt.site not in call.actor.sites:
            raise NotFound("site", receipt.site)
    sites = await known_sites(receipt.site for receipt in call.body.receipts)
    wrong = [_wrong(receipt, sites) for receipt in call.body.receipts]
    good = [_receipt(each) for each, reason in zip(call.body.receipts, wrong, strict=True) if reason is None]
    results = iter(await record(good, source=events.actor().actor))
    told, no_goods = [], 0
    for receipt, reason in zip(call.body.receipts, wrong, strict=True):
        result = next(results) if reason is None else None
        outcome, code = (result.outcome.value, result.code) if result else ("refused", "bad_receipt")
        no_goods += result.no_goods if result else 0
        identity = {"site": receipt.site, "till": receipt.till, "number": receipt.number}
        told.append(ReceiptResult(**identity, outcome=outcome, code=code, reason=reason))
    counts = {each: sum(one.outcome == each for one in told) for each in (*Outcome, "refused")}
    return ReceiptResults(
        booked=counts[Outcome.BOOKED],
        waiting=counts[Outcome.WAITING],
        repeated=counts[Outcome.REPEATED],
        conflicts=counts[Outcome.CONFLICT],
        refused=counts["refused"],
        no_goods=no_goods,
        results=told,
    )


def _wrong(receipt: ReceiptIn, sites: set[str]) -> str | None:
    """What no correction of ours can make right; None: nothing."""
    if receipt.site not in sites:
        return f"there is no site {receipt.site}"
    if not receipt.lines and receipt.voids is None:
        return "it has no lines, and voids nothing"
    if receipt.lines and receipt.voids is not None:
        return "it voids a whole receipt, and has lines of its own: send what came back as lines below zero, or no lines"
    if receipt.voids == receipt.number:
        return "it voids itself"
    for position, line in enumerate(receipt.lines, 1):
        if (line.barcode is None) == (line.sku is None):
            return f"line {position}: expected either a barcode or a SKU"
        if line.quantity == 0:
            return f"line {position}: a quantity of 0"
    return None


def _receipt(receipt: ReceiptIn) -> NewReceipt:
    return NewReceipt(
        site=receipt.site,
        till=receipt.till,
        number=receipt.number,
        occurred_at=receipt.occurred_at,
        currency=receipt.currency,
        voids=receipt.voids,
        lines=[
            NewLine(
                text=line.sku if line.sku is not None else line.barcode or "",
                is_sku=line.sku is not None,
                quantity=line.quantity,
                amount_minor=line.amount_minor,
                tax_minor=line.tax_minor,
                discount_minor=line.discount_minor,
                is_damaged=line.damaged,
            )
            for line in receipt.lines
        ],
    )


async def listing(call: Call[None]) -> Page[SaleView]:
    asked = Asked(
        site=call.query.get("site", ""),
        till=call.query.get("till", ""),
        q=call.query.get("q", ""),
        state=_state(call.query.get("state", "")),
        first=day_of(call.query.get("first", ""), "first"),
        last=day_of(call.query.get("last", ""), "last"),
    )
    rows = await queries.sales(asked, before=call.page.number() or None, limit=call.page.limit, sites=call.actor.sites)
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


async def detail(call: Call[None]) -> SaleDetail:
    found = await queries.sale(number(call.path["id"], "id"), sites=call.actor.sites)
    lines = [
        SaleLineView(
            position=row.position,
            text=row.text,
            sku=row.sku,
            quantity=row.quantity,
            units=row.units,
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            discount_minor=row.discount_minor,
            cost_minor=row.cost_minor,
            damaged=row.is_damaged,
            state=row.state,
        )
        for row in await queries.sale_lines(found.id)
    ]
    return SaleDetail(sale=_view(found), lines=lines)


async def waiting(call: Call[None]) -> WaitingList:
    rows = await queries.waiting_texts(sites=call.actor.sites)
    items = [WaitingView(text=row.text, is_sku=row.is_sku, site=row.site_id, lines=row.lines, since=row.since) for row in rows]
    return WaitingList(items=items)


async def demand(call: Call[None]) -> DemandList:
    site = call.path["site"]
    if not await known_sites([site]):
        raise NotFound("site", site)
    last = day_of(call.query.get("last", ""), "last") or db.now().date()
    first = day_of(call.query.get("first", ""), "first") or last - timedelta(days=27)
    if not 0 <= (last - first).days <= MAX_DAYS:
        raise BadParameter("first", f"a day before the last one, at most {MAX_DAYS} days")
    rows = await queries.demand(site, first, last)
    codes = await queries.codes_of({row.sku_id for row in rows})
    return DemandList(
        items=[
            DemandView(day=row.day, sku=codes[row.sku_id], sold=row.sold, returned=row.returned, amount_minor=row.amount_minor)
            for row in rows
        ]
    )


def day_of(text: str, name: str) -> date | None:
    """A day of a query parameter.  Raises BadParameter."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadParameter(name, "a day such as 2026-11-22") from error


def _state(text: str) -> SaleState | None:
    if not text:
        return None
    try:
        return SaleState(text)
    except ValueError as error:
        raise BadParameter("state", f"one of {', '.join(SaleState)}") from error


def _view(row: StoredSale) -> SaleView:
    return SaleView(
        id=row.id,
        site=row.site_id,
        till=row.till,
        number=row.number,
        occurred_at=row.occurred_at,
        day=row.day,
        currency=row.currency,
        total_minor=row.total_minor,
        voids=row.voids,
        voided_by=row.voided_by,
        state=row.state,
        lines=row.lines,
        waiting=row.waiting,
        source=row.source,
        recorded_at=row.recorded_at,
    )


READ, WRITE = Permission.SALES_READ, Permission.SALES_WRITE
_EXAMPLE = ReceiptsIn(
    receipts=[
        ReceiptIn(
            site="s1",
            till="2",
            number="4711",
            occurred_at=datetime.fromisoformat("2026-11-21T11:58:00+08:00"),
            currency="CNY",
            lines=[
                SaleLineIn(barcode="6901234567892", quantity=2, amount_minor=1180, tax_minor=136),
                SaleLineIn(sku="apple-loose", quantity=1250, amount_minor=1200, discount_minor=50),
            ],
        )
    ]
)
ROUTES = [
    Route(
        "GET",
        "/api/v1/sales",
        listing,
        permission=READ,
        reply=Page[SaleView],
        summary="List receipts of other tills, those told last first",
        filters={
            "site": "only those of this site",
            "till": "only those of this till",
            "q": "part of the number",
            "state": "booked, waiting or conflict",
            "first": "from this business day on",
            "last": "until this business day",
        },
    ),
    Route(
        "POST",
        "/api/v1/sales",
        take_in,
        permission=WRITE,
        body=ReceiptsIn,
        reply=ReceiptResults,
        summary="Take in receipts of other tills, up to 1,000; repeated ones are recognised, each has a result",
        example=_EXAMPLE,
    ),
    Route("GET", "/api/v1/sales/{id}", detail, permission=READ, reply=SaleDetail, summary="One receipt with its lines"),
    Route(
        "GET",
        "/api/v1/sales-waiting",
        waiting,
        permission=READ,
        reply=WaitingList,
        summary="List what nobody knows, and receipts wait for, the most awaited first",
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/demand",
        demand,
        permission=READ,
        reply=DemandList,
        summary="What tills sold at a site, by business day and SKU",
        filters={"first": "the first business day; four weeks, if it is not said", "last": "the last one, today if it is not said"},
    ),
]
