"""Where all orders are, at a glance: by stage, what burns first.  Read only; each number is bounded, whatever there is.

A stage is a condition about orders that other rooms' tables say more of than the order itself: the same for the board's numbers,
its cards, and the list that a number leads to.
"""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from controller import db
from controller.fulfilment.models import IS_AT_WORK
from controller.orders import listing
from controller.orders import queries as orders
from controller.orders.flags import FlagKind, blocking
from controller.orders.listing import COUNTED, Wanted, Which
from controller.orders.queries import EVERY, StoredOrder
from controller.orders.states import OrderState

CARDS: Final = 6
"""Of a stage: what fits a screen beside six others."""
_CANDIDATES: Final = 300
_NONE: Final = Which("1 = 0")
OUT_FOR: Final = timedelta(hours=24)
"""What was handed over longer ago is the carrier's, and on no board."""


class Stage(StrEnum):
    """In the order in which an order comes through them; a problem may be in any."""

    PROBLEM = "problem"
    REVIEW = "review"
    RELEASE = "release"
    PICK = "pick"
    PICKING = "picking"
    PACKED = "packed"
    OUT = "out"


class Urgency(StrEnum):
    """Of the clock of an order that runs out first."""

    OVER = "over"
    NEAR = "near"
    FINE = "fine"


_ORDER_OF: Final = "SELECT (SELECT w.order_id FROM pick_list w WHERE w.id = c.pick_list_id) AS order_id FROM"
_IDS: Final[Mapping[Stage, str]] = {
    Stage.PROBLEM: (
        "SELECT order_id FROM order_flag WHERE cleared_at IS NULL "
        "UNION SELECT id FROM sales_order WHERE state = 'on_hold' UNION SELECT order_id FROM shipment WHERE state = 'exception'"
    ),
    Stage.PICK: f"SELECT order_id FROM pick_list WHERE {IS_AT_WORK} AND state = 'open'",
    Stage.PICKING: f"SELECT order_id FROM pick_list WHERE {IS_AT_WORK} AND state IN ('picking', 'picked')",
    # from what is packed, each looked up, and not from the pick lists of all times
    Stage.PACKED: f"{_ORDER_OF} parcel c WHERE c.state = 'packed'",
    Stage.OUT: (
        f"{_ORDER_OF} (SELECT pick_list_id, handed_over_at FROM parcel WHERE state = 'handed_over' "
        f"ORDER BY id DESC LIMIT {COUNTED + 1}) c WHERE c.handed_over_at >= ?"
    ),
}
"""Queries for the orders of a stage: each along an index that holds what is there now, and not what ever was."""
_STATES: Final = {Stage.REVIEW: OrderState.IN_REVIEW, Stage.RELEASE: OrderState.APPROVED}
"""Of the order itself, which has indexes of its own."""
_OVER: Final = "SELECT order_id FROM order_clock WHERE ended_at IS NULL AND due_at <= ?"


@dataclass(frozen=True, slots=True)
class Clock:
    """The one of an order's running clocks that ends first."""

    kind: str
    due_at: datetime
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Card:
    order: StoredOrder
    clock: Clock | None
    flags: Sequence[FlagKind]


@dataclass(frozen=True, slots=True)
class Column:
    """`count` orders, of which `over` are over a deadline; more than `COUNTED`: it is more than that."""

    stage: Stage
    count: int
    over: int
    cards: Sequence[Card]


def at_stage(stage: Stage, at: datetime, wanted: Wanted = EVERY) -> Wanted:
    """Orders that are at a stage, and whatever else they are to be."""
    state = _STATES.get(stage)
    if state is not None and wanted.state not in (None, state):
        return replace(wanted, which=_NONE)
    return replace(wanted, state=state or wanted.state, which=_which(stage, at))


def _which(stage: Stage, at: datetime) -> Which | None:
    if stage is Stage.RELEASE:
        return _unreleased()
    if stage not in _IDS:
        return None
    params = (db.utc(at - OUT_FOR),) if stage is Stage.OUT else ()
    return Which("o.state <> 'cancelled'" if stage is Stage.PROBLEM else "", params, _IDS[stage])


def _unreleased() -> Which:
    return Which(f"NOT EXISTS (SELECT 1 FROM pick_list w WHERE w.order_id = o.id AND w.state <> 'withdrawn'{listing.lazily()})")


def late(wanted: Wanted, at: datetime) -> Wanted:
    """Those of some orders of which a clock has run out, and still runs."""
    before, over = wanted.which, overdue(at)
    if before is None:
        return replace(wanted, which=over)
    if not before.ids:
        return replace(wanted, which=Which(before.sql, (*over.params, *before.params), over.ids))
    both = f"SELECT s.order_id FROM ({before.ids}) s WHERE s.order_id IN ({over.ids})"
    return replace(wanted, which=Which(before.sql, (*before.params, *over.params), both))


def overdue(at: datetime) -> Which:
    """Orders of which a clock has run out, and still runs."""
    return Which(ids=_OVER, params=(db.utc(at),))


async def board(sites: Collection[str] | None, at: datetime) -> list[Column]:
    """Every stage, with what is the most urgent of it."""
    urgent = await _urgent(at)
    return await asyncio.gather(*(_column(stage, sites, at, urgent) for stage in Stage))


async def _urgent(at: datetime) -> list[int]:
    """What was missed last comes first, then what is missed next."""
    over = "SELECT order_id FROM order_clock WHERE ended_at IS NULL AND due_at <= ? ORDER BY due_at DESC, order_id DESC LIMIT ?"
    near = (
        "SELECT order_id FROM order_clock WHERE ended_at IS NULL AND due_at > ? AND near_at <= ? ORDER BY due_at, order_id LIMIT ?"
    )
    rows = await db.fetch(over, db.utc(at), _CANDIDATES) + await db.fetch(near, db.utc(at), db.utc(at), _CANDIDATES)
    return list(dict.fromkeys(row["order_id"] for row in rows))


async def _column(stage: Stage, sites: Collection[str] | None, at: datetime, urgent: Sequence[int]) -> Column:
    wanted = at_stage(stage, at)
    count = await listing.count(wanted, sites)
    if not count:
        return Column(stage, 0, 0, [])
    over = 0 if stage is Stage.OUT else await listing.count(late(wanted, at), sites)
    sql, params = await listing.matching(replace(wanted, ids=urgent), sites)
    here = {row["id"] for row in await db.fetch(sql, *params)} if stage is not Stage.OUT else set()
    ids = [one for one in urgent if one in here][:CARDS]
    shown = await orders.orders(before=None, limit=CARDS, wanted=Wanted(ids=ids), sites=sites) if ids else []
    if len(shown) < CARDS:
        newest = await orders.orders(before=None, limit=CARDS, wanted=wanted, sites=sites)
        shown += [order for order in newest if order.id not in ids][: CARDS - len(shown)]
    shown.sort(key=lambda order: ids.index(order.id) if order.id in ids else len(ids))
    return Column(stage, count, over, await _cards(shown, at))


async def _cards(shown: Sequence[StoredOrder], at: datetime) -> list[Card]:
    ids = [order.id for order in shown]
    clocks, flags = await clocks_of(ids, at), await blocking(ids)
    return [Card(order, clocks.get(order.id), flags.get(order.id, ())) for order in shown]


async def clocks_of(order_ids: Collection[int], at: datetime) -> dict[int, Clock]:
    """By order, the running clock that ends first."""
    if not order_ids:
        return {}
    rows = await db.fetch(
        f"SELECT order_id, kind, near_at, due_at FROM order_clock WHERE {db.among('order_id')} AND ended_at IS NULL "
        "ORDER BY due_at DESC, id",
        db.listing(order_ids),
    )
    return {row["order_id"]: Clock(row["kind"], row["due_at"], _urgency(row, at)) for row in rows}


def _urgency(row: db.Row, at: datetime) -> Urgency:
    if row["due_at"] <= at:
        return Urgency.OVER
    return Urgency.NEAR if row["near_at"] <= at else Urgency.FINE
