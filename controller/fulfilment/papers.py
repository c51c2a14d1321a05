"""The papers of a parcel: its label and its receipt, as data for print templates.

Templates hold no words; a site has no language yet, so the words are given in Chinese and English.  No personal data: goods are
fetched with the order's pick-up code (docs/adr/0004).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from controller import events
from controller.documents.events import DocumentWanted
from controller.fulfilment.events import LabelHeld, LabelRefused
from controller.fulfilment.lists import ParcelNow, PickListNow
from controller.orders import queries as orders
from controller.orders.flags import blocking
from controller.orders.policies import line_amount
from controller.orders.queries import StoredLine, StoredOrder
from controller.recalls.queries import recalled_in
from controller.sites.queries import SiteRow, site

Fields = dict[str, str | int | list[dict[str, str | int]]]

_SIGNS = {"CNY": "¥", "JPY": "¥", "EUR": "€", "GBP": "£", "USD": "$"}
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3, "OMR": 3, "JOD": 3}
"""ISO 4217 exponents other than 2."""


async def want(packed: Sequence[tuple[str, PickListNow]]) -> None:
    """Ask for label and receipt of parcels, from the printers of the box that packed each."""
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
        else:
            await _want_label(box, one.parcel, order, shop, copy=1)
        await _want_receipt(box, one, order, lines, shop)


async def recalled_lots(one: PickListNow) -> list[str]:
    """Of what was picked: a parcel with any of it in it gets no label."""
    return await recalled_in(one.order_no, [line.sku_id for line in one.lines])


async def want_label(parcel: ParcelNow, one: PickListNow, *, copy: int) -> None:
    """Ask for the label again; `copy` counts from 1 for the first, and all others are marked COPY."""
    await _want_label(parcel.box, parcel, await orders.order(one.order_no), await site(one.site), copy=copy)


async def _want_label(box: str, parcel: ParcelNow, order: StoredOrder, shop: SiteRow, *, copy: int) -> None:
    data: Fields = {
        "from": shop.name,
        "order_word": "订单 Order",
        "order": order.no,
        "ship_to_word": "取货码 Pick-up code",
        "ship_to": order.pickup_code,
        "weight": weight_text(parcel.grams),
        "parcel": parcel.no,
    }
    key = f"label:{parcel.no}:{copy}"
    wanted = DocumentWanted(key=key, template="shipping-label", box=box, document=order.no, data=data, copy=copy > 1)
    await events.record(wanted, subject=order.no, site=shop.id)


async def _want_receipt(box: str, one: PickListNow, order: StoredOrder, lines: Sequence[StoredLine], shop: SiteRow) -> None:
    picked = {line.id: 0 for line in lines}
    for fetched in one.lines:
        picked[fetched.order_line_id] += fetched.picked
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
        "closing": "谢谢 Thank you",
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
