"""Goods that were wanting are promised when they arrive: the oldest order first, each as much as there is.

Whatever frees goods is followed; how it happens that they are there does not matter, only that they are.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller import db, events
from controller.events import Recorded
from controller.following import Follower
from controller.orders.events import OrderCancelled, OrderChanged, OrderClosed, OrderLinePromised, OrderLineWanting
from controller.orders.flags import FlagKind, clear_flag
from controller.orders.numbers import ORDERS
from controller.orders.promising import Need, Promising, need_of, promise_more
from controller.orders.states import HOLDING, WhenShort
from controller.orders.transitions import lock, site_of
from controller.proofs.events import DifferenceSettled
from controller.recalls.events import RecallEnded
from controller.stock.channels import FREE
from controller.stock.events import ChannelBufferChanged, HoldExpired, LotUnblocked, PresaleSet, StockMoved
from controller.stock.granting import lock as lock_levels

AT_ONCE = 50
"""Orders that one transaction looks at."""
_WANTING = (
    "SELECT DISTINCT l.order_id FROM order_line l JOIN sales_order o ON o.id = l.order_id "
    "JOIN availability a ON a.sku_id = l.sku_id AND (o.site IS NULL OR a.site_id = o.site) "
    f"WHERE l.wanting > 0 AND NOT l.is_removed AND o.state IN ('in_review', 'on_hold', 'approved') AND o.id > ? "
    f"AND ({FREE} > 0 OR (l.presale AND a.presale > a.presold)) ORDER BY l.order_id LIMIT ?"
)


async def fill_wanting() -> int:
    """Promise what is wanting and is there now; how many base units were promised.  Records OrderLinePromised."""
    given, after = 0, 0
    while True:
        rows = await db.fetch(_WANTING, after, AT_ONCE)
        if not rows:
            return given
        order_ids = [row["order_id"] for row in rows]
        given += await db.in_transaction(lambda: _fill(order_ids))  # noqa: B023 -- it is awaited in the loop's own turn
        after = order_ids[-1]


async def _fill(order_ids: Sequence[int]) -> int:
    """Orders before stock, each in order: as everybody locks them."""
    states = await lock(order_ids)
    open_ids = [order_id for order_id in order_ids if states.get(order_id) in HOLDING]
    rows = await db.fetch(
        "SELECT l.*, o.channel, o.currency, o.site, o.region FROM order_line l JOIN sales_order o ON o.id = l.order_id "
        f"WHERE {db.among('l.order_id')} AND l.wanting > 0 AND NOT l.is_removed ORDER BY l.order_id, l.position",
        db.listing(open_ids),
    )
    levels = await db.fetch(
        f"SELECT sku_id, site_id FROM availability WHERE {db.among('sku_id')}", db.listing({row["sku_id"] for row in rows})
    )
    await lock_levels(sorted((row["sku_id"], row["site_id"]) for row in levels))
    given = 0
    for order_id in open_ids:
        mine = [row for row in rows if row["order_id"] == order_id]
        given += await _fill_one(mine) if mine else 0
    return given


async def _fill_one(rows: Sequence[Mapping[str, object]]) -> int:
    first = rows[0]
    order_id = int(str(first["order_id"]))
    needs = [need_of(row, int(str(row["wanting"]))) for row in rows]
    how = Promising(
        order_id=order_id,
        channel=str(first["channel"]),
        currency=str(first["currency"]),
        site=None if first["site"] is None else str(first["site"]),
        region=None if first["region"] is None else str(first["region"]),
        when_short=WhenShort.ACCEPT,
        is_waiting=True,
    )
    given = await promise_more(needs, how)
    await _tell(order_id, given)
    if given and not await db.fetch(
        "SELECT id FROM order_line WHERE order_id = ? AND NOT is_removed AND (wanting > 0 OR is_short) LIMIT 1", order_id
    ):
        await clear_flag(order_id, FlagKind.STOCK_SHORT, "what was wanting is promised")
    return sum(quantity for _, quantity in given)


async def _tell(order_id: int, given: Sequence[tuple[Need, int]]) -> None:
    site = await site_of(order_id)
    told: list[tuple[events.Event, str]] = []
    for need, quantity in given:
        still = need.quantity - quantity
        event = OrderLinePromised(position=need.target.position, sku=need.sku, quantity=quantity, still=still)
        told.append((event, ORDERS.number(order_id)))
    await events.record_many(told, site=site)


FREEING = frozenset(
    event.name
    for event in (
        StockMoved,
        HoldExpired,
        LotUnblocked,
        RecallEnded,
        ChannelBufferChanged,
        PresaleSet,
        DifferenceSettled,
        OrderCancelled,
        OrderClosed,
        OrderChanged,
        OrderLineWanting,
    )
)
"""What may have made something free."""


async def _take(_: Recorded) -> None:
    await fill_wanting()


FOLLOWER = Follower("wanting", FREEING, _take)
