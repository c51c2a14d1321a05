"""What a manager may do about a difference that the reconciler found: look at what would be written, and have it written.

Two ways lead out of a balance that is not the sum of its entries.  To trust the entries puts the number right; to trust the number
books the compensating entry, from or to the site's `discrepancy`.  All other numbers are made of rows: they are put right.  A seal
that is broken, and pieces that are more than the goods, nobody can put right here: they are noted.
"""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller import db, events
from controller.errors import Conflict, NotFound, Rejected
from controller.proofs.events import DifferenceSettled
from controller.proofs.proving import PROOFS, Proof, wrong
from controller.proofs.reconciler import close
from controller.sites.models import LocationKind
from controller.sites.queries import special
from controller.stock.events import CountNeeded
from controller.stock.granting import lock, withdraw
from controller.stock.ledger import append
from controller.stock.policies import Move
from controller.stock.states import Reason
from controller.stock.sums import forget

LEVELS = frozenset({"on_hand", "quarantined", "reserved", "allocated", "presold", "incoming"})
"""Kinds that are columns of `availability`."""


class Trust(StrEnum):
    """What is believed: the rows behind the number, the number as it stands, or neither (it is noted and told no more)."""

    ROWS = "rows"
    NUMBER = "number"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Found:
    """A difference as stored; `state` is open, settled or gone."""

    id: int
    kind: str
    key: str
    sku_id: int
    sku: str | None
    site: str | None
    location_id: int
    location: str | None
    lot_id: int
    stored: int
    expected: int
    state: str
    found_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    how: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the diff: `row`'s `column` goes from `before` to `after`; an entry of the ledger has its quantity as `after`."""

    trust: Trust
    row: str
    column: str
    before: int
    after: int


class NotSettled(Rejected):
    """This difference cannot be settled that way; `ways` are those that can."""

    code = "cannot_settle_so"

    def __init__(self, kind: str, ways: Sequence[Trust]) -> None:
        super().__init__(f"a difference of {kind} is settled by trusting {' or '.join(ways)}")
        self.ways = [way.value for way in ways]


class DifferenceChanged(Conflict):
    """It is not what it was when the diff was shown: look again."""

    code = "difference_changed"

    def __init__(self, difference: int) -> None:
        super().__init__(f"difference {difference} is not what it was any more: look at it again")
        self.difference = difference


_FOUND = (
    "SELECT d.id, d.kind, d.key, d.sku_id, s.code AS sku, d.site, d.location_id, l.code AS location, d.lot_id, d.stored, "
    "d.expected, d.state, d.found_at, d.settled_at, d.settled_by, d.how FROM reconciliation_difference d "
    "LEFT JOIN sku s ON s.id = d.sku_id LEFT JOIN location l ON l.id = d.location_id "
)


async def differences(*, state: str = "open", after: int = 0, limit: int = 50) -> list[Found]:
    """In order of id."""
    rows = await db.fetch(f"{_FOUND} WHERE d.state = ? AND d.id > ? ORDER BY d.id LIMIT ?", state, after, limit)
    return [Found(**row) for row in rows]


async def open_differences() -> int:
    return int((await db.fetch("SELECT COUNT(*) AS n FROM reconciliation_difference WHERE state = 'open'"))[0]["n"])


async def difference(number: int) -> Found:
    """Raises NotFound."""
    rows = await db.fetch(f"{_FOUND} WHERE d.id = ?", number)
    if not rows:
        raise NotFound("difference", number)
    return Found(**rows[0])


def ways(found: Found) -> list[Trust]:
    """How a difference can be settled: no number but a piece's can be set below zero."""
    possible = [Trust.NOTED]
    if found.kind == "balance":
        possible.insert(0, Trust.NUMBER)
    if found.kind in ("serial", "sums") or (found.kind in {*LEVELS, "balance", "borrowed"} and found.expected >= 0):
        possible.insert(0, Trust.ROWS)
    return possible


def proposal(found: Found) -> list[Line]:
    """What would be written, for each way; nothing is written by looking."""
    lines = []
    for way in ways(found):
        if way is Trust.ROWS:
            row = f"availability of {found.sku} at {found.site}" if found.kind in LEVELS else f"{found.kind} of {found.sku}"
            lines.append(Line(way, row, "on_hand" if found.kind == "balance" else found.kind, found.stored, found.expected))
        elif way is Trust.NUMBER:
            ends = ("discrepancy", found.location) if found.stored > found.expected else (found.location, "discrepancy")
            lines.append(Line(way, f"entry from {ends[0]} to {ends[1]}", "quantity", 0, abs(found.stored - found.expected)))
    return lines


async def settle(number: int, trust: Trust, *, stored: int, expected: int, proofs: Sequence[Proof] = PROOFS) -> Found:
    """Do what the diff showed for one way; `stored` and `expected` are what it showed.  Who does it is `events.actor()`.

    Records DifferenceSettled.  Raises NotFound, NotSettled, DifferenceChanged (nothing is written then).
    """
    async with db.transaction():
        found = await difference(number)
        if trust not in ways(found):
            raise NotSettled(found.kind, ways(found))
        if found.state != "open" or (found.stored, found.expected) != (stored, expected):
            raise DifferenceChanged(number)
        if trust is not Trust.NOTED:
            await _write(found, trust, proofs)
        if not await close(number, found.key, state="settled", by=events.actor().actor, how=trust.value):
            raise DifferenceChanged(number)
        told = DifferenceSettled(kind=found.kind, how=trust.value, stored=stored, expected=expected)
        await events.record(told, subject=f"difference:{number}", site=found.site)
    return await difference(number)


async def _write(found: Found, trust: Trust, proofs: Sequence[Proof]) -> None:
    """With the rows that grant locked, which every writer locks first, the number is proven once more."""
    site = found.site or await _site_of(found.location_id)
    grants = await lock([(found.sku_id, site)]) if site else {}
    proof = next(each for each in proofs if found.kind in each.kinds)
    now = [each for each in await wrong(proof, found.sku_id - 1, found.sku_id) if each.key[:160] == found.key]
    if [(each.stored, each.expected) for each in now] != [(found.stored, found.expected)]:
        raise DifferenceChanged(found.id)
    if trust is Trust.NUMBER:
        await _compensate(found, site or "")
    elif found.kind == "sums":
        await forget(found.sku_id)
    elif found.kind in LEVELS:
        await _set_level(grants[found.sku_id, site or ""], found.kind, found.expected)
    elif found.kind == "serial":
        label = now[0].label
        await db.execute("UPDATE serial SET net = ? WHERE sku_id = ? AND serial = ?", found.expected, found.sku_id, label)
    else:
        await _set_balance(found, "on_hand" if found.kind == "balance" else "borrowed")


async def _site_of(location_id: int) -> str | None:
    rows = await db.fetch("SELECT site_id FROM location WHERE id = ?", location_id)
    return rows[0]["site_id"] if rows else None


async def _compensate(found: Found, site: str) -> None:
    """The entries come to say what the number says; only a count tells what is really there."""
    nowhere = await special(site, LocationKind.DISCREPANCY)
    missing = found.stored - found.expected
    source, target = (nowhere, found.location_id) if missing > 0 else (found.location_id, nowhere)
    entry = Move(
        sku_id=found.sku_id,
        from_location_id=source,
        to_location_id=target,
        quantity=abs(missing),
        reason=Reason.RECONCILED,
        occurred_at=db.now(),
        document=f"difference {found.id}",
        person=events.actor().actor,
        lot_id=found.lot_id,
    )
    await append([entry])
    needed = CountNeeded(sku_id=found.sku_id, location_id=found.location_id, missing=abs(missing), lot_id=found.lot_id)
    await events.record(needed, subject=str(found.location_id), site=site)


async def _set_balance(found: Found, column: str) -> None:
    """The levels above it are proven by themselves: what of them is wrong then is a difference of its own."""
    await db.execute(
        "INSERT INTO balance (sku_id, location_id, lot_id, on_hand, borrowed) VALUES (?, ?, ?, ?, ?) "
        f"ON CONFLICT (sku_id, location_id, lot_id) DO UPDATE SET {column} = excluded.{column}",
        *(found.sku_id, found.location_id, found.lot_id),
        *((found.expected, 0) if column == "on_hand" else (0, found.expected)),
    )


async def _set_level(row: db.Row, column: str, value: int) -> None:
    """What no longer is covered is withdrawn, as when goods are gone."""
    now = {**row, column: value}
    over = now["reserved"] + now["allocated"] + now["quarantined"] - now["on_hand"]
    away = await withdraw((row["sku_id"], row["site_id"]), over) if over > 0 else {}
    for state, quantity in away.items():
        now[state.value] -= quantity
    columns = sorted({"reserved", "allocated", column})
    await db.execute(
        f"UPDATE availability SET {', '.join(f'{name} = ?' for name in columns)}, version = NULL WHERE id = ?",
        *(now[name] for name in columns),
        row["id"],
    )
