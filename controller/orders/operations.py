"""What can be done with an order as such.  One transaction each; inside another one they join it."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping

from controller import events
from controller.catalog.queries import SkuRow, skus_by_code
from controller.db import among, execute, execute_many, fetch, for_update, listing, now, transaction
from controller.errors import NotFound
from controller.orders import queries
from controller.orders.errors import ReferenceTaken
from controller.orders.events import OrderCancelled, OrderClosed, OrderLineShort, OrderPlaced
from controller.orders.numbers import ORDERS
from controller.orders.policies import NewLine, NewOrder, check_currency, check_order, line_amount, price_per
from controller.orders.states import ORDER, OrderAction, OrderState
from controller.sites.queries import site
from controller.states import advance
from controller.stock import operations as stock
from controller.stock.carts import cart_document
from controller.stock.operations import ReserveLine, Terms
from edge_agent.seams import failpoint

_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 6


async def place(order: NewOrder) -> str:
    """Place an order and hold its goods: all lines or nothing; its number.  Records OrderPlaced.

    Repeating it under the same channel and reference returns the same order.  Raises BadOrder (another currency than the site's
    too), NotFound (a SKU or the site),
    InsufficientStock, ReferenceTaken (the reference names an order with other lines).
    """
    check_order(order)
    async with transaction():
        skus = await _known_skus(order)
        rows = await fetch(
            "INSERT INTO sales_order "
            "(site, channel, reference, pickup_code, currency, total_minor, state, placed_at, min_remaining_days) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, reference) DO NOTHING RETURNING id",
            order.site,
            order.channel,
            order.reference,
            "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH)),
            order.currency,
            sum(_amount(line, skus[line.sku]) for line in order.lines),
            OrderState.PLACED.value,
            now(),
            order.min_remaining_days,
        )
        if not rows:
            return await _already_placed(order)
        await _write_lines(rows[0]["id"], order, skus)
    return ORDERS.number(rows[0]["id"])


async def _known_skus(order: NewOrder) -> dict[str, SkuRow]:
    check_currency(order, (await site(order.site)).currency)
    skus = await skus_by_code([line.sku for line in order.lines])
    missing = next((line.sku for line in order.lines if line.sku not in skus), None)
    if missing is not None:
        raise NotFound("SKU", missing)
    return skus


def _amount(line: NewLine, sku: SkuRow) -> int:
    return line_amount(line.quantity, line.unit_price_minor, price_per(sku.base_unit))


async def _write_lines(order_id: int, order: NewOrder, skus: dict[str, SkuRow]) -> None:
    placed = [(position, line, skus[line.sku]) for position, line in enumerate(order.lines, 1)]
    await execute_many(
        "INSERT INTO order_line (order_id, position, sku_id, sku, name_zh, name_en, base_unit, quantity, unit_price_minor, "
        "price_per, amount_minor, is_short) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(order_id, position, sku.id, sku.code, sku.name_zh, sku.name_en, sku.base_unit),
                *(line.quantity, line.unit_price_minor, price_per(sku.base_unit), _amount(line, sku), False),
            )
            for position, line, sku in placed
        ],
    )
    holds = [
        ReserveLine(line_key=queries.line_key(order_id, position), sku_id=sku.id, quantity=line.quantity, presale=line.presale)
        for position, line, sku in placed
    ]
    terms = Terms(channel=order.channel, instead_of=None if order.cart is None else cart_document(order.cart))
    await stock.reserve(holds, site_id=order.site, terms=terms)
    failpoint("ctl.reserved_before_order_commit")
    event = OrderPlaced(
        channel=order.channel,
        reference=order.reference,
        lines=len(placed),
        total_minor=sum(_amount(line, sku) for _, line, sku in placed),
        currency=order.currency,
    )
    await events.record(event, subject=ORDERS.number(order_id), site=order.site)


async def _already_placed(order: NewOrder) -> str:
    """The unique key on (channel, reference) decided, not a read before."""
    rows = await fetch(
        "SELECT id, site, currency FROM sales_order WHERE channel = ? AND reference = ?", order.channel, order.reference
    )
    no = ORDERS.number(rows[0]["id"])
    stored = (await queries.lines([rows[0]["id"]]))[rows[0]["id"]]
    was = [(line.sku, line.quantity, line.unit_price_minor) for line in stored]
    wanted = [(line.sku, line.quantity, line.unit_price_minor) for line in order.lines]
    if (rows[0]["site"], rows[0]["currency"], was) != (order.site, order.currency, wanted):
        raise ReferenceTaken(order.channel, order.reference, no)
    return no


async def lock(order_ids: Collection[int]) -> dict[int, OrderState]:
    """Hold these orders until the transaction ends, in order of their ids; their states.

    The order is the lock of all that hangs on it: pick list, parcel.  Lock first, then touch stock.
    """
    rows = await fetch(f"SELECT id, state FROM sales_order WHERE {among('id')} ORDER BY id{for_update()}", listing(set(order_ids)))
    return {row["id"]: OrderState(row["state"]) for row in rows}


async def cancel(no: str, *, reason: str) -> None:
    """Give back what is held for the order.  Records OrderCancelled.  Cancelling twice is once.

    `fulfilment.operations.cancel` is the whole verb: it takes back the pick list and the parcel too.
    Raises NotFound, IllegalTransition.
    """
    order_id = ORDERS.row_id(no)
    async with transaction():
        state = (await lock([order_id])).get(order_id)
        if state is None:
            raise NotFound("order", no)
        if state is OrderState.CANCELLED:
            return
        await _change(order_id, state, OrderAction.CANCEL)
        order_lines = (await queries.lines([order_id]))[order_id]
        await stock.release([line.line_key for line in order_lines])
        await events.record(OrderCancelled(reason=reason), subject=no, site=await _site(order_id))


async def close(order_ids: Iterable[int]) -> None:
    """All that can be handed over is; what is still held (lines declared short) is given back.  Records OrderClosed.

    In the caller's transaction, with the orders locked.  Orders that are closed or cancelled already stay as they are.
    """
    states = await lock(set(order_ids))
    closing = [order_id for order_id, state in states.items() if state is OrderState.PLACED]
    for order_id, order_lines in (await queries.lines(closing)).items():
        await _change(order_id, OrderState.PLACED, OrderAction.CLOSE)
        await stock.release([line.line_key for line in order_lines])
        await events.record(OrderClosed(), subject=ORDERS.number(order_id), site=await _site(order_id))


async def set_short(missing: Mapping[int, int]) -> None:
    """Say what pickers found missing, as base units by order line id; 0 takes the flag back (a late pick filled the line).

    In the caller's transaction, with the orders locked.  Records OrderLineShort when a line becomes short.
    """
    for line_id, quantity in sorted(missing.items()):
        rows = await fetch(
            "UPDATE order_line SET is_short = ? WHERE id = ? AND is_short <> ? RETURNING order_id, position, sku",
            quantity > 0,
            line_id,
            quantity > 0,
        )
        for row in rows if quantity > 0 else ():
            event = OrderLineShort(position=row["position"], sku=row["sku"], missing=quantity)
            await events.record(event, subject=ORDERS.number(row["order_id"]), site=await _site(row["order_id"]))


async def _change(order_id: int, state: OrderState, action: OrderAction) -> None:
    await execute(
        "UPDATE sales_order SET state = ? WHERE id = ? AND state = ?", advance(ORDER, state, action).value, order_id, state.value
    )


async def _site(order_id: int) -> str:
    rows = await fetch("SELECT site FROM sales_order WHERE id = ?", order_id)
    return str(rows[0]["site"])
