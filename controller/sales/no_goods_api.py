"""Over HTTP: which codes of receipts are no goods, said of the whole chain and undone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN, BadParameter, Call, Page, Permission, Route, page
from controller.sales import no_goods
from controller.sales.api import Code
from controller.sales.no_goods import NoGoods, NoGoodsReason, Said

MAX_CODES = 500
Codes = Annotated[list[Code], Meta(min_length=1, max_length=MAX_CODES)]


class NoGoodsIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`codes` as receipts tell them, as a barcode or as a SKU's code; `reason`: what they are."""

    codes: Codes
    reason: NoGoodsReason
    note: Annotated[str, Meta(max_length=200, pattern=PLAIN)] = ""


class GoodsIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    codes: Codes


class SaidView(Struct, frozen=True, kw_only=True):
    """`same`: it was so already; `changed`: only its reason or note is another one."""

    code: str
    outcome: Said


class SaidList(Struct, frozen=True, kw_only=True):
    """Each code once, in order.  Lines that wait for them are settled in the background."""

    items: list[SaidView]


class NoGoodsView(Struct, frozen=True, kw_only=True):
    """`lines`: how many lines of receipts are kept because of it; 10000: that many or more."""

    id: int
    code: str
    reason: NoGoodsReason
    note: str
    said_at: datetime
    said_by: str
    lines: int


async def set_aside(call: Call[NoGoodsIn]) -> SaidList:
    return _said(await no_goods.set_aside(call.body.codes, call.body.reason, call.body.note))


async def take_back(call: Call[GoodsIn]) -> SaidList:
    return _said(await no_goods.take_back(call.body.codes))


async def listing(call: Call[None]) -> Page[NoGoodsView]:
    reason = call.query.get("reason", "")
    if reason and reason not in set(NoGoodsReason):
        raise BadParameter("reason", f"one of {', '.join(NoGoodsReason)}")
    rows = await no_goods.codes_no_goods(
        q=call.query.get("q", ""), reason=reason, before=call.page.number() or None, limit=call.page.limit
    )
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


def _said(outcomes: dict[str, Said]) -> SaidList:
    return SaidList(items=[SaidView(code=code, outcome=outcome) for code, outcome in outcomes.items()])


def _view(row: NoGoods) -> NoGoodsView:
    return NoGoodsView(
        id=row.id,
        code=row.text,
        reason=row.reason,
        note=row.note,
        said_at=row.said_at,
        said_by=row.said_by,
        lines=row.lines,
    )


ROUTES = [
    Route(
        "GET",
        "/api/v1/sales-no-goods",
        listing,
        permission=Permission.SALES_READ,
        reply=Page[NoGoodsView],
        summary="List codes of receipts that are no goods, those first said last first",
        filters={"q": "part of the code", "reason": f"one of {', '.join(NoGoodsReason)}"},
    ),
    Route(
        "POST",
        "/api/v1/sales-no-goods",
        set_aside,
        permission=Permission.SALES_WRITE,
        whole_chain=True,
        body=NoGoodsIn,
        reply=SaidList,
        summary="Say of codes that they are no goods: their lines are kept with their receipts, and move nothing",
        example=NoGoodsIn(codes=["POST", "BANK CHARGES"], reason=NoGoodsReason.POSTAGE),
    ),
    Route(
        "POST",
        "/api/v1/sales-no-goods/undo",
        take_back,
        permission=Permission.SALES_WRITE,
        whole_chain=True,
        body=GoodsIn,
        reply=SaidList,
        summary="Say of codes that they are goods again: their lines wait until somebody says which",
        example=GoodsIn(codes=["POST"]),
    ),
]
