"""What the API shows of transfers, and what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN
from controller.transfers.operations import Decision
from controller.transfers.policies import Kind
from controller.transfers.queries import StoredTransfer
from controller.transfers.states import TransferState

Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]


SiteId = Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]


Quantity = Annotated[int, Meta(ge=1, le=10**12)]


Words = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class PlanLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quantity` in base units (pieces, grams, millilitres)."""

    sku: Code
    quantity: Quantity


class PlanLines(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    lines: Annotated[list[PlanLine], Meta(min_length=1, max_length=2000)]


class PlanTransfer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    from_site: SiteId
    to_site: SiteId
    lines: Annotated[list[PlanLine], Meta(min_length=1, max_length=2000)]
    note: Words | None = None


class Settle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of goods that left and did not come (`lost`; `kept`: they never left), or came and had not left.

    `found`: nobody knows where from; `sent`: they left the other site, and nobody said so.
    """

    sku: Code
    quantity: Quantity
    decision: Decision
    reason: Words


class TransferView(Struct, frozen=True, kw_only=True):
    """`announced` false: a box told of it, and nobody had planned it.  `open_units`: left and did not come, over all SKUs."""

    no: str
    from_site: str | None
    to_site: str | None
    state: TransferState
    announced: bool
    note: str | None
    lines: int
    open_units: int
    created_at: datetime
    created_by: str
    approved_at: datetime | None
    approved_by: str | None
    sent_closed_at: datetime | None
    received_closed_at: datetime | None


class TransferLineView(Struct, frozen=True, kw_only=True):
    """In base units; `in_transit` below zero: more came than left."""

    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    quantity: int
    sent: int
    received: int
    damaged: int
    lost: int
    found: int
    in_transit: int


class BookingView(Struct, frozen=True, kw_only=True):
    """A movement behind the lines; `undone`: it was taken back."""

    kind: Kind
    sku: str
    quantity: int
    site: str
    place: str
    lot: str | None
    occurred_at: datetime
    person: str | None
    reason: str | None
    undone: bool


class TransferDetail(Struct, frozen=True, kw_only=True):
    transfer: TransferView
    lines: list[TransferLineView]
    bookings: list[BookingView]


def transfer_view(row: StoredTransfer) -> TransferView:
    return TransferView(
        no=row.number,
        from_site=row.from_site,
        to_site=row.to_site,
        state=row.state,
        announced=row.is_announced,
        note=row.note,
        lines=row.lines,
        open_units=row.open_units,
        created_at=row.created_at,
        created_by=row.created_by,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        sent_closed_at=row.sent_closed_at,
        received_closed_at=row.received_closed_at,
    )
