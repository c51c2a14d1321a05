"""Flags on orders: what is wrong with one, until somebody clears it with a reason.  A set flag refuses release, label, hand-over.

A flag is no state: an order has any number of them, in whatever state it is.  Each is set and cleared by a conditional statement,
whose foreign key waits for whoever holds the order: a release either sees the flag, or was done before it.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller import events
from controller.db import Row, among, fetch, listing, now, transaction
from controller.errors import Conflict, NotFound, Rejected
from controller.facts import unpark, unpark_all
from controller.orders.events import OrderFlagCleared, OrderFlagged
from controller.orders.numbers import ORDERS

MAX_REASON = 200


class FlagKind(StrEnum):
    """What can be wrong with an order.  `UNPAID`: what is to be paid before it goes is not."""

    BAD_ADDRESS = "bad_address"
    PRICE_ANOMALY = "price_anomaly"
    CREDIT = "credit"
    ADDRESS_CHANGED = "address_changed"
    REFUND_ASKED = "refund_asked"
    STOCK_SHORT = "stock_short"
    LABEL_UNCERTAIN = "label_uncertain"
    DUPLICATE_SUSPECTED = "duplicate_suspected"
    UNPAID = "unpaid"


class OrderIsFlagged(Conflict):
    """Something is wrong with it; `flags` by their kinds."""

    code = "order_flagged"

    def __init__(self, order: str, flags: Sequence[FlagKind]) -> None:
        super().__init__(f"{order} is flagged ({', '.join(flags)}): it goes on when they are cleared, with a reason")
        self.order = order
        self.flags = [flag.value for flag in flags]


class FlagReasonNeeded(Rejected):
    code = "flag_reason_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFlag:
    """Set while `cleared_at` is None."""

    id: int
    order_id: int
    kind: FlagKind
    reason: str
    set_at: datetime
    set_by: str
    cleared_at: datetime | None
    cleared_by: str | None
    clear_reason: str | None

    @property
    def is_set(self) -> bool:
        return self.cleared_at is None


def waits_for_flags(order_no: str) -> str:
    """What a fact waits for (`Parked.waits_for`) that a flag of this order holds up; clearing the last one unparks it."""
    return f"flags:{order_no}"


async def set_flag(order_id: int, kind: FlagKind, reason: str) -> bool:
    """Something is wrong with the order; True when that is news.  A flag that is set keeps its first reason.

    `reason`: 1 to 200 characters on one line, of a person or a check.  In the caller's transaction, if there is one.
    Records OrderFlagged.  Raises NotFound, FlagReasonNeeded.
    """
    text = _reason(reason)
    async with transaction():
        site = await _site_of(order_id)
        rows = await fetch(
            "INSERT INTO order_flag (order_id, kind, reason, set_at, set_by) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (order_id, kind) WHERE cleared_at IS NULL DO NOTHING RETURNING id",
            *(order_id, kind.value, text, now(), events.actor().actor),
        )
        if rows:
            await events.record(OrderFlagged(kind=kind.value, reason=text), subject=ORDERS.number(order_id), site=site)
    return bool(rows)


async def clear_flag(order_id: int, kind: FlagKind, reason: str) -> bool:
    """What was wrong is settled; True when it was set.  Clearing what is not set changes nothing.

    The last one cleared lets go what waited for it.  Records OrderFlagCleared.  Raises NotFound, FlagReasonNeeded.
    """
    text = _reason(reason)
    async with transaction():
        site = await _site_of(order_id)
        rows = await fetch(
            "UPDATE order_flag SET cleared_at = ?, cleared_by = ?, clear_reason = ? "
            "WHERE order_id = ? AND kind = ? AND cleared_at IS NULL RETURNING id",
            *(now(), events.actor().actor, text, order_id, kind.value),
        )
        if not rows:
            return False
        number, rest = ORDERS.number(order_id), (await blocking([order_id])).get(order_id, [])
        event = OrderFlagCleared(kind=kind.value, reason=text, others=[flag.value for flag in rest])
        await events.record(event, subject=number, site=site)
        if not rest:
            await unpark(waits_for_flags(number))
    return True


async def clear_flags(order_ids: Collection[int], kind: FlagKind, reason: str) -> list[int]:
    """The same for many orders at once; those that had it set."""
    text = _reason(reason)
    async with transaction():
        rows = await fetch(
            "UPDATE order_flag SET cleared_at = ?, cleared_by = ?, clear_reason = ? "
            f"WHERE {among('order_id')} AND kind = ? AND cleared_at IS NULL RETURNING order_id",
            *(now(), events.actor().actor, text, listing(set(order_ids)), kind.value),
        )
        cleared = sorted(row["order_id"] for row in rows)
        rest = await blocking(cleared)
        told: list[tuple[events.Event, str]] = [
            (
                OrderFlagCleared(kind=kind.value, reason=text, others=[flag.value for flag in rest.get(one, [])]),
                ORDERS.number(one),
            )
            for one in cleared
        ]
        await events.record_many(told)
        free = [waits_for_flags(ORDERS.number(one)) for one in cleared if one not in rest]
        await unpark_all(free)
    return cleared


async def blocking(order_ids: Collection[int]) -> dict[int, list[FlagKind]]:
    """The flags that hold these orders up, by order, in order of their kinds; orders without any are left out."""
    if not order_ids:
        return {}
    rows = await fetch(
        f"SELECT order_id, kind FROM order_flag WHERE {among('order_id')} AND cleared_at IS NULL ORDER BY order_id, kind",
        listing(set(order_ids)),
    )
    found: dict[int, list[FlagKind]] = {}
    for row in rows:
        found.setdefault(row["order_id"], []).append(FlagKind(row["kind"]))
    return found


async def require_unflagged(order_ids: Collection[int]) -> None:
    """Raises OrderIsFlagged for the first of these orders that a flag holds up."""
    for order_id, kinds in (await blocking(order_ids)).items():
        raise OrderIsFlagged(ORDERS.number(order_id), kinds)


async def flags(order_ids: Iterable[int]) -> dict[int, list[StoredFlag]]:
    """All flags these orders have or had, by order, the oldest first."""
    found: dict[int, list[StoredFlag]] = {order_id: [] for order_id in order_ids}
    for row in await fetch(f"SELECT * FROM order_flag WHERE {among('order_id')} ORDER BY order_id, id", listing(found)):
        found[row["order_id"]].append(_flag(row))
    return found


def _flag(row: Row) -> StoredFlag:
    return StoredFlag(
        id=row["id"],
        order_id=row["order_id"],
        kind=FlagKind(row["kind"]),
        reason=row["reason"],
        set_at=row["set_at"],
        set_by=row["set_by"],
        cleared_at=row["cleared_at"],
        cleared_by=row["cleared_by"],
        clear_reason=row["clear_reason"],
    )


def _reason(text: str) -> str:
    """Raises FlagReasonNeeded."""
    plain = text.strip()
    if not 0 < len(plain) <= MAX_REASON or not plain.isprintable():
        raise FlagReasonNeeded(f"a flag is set and cleared with a reason of 1 to {MAX_REASON} characters on one line")
    return plain


async def _site_of(order_id: int) -> str | None:
    """Raises NotFound."""
    rows = await fetch("SELECT site FROM sales_order WHERE id = ?", order_id)
    if not rows:
        raise NotFound("order", ORDERS.number(order_id))
    site: str | None = rows[0]["site"]
    return site
