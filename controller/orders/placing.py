"""An order comes in: it is written down with its goods promised, or as a draft that holds nothing."""

from __future__ import annotations

import secrets
from datetime import datetime

from controller import events
from controller.catalog.queries import SkuRow, skus_by_code
from controller.customers.order_addresses import set_address
from controller.db import execute, fetch, now, together, transaction, utc
from controller.errors import NotFound
from controller.orders import queries
from controller.orders.allocations import Target, note_sites
from controller.orders.errors import ReferenceTaken
from controller.orders.events import OrderDrafted, OrderPlaced, OrderReviewNeeded
from controller.orders.just_placed import as_stored, just_placed
from controller.orders.money import owe, owe_again
from controller.orders.numbers import ORDERS
from controller.orders.policies import NewLine, NewOrder, check_currency, check_order, delivery_of
from controller.orders.promising import Need, Promising, needs_of, promise, when_short
from controller.orders.queries import StoredOrder
from controller.orders.seams import JustPlaced, seams
from controller.orders.states import ORDER, OrderAction, OrderState, WhenShort
from controller.orders.totals import count_new, keep_total
from controller.orders.transitions import change_state, locked
from controller.states import advance
from controller.stock.carts import cart_document
from controller.taxes.operations import Counted, Priced
from edge_agent.seams import failpoint
from edge_agent.wire.prices import line_amount, price_per

_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 6


async def place(order: NewOrder) -> str:
    """Write an order down and promise its goods: all lines or nothing, unless its channel takes orders that are short; its number.

    It is approved, or (when the seam `judge` says that a person has to look) in review.  A draft only is written down.
    Repeating it under the same channel and reference returns the same order.  Records OrderPlaced (or OrderDrafted).
    Raises BadOrder (another currency than the site's too), NotFound (a SKU or the site), NotSourced, InsufficientStock,
    ReferenceTaken (the reference names an order with other lines).
    """
    return (await _place(order))[0]


async def placed(order: NewOrder) -> StoredOrder:
    """The same; the order as it is stored then."""
    no, stored = await _place(order)
    return await queries.order(no) if stored is None else stored


async def _place(order: NewOrder) -> tuple[str, StoredOrder | None]:
    """Its number; and the order where nobody has to look what has become of it."""
    check_order(order)
    async with together():
        terms = await _terms(order)
        skus, code = await _known_skus(order), pickup_code()
        instant = now() if order.placed_at is None else utc(order.placed_at)
        counted = await count_new(order, _priced(order, skus), instant)
        total = counted.payable_minor
        order_id = await _insert(order, total, instant, code)
        if order_id is None:
            return await _already_placed(order), None
        needs = await _write_lines(order_id, order, skus)
        await keep_total(order_id, counted)
        number = ORDERS.number(order_id)
        await _write_terms(order_id, order, counted)
        if order.is_draft:
            if order.site is not None:
                await note_sites([(order.site, order_id)])
            await events.record(OrderDrafted(channel=order.channel, reference=order.reference), subject=number, site=order.site)
            return number, None
        how = Promising(
            order_id=order_id,
            channel=order.channel,
            currency=order.currency,
            site=order.site,
            region=order.region,
            when_short=order.when_short or WhenShort(terms),
            instead_of=None if order.cart is None else cart_document(order.cart),
            is_new=True,
        )
        told = _told(order.reference, len(needs), total, how)
        just = just_placed(order_id, order, skus, total, instant)
        state = await _promise_and_judge(needs, how, OrderState.APPROVED, told, just)
        is_whole = order.site is not None and how.when_short is WhenShort.REFUSE
        return number, as_stored(just, order, code, state) if is_whole else None


async def _write_terms(order_id: int, order: NewOrder, counted: Counted) -> None:
    """Where it goes and how it is paid, of an order that says so."""
    if order.address is not None:
        await set_address(order_id, order.address, customer_id=order.customer_id, site=order.site)
    if order.pay_terms is not None:
        await owe(order_id, order.pay_terms, counted)


async def submit(no: str, *, short: WhenShort | None = None) -> None:
    """Place a draft: its goods are promised.  Once.  Records OrderPlaced.

    Raises NotFound, IllegalTransition (it was cancelled), InsufficientStock, NotSourced.
    """
    async with transaction():
        order_id, state = await locked(no)
        if state is not OrderState.DRAFT:
            if state is OrderState.CANCELLED:
                advance(ORDER, state, OrderAction.PLACE)
            return
        await change_state(order_id, state, OrderAction.PLACE)
        stored = await queries.order(no)
        await execute("UPDATE sales_order SET placed_at = ? WHERE id = ?", now(), order_id)
        counted = await owe_again(order_id)  # by the rates of today, not of the day it was drafted
        how = Promising(
            order_id=order_id,
            channel=stored.channel,
            currency=stored.currency,
            site=stored.site,
            region=stored.region,
            when_short=await when_short(stored.channel, short),
        )
        needs = await needs_of(order_id)
        await _promise_and_judge(needs, how, OrderState.IN_REVIEW, _told(stored.reference, len(needs), counted.payable_minor, how))


def _told(reference: str, lines: int, total: int, how: Promising) -> OrderPlaced:
    return OrderPlaced(channel=how.channel, reference=reference, lines=lines, total_minor=total, currency=how.currency)


async def _promise_and_judge(
    needs: list[Need], how: Promising, state: OrderState, told: OrderPlaced, just: JustPlaced | None = None
) -> OrderState:
    """`state` is what the row says; it is changed where the judge says otherwise.  What it says then."""
    await promise(needs, how)
    failpoint("ctl.reserved_before_order_commit")
    number = ORDERS.number(how.order_id)
    await events.record(told, subject=number, site=how.site)
    is_approved = await seams().judge(how.order_id, just)
    if is_approved and state is OrderState.IN_REVIEW:
        return await change_state(how.order_id, state, OrderAction.APPROVE)
    if not is_approved:
        if state is OrderState.APPROVED:
            state = await change_state(how.order_id, state, OrderAction.REVIEW)
        await events.record(OrderReviewNeeded(), subject=number, site=how.site)
    return state


async def _terms(order: NewOrder) -> str:
    """Check the site that it names; what its channel's orders become when there is too little.  Raises BadOrder, NotFound."""
    rows = await fetch(
        "SELECT (SELECT currency FROM site WHERE id = ?) AS currency, "
        "(SELECT when_short FROM order_channel WHERE channel = ?) AS when_short",
        *(order.site or "", order.channel),
    )
    if order.site is not None:
        if rows[0]["currency"] is None:
            raise NotFound("site", order.site)
        check_currency(order.currency, order.site, rows[0]["currency"])
    return str(rows[0]["when_short"] or WhenShort.REFUSE.value)


async def _known_skus(order: NewOrder) -> dict[str, SkuRow]:
    skus = await skus_by_code([line.sku for line in order.lines])
    missing = next((line.sku for line in order.lines if line.sku not in skus), None)
    if missing is not None:
        raise NotFound("SKU", missing)
    return skus


def amount(line: NewLine, sku: SkuRow) -> int:
    """What a line costs, in minor units."""
    return line_amount(line.quantity, line.unit_price_minor, price_per(sku.base_unit))


def pickup_code() -> str:
    """What a customer says to get the goods; not to be guessed."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


def _priced(order: NewOrder, skus: dict[str, SkuRow]) -> list[Priced]:
    return [
        Priced(position=position, amount_minor=amount(line, skus[line.sku]), sku_id=skus[line.sku].id)
        for position, line in enumerate(order.lines, 1)
    ]


async def _insert(order: NewOrder, total_minor: int, instant: datetime, code: str) -> int | None:
    """The order's row; None: there is one under its reference."""
    rows = await fetch(
        "INSERT INTO sales_order (site, region, channel, reference, pickup_code, currency, total_minor, state, delivery, "
        "customer_id, placed_at, due_at, min_remaining_days) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (channel, reference) DO NOTHING RETURNING id",
        order.site,
        order.region,
        order.channel,
        order.reference,
        code,
        order.currency,
        total_minor,
        (OrderState.DRAFT if order.is_draft else OrderState.APPROVED).value,
        delivery_of(order).value,
        order.customer_id,
        instant,
        None if order.due_at is None else utc(order.due_at),
        order.min_remaining_days,
    )
    return int(rows[0]["id"]) if rows else None


async def _write_lines(order_id: int, order: NewOrder, skus: dict[str, SkuRow]) -> list[Need]:
    values: list[object] = []
    for position, line in enumerate(order.lines, 1):
        sku = skus[line.sku]
        values += line_values(order_id, position, line, sku)
    marks = ", ".join([LINE_MARKS] * len(order.lines))
    rows = await fetch(f"INSERT INTO order_line {LINE_COLUMNS} VALUES {marks} RETURNING id, position", *values)  # noqa: S608 -- ours
    ids = {row["position"]: row["id"] for row in rows}
    return [
        Need(
            target=Target(order_id, ids[position], position),
            sku_id=skus[line.sku].id,
            sku=line.sku,
            quantity=line.quantity,
            amount_minor=amount(line, skus[line.sku]),
            presale=line.presale,
        )
        for position, line in enumerate(order.lines, 1)
    ]


LINE_COLUMNS = (
    "(order_id, position, sku_id, sku, name_zh, name_en, base_unit, quantity, unit_price_minor, price_per, amount_minor, presale, "
    "is_short)"
)
LINE_MARKS = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def line_values(order_id: int, position: int, line: NewLine, sku: SkuRow) -> list[object]:
    """A row of `order_line`, in the order of its columns."""
    return [
        *(order_id, position, sku.id, sku.code, sku.name_zh, sku.name_en, sku.base_unit),
        *(line.quantity, line.unit_price_minor, price_per(sku.base_unit), amount(line, sku), line.presale, False),
    ]


async def _already_placed(order: NewOrder) -> str:
    """The unique key on (channel, reference) decided, not a read before.  What was changed since does not make it another order."""
    rows = await fetch(
        "SELECT id, site, currency, version FROM sales_order WHERE channel = ? AND reference = ?", order.channel, order.reference
    )
    found, no = rows[0], ORDERS.number(rows[0]["id"])
    stored = (await queries.lines([found["id"]]))[found["id"]]
    was = [(line.sku, line.quantity, line.unit_price_minor) for line in stored]
    wanted = [(line.sku, line.quantity, line.unit_price_minor) for line in order.lines]
    if found["version"] == 1 and (found["site"], found["currency"], was) != (order.site, order.currency, wanted):
        raise ReferenceTaken(order.channel, order.reference, no)
    return no
