"""What the API shows of receipts, and what it takes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN
from controller.purchasing import receipt_queries
from controller.purchasing.costs import LARGEST_TOTAL
from controller.purchasing.policies import Spread
from controller.purchasing.receipt_queries import PartView, ReceiptView
from controller.purchasing.suppliers import LARGEST_PRICE

Minor = Annotated[int, Meta(ge=0, le=LARGEST_TOTAL)]


Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]


class PutCosts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it cost to get the goods here, in minor units of the site's currency; `spread` over the lines by what."""

    freight_minor: Minor = 0
    duty_minor: Minor = 0
    other_minor: Minor = 0
    spread: Spread = Spread.VALUE


class InvoicedLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`minor` minor units of the site's currency for `units` base units."""

    sku: Key
    minor: Minor
    units: Annotated[int, Meta(ge=1, le=LARGEST_PRICE)]


class Invoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    lines: Annotated[list[InvoicedLine], Meta(min_length=1, max_length=2000)]


class AssignOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    order: Annotated[str, Meta(pattern=r"^PO-[0-9]{6,12}$")]


class WantLabels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`each_piece`: one per piece that came, otherwise one per article."""

    each_piece: bool = False


class LabelsWanted(Struct, frozen=True, kw_only=True):
    labels: int


class ReceiptLineView(Struct, frozen=True, kw_only=True):
    """Base units; `expected` null: nothing was announced; `cost_minor` of all that came, landed, null: nobody knows."""

    sku: str
    name_en: str
    name_zh: str
    expected: int | None
    good: int
    damaged: int
    over: int
    short: int
    short_reason: str | None
    landed_minor: int
    cost_minor: int | None


class ReceiptDetail(Struct, frozen=True, kw_only=True):
    receipt: ReceiptView
    lines: list[ReceiptLineView]
    parts: list[PartView]


class SuggestedBin(Struct, frozen=True, kw_only=True):
    """`holds` base units of any goods, `same` of this SKU; `capacity` null: nobody counted."""

    bin: str
    zone: str
    capacity: int | None
    holds: int
    same: int


class PutAwayView(Struct, frozen=True, kw_only=True):
    """The best bin first; empty: no bin of the site has room."""

    bins: list[SuggestedBin]


class StockCostView(Struct, frozen=True, kw_only=True):
    """Goods at a site and on their way to it: `quantity` base units cost `value_minor`, of `unknown` more nobody knows the cost."""

    sku: str
    name_en: str
    name_zh: str
    site: str
    quantity: int
    value_minor: int
    unknown: int
    currency: str
    position: int


def receipt_view(row: receipt_queries.ReceiptRow) -> ReceiptView:
    return ReceiptView(**{name: getattr(row, name) for name in ReceiptView.__struct_fields__})


def line_view(row: receipt_queries.ReceiptLineRow) -> ReceiptLineView:
    return ReceiptLineView(**{name: getattr(row, name) for name in ReceiptLineView.__struct_fields__})


def part_view(row: receipt_queries.PartRow) -> PartView:
    return PartView(**{name: getattr(row, name) for name in PartView.__struct_fields__})
