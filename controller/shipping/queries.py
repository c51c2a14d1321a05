"""Shipments as people look for them."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controller import db
from controller.errors import NotFound
from controller.orders.numbers import ORDERS
from controller.shipping.shipments import StoredShipment, stored
from controller.shipping.states import ShipmentState


@dataclass(frozen=True, slots=True)
class Asked:
    """Empty is all.  `q`: a tracking number's beginning, an order's number or a parcel's; `noticed`: only what is late or worse."""

    state: ShipmentState | None = None
    site: str = ""
    q: str = ""
    noticed: bool = False


async def shipments(
    asked: Asked, *, before: int | None = None, limit: int = 50, sites: Iterable[str] | None = None
) -> list[StoredShipment]:
    """The latest first, below the id `before`; of these sites (None: all)."""
    conditions, params = ["id < ?"], list[object]([before or 2**62])
    if asked.state is not None:
        conditions.append("state = ?")
        params.append(asked.state.value)
    if asked.site:
        conditions.append("site = ?")
        params.append(asked.site)
    if sites is not None:
        conditions.append(db.among("site"))
        params.append(db.listing(sorted(sites)))
    if asked.noticed:
        conditions.append("noticed <> '' AND delivered_at IS NULL")
    if asked.q:
        conditions.append("(substr(tracking_no, 1, ?) = ? OR parcel_no = ? OR order_id = ?)")
        params += [len(asked.q), asked.q, asked.q.upper(), _order(asked.q)]
    rows = await db.fetch(f"SELECT * FROM shipment WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?", *params, limit)
    return [stored(row) for row in rows]


async def of_order(order_id: int) -> list[StoredShipment]:
    """The oldest first."""
    return [stored(row) for row in await db.fetch("SELECT * FROM shipment WHERE order_id = ? ORDER BY id", order_id)]


def _order(text: str) -> int:
    try:
        return ORDERS.row_id(text.upper())
    except NotFound:
        return 0
