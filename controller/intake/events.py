"""What is told of intake.  The subject is `raw:<id>`, or `goods:<channel>/<goods>`.  Nothing of what was sent."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class RawOrderCame(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "raw_order_came"
    channel: str
    source: str


class RawOrderChanged(Event, frozen=True, kw_only=True):
    """It became an order, or waits for something; `code` says for what."""

    name: ClassVar[str] = "raw_order_changed"
    channel: str
    state: str
    order: str | None
    code: str | None


class GoodsMapped(Event, frozen=True, kw_only=True):
    """A channel's goods are so many base units of a SKU from now on; `resumed`: raw orders that waited for it."""

    name: ClassVar[str] = "goods_mapped"
    channel: str
    sku: str
    units: int
    resumed: int
