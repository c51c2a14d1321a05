"""What happens in purchasing.  The subject is the order's, receipt's or notice's number, or the supplier's code."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class SupplierChanged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "supplier_changed"
    title: str


class SupplierItemChanged(Event, frozen=True, kw_only=True):
    """What a supplier asks for a pack of a SKU."""

    name: ClassVar[str] = "supplier_item_changed"
    sku: str
    price_minor: int | None


class PurchaseOrderChanged(Event, frozen=True, kw_only=True):
    """An order got a new state (`state`), or as a draft new lines; `reason` of a person who ended it."""

    name: ClassVar[str] = "purchase_order_changed"
    state: str
    lines: int = 0
    reason: str | None = None


class PurchaseOrderAnswered(Event, frozen=True, kw_only=True):
    """The supplier answered; `differences`: in how many things it differs from what was ordered."""

    name: ClassVar[str] = "purchase_order_answered"
    source: str
    differences: int
    state: str


class SendingFailed(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "purchase_sending_failed"
    channel: str
    tries: int
    error: str


class NoticeCame(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "shipping_notice_came"
    supplier: str
    lines: int


class ReceiptChanged(Event, frozen=True, kw_only=True):
    """Goods came, the floor said that this was all, the office settled it, or its costs changed: `what`."""

    name: ClassVar[str] = "receipt_changed"
    what: str
    state: str
