"""SKUs, barcodes, the import, and what nobody knows, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from msgspec import Meta, Struct, field

from controller.catalog import operations, queries
from controller.catalog.imports import Mode, import_catalog, lines_of
from controller.catalog.models import BaseUnit, Tracking
from controller.catalog.operations import NewBarcode, NewSku
from controller.catalog.rows import MOST_DAYS
from controller.errors import NotFound, Rejected
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, number, page

Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Factor = Annotated[int, Meta(ge=1, le=10**9)]
Whole = Annotated[int, Meta(ge=0, le=10**15)]
Days = Annotated[int, Meta(ge=0, le=MOST_DAYS)]


class BarcodeIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scan is `numerator / denominator` base units; without `site` it holds in the whole chain."""

    barcode: Annotated[str, Meta(min_length=1, max_length=500)]
    numerator: Factor = 1
    denominator: Factor = 1
    site: Code | None = None


class SkuIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`price_minor`: minor units for one piece, 100 g or 100 ml; `weight_grams`: of one base unit.

    `tracking`: whether pieces are told apart by lot or serial number; `min_remaining_days` must be left when it goes to a customer.
    """

    code: Code
    name_en: Name
    name_zh: Name
    base_unit: BaseUnit = BaseUnit.PIECE
    price_minor: Whole = 0
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "CNY"
    weight_grams: Whole | None = None
    tracking: Tracking = Tracking.NONE
    shelf_life_days: Days | None = None
    min_remaining_days: Days | None = None
    product: Code | None = None
    barcodes: Annotated[list[BarcodeIn], Meta(max_length=100)] = field(default_factory=list)


class SkuView(Struct, frozen=True, kw_only=True):
    id: int
    code: str
    product: str
    name_en: str
    name_zh: str
    base_unit: str
    price_minor: int
    currency: str
    weight_grams: int | None
    tracking: str
    shelf_life_days: int | None
    min_remaining_days: int | None
    category: str | None


class BarcodeView(Struct, frozen=True, kw_only=True):
    """`kind`: looked up by GTIN, by its whole text, or as an in-store code with the measure in it."""

    id: int
    kind: str
    symbol: str
    sku: str
    numerator: int
    denominator: int
    site: str | None


class UnknownView(Struct, frozen=True, kw_only=True):
    """A symbol that was scanned and that nobody knows; `raw_b64` its bytes if they were not UTF-8."""

    id: int
    text: str
    gtin: str | None
    raw_b64: str | None
    first_seen: datetime
    last_seen: datetime
    count: int
    site: str
    box: str
    station: str | None
    state: str


class LinkIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sku: Code
    numerator: Factor = 1
    denominator: Factor = 1
    site: Code | None = None


class RowErrorView(Struct, frozen=True, kw_only=True):
    line: int
    column: str
    reason: str


class ImportView(Struct, frozen=True, kw_only=True):
    rows: int
    bad_rows: int
    errors: list[RowErrorView]


class BadEncoding(Rejected):
    code = "bad_encoding"


async def skus(call: Call[None]) -> Page[SkuView]:
    rows = await queries.skus(after=call.page.number(), limit=call.page.limit, **_asked(call.query))
    return page([sku_view(row) for row in rows], call.page, key=lambda view: view.id)


def _asked(query: Mapping[str, str]) -> dict[str, str]:
    return {name: query.get(name, "") for name in ("q", "category")}


async def create(call: Call[SkuIn]) -> Created[SkuView]:
    new = call.body
    wanted = NewSku(
        code=new.code,
        name_en=new.name_en,
        name_zh=new.name_zh,
        base_unit=new.base_unit,
        price_minor=new.price_minor,
        currency=new.currency,
        weight_grams=new.weight_grams,
        tracking=new.tracking,
        shelf_life_days=new.shelf_life_days,
        min_remaining_days=new.min_remaining_days,
        product=new.product,
    )
    await operations.create_sku(wanted, [_new_barcode(barcode) for barcode in new.barcodes])
    return Created(sku_view(await queries.sku(new.code)), location=f"/api/v1/skus/{quote(new.code, safe='')}")


async def show(call: Call[None]) -> SkuView:
    return sku_view(await queries.sku(call.path["sku"]))


async def barcodes(call: Call[None]) -> Page[BarcodeView]:
    await queries.sku(call.path["sku"])
    rows = await queries.barcodes(call.path["sku"], after=call.page.number(), limit=call.page.limit, sites=call.actor.sites)
    return page([_barcode(row) for row in rows], call.page, key=lambda view: view.id)


async def add_barcode(call: Call[BarcodeIn]) -> Created[BarcodeView]:
    sku = call.path["sku"]
    barcode = await operations.add_barcode(sku, _new_barcode(call.body))
    return Created(await _stored(sku, barcode), location=f"/api/v1/skus/{quote(sku, safe='')}/barcodes")


async def unknown(call: Call[None]) -> Page[UnknownView]:
    state = call.query.get("state", "open")
    rows = await queries.unknown_barcodes(state=state, after=call.page.number(), limit=call.page.limit, sites=call.actor.sites)
    return page([_unknown(row) for row in rows], call.page, key=lambda view: view.id)


async def link(call: Call[LinkIn]) -> Created[BarcodeView]:
    found = await queries.unknown_barcode(number(call.path["unknown"], "unknown"))
    if call.actor.sites is not None and found.site_id not in call.actor.sites:
        raise NotFound("unknown barcode", found.id)
    asked = call.body
    barcode = await operations.link_barcode(
        found.text, asked.sku, numerator=asked.numerator, denominator=asked.denominator, site_id=asked.site
    )
    return Created(await _stored(asked.sku, barcode), location=f"/api/v1/skus/{quote(asked.sku, safe='')}/barcodes")


async def import_csv(call: Call[bytes]) -> ImportView:
    try:
        text = call.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadEncoding(f"the file is not UTF-8: byte {error.start} cannot be read; save it as CSV UTF-8") from error
    try:
        mode = Mode(call.query.get("mode", Mode.ALL_OR_NOTHING.value))
    except ValueError as error:
        raise BadParameter("mode", "`all` or `good`") from error
    report = await import_catalog(lines_of(text), mode=mode)
    errors = [RowErrorView(line=error.line, column=error.column, reason=error.reason) for error in report.errors]
    return ImportView(rows=report.rows, bad_rows=report.bad_rows, errors=errors)


def _new_barcode(barcode: BarcodeIn) -> NewBarcode:
    return NewBarcode(barcode=barcode.barcode, numerator=barcode.numerator, denominator=barcode.denominator, site_id=barcode.site)


def sku_view(row: queries.SkuRow) -> SkuView:
    return SkuView(
        id=row.id,
        code=row.code,
        product=row.product,
        name_en=row.name_en,
        name_zh=row.name_zh,
        base_unit=row.base_unit,
        price_minor=row.price_minor,
        currency=row.currency,
        weight_grams=row.weight_grams,
        tracking=row.tracking,
        shelf_life_days=row.shelf_life_days,
        min_remaining_days=row.min_remaining_days,
        category=row.category,
    )


async def _stored(sku: str, barcode: int) -> BarcodeView:
    (row,) = await queries.barcodes(sku, after=barcode - 1, limit=1)
    return _barcode(row)


def _barcode(row: queries.BarcodeRow) -> BarcodeView:
    return BarcodeView(
        id=row.id,
        kind=row.kind,
        symbol=row.symbol,
        sku=row.sku,
        numerator=row.numerator,
        denominator=row.denominator,
        site=row.site_id,
    )


def _unknown(row: queries.UnknownRow) -> UnknownView:
    return UnknownView(
        id=row.id,
        text=row.text,
        gtin=row.gtin,
        raw_b64=row.raw_b64,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        count=row.count,
        site=row.site_id,
        box=row.box,
        station=row.station,
        state=row.state,
    )


READ, WRITE = Permission.CATALOG_READ, Permission.CATALOG_WRITE
_MILK = SkuIn(code="milk-250", name_en="Milk 250 ml", name_zh="牛奶 250 毫升", price_minor=420)
_CASE = BarcodeIn(barcode="19521234567896", numerator=24)
ROUTES = [
    Route(
        "GET",
        "/api/v1/skus",
        skus,
        permission=READ,
        reply=Page[SkuView],
        summary="List SKUs",
        filters={"q": "part of the code or of a name", "category": "its code: what is in it or below it; `-`: what is in none"},
    ),
    Route(
        "POST",
        "/api/v1/skus",
        create,
        permission=WRITE,
        body=SkuIn,
        reply=SkuView,
        summary="Create a SKU",
        example=_MILK,
        whole_chain=True,
    ),
    Route("GET", "/api/v1/skus/{sku}", show, permission=READ, reply=SkuView, summary="Show a SKU by its code"),
    Route(
        "GET", "/api/v1/skus/{sku}/barcodes", barcodes, permission=READ, reply=Page[BarcodeView], summary="List a SKU's barcodes"
    ),
    Route(
        "POST",
        "/api/v1/skus/{sku}/barcodes",
        add_barcode,
        permission=WRITE,
        body=BarcodeIn,
        reply=BarcodeView,
        summary="Give a SKU a barcode; facts that wait for it are applied",
        example=_CASE,
    ),
    Route(
        "POST",
        "/api/v1/catalog/import",
        import_csv,
        permission=WRITE,
        body=bytes,
        accepts="text/csv",
        reply=ImportView,
        summary="Import SKUs and barcodes from a CSV file",
        example=(
            "sku,name_en,name_zh,base_unit,price_minor,barcode,pack,site\n"
            "milk-250,Milk 250 ml,牛奶 250 毫升,piece,420,6901234567892,1,\n"
        ).encode(),
        whole_chain=True,
        filters={"mode": "`all` (default): one bad line keeps all out; `good`: the good lines go in"},
    ),
    Route(
        "GET",
        "/api/v1/unknown-barcodes",
        unknown,
        permission=READ,
        reply=Page[UnknownView],
        summary="List symbols that were scanned and that nobody knows",
        filters={"state": "`open` (default) or `linked`"},
    ),
    Route(
        "POST",
        "/api/v1/unknown-barcodes/{unknown}/link",
        link,
        permission=WRITE,
        body=LinkIn,
        reply=BarcodeView,
        summary="Link an unknown symbol to a SKU; facts that wait for it are applied",
        example=LinkIn(sku="milk-250"),
    ),
]
