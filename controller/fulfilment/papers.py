"""The papers of a parcel, as data for print templates: what is collected gets a pick-up label and a receipt, what is sent a packing
slip; a sent parcel's label is its carrier's (`controller/shipping/purchases.py`).

Templates hold no words; a site has no language yet, so the words are given in Chinese and English.  No personal data: goods are
fetched with the order's pick-up code (docs/adr/0004).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from controller import events
from controller.db import fetch, now
from controller.documents.events import DocumentWanted
from controller.fulfilment.events import LabelHeld, LabelRefused
from controller.fulfilment.lists import ParcelNow, PickListNow
from controller.fulfilment.states import ParcelState
from controller.orders import queries as orders
from controller.orders.flags import blocking
from controller.orders.queries import StoredLine, StoredOrder
from controller.orders.states import Delivery
from controller.recalls.queries import recalled_in
from controller.sites.queries import SiteRow, site
from edge_agent.wire.prices import line_amount

Fields = dict[str, str | int | list[dict[str, str | int]]]

_SIGNS = {"CNY": "¥", "JPY": "¥", "EUR": "€", "GBP": "£", "USD": "$"}
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3, "OMR": 3, "JOD": 3}
"""ISO 4217 exponents other than 2."""


async def want(packed: Sequence[tuple[str, PickListNow]]) -> None:
    """Ask for the papers of parcels, from the printers of the box that packed each.

    A recall or a flag holds back the label of what is collected; what is sent has a carrier's, which waits for the same.
    """
    for box, one in packed:
        if one.parcel is None:
            continue
        order, shop = await orders.order(one.order_no), await site(one.site)
        lines = (await orders.lines([order.id]))[order.id]
        if lots := await recalled_lots(one):
            refused = LabelRefused(parcel=one.parcel.no, lots=lots)
            await events.record(refused, subject=one.order_no, site=one.site)
        elif flags := (await blocking([order.id])).get(order.id):
            held = LabelHeld(parcel=one.parcel.no, flags=[flag.value for flag in flags])
            await events.record(held, subject=one.order_no, site=one.site)
        elif is_collected(order):
            await _want_label(box, one.parcel, order, shop, copy=1)
        if is_collected(order):
            await _want_receipt(box, one, order, lines, shop)
        else:
            await _want_slip(box, one, order, lines, shop)


def is_collected(order: StoredOrder) -> bool:
    """Whether its customer comes for it: only then does a pick-up code mean something."""
    return order.delivery is not Delivery.SHIPPING


async def recalled_lots(one: PickListNow) -> list[str]:
    """Of what was picked: a parcel with any of it in it gets no label."""
    return await recalled_in(one.order_no, [line.sku_id for line in one.lines])


async def recalled_by(one: PickListNow | None, at: datetime) -> list[str]:
    """Of a parcel that is still here: the lots in it that were recalled by then."""
    if one is None or one.parcel is None or one.parcel.state is not ParcelState.PACKED:
        return []
    return await recalled_in(one.order_no, [line.sku_id for line in one.lines], by=at)


async def want_label(parcel: ParcelNow, one: PickListNow, *, copy: int) -> None:
    """Ask for the label again; `copy` counts from 1 for the first, and all others are marked COPY."""
    await _want_label(parcel.box, parcel, await orders.order(one.order_no), await site(one.site), copy=copy)


async def _want_label(box: str, parcel: ParcelNow, order: StoredOrder, shop: SiteRow, *, copy: int) -> None:
    data: Fields = {
        "from": shop.name,
        "order_word": "订单 Order",
        "order": order.no,
        "code_word": "取货码 Pick-up code",
        "code": order.pickup_code,
        "weight": weight_text(parcel.grams),
        "parcel": parcel.no,
    }
    key = f"label:{parcel.no}:{copy}"
    wanted = DocumentWanted(key=key, template="pick-up-label", box=box, document=order.no, data=data, copy=copy > 1)
    await events.record(wanted, subject=order.no, site=shop.id)


async def _want_slip(box: str, one: PickListNow, order: StoredOrder, lines: Sequence[StoredLine], shop: SiteRow) -> None:
    """What is in the parcel, and what of the order comes later."""
    if one.parcel is None:
        return
    picked = _picked(one, lines)
    later = await to_follow(order.id)
    follows: list[dict[str, str | int]] = [
        {"name": line.name_zh or line.name_en, "quantity": quantity_text(later[line.id], line.base_unit)}
        for line in lines
        if later.get(line.id)
    ]
    data: Fields = {
        "shop": shop.name,
        "title": "装箱单 Packing slip",
        "number": order.no,
        "at": time_text(now(), shop.time_zone),
        "parcel_word": "包裹 Parcel",
        "parcel": one.parcel.no,
        "weight": weight_text(one.parcel.grams),
        "lines": [
            {"name": line.name_zh or line.name_en, "sku": line.sku, "quantity": quantity_text(picked[line.id], line.base_unit)}
            for line in lines
            if picked[line.id]
        ],
        "follows": follows,
        "closing": "谢谢 Thank you",
    }
    if follows:
        data["follows_word"] = "另行寄出 To follow"
    wanted = DocumentWanted(key=f"slip:{one.no}", template="packing-slip", box=box, document=order.no, data=data)
    await events.record(wanted, subject=order.no, site=one.site)


def _picked(one: PickListNow, lines: Sequence[StoredLine]) -> dict[int, int]:
    """Base units in its parcel, by order line."""
    picked = {line.id: 0 for line in lines}
    for fetched in one.lines:
        picked[fetched.order_line_id] = picked.get(fetched.order_line_id, 0) + fetched.picked
    return picked


async def to_follow(order_id: int) -> dict[int, int]:
    """Base units that are still to come, by order line: promised and not packed nor declared missing, or waiting for goods."""
    rows = await fetch(
        "SELECT o.id, o.wanting + COALESCE((SELECT SUM(a.quantity) FROM order_allocation a WHERE a.order_line_id = o.id "
        "AND NOT a.is_ended), 0) - COALESCE((SELECT SUM(CASE WHEN c.id IS NOT NULL THEN p.quantity "
        "WHEN p.is_short THEN p.quantity - p.picked ELSE 0 END) FROM pick_line p JOIN pick_list l ON l.id = p.pick_list_id "
        "LEFT JOIN parcel c ON c.pick_list_id = l.id JOIN order_allocation a ON a.line_key = p.line_key AND NOT a.is_ended "
        "WHERE p.order_line_id = o.id AND l.state <> 'withdrawn'), 0) AS later "
        "FROM order_line o WHERE o.order_id = ? AND NOT o.is_removed ORDER BY o.id",
        order_id,
    )
    return {row["id"]: int(row["later"]) for row in rows if row["later"] > 0}


async def _want_receipt(box: str, one: PickListNow, order: StoredOrder, lines: Sequence[StoredLine], shop: SiteRow) -> None:
    picked = _picked(one, lines)
    later = await to_follow(order.id)
    follows = [
        f"{line.name_zh or line.name_en} {quantity_text(later[line.id], line.base_unit)}" for line in lines if later.get(line.id)
    ]
    amounts = {line.id: line_amount(picked[line.id], line.unit_price_minor, line.price_per) for line in lines}
    rows: list[dict[str, str | int]] = [
        {
            "name": line.name_zh or line.name_en,
            "quantity": quantity_text(picked[line.id], line.base_unit),
            "price": money_text(line.unit_price_minor, order.currency) + ("" if line.price_per == 1 else f"/{line.price_per}"),
            "amount": money_text(amounts[line.id], order.currency),
        }
        for line in lines
        if picked[line.id]
    ]
    data: Fields = {
        "shop": shop.name,
        "title": "收据 Receipt",
        "number": order.no,
        "at": time_text(order.placed_at, shop.time_zone),
        "lines": rows,
        "total_word": "合计 Total",
        "total": money_text(sum(amounts.values()), order.currency),
        "closing": "\n".join([*(["另行取货 To follow:", *follows] if follows else []), "谢谢 Thank you"]),
    }
    key = f"receipt:{one.no}"
    wanted = DocumentWanted(key=key, template="receipt", box=box, document=order.no, data=data)
    await events.record(wanted, subject=order.no, site=one.site)


def money_text(minor: int, currency: str) -> str:
    """Minor units as the shop writes them: `¥12.90`."""
    exponent = _EXPONENTS.get(currency, 2)
    amount = Decimal(minor).scaleb(-exponent)
    return f"{_SIGNS.get(currency, currency + ' ')}{amount:,.{exponent}f}"


_UNITS = {"gram": " g", "millilitre": " ml"}


def quantity_text(quantity: int, base_unit: str) -> str:
    return f"{quantity}{_UNITS.get(base_unit, '')}"


def weight_text(grams: Decimal) -> str:
    """Grams below a kilogram, else kilograms with three decimals."""
    return f"{grams.normalize():f} g" if grams < 1000 else f"{grams / 1000:.3f} kg"


def time_text(instant: datetime, time_zone: str) -> str:
    return f"{instant.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}"
