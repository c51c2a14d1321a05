"""What the API shows of purchase orders, and what it takes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN
from controller.purchasing import operations, queries
from controller.purchasing.answers import Stored
from controller.purchasing.operations import MOST_LINES, MOST_PACKS
from controller.purchasing.states import AnswerState, OrderState, SendingState
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


def order_view(row: queries.OrderRow) -> PurchaseOrderView:
    names = set(PurchaseOrderView.__struct_fields__) - {"answer_waits"}
    return PurchaseOrderView(**{name: getattr(row, name) for name in names}, answer_waits=row.has_answer)


def line_view(row: queries.LineRow) -> PurchaseLineView:
    return PurchaseLineView(**{name: getattr(row, name) for name in PurchaseLineView.__struct_fields__})


def sending_view(row: queries.SendingRow) -> SendingView:
    return SendingView(**{name: getattr(row, name) for name in SendingView.__struct_fields__})


def answer_view(stored: Stored) -> AnswerView:
    found = [
        DifferenceView(position=each.position, field=each.field, ordered=each.ordered, answered=each.answered)
        for each in stored.differences
    ]
    return AnswerView(id=stored.id, state=stored.state, source=stored.source, reference=stored.reference, differences=found)
