"""What goods and decisions make of an order: its state, and what of it is still incoming.  For facts and people alike."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from controller import db, events
from controller.purchasing.events import PurchaseOrderChanged
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.policies import LineState, following
from controller.purchasing.states import ORDER, OrderState
from controller.states import advance
from controller.stock.granting import lock
from controller.stock.operations import expect


async def lock_orders(order_ids: Iterable[int]) -> dict[int, db.Row]:
    """Hold these orders until the transaction ends, in order of their ids.

    Before it, whoever changes what is incoming holds the rows that grant (`hold_goods`): location, availability, the rest.
    """
    wanted = db.listing(sorted(set(order_ids)))
    rows = await db.fetch(f"SELECT * FROM purchase_order WHERE {db.among('id')} ORDER BY id" + db.for_update(), wanted)
    return {row["id"]: row for row in rows}


async def hold_goods(order_id: int) -> None:
    """Take the rows that grant an order's goods, in their order, before the order itself."""
    rows = await db.fetch(
        "SELECT l.sku_id, o.site_id FROM purchase_order_line l JOIN purchase_order o ON o.id = l.order_id WHERE l.order_id = ? "
        "ORDER BY l.sku_id",
        order_id,
    )
    await lock([(row["sku_id"], row["site_id"]) for row in rows])


async def settle(orders: Mapping[int, db.Row]) -> dict[int, OrderState]:
    """Bring locked orders to what their lines say; the state of each.

    Records PurchaseOrderChanged for each that changed.
    """
    if not orders:
        return {}
    rows = await db.fetch(
        f"SELECT * FROM purchase_order_line WHERE {db.among('order_id')} ORDER BY order_id, sku_id", db.listing(sorted(orders))
    )
    lines: dict[int, list[db.Row]] = defaultdict(list)
    for row in rows:
        lines[row["order_id"]].append(row)
    states = {order_id: await _advanced(orders[order_id], lines[order_id]) for order_id in sorted(orders)}
    await _expect([(row, states[row["order_id"]], orders[row["order_id"]]["site_id"]) for row in rows])
    return states


async def _advanced(order: db.Row, rows: Sequence[db.Row]) -> OrderState:
    state = OrderState(order["state"])
    lines = [line_state(row) for row in rows]
    action = following(state, lines, sent=order["sent_at"] is not None, confirmed=order["confirmed_at"] is not None)
    if action is None:
        return state
    new = advance(ORDER, state, action)
    closed_at = db.now() if new in (OrderState.RECEIVED, OrderState.CLOSED_SHORT) else None
    await db.execute("UPDATE purchase_order SET state = ?, closed_at = ? WHERE id = ?", new.value, closed_at, order["id"])
    told = PurchaseOrderChanged(state=new.value)
    await events.record(told, subject=PURCHASE_ORDERS.number(order["id"]), site=order["site_id"])
    return new


async def _expect(rows: Iterable[tuple[db.Row, OrderState, str]]) -> None:
    """Write what is owed, and tell the stock by how much that changed."""
    changes: Counter[tuple[int, str]] = Counter()
    changed = []
    for row, state, site in rows:
        owed = line_state(row).owed(state)
        if owed != row["owed"]:
            changes[row["sku_id"], site] += owed - row["owed"]
            changed.append((owed, row["id"]))
    for (sku_id, site), change in sorted(changes.items()):
        await expect(sku_id, site, change)
    await db.execute_many("UPDATE purchase_order_line SET owed = ? WHERE id = ?", changed)


def line_state(row: db.Row) -> LineState:
    return LineState(row["units"], row["received"], bool(row["closed"]))
