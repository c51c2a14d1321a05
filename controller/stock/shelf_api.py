"""Which bin a SKU is taken from when nobody says which, over HTTP."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.catalog.queries import sku as sku_of
from controller.http.routing import PLAIN, Call, Permission, Route
from controller.stock.shelves import choose_shelf


class ShelfIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    bin: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]


class ShelfView(Struct, frozen=True, kw_only=True):
    """Sales of other tills, and transfers that leave without a bin being scanned, are taken from here."""

    sku: str
    site: str
    bin: str


async def choose(call: Call[ShelfIn]) -> ShelfView:
    found = await sku_of(call.path["sku"])
    await choose_shelf(found.id, call.path["site"], call.body.bin)
    return ShelfView(sku=found.code, site=call.path["site"], bin=call.body.bin)


ROUTES = [
    Route(
        "PUT",
        "/api/v1/sites/{site}/stock/{sku}/shelf",
        choose,
        permission=Permission.STOCK_WRITE,
        body=ShelfIn,
        reply=ShelfView,
        summary="Choose the bin that a SKU is sold from at a site",
        example=ShelfIn(bin="A-01"),
    ),
]
