"""Where things are: what carriers tell, in any order and any number of times, and what it comes to."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller import db, events
from controller.shipping.adapters import Seen
from controller.shipping.events import ShipmentMoved
from controller.shipping.manifests import close_when_empty
from controller.shipping.shipments import StoredShipment, stored
from controller.shipping.states import SHIPMENT, ShipmentAction, ShipmentState
from controller.states import advance
from controller.tasks.operations import close_tasks

_RANK = {action: number for number, action in enumerate(ShipmentAction)}
_NEVER = frozenset({ShipmentState.OPEN, ShipmentState.VOID})


@dataclass(frozen=True, slots=True)
class Told:
    """One telling, as it counts."""

    action: ShipmentAction
    occurred_at: datetime
    key: str


def state_of(told: Iterable[Told], *, handed_over: bool) -> ShipmentState:
    """What all tellings together come to, whatever order they came in: a return and a delivery end it, else the latest counts."""
    known = set(told)
    start = ShipmentState.HANDED_OVER if handed_over else ShipmentState.LABELLED
    actions = {one.action for one in known}
    for final in (ShipmentAction.RETURN, ShipmentAction.DELIVER):
        if final in actions:
            return advance(SHIPMENT, start, final)
    if not known:
        return start
    latest = max(known, key=lambda one: (one.occurred_at, _RANK[one.action], one.key))
    return advance(SHIPMENT, start, latest.action)


async def take(carrier: str, seen: Sequence[Seen], *, source: str) -> int:
    """Note what a carrier told; how much of it is news.  Numbers that we do not know yet wait for theirs.

    Records ShipmentMoved.
    """
    if not seen:
        return 0
    async with db.transaction():
        news = 0
        for one in sorted(seen, key=lambda each: (each.tracking_no, each.key)):
            news += await db.execute(
                "INSERT INTO tracking_event "
                "(carrier, tracking_no, seen_key, action, text, place, occurred_at, recorded_at, source) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (carrier, tracking_no, seen_key) DO NOTHING",
                *(carrier, one.tracking_no, one.key, one.action.value if one.action else "", one.text, one.place),
                *(db.utc(one.occurred_at), db.now(), source),
            )
        await refresh(carrier, {one.tracking_no for one in seen})
    return news


async def refresh(carrier: str, tracking_nos: Iterable[str]) -> None:
    """The shipments with these numbers are where their tellings say.  In the caller's transaction."""
    numbers = sorted(set(tracking_nos))
    rows = await db.fetch(
        f"SELECT * FROM shipment WHERE carrier = ? AND {db.among('tracking_no')} ORDER BY id" + db.for_update(),
        *(carrier, db.listing(numbers)),
    )
    for one in map(stored, rows):
        if one.state not in _NEVER:
            await _refresh(one)


async def _refresh(one: StoredShipment) -> None:
    rows = await db.fetch(
        "SELECT action, occurred_at, seen_key FROM tracking_event WHERE carrier = ? AND tracking_no = ?",
        *(one.carrier, one.tracking_no),
    )
    told = [Told(ShipmentAction(row["action"]), row["occurred_at"], row["seen_key"]) for row in rows if row["action"]]
    state = state_of(told, handed_over=one.handed_over_at is not None)
    heard = max((row["occurred_at"] for row in rows), default=one.handed_over_at)
    ends = {ShipmentAction.DELIVER, ShipmentAction.RETURN}
    delivered = max((each.occurred_at for each in told if each.action in ends), default=None)
    await db.execute(
        "UPDATE shipment SET state = ?, heard_at = ?, delivered_at = ? WHERE id = ?",
        *(state.value, heard, delivered, one.id),
    )
    if state is not one.state:
        moved = ShipmentMoved(shipment=one.no, state=state.value, at=heard or db.now())
        await events.record(moved, subject=one.order_no, site=one.site)
    if delivered:
        await close_tasks(f"away:{one.no}")
    if one.manifest_id is not None and state is not ShipmentState.LABELLED:
        await close_when_empty(one.manifest_id)


async def handed_over(parcel_no: str, at: datetime) -> None:
    """A parcel was scanned out to its carrier's driver.  Twice is once, the first time counts.  Records ShipmentMoved."""
    async with db.transaction():
        rows = await db.fetch(
            "SELECT * FROM shipment WHERE parcel_no = ? AND state NOT IN ('open', 'void') ORDER BY id" + db.for_update(), parcel_no
        )
        for one in map(stored, rows):
            if one.handed_over_at is None:
                await db.execute("UPDATE shipment SET handed_over_at = ? WHERE id = ?", db.utc(at), one.id)
                await refresh(one.carrier, [one.tracking_no or ""])


async def tellings(one: StoredShipment) -> list[db.Row]:
    """What its carrier told, the latest first."""
    return await db.fetch(
        "SELECT occurred_at, recorded_at, action, text, place, source FROM tracking_event WHERE carrier = ? AND tracking_no = ? "
        "ORDER BY occurred_at DESC, id DESC",
        *(one.carrier, one.tracking_no or ""),
    )
