"""Facts of goods between shelves and sites: transfers, adjustments, shelf labels.  They are listed in `edge_agent.wire.facts`.

Each names a symbol as it was read and counts the pack unit that the symbol names.  `lot`, `expiry` and `serial` when the symbol
(GS1 AI 10, 17 or 15, 21) or the person told them.  A number that nobody knows is no reason to refuse any of them.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from edge_agent.wire.messages import Gtin14, Positive, Symbol, Text, TopicId

Change = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""Packs more, or fewer below zero."""


class Condition(StrEnum):
    """How goods came: to sell, or to be kept apart (quarantine) until somebody decides."""

    GOOD = "good"
    DAMAGED = "damaged"


class TransferEnd(StrEnum):
    """An end of a transfer: the site that sends, the site that receives."""

    SENT = "sent"
    RECEIVED = "received"


class TransferSent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods left for another site under the transfer `document` (`TR-100001`).

    `bin`: where they lay, None: the SKU's place.  `to`: the site they go to, as the person chose it; needed only by a transfer that
    the office has not announced.
    """

    name: ClassVar[str] = "transfer_sent"
    version: ClassVar[int] = 1
    document: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None
    bin: Text | None = None
    to: TopicId | None = None


class TransferReceived(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods of the transfer `document` came in.  Damaged ones go to quarantine, with the reason, a code or free words."""

    name: ClassVar[str] = "transfer_received"
    version: ClassVar[int] = 1
    document: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None
    condition: Condition = Condition.GOOD
    reason: Text | None = None


class TransferClosed(Struct, frozen=True, kw_only=True):
    """One end of the transfer `document` is done: all that goes has left, or all that came is told.  Later facts still count."""

    name: ClassVar[str] = "transfer_closed"
    version: ClassVar[int] = 1
    document: Text
    end: TransferEnd


class Adjusted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person saw more or less than was known in `bin`, or took goods out of trade: `change` packs, for a `reason`.

    `reason` is a code of the table in docs/operations.md (`damaged`, `expired`, `stolen`, …), `note` what the person adds.
    `approved_by`: the id of the manager whose badge was read for it, where the station asks for one.
    """

    name: ClassVar[str] = "adjusted"
    version: ClassVar[int] = 1
    bin: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    change: Change
    reason: Annotated[str, Meta(min_length=1, max_length=40)]
    note: Text | None = None
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None
    approved_by: Text | None = None


class ShelfLabelled(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The new label of goods was put on the shelf and scanned there, for the label batch `batch` (`LB-100001`)."""

    name: ClassVar[str] = "shelf_labelled"
    version: ClassVar[int] = 1
    batch: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    bin: Text | None = None
