"""What people and replenishment do with purchase orders.  One transaction each; inside another one they join it."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from controller import db, events
from controller.catalog.queries import skus_by_code
from controller.errors import NotFound, StaleVersion
from controller.purchasing.errors import BadOrder, BelowMinimum, NotEditable
from controller.purchasing.events import PurchaseOrderChanged
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.outbox import queue_cancel, queue_sending, withdraw_sendings
from controller.purchasing.policies import units_of
from controller.purchasing.settling import hold_goods, lock_orders, settle
from controller.purchasing.states import ORDER, OrderAction, OrderState
from controller.purchasing.suppliers import LARGEST_PRICE
from controller.sites.queries import site as site_of
from controller.states import advance

LARGEST_RATE = 10**5
MOST_PACKS = 10**9
MOST_LINES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """So many packs of a SKU; a price and a date that are None are the supplier's."""

    sku: str
    packs: int
    price_minor: int | None = None
    expected_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """`origin`: who wants it (`hand`, `replenishment`); `rate`: minor units of the site's currency for theirs."""

    site: str
    supplier: str
    lines: Sequence[NewLine]
    note: str = ""
    origin: str = "hand"
    rate: tuple[int, int] | None = None


async def draft(order: NewOrder) -> str:
    """A new draft; its number (`PO-100001`).  Records PurchaseOrderChanged.  Raises NotFound, BadOrder."""
    async with db.transaction():
        supplier, site = await _supplier(order.supplier), await site_of(order.site)
        rate = _rate(order.rate, same=supplier["currency"] == site.currency)
        rows = await db.fetch(
            "INSERT INTO purchase_order (supplier_id, site_id, state, currency, rate_numerator, rate_denominator, origin, note, "
            "revision, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?) RETURNING id",
            *(supplier["id"], order.site, OrderState.DRAFT.value, supplier["currency"], *rate, order.origin[:64], order.note[:400]),
            *(db.now(), events.actor().actor),
        )
        order_id = int(rows[0]["id"])
        await _write_lines(order_id, supplier, order.lines)
        told = PurchaseOrderChanged(state=OrderState.DRAFT.value, lines=len(order.lines))
        await events.record(told, subject=PURCHASE_ORDERS.number(order_id), site=order.site)
    return PURCHASE_ORDERS.number(order_id)


async def change_lines(no: str, lines: Sequence[NewLine], *, note: str | None = None) -> None:
    """Put other lines into a draft.  Records PurchaseOrderChanged.  Raises NotFound, BadOrder, NotEditable."""
    async with db.transaction():
        row = await locked(no)
        if row["state"] != OrderState.DRAFT.value:
            raise NotEditable(no, row["state"])
        came = await db.fetch("SELECT sku_id, received FROM purchase_order_line WHERE order_id = ? AND received > 0", row["id"])
        await db.execute("DELETE FROM purchase_order_line WHERE order_id = ?", row["id"])
        supplier = (await db.fetch("SELECT * FROM supplier WHERE id = ?", row["supplier_id"]))[0]
        await _write_lines(row["id"], supplier, lines)
        await db.execute_many(
            "UPDATE purchase_order_line SET received = ? WHERE order_id = ? AND sku_id = ?",
            [(each["received"], row["id"], each["sku_id"]) for each in came],
        )
        if note is not None:
            await db.execute("UPDATE purchase_order SET note = ? WHERE id = ?", note[:400], row["id"])
        await events.record(PurchaseOrderChanged(state=row["state"], lines=len(lines)), subject=no, site=row["site_id"])


async def approve(no: str, *, despite_minimum: bool = False) -> None:
    """It may go to its supplier; from now on its goods are on their way.  Approving twice is once.

    Records PurchaseOrderChanged.  Raises NotFound, IllegalTransition, BadOrder (no lines), BelowMinimum.
    """
    async with db.transaction():
        await hold_goods(PURCHASE_ORDERS.row_id(no))
        row = await locked(no)
        if row["approved_at"] is not None and row["state"] != OrderState.DRAFT.value:
            return
        rows = await db.fetch("SELECT packs, price_minor FROM purchase_order_line WHERE order_id = ?", row["id"])
        total = sum(line["packs"] * (line["price_minor"] or 0) for line in rows)
        supplier = (await db.fetch("SELECT minimum_minor FROM supplier WHERE id = ?", row["supplier_id"]))[0]
        if not rows:
            raise BadOrder(f"{no} has no lines")
        if total < supplier["minimum_minor"] and not despite_minimum:
            raise BelowMinimum(no, total, supplier["minimum_minor"])
        await _date_lines(row)
        await step(row, OrderAction.APPROVE, "approved_at = ?, approved_by = ?", db.now(), events.actor().actor)
        await settle(await lock_orders([row["id"]]))


async def revise(no: str) -> None:
    """Back to a draft: nothing of it is on its way.  Records PurchaseOrderChanged.  Raises NotFound, IllegalTransition."""
    async with db.transaction():
        await hold_goods(PURCHASE_ORDERS.row_id(no))
        row = await locked(no)
        await step(row, OrderAction.REVISE, "approved_at = NULL, approved_by = NULL")
        await withdraw_sendings(row["id"])
        await settle(await lock_orders([row["id"]]))


async def send(no: str) -> None:
    """Have it sent by its supplier's channel; sent again, it is a new revision.  By hand: a person has seen to it.

    Records PurchaseOrderChanged once it is sent.  Raises NotFound, IllegalTransition.
    """
    async with db.transaction():
        row = await locked(no)
        state = OrderState(row["state"])
        if state in (OrderState.DRAFT, OrderState.CANCELLED, OrderState.CLOSED_SHORT, OrderState.RECEIVED):
            advance(ORDER, state, OrderAction.SEND)
        if await queue_sending(row) is None:
            await mark_sent(row["id"])


async def mark_sent(order_id: int) -> None:
    """It reached its supplier: approved -> sent; one that is further stays where it is.  Records PurchaseOrderChanged."""
    async with db.transaction():
        row = (await lock_orders([order_id]))[order_id]
        await db.execute("UPDATE purchase_order SET sent_at = ? WHERE id = ?", db.now(), order_id)
        if row["state"] == OrderState.APPROVED.value:
            await step(row, OrderAction.SEND)


async def cancel(no: str, *, reason: str) -> None:
    """Nothing of it is to come; a supplier that it was sent to is told so, the same way.  Goods that come all the same are booked.

    Records PurchaseOrderChanged.  Raises NotFound, IllegalTransition (something came already: close the rest), BadOrder.
    """
    await _end(no, OrderAction.CANCEL, reason)


async def close_rest(no: str, *, reason: str) -> None:
    """What has not come does not come any more.  Records PurchaseOrderChanged.  Raises NotFound, IllegalTransition, BadOrder."""
    await _end(no, OrderAction.CLOSE, reason)


async def _end(no: str, action: OrderAction, reason: str) -> None:
    reason = _reason(reason)
    async with db.transaction():
        await hold_goods(PURCHASE_ORDERS.row_id(no))
        row = await locked(no)
        await step(row, action, "closed_at = ?, reason = ?", db.now(), reason, reason=reason)
        await withdraw_sendings(row["id"])
        if action is OrderAction.CANCEL:
            await queue_cancel(row)
        await settle(await lock_orders([row["id"]]))


async def close_line(no: str, position: int, *, reason: str) -> None:
    """The rest of one line does not come; with the last such line, the order is closed short.

    Records PurchaseOrderChanged.  Raises NotFound, BadOrder.
    """
    reason = _reason(reason)
    async with db.transaction():
        await hold_goods(PURCHASE_ORDERS.row_id(no))
        row = await locked(no)
        changed = await db.execute(
            "UPDATE purchase_order_line SET closed = ? WHERE order_id = ? AND position = ?", True, row["id"], position
        )
        if not changed:
            raise NotFound("line", f"{no}/{position}")
        told = PurchaseOrderChanged(state=row["state"], lines=1, reason=reason)
        await events.record(told, subject=no, site=row["site_id"])
        states = await settle(await lock_orders([row["id"]]))
        if states[row["id"]] is OrderState.CLOSED_SHORT:
            await withdraw_sendings(row["id"])


async def reopen(no: str) -> None:
    """The rest is to come after all.  Records PurchaseOrderChanged.  Raises NotFound, IllegalTransition."""
    async with db.transaction():
        await hold_goods(PURCHASE_ORDERS.row_id(no))
        row = await locked(no)
        await db.execute("UPDATE purchase_order_line SET closed = ? WHERE order_id = ?", False, row["id"])
        await step(row, OrderAction.REOPEN, "closed_at = NULL, reason = NULL")
        await settle(await lock_orders([row["id"]]))


async def locked(no: str) -> db.Row:
    """The order's row, held until the transaction ends.  Raises NotFound."""
    order_id = PURCHASE_ORDERS.row_id(no)
    rows = await lock_orders([order_id])
    if order_id not in rows:
        raise NotFound("purchase order", no)
    return rows[order_id]


async def step(row: db.Row, action: OrderAction, columns: str = "", *values: object, reason: str | None = None) -> OrderState:
    """Take an edge of the state table, with `columns` set beside it.  Raises IllegalTransition."""
    new = advance(ORDER, OrderState(row["state"]), action)
    more = f", {columns}" if columns else ""
    changed = await db.execute(
        f"UPDATE purchase_order SET state = ?{more} WHERE id = ? AND state = ?", new.value, *values, row["id"], row["state"]
    )
    no = PURCHASE_ORDERS.number(row["id"])
    if not changed:
        raise StaleVersion("purchase order", no)
    await events.record(PurchaseOrderChanged(state=new.value, reason=reason), subject=no, site=row["site_id"])
    return new


def _reason(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= 200 or not text.isprintable():
        raise BadOrder("a reason has 1 to 200 characters on one line")
    return text


async def _supplier(code: str) -> db.Row:
    rows = await db.fetch("SELECT * FROM supplier WHERE code = ?", code)
    if not rows:
        raise NotFound("supplier", code)
    if not rows[0]["active"]:
        raise BadOrder(f"supplier {code} is not used any more")
    return rows[0]


def _rate(rate: tuple[int, int] | None, *, same: bool) -> tuple[int | None, int | None]:
    if rate is None:
        return None, None
    if same:
        raise BadOrder("a rate is for a supplier whose currency is another than the site's")
    if not all(0 < part <= LARGEST_RATE for part in rate):
        raise BadOrder(f"a rate is a pair of whole numbers from 1 to {LARGEST_RATE}")
    return rate


async def _write_lines(order_id: int, supplier: db.Row, lines: Sequence[NewLine]) -> None:
    if len({line.sku for line in lines}) != len(lines) or len(lines) > MOST_LINES:
        raise BadOrder(f"each SKU has one line, and an order at most {MOST_LINES}")
    skus = await skus_by_code([line.sku for line in lines])
    missing = next((line.sku for line in lines if line.sku not in skus), None)
    if missing is not None:
        raise NotFound("SKU", missing)
    rows = await db.fetch("SELECT * FROM supplier_item WHERE supplier_id = ?", supplier["id"])
    items = {row["sku_id"]: row for row in rows if row["active"]}
    await db.execute_many(
        "INSERT INTO purchase_order_line (order_id, position, sku_id, their_code, pack_numerator, pack_denominator, packs, units, "
        "price_minor, expected_on, received, owed, closed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)",
        [
            (order_id, position, skus[line.sku].id, *_bought(line, items.get(skus[line.sku].id)), line.expected_on, False)
            for position, line in enumerate(lines, 1)
        ],
    )


def _bought(line: NewLine, item: db.Row | None) -> tuple[str, int, int, int, int, int | None]:
    """Their code, the pack, packs, base units and the price of a line.  Raises BadOrder."""
    code, numerator, denominator = (item["their_code"], item["pack_numerator"], item["pack_denominator"]) if item else ("", 1, 1)
    units = units_of(line.packs, numerator, denominator)
    if not 0 < line.packs <= MOST_PACKS or units is None:
        raise BadOrder(f"{line.packs} packs of {numerator}/{denominator} of {line.sku}: expected a whole number of base units")
    if item is not None and line.packs < item["minimum_packs"]:
        raise BadOrder(f"{line.packs} packs of {line.sku}: the supplier sells {item['minimum_packs']} or more")
    price = line.price_minor if line.price_minor is not None else (item["price_minor"] if item else None)
    if price is not None and not 0 <= price <= LARGEST_PRICE:
        raise BadOrder(f"price of {line.sku}: expected 0 to {LARGEST_PRICE} minor units")
    return code, numerator, denominator, line.packs, units, price


async def _date_lines(row: db.Row) -> None:
    """Lines without a date are expected after their lead time."""
    rows = await db.fetch(
        "SELECT l.id, COALESCE(i.lead_days, s.lead_days) AS days FROM purchase_order_line l "
        "JOIN purchase_order o ON o.id = l.order_id JOIN supplier s ON s.id = o.supplier_id "
        "LEFT JOIN supplier_item i ON i.supplier_id = s.id AND i.sku_id = l.sku_id WHERE l.order_id = ? AND l.expected_on IS NULL",
        row["id"],
    )
    today = db.now().date()
    await db.execute_many(
        "UPDATE purchase_order_line SET expected_on = ? WHERE id = ?",
        [(today + timedelta(days=each["days"]), each["id"]) for each in rows],
    )
