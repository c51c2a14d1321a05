"""Prices with effective dates, and label batches, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, number, page
from controller.pricing import imports, operations, queries
from controller.pricing.imports import PriceFile
from controller.pricing.operations import ForTheChain, NewPrice
from controller.pricing.policies import PriceKind
from controller.pricing.printing import print_batch
from controller.pricing.queries import StoredBatch, StoredPrice
from controller.pricing.states import BatchState

Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
SiteId = Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
Instant = Annotated[datetime, Meta(tz=True)]
MAX_PRICES = 1000


class PriceIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`price_minor` for one piece, 100 g or 100 ml; `site` null: the whole chain.  With `until` it is a promotion."""

    sku: Code
    price_minor: Annotated[int, Meta(ge=0, le=10**12)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    effective_from: Instant
    site: SiteId | None = None
    until: Instant | None = None
    note: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)] | None = None


class PricesIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    prices: Annotated[list[PriceIn], Meta(min_length=1, max_length=MAX_PRICES)]


class PriceView(Struct, frozen=True, kw_only=True):
    """`begun`: its instant has come; `ended`: so has the end of a promotion."""

    id: int
    sku: str
    site: str | None
    kind: PriceKind
    price_minor: int
    currency: str
    effective_from: datetime
    until: datetime | None
    note: str | None
    begun: bool
    ended: bool
    created_at: datetime
    created_by: str
    cancelled_at: datetime | None
    cancelled_by: str | None


class PriceList(Struct, frozen=True, kw_only=True):
    items: list[PriceView]


class PriceRowError(Struct, frozen=True, kw_only=True):
    line: int
    column: str
    reason: str


class PriceImportView(Struct, frozen=True, kw_only=True):
    """`errors` are the first thousand of `bad_rows`."""

    rows: int
    prices: int
    bad_rows: int
    errors: list[PriceRowError]


class BatchView(Struct, frozen=True, kw_only=True):
    """`printed` and `confirmed`: how many of its `labels` were sent to a printer, and are on the shelf."""

    no: str
    site: str | None
    effective_at: datetime | None
    state: BatchState
    announced: bool
    in_force: bool
    labels: int
    printed: int
    confirmed: int
    created_at: datetime
    closed_at: datetime | None


class LabelView(Struct, frozen=True, kw_only=True):
    sku: str
    name_en: str
    name_zh: str
    price_minor: int | None
    currency: str | None
    bin: str | None
    prints: int
    confirmed_at: datetime | None
    confirmed_by: str | None


class BatchDetail(Struct, frozen=True, kw_only=True):
    """Labels in the order of the bins that they go to."""

    batch: BatchView
    labels: list[LabelView]


class PrintBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`again`: also those that were printed and are not on the shelf yet."""

    box: SiteId
    again: bool = False


class Wished(Struct, frozen=True, kw_only=True):
    labels: int


async def say(call: Call[PricesIn]) -> Created[PriceList]:
    for price in call.body.prices:
        _may_price(call.actor.sites, price.site)
    ids = await operations.schedule(
        [NewPrice(**{name: getattr(price, name) for name in PriceIn.__struct_fields__}) for price in call.body.prices]
    )
    return Created(PriceList(items=[_view(await queries.price(each)) for each in ids]), location="/api/v1/prices")


def _may_price(sites: frozenset[str] | None, site: str | None) -> None:
    if sites is not None and site is None:
        raise ForTheChain("a price of the whole chain is said by who is here for all of it: name a site")
    if sites is not None and site not in sites:
        raise NotFound("site", site)


async def listing(call: Call[None]) -> Page[PriceView]:
    rows = await queries.prices(
        sku=call.query.get("sku", ""),
        site=call.query.get("site", ""),
        coming=call.query.get("coming") == "yes",
        before=call.page.number() or None,
        limit=call.page.limit,
        sites=call.actor.sites,
    )
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


async def cancel(call: Call[None]) -> PriceView:
    price = number(call.path["price"], "price")
    await operations.cancel(price, sites=call.actor.sites)
    return _view(await queries.price(price))


async def import_file(call: Call[bytes]) -> PriceImportView:
    preview = call.query.get("preview", "no")
    if preview not in ("yes", "no"):
        raise BadParameter("preview", "`yes` or `no`")
    read = imports.read_prices if preview == "yes" else imports.import_prices
    return _imported(await read(call.body, sites=call.actor.sites))


def _imported(found: PriceFile) -> PriceImportView:
    errors = [PriceRowError(line=e.line, column=e.column, reason=e.reason) for e in found.errors[: imports.ERRORS_SHOWN]]
    return PriceImportView(rows=found.rows, prices=len(found.prices), bad_rows=len(found.errors), errors=errors)


async def batch_listing(call: Call[None]) -> Page[BatchView]:
    rows = await queries.batches(
        state=_state(call.query.get("state", "")),
        site=call.query.get("site", ""),
        only_open=call.query.get("open") == "yes",
        before=call.page.number() or None,
        limit=call.page.limit,
        sites=call.actor.sites,
    )
    shown = page(rows, call.page, key=lambda row: row.id)
    return Page(items=[_batch(row) for row in shown.items], next=shown.next)


async def batch_detail(call: Call[None]) -> BatchDetail:
    found = await queries.batch(call.path["no"], sites=call.actor.sites)
    rows = await queries.labels(found.id, only_missing=call.query.get("missing") == "yes")
    labels = [LabelView(**{name: getattr(row, name) for name in LabelView.__struct_fields__}) for row in rows]
    return BatchDetail(batch=_batch(found), labels=labels)


async def print_labels(call: Call[PrintBatch]) -> Wished:
    found = await queries.batch(call.path["no"], sites=call.actor.sites)
    return Wished(labels=await print_batch(found.number, box=call.body.box, again=call.body.again))


def _state(text: str) -> BatchState | None:
    if not text:
        return None
    try:
        return BatchState(text)
    except ValueError as error:
        raise BadParameter("state", f"one of {', '.join(BatchState)}") from error


def _view(row: StoredPrice) -> PriceView:
    same = ("id", "sku", "kind", "price_minor", "currency", "effective_from", "until", "note", "created_at", "created_by")
    values = {name: getattr(row, name) for name in (*same, "cancelled_at", "cancelled_by")}
    return PriceView(**values, site=row.scope or None, begun=row.is_begun, ended=row.is_ended)


def _batch(row: StoredBatch) -> BatchView:
    same = ("effective_at", "state", "labels", "printed", "confirmed", "created_at", "closed_at")
    values = {name: getattr(row, name) for name in same}
    return BatchView(**values, no=row.number, site=row.site_id, announced=row.is_announced, in_force=row.is_in_force)


READ, WRITE = Permission.PRICES_READ, Permission.PRICES_WRITE
_FILE = (
    b"sku,price,effective_from,site,until\nmilk-250,6.50,2026-12-01T06:00,,\nmilk-250,4.90,2026-12-24T06:00,s1,2026-12-27T00:00\n"
)
ROUTES = [
    Route(
        "GET",
        "/api/v1/prices",
        listing,
        permission=READ,
        reply=Page[PriceView],
        summary="List prices that were said, the latest first",
        filters={"sku": "only of this SKU", "site": "only this site's own", "coming": "`yes`: only what is not in force yet"},
    ),
    Route(
        "POST",
        "/api/v1/prices",
        say,
        permission=WRITE,
        body=PricesIn,
        reply=PriceList,
        summary="Say what SKUs will cost from an instant on, all or nothing; two prices for one instant are refused",
        example=PricesIn(
            prices=[PriceIn(sku="milk-250", price_minor=650, currency="CNY", effective_from=datetime(2026, 12, 1, 6, tzinfo=UTC))]
        ),
    ),
    Route(
        "POST",
        "/api/v1/prices/import",
        import_file,
        permission=WRITE,
        body=bytes,
        accepts="text/csv",
        reply=PriceImportView,
        summary="Prices from a CSV file, all or nothing; with `preview=yes` nothing is written",
        filters={"preview": "`yes`: only look"},
        whole_chain=True,
        example=_FILE,
    ),
    Route(
        "DELETE",
        "/api/v1/prices/{price}",
        cancel,
        permission=WRITE,
        reply=PriceView,
        summary="Take a price back before its instant; a promotion that is in force ends now",
    ),
    Route(
        "GET",
        "/api/v1/label-batches",
        batch_listing,
        permission=READ,
        reply=Page[BatchView],
        summary="List batches of shelf labels, the newest first",
        filters={"state": "only in this state", "site": "only of this site", "open": "`yes`: only those that are not done"},
    ),
    Route(
        "GET",
        "/api/v1/label-batches/{no}",
        batch_detail,
        permission=READ,
        reply=BatchDetail,
        summary="One batch with its labels, in the order of bins",
        filters={"missing": "`yes`: only labels that are not on the shelf"},
    ),
    Route(
        "POST",
        "/api/v1/label-batches/{no}/print",
        print_labels,
        permission=Permission.PRINTS_WRITE,
        body=PrintBatch,
        reply=Wished,
        summary="Print a batch's labels at a box of its site",
        example=PrintBatch(box="box-1"),
    ),
]
