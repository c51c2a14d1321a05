"""Shipments: made of packed parcels, given their label, taken back.  The order is locked, so nothing of it changes meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from secrets import token_hex

import msgspec

from controller import db, events
from controller.errors import NotFound
from controller.fulfilment.numbers import PARCELS
from controller.orders import queries as orders
from controller.orders.numbers import ORDERS
from controller.orders.states import HOLDING, Delivery, OrderState
from controller.orders.transitions import lock
from controller.shipping.choosing import Choice, Goods
from controller.shipping.events import ShipmentMade
from controller.shipping.numbers import SHIPMENTS
from controller.shipping.states import PurchaseState, ShipmentState
from controller.sourcing.settings import settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredShipment:
    """See `models.Shipment`."""

    id: int
    parcel_no: str
    attempt: int
    order_id: int
    site: str
    box: str
    state: ShipmentState
    carrier: str
    service: str
    zone: str
    grams: int
    value_minor: int
    currency: str
    price_minor: int | None
    tracking_no: str | None
    route: str
    why: str
    promised_on: date | None
    manifest_id: int | None
    label_copies: int
    noticed: str
    created_at: datetime
    handed_over_at: datetime | None
    heard_at: datetime | None
    delivered_at: datetime | None

    @property
    def no(self) -> str:
        return SHIPMENTS.number(self.id)

    @property
    def order_no(self) -> str:
        return ORDERS.number(self.order_id)

    @property
    def parcel_id(self) -> int:
        return PARCELS.row_id(self.parcel_no)

    @property
    def choice(self) -> Choice | None:
        """How the service was chosen; None: it is not yet."""
        return msgspec.json.decode(self.why, type=Choice) if self.why else None


def stored(row: db.Row) -> StoredShipment:
    return StoredShipment(**{**row, "state": ShipmentState(row["state"])})


async def shipment(no: str) -> StoredShipment:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM shipment WHERE id = ?", SHIPMENTS.row_id(no))
    if not rows:
        raise NotFound(SHIPMENTS.what, no)
    return stored(rows[0])


# --- a parcel becomes a shipment ------------------------------------------------------------------------------------------------


async def make_shipment(parcel_no: str, pick_list_id: int, order_no: str, grams: Decimal) -> str | None:
    """The shipment of a packed parcel whose order is sent, with its wish for a label; None: it is fetched.  Twice is once."""
    async with db.transaction():
        order = await orders.order(order_no)
        if order.delivery is not Delivery.SHIPPING:
            return None
        await lock([order.id])
        parcel = (await db.fetch("SELECT site, box, state FROM parcel WHERE pick_list_id = ?", pick_list_id))[0]
        if parcel["state"] == "withdrawn":
            return None
        destination = (await settings()).destination(order.region)
        weight = int(grams.to_integral_value(ROUND_HALF_EVEN))
        rows = await db.fetch(
            "INSERT INTO shipment (parcel_no, attempt, order_id, site, box, state, zone, grams, value_minor, currency, why, "
            "created_at) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, '', ?) ON CONFLICT (parcel_no, attempt) DO NOTHING RETURNING id",
            *(parcel_no, order.id, parcel["site"], parcel["box"], ShipmentState.OPEN.value, destination.zone, weight),
            *(await _value(pick_list_id), order.currency, db.now()),
        )
        if rows:
            await _want_label(int(rows[0]["id"]))
    return SHIPMENTS.number(rows[0]["id"]) if rows else None


async def _value(pick_list_id: int) -> int:
    """What was picked is worth, in minor units, each line rounded down."""
    rows = await db.fetch(
        "SELECT SUM(l.amount_minor * p.picked / l.quantity) AS value FROM pick_line p JOIN order_line l ON l.id = p.order_line_id "
        "WHERE p.pick_list_id = ?",
        pick_list_id,
    )
    return int(rows[0]["value"] or 0)


async def _want_label(shipment_id: int) -> None:
    await db.execute(
        "INSERT INTO label_purchase (shipment_id, key, carrier, state, next_at, created_at) VALUES (?, ?, '', ?, ?, ?)",
        *(shipment_id, f"{SHIPMENTS.number(shipment_id).lower()}-{token_hex(8)}", PurchaseState.WANTED.value, db.now(), db.now()),
    )


async def goods_of(one: StoredShipment) -> Goods:
    """What carriers must know of it."""
    rows = await db.fetch(
        "SELECT MAX(CASE WHEN t.dangerous THEN 1 ELSE 0 END) AS dangerous, MAX(CASE WHEN t.cold THEN 1 ELSE 0 END) AS cold "
        "FROM parcel c JOIN pick_line p ON p.pick_list_id = c.pick_list_id JOIN shipping_trait t ON t.sku_id = p.sku_id "
        "WHERE c.id = ? AND p.picked > 0",
        one.parcel_id,
    )
    order = await orders.order(one.order_no)
    return Goods(
        grams=one.grams,
        value_minor=one.value_minor,
        zone=one.zone,
        channel=order.channel,
        dangerous=bool(rows[0]["dangerous"]),
        cold=bool(rows[0]["cold"]),
    )


async def set_service(one: StoredShipment, choice: Choice) -> None:
    """By whom it goes, while it has no label.  Records ShipmentMade."""
    chosen = choice.chosen
    if chosen is None:
        return
    promised = db.now().date() + timedelta(days=chosen.days)
    async with db.transaction():
        changed = await db.execute(
            "UPDATE shipment SET carrier = ?, service = ?, why = ?, promised_on = ? WHERE id = ? AND state = ? AND carrier = ''",
            *(chosen.carrier, chosen.service, msgspec.json.encode(choice).decode(), promised, one.id, ShipmentState.OPEN.value),
        )
        if changed:
            await db.execute("UPDATE label_purchase SET carrier = ? WHERE shipment_id = ?", chosen.carrier, one.id)
            made = ShipmentMade(shipment=one.no, parcel=one.parcel_no, carrier=chosen.carrier, service=chosen.service)
            await events.record(made, subject=one.order_no, site=one.site)


async def is_off(one: StoredShipment) -> bool:
    """Whether nobody is to get it any more: its order is cancelled, or its parcel was withdrawn."""
    rows = await db.fetch(
        "SELECT o.state, p.state AS parcel FROM sales_order o JOIN shipment s ON s.order_id = o.id "
        "JOIN pick_list l ON l.order_id = o.id JOIN parcel p ON p.pick_list_id = l.id WHERE s.id = ? AND p.id = ?",
        *(one.id, one.parcel_id),
    )
    alive = {state.value for state in HOLDING} | {OrderState.CLOSED.value}
    return not rows or rows[0]["state"] not in alive or rows[0]["parcel"] == "withdrawn"


async def locked(shipment_id: int) -> StoredShipment:
    """Held until the transaction ends.  Raises NotFound."""
    rows = await db.fetch(f"SELECT * FROM shipment WHERE id = ?{db.for_update()}", shipment_id)  # noqa: S608 -- ours
    if not rows:
        raise NotFound(SHIPMENTS.what, SHIPMENTS.number(shipment_id))
    return stored(rows[0])
