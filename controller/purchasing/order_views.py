"""What the API shows of purchase orders, and what it takes."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN
from controller.purchasing import operations, queries
from controller.purchasing.answers import Stored
from controller.purchasing.operations import MOST_LINES, MOST_PACKS
from controller.purchasing.queries import PurchaseLineView, PurchaseOrderView, SendingView
from controller.purchasing.states import AnswerState
from controller.purchasing.suppliers import LARGEST_PRICE

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


def order_view(row: queries.OrderRow) -> PurchaseOrderView:
    return PurchaseOrderView(**{name: getattr(row, name) for name in PurchaseOrderView.__struct_fields__})


def line_view(row: queries.LineRow) -> PurchaseLineView:
    return PurchaseLineView(**{name: getattr(row, name) for name in PurchaseLineView.__struct_fields__})


def answer_view(stored: Stored) -> AnswerView:
    found = [
        DifferenceView(position=each.position, field=each.field, ordered=each.ordered, answered=each.answered)
        for each in stored.differences
    ]
    return AnswerView(id=stored.id, state=stored.state, source=stored.source, reference=stored.reference, differences=found)
