"""Orders made at a counter: a fact becomes exactly one order of the channel `counter`, whatever the controller thinks of it.

The customer has a receipt.  What does not fit (another price, goods that nobody knows or that are not there, an account that nobody
named) is a flag on the order and a task for the office, never a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from controller.catalog.operations import note_unknown, sighting, waiting_for
from controller.catalog.policies import Found, SymbolKey
from controller.catalog.queries import SkuRow, resolve, skus_by_code
from controller.db import fetch, savepoint
from controller.errors import IllegalTransition
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected, unpark
from controller.fulfilment.operations import HandedOverAlready, cancel
from controller.intake import counter_doubts, counter_goods
from controller.intake.counter_refunds import waits_for
from controller.orders.counter_orders import gone, take_back
from controller.orders.errors import BadOrder, ReferenceTaken
from controller.orders.money import flag_unpaid, owe
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.orders.presets import StoredPreset, use_preset
from controller.orders.states import Delivery, OrderState, WhenShort
from controller.orders.templates import use_templates
from controller.orders.totals import recount
from controller.orders.transitions import lock
from controller.payments.operations import Taking, refund_rest, take
from controller.payments.policies import Means, PayTerms
from edge_agent.wire.facts import Retracted
from edge_agent.wire.order_facts import CounterLine, CounterOrder, Goes, PayBy
from edge_agent.wire.totals import Discount

CHANNEL: Final = "counter"
Fact = FactIn[CounterOrder]
_DELIVERY: Final = {Goes.TAKEN: Delivery.COUNTER, Goes.LATER: Delivery.COLLECTION, Goes.SHIPPED: Delivery.SHIPPING}
_TAKEN: Final = {PayBy.CASH: Means.CASH, PayBy.CARD: Means.CARD_TERMINAL}
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Meant:
    """A line, the SKU that it is, and its base units; `price_minor`: what the controller asks for it at that site now."""

    line: CounterLine
    sku: SkuRow
    units: int

    def sold(self) -> counter_goods.Sold:
        """As it leaves over the counter."""
        line = self.line
        return counter_goods.Sold(
            sku_id=self.sku.id,
            units=self.units,
            amount_minor=line.amount_minor,
            lot=line.lot,
            expiry=line.expiry,
            serial=line.serial,
        )


async def apply_counter_order(facts: Sequence[Fact]) -> list[Outcome]:
    """One order each.  Parked while not one of its lines is known; Rejected where the site sells in another currency."""
    return [await _apply(fact) for fact in facts]


async def take_back_counter_order(fact: FactIn[Retracted]) -> Outcome | None:
    """The order is cancelled, what left is back, what was paid goes back.  None: the fact it names made no order yet."""
    rows = await fetch("SELECT order_id, day FROM counter_order WHERE fact_id = ?", fact.data.fact)
    if not rows:
        return None
    order_id, reason = rows[0]["order_id"], "taken back at the counter"
    states = await lock([order_id])
    if rows[0]["day"] is None:
        try:
            async with savepoint():
                await cancel(ORDERS.number(order_id), reason=reason)
        except (IllegalTransition, HandedOverAlready) as error:
            return Rejected("too_late", str(error))
        await unpark(waits_for(fact.data.fact))
        return APPLIED
    if states[order_id] is not OrderState.CANCELLED and await take_back(order_id, reason=reason):
        await counter_goods.come_back(order_id)
        await refund_rest(order_id, reason=reason)
        await unpark(waits_for(fact.data.fact))
    return APPLIED


async def _apply(fact: Fact) -> Outcome:
    if await fetch("SELECT 1 AS one FROM counter_order WHERE fact_id = ?", fact.id):
        return APPLIED
    meant, unknown = await _meant(fact)
    await note_unknown([sighting(fact, line.symbol, line.gtin) for line in unknown])
    if not meant:
        return Parked("unknown_barcode", waiting_for(fact.data.lines[0].symbol.text))
    preset = await use_preset(fact.data.preset)
    try:
        async with savepoint():
            order_id = await _placed(fact, meant, preset)
    except BadOrder as error:
        return Rejected("bad_order", str(error)[:1000])
    doubts = counter_doubts.doubts_of(fact.data, [(one.line, one.sku.code) for one in meant], await _prices(fact.site_id, meant))
    await counter_doubts.tell(order_id, fact, doubts)
    if unknown:
        await counter_doubts.unknown_goods(order_id, fact, unknown)
    if missing := await use_templates(fact.data.templates):
        await counter_doubts.unknown_template(order_id, fact, missing)
    return APPLIED


async def _meant(fact: Fact) -> tuple[list[Meant], list[CounterLine]]:
    """What the lines are: by the box's word for it, else by what was read; and those that nobody knows."""
    lines = fact.data.lines
    known = await skus_by_code([line.sku for line in lines if line.sku])
    readings = await resolve([SymbolKey(line.symbol.text, line.gtin) for line in lines], site_id=fact.site_id)
    read = await skus_by_code([each.sku for each in readings if isinstance(each, Found)])
    meant, unknown = [], []
    for line, reading in zip(lines, readings, strict=True):
        found = reading if isinstance(reading, Found) else None
        sku = known.get(line.sku or "") or (read.get(found.sku) if found is not None else None)
        packs = found.base_units(line.quantity) if found is not None and sku is not None and found.sku == sku.code else None
        units = line.measure or packs or line.quantity
        if sku is None:
            unknown.append(line)
        else:
            meant.append(Meant(line, sku, units))
    return meant, unknown


async def _placed(fact: Fact, meant: Sequence[Meant], preset: StoredPreset | None) -> int:
    """The order, its money and, if they are gone, its goods; its id."""
    data, customer = fact.data, None if preset is None else preset.customer_id
    order = NewOrder(
        channel=CHANNEL,
        reference=data.reference,
        currency=data.currency,
        lines=[NewLine(sku=one.sku.code, quantity=one.units, unit_price_minor=one.line.price_minor) for one in meant],
        site=fact.site_id,
        delivery=_DELIVERY[data.goes],
        customer_id=customer,
        when_short=WhenShort.ACCEPT,
        is_draft=data.goes is Goes.TAKEN,
        placed_at=fact.occurred_at,
    )
    order_id = await _place_once(fact, order)
    if data.discount_minor:
        await recount(order_id, discounts=[Discount(minor=data.discount_minor, reason=data.discount_reason or "")])
    if data.goes is Goes.TAKEN:
        await gone(order_id)
        await counter_goods.leave(order_id, fact, [one.sold() for one in meant])
    await _pay(order_id, fact, customer)
    return order_id


async def _place_once(fact: Fact, order: NewOrder) -> int:
    """Each fact has an order of its own: a box that was set up anew may use a number again."""
    for reference in (order.reference, f"{order.reference[: _LONGEST - 9]}-{fact.id.hex[-8:]}"):
        try:
            async with savepoint():
                order_id = ORDERS.row_id(await place(replace(order, reference=reference)))
        except ReferenceTaken:
            continue
        rows = await fetch(
            "INSERT INTO counter_order (fact_id, order_id, box, reference) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
            *(fact.id, order_id, fact.box, fact.data.reference),
        )
        if rows:
            return order_id
    raise BadOrder(f"orders {order.reference} and {reference} are there already, and are others")


async def _pay(order_id: int, fact: Fact, customer: int | None) -> None:
    """Cash and cards are taken already; the rest is owed.  An account that nobody named is a matter of the office."""
    data = fact.data
    on_account = data.pays is PayBy.ACCOUNT and customer is not None
    terms = PayTerms.ACCOUNT if on_account else PayTerms.ON_DELIVERY if data.pays is PayBy.ON_DELIVERY else PayTerms.PREPAID
    await owe(order_id, terms)
    means = _TAKEN.get(data.pays)
    if means is not None and data.total_minor:
        taking = Taking(
            means=means,
            amount_minor=data.total_minor,
            reference=f"counter:{fact.id}",
            occurred_at=fact.occurred_at,
        )
        await take(order_id, taking)
        await flag_unpaid(order_id)


async def _prices(site: str, meant: Sequence[Meant]) -> dict[str, int]:
    """What the controller asks for these SKUs at the site."""
    return await counter_goods.prices({one.sku.id: one.sku for one in meant}, site)
