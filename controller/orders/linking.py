"""Orders are split and merged, with history both ways, and as they were again while nothing of them was released.

Promises go along in the same transaction (`stock.handing_on`): nothing becomes free in between.  Money follows; merged orders pay
for shipping once (`merged_charges.py`).
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller import events
from controller.customers.order_addresses import StoredAddress, stored_addresses
from controller.db import Row, among, execute, execute_many, fetch, listing, now, transaction
from controller.errors import NotFound
from controller.orders import moving, tags
from controller.orders.errors import BadOrder, NotMergeable, NotUndoable, ReleasedAlready
from controller.orders.events import OrderLinked
from controller.orders.merged_charges import charge_apart, charge_once
from controller.orders.money import follow_lines, terms_of
from controller.orders.moving import Moved, Movement
from controller.orders.numbers import ORDERS
from controller.orders.states import OPEN, Link, OrderAction, OrderState
from controller.orders.transitions import change_state, lock, site_of

MOST_MERGED = 20
_SAME = ("site", "region", "delivery", "currency", "min_remaining_days")
"""What orders that become one have in common, besides their customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLink:
    """Lines went from one order to another; `is_undone`: and back.  `uncharged_minor`: shipping that a merge saves the customer."""

    id: int
    kind: Link
    from_order: str
    to_order: str
    reason: str
    is_undone: bool
    uncharged_minor: int = 0


async def split(no: str, quantities: Mapping[int, int], *, reason: str) -> str:
    """So many base units of lines (by position) become an order of their own; its number.  Records OrderLinked of both.

    It goes where the first one goes, in the same state, with the same flags and tags.  Raises NotFound (the order, a line),
    BadOrder (all of it, or nothing, or more than there is), ReleasedAlready, IllegalTransition.
    """
    async with transaction():
        order = await _unreleased(no)
        rows = {row["position"]: row for row in await moving.lines_of(order["id"])}
        missing = next((position for position in quantities if position not in rows), None)
        if missing is not None:
            raise NotFound(f"line of {no}", missing)
        _check_split(no, rows, quantities)
        child = await moving.copy_order(order, reference=await moving.free_reference(order))
        movements = [
            Movement(line=rows[position], quantity=quantity, to_order=child, to_position=number)
            for number, (position, quantity) in enumerate(sorted(quantities.items()), 1)
        ]
        moved = await moving.move_lines(movements)
        await moving.copy_flags(order["id"], child)
        await tags.copy(order["id"], child)
        await _link(Link.SPLIT, order["id"], child, moved, reason)
    return ORDERS.number(child)


def _check_split(no: str, rows: Mapping[int, Row], quantities: Mapping[int, int]) -> None:
    if not quantities or any(not 0 < quantity <= rows[position]["quantity"] for position, quantity in quantities.items()):
        raise BadOrder(f"to split {no}: more than nothing of each line that is named, and no more than it has")
    if all(quantities.get(position) == row["quantity"] for position, row in rows.items()):
        raise BadOrder(f"to split {no}: something has to stay")


async def merge(into: str, others: Sequence[str], *, reason: str) -> None:
    """Orders of one customer become one; the others are cancelled, with a link to it.  Records OrderLinked of all.

    If one of them is still to be reviewed, or on hold, the one is.  Raises NotFound, NotMergeable, ReleasedAlready, BadOrder.
    """
    others = list(dict.fromkeys(others))
    if not others or into in others or len(others) > MOST_MERGED:
        raise BadOrder(f"merge 1 to {MOST_MERGED} other orders into one")
    async with transaction():
        await lock([ORDERS.row_id(no) for no in (into, *others)])
        target = await _unreleased(into)
        for no in others:
            source = await _unreleased(no)
            _check_merge(source, target)
            doors = await stored_addresses([source["id"], target["id"]])
            if len({one.place_hash for one in doors.values()}) > 1 or len(doors) == 1:
                raise NotMergeable(no, into, "they go to different addresses")
            if await terms_of(source["id"]) is not await terms_of(target["id"]):
                raise NotMergeable(no, into, "they are paid in different ways")
            await _merge_one(source, target, reason)
            target = await _unreleased(into)


def _check_merge(source: Row, target: Row) -> None:
    no, into = ORDERS.number(source["id"]), ORDERS.number(target["id"])
    if source["customer_id"] is None or source["customer_id"] != target["customer_id"]:
        raise NotMergeable(no, into, "they are not known to be of one customer")
    other = next((name for name in _SAME if source[name] != target[name]), None)
    if other is not None:
        raise NotMergeable(no, into, f"its {other} is {source[other]}, there it is {target[other]}")
    if (source["state"] == OrderState.DRAFT.value) != (target["state"] == OrderState.DRAFT.value):
        raise NotMergeable(no, into, "one of them is a draft")


async def _merge_one(source: Row, target: Row, reason: str) -> None:
    last = await moving.last_position(target["id"])
    movements = [
        Movement(line=row, quantity=row["quantity"], to_order=target["id"], to_position=last + number, is_copy=True)
        for number, row in enumerate(await moving.lines_of(source["id"]), 1)
    ]
    moved = await moving.move_lines(movements)
    await change_state(source["id"], OrderState(source["state"]), OrderAction.CANCEL)
    state = OrderState(target["state"])
    stricter = OrderState(source["state"])
    if state is OrderState.APPROVED and stricter is OrderState.ON_HOLD:
        await change_state(target["id"], state, OrderAction.HOLD)
    elif state is OrderState.APPROVED and stricter is OrderState.IN_REVIEW:
        await change_state(target["id"], state, OrderAction.REVIEW)
    if source["due_at"] is not None and (target["due_at"] is None or source["due_at"] < target["due_at"]):
        await execute("UPDATE sales_order SET due_at = ? WHERE id = ?", source["due_at"], target["id"])
    await moving.copy_flags(source["id"], target["id"])
    await tags.copy(source["id"], target["id"])
    await _link(Link.MERGE, source["id"], target["id"], moved, reason)


async def undo(link_id: int, *, reason: str) -> None:
    """The lines of a split or a merge go back where they came from.  Undoing twice is once.  Records OrderLinked of both.

    Raises NotFound, NotUndoable (lines were changed, or moved on, since), ReleasedAlready.
    """
    async with transaction():
        link = await _link_row(link_id)
        await lock([link["from_order_id"], link["to_order_id"]])
        link = await _link_row(link_id)
        if link["undone_at"] is not None:
            return
        ends = (ORDERS.number(link["from_order_id"]), ORDERS.number(link["to_order_id"]))
        target = await _unreleased(ends[1])
        source = await moving.order_row(link["from_order_id"])
        parts = await fetch("SELECT * FROM order_link_line WHERE link_id = ? ORDER BY id", link_id)
        _check_ends(Link(link["kind"]), source, ends)
        await moving.move_back(parts, ends)
        if link["kind"] == Link.MERGE.value:
            restored = await change_state(source["id"], OrderState.CANCELLED, OrderAction.RESTORE)
            if target["state"] == OrderState.APPROVED.value:
                await change_state(source["id"], restored, OrderAction.APPROVE)
            await charge_apart(link_id, target["id"])
        elif not await moving.lines_of(target["id"]):
            await change_state(target["id"], OrderState(target["state"]), OrderAction.CANCEL)
        await execute("UPDATE order_link SET undone_at = ? WHERE id = ?", now(), link_id)
        await follow_lines(target["id"], source["id"])
        await _tell(Link(link["kind"]), ends, reason, undone=True)


def _check_ends(kind: Link, source: Row, ends: tuple[str, str]) -> None:
    state = OrderState(source["state"])
    if kind is Link.MERGE and state is not OrderState.CANCELLED:
        raise NotUndoable(*ends, why=f"{ends[0]} is {state}")
    if kind is Link.SPLIT and state not in OPEN:
        raise NotUndoable(*ends, why=f"{ends[0]} is {state}")


async def links(order_ids: Sequence[int]) -> list[StoredLink]:
    """What went from or to these orders, the oldest first."""
    rows = await fetch(
        f"SELECT * FROM order_link WHERE {among('from_order_id')} OR {among('to_order_id')} ORDER BY id",
        *(listing(order_ids), listing(order_ids)),
    )
    return [
        StoredLink(
            id=row["id"],
            kind=Link(row["kind"]),
            from_order=ORDERS.number(row["from_order_id"]),
            to_order=ORDERS.number(row["to_order_id"]),
            reason=row["reason"],
            is_undone=row["undone_at"] is not None,
            uncharged_minor=row["uncharged_minor"],
        )
        for row in rows
    ]


async def mergeable(no: str, *, limit: int = 20) -> list[str]:
    """Other orders of the same customer that could be merged with this one, the oldest first.  Raises NotFound."""
    order = await moving.order_row(ORDERS.row_id(no))
    if order["customer_id"] is None or OrderState(order["state"]) not in OPEN:
        return []
    rows = await fetch(
        "SELECT o.* FROM sales_order o WHERE o.customer_id = ? AND o.id <> ? "
        "AND o.state IN ('draft', 'in_review', 'on_hold', 'approved') AND NOT EXISTS (SELECT 1 FROM order_allocation a "
        "WHERE a.order_id = o.id AND a.is_released AND NOT a.is_ended) ORDER BY o.id LIMIT ?",
        *(order["customer_id"], order["id"], 5 * limit),
    )
    found: list[int] = []
    for row in rows:
        try:
            _check_merge(row, order)
        except NotMergeable:
            continue
        found.append(row["id"])
    doors = await stored_addresses([order["id"], *found])
    mine = doors.get(order["id"])
    return [ORDERS.number(one) for one in found if _door(doors.get(one)) == _door(mine)][:limit]


def _door(address: StoredAddress | None) -> str:
    return "" if address is None else address.place_hash


async def _unreleased(no: str) -> Row:
    """The order's row, locked.  Raises NotFound, ReleasedAlready, BadOrder (it is closed or cancelled)."""
    order_id = ORDERS.row_id(no)
    await lock([order_id])
    row = await moving.order_row(order_id)
    if OrderState(row["state"]) not in OPEN:
        raise BadOrder(f"{no} is {row['state']}")
    rows = await fetch(
        "SELECT DISTINCT site FROM order_allocation WHERE order_id = ? AND is_released AND NOT is_ended ORDER BY site", order_id
    )
    if rows:
        raise ReleasedAlready(no, [one["site"] for one in rows])
    return row


async def _link_row(link_id: int) -> Row:
    rows = await fetch("SELECT * FROM order_link WHERE id = ?", link_id)
    if not rows:
        raise NotFound("link of orders", link_id)
    return rows[0]


async def _link(kind: Link, from_order: int, to_order: int, moved: Sequence[Moved], reason: str) -> None:
    rows = await fetch(
        "INSERT INTO order_link (kind, from_order_id, to_order_id, reason, linked_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        *(kind.value, from_order, to_order, reason.strip()[:200], now()),
    )
    await execute_many(
        "INSERT INTO order_link_line (link_id, from_line_id, to_line_id, quantity, amount_minor) VALUES (?, ?, ?, ?, ?)",
        [(rows[0]["id"], one.from_line, one.to_line, one.quantity, one.amount_minor) for one in moved],
    )
    uncharged = await charge_once(rows[0]["id"], from_order, to_order) if kind is Link.MERGE else 0
    await follow_lines(from_order, to_order)
    await _tell(kind, (ORDERS.number(from_order), ORDERS.number(to_order)), reason, uncharged=uncharged)


async def _tell(kind: Link, ends: tuple[str, str], reason: str, *, undone: bool = False, uncharged: int = 0) -> None:
    event = OrderLinked(
        kind=kind.value,
        from_order=ends[0],
        to_order=ends[1],
        reason=reason.strip()[:200],
        undone=undone,
        uncharged_minor=uncharged,
    )
    await events.record_many([(event, no) for no in ends], site=await site_of(ORDERS.row_id(ends[1])))
