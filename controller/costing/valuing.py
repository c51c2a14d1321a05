"""The ledger's entries get their value, in the order in which they were recorded, behind the writers' backs.

One at a time follows (`run`); what it has done is a number, moved on in the transaction that did it.  An entry is valued once all
that could stand before it is committed: numbers of a sequence become visible out of order (PostgreSQL manual, 9.27.10).
"""

# ruff: noqa: S608 -- what is put into the texts is a suffix of ours; values are parameters
from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from controller import db
from controller.costing.policies import Basis, Change, Pool
from controller.costing.pools import BasisKey, Booking, Spot, append, hold_bases, hold_pools, save_bases, save_pools
from controller.db import Engine
from controller.sites.models import PHYSICAL, LocationKind
from controller.stock.states import Reason

log = logging.getLogger(__name__)

AT_ONCE = 2000
"""Entries valued in one transaction: on SQLite, writers wait for so many."""
PAUSE_SECONDS = 0.5
RESTS = 4
"""While others write, so many times as long as one such transaction took, its turn to write included: what a backlog writes goes
first, its cost may come some minutes later."""
_LONGEST_PAUSE = 30.0
_INSIDE = frozenset(kind.value for kind in PHYSICAL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement as cost sees it: between the goods of two sites, or one and the world (None)."""

    id: int
    sku_id: int
    units: int
    reason: str
    document: str | None
    source: str | None
    target: str | None
    is_bought: bool

    @property
    def basis(self) -> BasisKey | None:
        """What is known of a receipt's goods, where they came from a supplier or went back to it."""
        site = self.target or self.source
        return (self.document, self.sku_id, site) if self.is_bought and self.document and site else None


class Horizon:
    """Up to which entry all is there: one that was the last, once every transaction that ran then has ended."""

    def __init__(self) -> None:
        self._settled, self._last, self._until = 0, 0, 0

    async def settled(self) -> int:
        """The entry; asked again later, a later one."""
        if db.engine() is Engine.SQLITE:
            return int((await db.fetch("SELECT COALESCE(MAX(id), 0) AS last FROM stock_movement"))[0]["last"])
        rows = await db.fetch(
            "SELECT COALESCE(MAX(id), 0) AS last, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest, "
            "pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next FROM stock_movement"
        )
        if rows[0]["oldest"] >= self._until:
            self._settled, self._last, self._until = self._last, int(rows[0]["last"]), int(rows[0]["next"])
        return self._settled


async def run(random: Random) -> None:
    """Value what is recorded, for ever; what fails is tried again after a pause that grows."""
    failures, horizon = 0, Horizon()
    while True:
        try:
            done = await catch_up(horizon, rests=RESTS)
            failures = 0
        except Exception:  # the worker's outermost loop: the database may be away
            failures += 1
            log.exception("the ledger could not be valued; it is tried again")
            await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))
            continue
        if not done:
            await asyncio.sleep(PAUSE_SECONDS)


async def catch_up(horizon: Horizon | None = None, *, rests: int = 0) -> int:
    """Value all that is settled now; how many entries that were.  `rests`: see `RESTS`, which ends when nothing new comes."""
    if horizon is None:
        horizon = Horizon()
        await horizon.settled()
    settled, total = await horizon.settled(), 0

    async def take() -> int:
        return await _take(settled)

    loop = asyncio.get_running_loop()
    began = loop.time()
    while taken := await db.in_transaction(take):
        total += taken
        if rests and taken == AT_ONCE and (last := await horizon.settled()) > settled:
            settled = last
            await asyncio.sleep(rests * (loop.time() - began))
        began = loop.time()
    return total


async def _take(settled: int) -> int:
    after = (await db.fetch(f"SELECT movement_id FROM cost_cursor WHERE id = 1{db.for_update()}"))[0]["movement_id"]
    rows = await db.fetch(
        "SELECT m.id, m.sku_id, m.quantity, m.reason, m.document, f.site_id AS from_site, f.kind AS from_kind, "
        "t.site_id AS to_site, t.kind AS to_kind FROM stock_movement m JOIN location f ON f.id = m.from_location_id "
        "JOIN location t ON t.id = m.to_location_id WHERE m.id > ? AND m.id <= ? ORDER BY m.id LIMIT ?",
        *(after, settled, AT_ONCE),
    )
    if not rows:
        return 0
    await _value([entry for row in rows if (entry := _entry(row)).source != entry.target])
    await db.execute("UPDATE cost_cursor SET movement_id = ? WHERE id = 1", rows[-1]["id"])
    return len(rows)


def _entry(row: db.Row) -> Entry:
    source = row["from_site"] if row["from_kind"] in _INSIDE else None
    target = row["to_site"] if row["to_kind"] in _INSIDE else None
    is_bought = LocationKind.SUPPLIER.value in (row["from_kind"], row["to_kind"])
    return Entry(row["id"], row["sku_id"], row["quantity"], row["reason"], row["document"], source, target, is_bought)


async def _value(entries: Sequence[Entry]) -> None:
    bases = await hold_bases(entry.basis for entry in entries if entry.basis is not None)
    spots = {(entry.sku_id, site) for entry in entries for site in (entry.source, entry.target) if site is not None}
    pools = await hold_pools(spots)
    bookings = [booking for entry in entries for booking in value(entry, pools, bases)]
    await save_bases(bases)
    await save_pools(pools)
    await append(bookings)


def value(entry: Entry, pools: dict[Spot, Pool], bases: dict[BasisKey, Basis]) -> list[Booking]:
    """What an entry does to the pools, which it changes: goods leave at the average, and take that with them to another site."""
    found = []

    def book(site: str, change: Change) -> None:
        spot = (entry.sku_id, site)
        pools[spot] = pools[spot].after(change)
        found.append(Booking(spot, change, entry.reason, entry.document, entry.id))

    if entry.source is not None:
        left = _leaving(entry, pools[entry.sku_id, entry.source], bases)
        book(entry.source, left)
        if entry.target is not None:
            book(entry.target, left.reversed())
    elif entry.target is not None:
        book(entry.target, _coming(entry, pools[entry.sku_id, entry.target], bases))
    return found


def _coming(entry: Entry, pool: Pool, bases: dict[BasisKey, Basis]) -> Change:
    if not entry.is_bought:
        return pool.found(entry.units)
    key = entry.basis
    if key is None or key not in bases:
        return pool.coming(entry.units, None)
    bases[key], minor = bases[key].booking(entry.units)
    return pool.coming(entry.units, minor)


def _leaving(entry: Entry, pool: Pool, bases: dict[BasisKey, Basis]) -> Change:
    """What was received by mistake goes back at what it came for, if that is still here."""
    key = entry.basis
    if entry.reason != Reason.RETRACTED or key is None:
        return pool.leaving(entry.units)
    basis = bases.get(key)
    if basis is None or basis.minor is None or entry.units > basis.booked_units:
        if basis is not None and basis.minor is None and entry.units <= basis.booked_unknown:
            bases[key] = basis.booking(-entry.units)[0]
        unknown = min(entry.units, max(pool.unknown, 0))
        return _both(pool.leaving(entry.units - unknown), Change(unknown=-unknown))
    bases[key], minor = basis.booking(-entry.units)
    exact = Change(-entry.units, minor or 0)
    after = pool.after(exact)
    is_sound = after.quantity >= 0 and after.value >= 0 and (after.quantity > 0 or after.value == 0)
    return exact if is_sound else pool.leaving(entry.units)


def _both(one: Change, other: Change) -> Change:
    return Change(one.quantity + other.quantity, one.value + other.value, one.unknown + other.unknown)
