"""What becomes of holds: confirmed, allocated, consumed, released, expired.  Each in one transaction, conditional on what they are.

Rows are locked in the order of all: `availability` by SKU and site, then the holds.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and states of ours; values are parameters
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from controller import db, events
from controller.errors import Conflict
from controller.stock.events import HoldExpired
from controller.stock.ledger import BadQuantity
from controller.stock.policies import Granting
from controller.stock.presale import freed
from controller.stock.states import Hold

_HELD = (Hold.RESERVED, Hold.PRESOLD, Hold.ALLOCATED)
_SOFT = "state IN ('reserved', 'presold')"
EXPIRED_AT_ONCE = 200
"""Holds that one transaction of the sweeper gives back."""


class HoldsGone(Conflict):
    """What was held for this document expired, or was taken back: `lines` of it are gone."""

    code = "hold_gone"

    def __init__(self, document: str, lines: int) -> None:
        super().__init__(f"what was held for {document} is gone, wholly or in part: reserve it again")
        self.document = document
        self.lines = lines


async def release(line_keys: Iterable[str]) -> None:
    """Give back what these lines still hold; a line without an open hold is left as it is."""
    await _end(line_keys, Hold.RELEASED, _HELD)


async def allocate(line_keys: Iterable[str]) -> None:
    """Reserved -> allocated; a line in another state is left as it is."""
    await _end(line_keys, Hold.ALLOCATED, (Hold.RESERVED,))


async def _end(line_keys: Iterable[str], target: Hold, sources: Sequence[Hold], *, due: datetime | None = None) -> list[db.Row]:
    """Take holds to `target`, and their quantities out of (or into) the columns that hold them; which ones.

    `due`: only those that expired by then: what was confirmed while we waited for its row is left alone.
    """
    async with db.transaction():
        rows = await lock_holds(line_keys, sources, due=due)
        if not rows:
            return []
        await db.execute_many(
            "UPDATE reservation SET state = ?, presold = 0, expires_at = NULL WHERE id = ?",
            [(target.value, row["id"]) for row in rows],
        )
        reserved: Counter[Granting] = Counter()
        allocated: Counter[Granting] = Counter()
        presold: Counter[Granting] = Counter()
        for row in rows:
            grant, still = (row["sku_id"], row["site_id"]), row["quantity"] - row["consumed"] - row["presold"]
            (allocated if row["state"] == Hold.ALLOCATED.value else reserved)[grant] += still
            presold[grant] += row["presold"]
        grants = sorted({*reserved, *allocated, *presold})
        into = {grant: reserved[grant] if target is Hold.ALLOCATED else -allocated[grant] for grant in grants}
        await db.execute_many(
            "UPDATE availability SET reserved = reserved - ?, allocated = allocated + ?, presold = presold - ? "
            "WHERE sku_id = ? AND site_id = ?",
            [(reserved[grant], into[grant], presold[grant], *grant) for grant in grants],
        )
        if target is not Hold.ALLOCATED:
            await freed(grants)
    return rows


async def lock_holds(line_keys: Iterable[str], states: Sequence[Hold], *, due: datetime | None = None) -> list[db.Row]:
    """The holds of some lines that are in these states, locked; their rows in `availability` before them, as in `move`.

    A hold that is committed while we wait for those rows is left out unless its row is one of them: nothing may change it but with
    the row, and the row's turn is over.
    """
    keys = db.listing(sorted(set(line_keys)))
    rows = await db.fetch(
        f"SELECT a.sku_id, a.site_id FROM availability a WHERE (a.sku_id, a.site_id) IN (SELECT sku_id, site_id FROM reservation "
        f"WHERE {db.among('line_key')}) ORDER BY a.sku_id, a.site_id" + db.for_update(),
        keys,
    )
    ours = {(row["sku_id"], row["site_id"]) for row in rows}
    wanted = ", ".join(f"'{state.value}'" for state in states)
    only_due, instant = (" AND expires_at <= ?", [due]) if due else ("", [])
    rows = await db.fetch(
        f"SELECT * FROM reservation WHERE {db.among('line_key')} AND state IN ({wanted}){only_due} ORDER BY id" + db.for_update(),
        keys,
        *instant,
    )
    return [row for row in rows if (row["sku_id"], row["site_id"]) in ours]


async def consume(line_key: str, quantity: int) -> int:
    """Goods of a line leave: at most `quantity` base units of its hold end; how many did.

    Call it before the `move` that takes them out of the site, in the same transaction: the other way round the move would find
    less than is promised and withdraw a commitment.
    """
    if quantity <= 0:
        raise BadQuantity(quantity)
    async with db.transaction():
        for row in await lock_holds([line_key], (Hold.RESERVED, Hold.ALLOCATED)):
            taken: int = min(quantity, row["quantity"] - row["consumed"])
            done = row["consumed"] + taken == row["quantity"]
            await db.execute(
                "UPDATE reservation SET consumed = consumed + ?, state = ?, expires_at = NULL WHERE id = ?",
                *(taken, Hold.CONSUMED.value if done else row["state"], row["id"]),
            )
            column = Hold(row["state"]).value
            await db.execute(
                f"UPDATE availability SET {column} = {column} - ? WHERE sku_id = ? AND site_id = ?",
                *(taken, row["sku_id"], row["site_id"]),
            )
            return taken
    return 0


async def hold_again(line_key: str, quantity: int) -> int:
    """Goods of a line came back before they left for good: at most `quantity` of what was consumed is held again; how much.

    Only what is free: who was promised the goods meanwhile keeps them.  Call it after the `move` that brings them back.
    """
    if quantity <= 0:
        return 0
    async with db.transaction():
        for row in await lock_holds([line_key], (Hold.RESERVED, Hold.ALLOCATED, Hold.CONSUMED)):
            column = Hold.ALLOCATED if row["state"] == Hold.ALLOCATED.value else Hold.RESERVED
            wanted = min(quantity, row["consumed"])
            free = await db.fetch(
                "SELECT on_hand - reserved - allocated - quarantined AS free FROM availability WHERE sku_id = ? AND site_id = ?",
                *(row["sku_id"], row["site_id"]),
            )
            again: int = max(0, min(wanted, free[0]["free"]))
            if again and await db.execute(
                f"UPDATE availability SET {column.value} = {column.value} + ? WHERE sku_id = ? AND site_id = ? "
                "AND on_hand - reserved - allocated - quarantined >= ?",
                *(again, row["sku_id"], row["site_id"], again),
            ):
                await db.execute(
                    "UPDATE reservation SET consumed = consumed - ?, state = ? WHERE id = ?", again, column.value, row["id"]
                )
                return again
    return 0


async def keep_until(document: str, until: datetime | None) -> None:
    """All that a document holds expires then, or (None: confirmed) never.  What expired by now stays gone.  Raises HoldsGone."""
    async with db.transaction():
        kept = await db.execute(
            f"UPDATE reservation SET expires_at = ? WHERE document = ? AND {_SOFT} AND (expires_at IS NULL OR expires_at > ?)",
            *(until, document, db.now()),
        )
        rows = await db.fetch("SELECT COUNT(*) AS n FROM reservation WHERE document = ? AND state <> 'released'", document)
        if not kept or kept < rows[0]["n"]:
            raise HoldsGone(document, int(rows[0]["n"]) - kept)


async def presold(line_keys: Iterable[str]) -> set[str]:
    """Those of these lines that wait for something to arrive."""
    rows = await db.fetch(
        f"SELECT line_key FROM reservation WHERE {db.among('line_key')} AND state = 'presold'",
        db.listing(sorted(set(line_keys))),
    )
    return {row["line_key"] for row in rows}


async def open_lines(document: str) -> list[str]:
    """The keys of what a document still holds softly."""
    return [row["line_key"] for row in await db.fetch(f"SELECT line_key FROM reservation WHERE document = ? AND {_SOFT}", document)]


async def expire_due(*, limit: int = EXPIRED_AT_ONCE) -> int:
    """Give back the holds that are longest over; how many.  Records HoldExpired."""
    rows = await db.fetch(
        "SELECT line_key FROM reservation WHERE expires_at <= ? ORDER BY expires_at LIMIT ?", *(instant := db.now(), limit)
    )
    return await _expire([row["line_key"] for row in rows], instant)


async def expire_here(sku_id: int, site_id: str, *, spared: Collection[str]) -> int:
    """The same for one SKU at one site, all of them: before somebody is told that there is no more.

    `spared`: the lines that ask.  Their holds are written down and not granted yet: to give those back, should their own end have
    come while they waited for a row, would free what was never taken.
    """
    rows = await db.fetch(
        f"SELECT line_key FROM reservation WHERE sku_id = ? AND site_id = ? AND {_SOFT} AND expires_at <= ?",
        *(sku_id, site_id, instant := db.now()),
    )
    return await _expire([row["line_key"] for row in rows if row["line_key"] not in spared], instant)


async def _expire(line_keys: Sequence[str], instant: datetime) -> int:
    if not line_keys:
        return 0
    async with db.transaction():
        gone = await _end(line_keys, Hold.EXPIRED, (Hold.RESERVED, Hold.PRESOLD), due=instant)
        by_site: dict[str, list[tuple[events.Event, str]]] = {}
        for row in gone:
            told = HoldExpired(sku_id=row["sku_id"], quantity=row["quantity"] - row["consumed"])
            by_site.setdefault(row["site_id"], []).append((told, row["line_key"]))
        for site, told_there in sorted(by_site.items()):
            await events.record_many(told_there, site=site)
    return len(gone)
