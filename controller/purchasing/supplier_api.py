"""Suppliers, what they sell, and their shipping notices, over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, Actor, BadParameter, Call, Created, Page, Permission, Route, page
from controller.purchasing import notices, supplier_queries, suppliers
from controller.purchasing.notices import NewNotice, NoticedLine
from controller.purchasing.policies import Channel
from controller.purchasing.supplier_queries import ItemView, SupplierView
from controller.purchasing.suppliers import ItemData, SupplierData

Text = Annotated[str, Meta(max_length=400, pattern=PLAIN)]
Days = Annotated[int, Meta(ge=0, le=suppliers.MOST_DAYS)]


class PutSupplier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`channel`: how orders reach it, `address`: where (an e-mail address, an http(s) address, a folder's name).

    `minimum_minor`: what an order must come to; `order_days`: ISO weekdays on which it takes orders, as in `135`.
    `over_percent`: by how much more than ordered may come; `min_days`: days of life that goods must have left.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
    channel: Channel = Channel.HAND
    address: Text = ""
    language: Annotated[str, Meta(pattern="^(zh-CN|en)$")] = "zh-CN"
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "CNY"
    lead_days: Days = 7
    minimum_minor: Annotated[int, Meta(ge=0, le=10**12)] = 0
    order_days: Annotated[str, Meta(pattern="^1?2?3?4?5?6?7?$")] = ""
    over_percent: Annotated[int, Meta(ge=0, le=1000)] = 0
    min_days: Days = 0
    active: bool = True


class PutItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Packs of `pack_numerator / pack_denominator` base units at `price_minor` each, in the supplier's currency."""

    their_code: Annotated[str, Meta(max_length=64, pattern=PLAIN)] = ""
    pack_numerator: Annotated[int, Meta(ge=1, le=suppliers.LARGEST_PACK)] = 1
    pack_denominator: Annotated[int, Meta(ge=1, le=suppliers.LARGEST_DENOMINATOR)] = 1
    minimum_packs: Annotated[int, Meta(ge=1, le=10**9)] = 1
    price_minor: Annotated[int, Meta(ge=0, le=suppliers.LARGEST_PRICE)] | None = None
    lead_days: Days | None = None
    active: bool = True


class NoticeView(Struct, frozen=True, kw_only=True):
    """`number` is the supplier's own."""

    supplier: str
    number: str
    site: str
    order: str | None
    expected_on: date | None
    lines: int


async def listing(call: Call[None]) -> Page[SupplierView]:
    rows = await supplier_queries.suppliers(q=call.query.get("q", ""), after=call.page.after or "", limit=call.page.limit)
    return page([_supplier(row) for row in rows], call.page, key=lambda view: view.code)


async def show(call: Call[None]) -> SupplierView:
    return _supplier(await supplier_queries.supplier(call.path["code"]))


async def put(call: Call[PutSupplier]) -> SupplierView:
    await suppliers.put_supplier(call.path["code"], SupplierData(**msgspec.structs.asdict(call.body)))
    return await show(Call(actor=call.actor, body=None, path=call.path))


async def items(call: Call[None]) -> Page[ItemView]:
    await supplier_queries.supplier(call.path["code"])
    rows = await supplier_queries.items(call.path["code"], after=call.page.number(), limit=call.page.limit)
    return page([_item(row) for row in rows], call.page, key=lambda view: view.id)


async def put_item(call: Call[PutItem]) -> ItemView:
    code, sku = call.path["code"], call.path["sku"]
    await suppliers.put_item(code, sku, ItemData(**msgspec.structs.asdict(call.body)))
    return _item(await supplier_queries.item(code, sku))


async def notice(call: Call[NewNotice]) -> Created[NoticeView]:
    _require_site(call.actor, call.body.site)
    await notices.take_notice(call.body)
    return _noticed(call.body)


async def notice_csv(call: Call[bytes]) -> Created[NoticeView]:
    lines: list[NoticedLine] = notices.read_csv(call.body)
    try:
        told = {name: call.path[name] for name in ("supplier", "site", "number")} | {"order": call.query.get("order")}
        new = msgspec.convert({**told, "lines": lines, "expected_on": call.query.get("expected_on")}, NewNotice)
    except msgspec.ValidationError as error:
        raise BadParameter("order", f"something else: {error}") from error
    await notices.take_notice(new)
    return _noticed(new)


async def close_notice(call: Call[None]) -> None:
    supplier, site, number = (call.path[name] for name in ("supplier", "site", "number"))
    if await notices.site_of_notice(supplier, number) != site:
        raise NotFound("notice", number)
    await notices.close_notice(supplier, number)


def _require_site(actor: Actor, site: str) -> None:
    if actor.sites is not None and site not in actor.sites:
        raise NotFound("site", site)


def _noticed(new: NewNotice) -> Created[NoticeView]:
    view = NoticeView(
        supplier=new.supplier,
        number=new.number,
        site=new.site,
        order=new.order,
        expected_on=new.expected_on,
        lines=len(new.lines),
    )
    return Created(view, location=f"/api/v1/suppliers/{new.supplier}")


def _supplier(row: supplier_queries.SupplierRow) -> SupplierView:
    return SupplierView(**{name: getattr(row, name) for name in SupplierView.__struct_fields__})


def _item(row: supplier_queries.ItemRow) -> ItemView:
    return ItemView(**{name: getattr(row, name) for name in ItemView.__struct_fields__})


READ, WRITE = Permission.PURCHASING_READ, Permission.PURCHASING_WRITE
ONE = "/api/v1/suppliers/{code}"
NOTICE = "/api/v1/sites/{site}/shipping-notices/{supplier}/{number}"
_SUPPLIER = PutSupplier(name="Dairy North", channel=Channel.EMAIL, address="orders@dairy.example", lead_days=2, order_days="135")
_NOTICE = NewNotice(
    supplier="dairy",
    site="s1",
    number="DN-4711",
    order="PO-100001",
    expected_on=date(2026, 11, 24),
    lines=[NoticedLine(sku="013-1", units=48, lot="L7", expiry=date(2026, 12, 24))],
)
ROUTES = [
    Route(
        "GET",
        "/api/v1/suppliers",
        listing,
        permission=READ,
        reply=Page[SupplierView],
        summary="List suppliers by code",
        filters={"q": "part of the code or the name"},
    ),
    Route("GET", ONE, show, permission=READ, reply=SupplierView, summary="One supplier"),
    Route(
        "PUT",
        ONE,
        put,
        permission=WRITE,
        body=PutSupplier,
        reply=SupplierView,
        summary="Create a supplier, or change it",
        example=_SUPPLIER,
        whole_chain=True,
    ),
    Route("GET", f"{ONE}/items", items, permission=READ, reply=Page[ItemView], summary="List what a supplier sells"),
    Route(
        "PUT",
        f"{ONE}/items/{{sku}}",
        put_item,
        permission=WRITE,
        body=PutItem,
        reply=ItemView,
        summary="Say how a supplier sells a SKU: its code, pack, minimum, price and lead time",
        example=PutItem(their_code="M-24", pack_numerator=24, price_minor=12000),
        whole_chain=True,
    ),
    Route(
        "POST",
        "/api/v1/shipping-notices",
        notice,
        permission=WRITE,
        body=NewNotice,
        reply=NoticeView,
        summary="Announce goods that a supplier has shipped, with lots and expiries",
        example=_NOTICE,
    ),
    Route(
        "POST",
        NOTICE,
        notice_csv,
        permission=WRITE,
        body=bytes,
        accepts="text/csv",
        reply=NoticeView,
        summary="Announce shipped goods by a CSV with the columns sku, units, lot, expiry",
        example="sku,units,lot,expiry\n013-1,48,L7,2026-12-24\n",
        filters={
            "order": "our purchase order that they are of",
            "expected_on": "the day on which they should come, as 2026-11-24",
        },
    ),
    Route(
        "POST",
        f"{NOTICE}/close",
        close_notice,
        permission=WRITE,
        summary="Say that the rest of a notice does not come",
    ),
]
