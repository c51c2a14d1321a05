"""Presale: what is still to come may be promised, up to a limit; what arrives fills those promises, the oldest first.

While something is presold, what is free goes to it before anybody else may reserve it: in the transaction that freed it.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and expressions of ours; values are parameters
from __future__ import annotations

from collections.abc import Iterable

from controller import db, events
from controller.errors import Conflict, Rejected
from controller.stock.channels import BUFFER, FREE
from controller.stock.events import PresaleArrived, PresaleSet
from controller.stock.policies import Granting
from controller.stock.states import Hold

_BATCH = 200


class PresoldAlready(Conflict):
    """More is presold than the limit that was asked for."""

    code = "presold_already"

    def __init__(self, quantity: int, presold: int) -> None:
        super().__init__(f"{presold} are presold already: the limit cannot be {quantity}")
        self.quantity = quantity
        self.presold = presold


class BadPresale(Rejected):
    code = "bad_presale"


async def set_presale(sku_id: int, site_id: str, quantity: int) -> None:
    """So many base units that are still to come may be promised.  Records PresaleSet.  Raises BadPresale, PresoldAlready."""
    if not 0 <= quantity <= 10**12:
        raise BadPresale("presale is 0 or more base units")
    async with db.transaction():
        changed = await db.execute(
            "INSERT INTO availability (sku_id, site_id, on_hand, reserved, allocated, quarantined, incoming, presale) "
            "VALUES (?, ?, 0, 0, 0, 0, 0, ?) ON CONFLICT (sku_id, site_id) DO UPDATE SET presale = excluded.presale "
            "WHERE availability.presold <= excluded.presale",
            *(sku_id, site_id, quantity),
        )
        if not changed:
            rows = await db.fetch("SELECT presold FROM availability WHERE sku_id = ? AND site_id = ?", sku_id, site_id)
            raise PresoldAlready(quantity, rows[0]["presold"])
        await events.record(PresaleSet(sku_id=sku_id, quantity=quantity), subject=f"sku:{sku_id}", site=site_id)


async def presale_of(sku_id: int, site_id: str) -> tuple[int, int]:
    """How many base units may be promised before they arrive, and how many are."""
    rows = await db.fetch("SELECT presale, presold FROM availability WHERE sku_id = ? AND site_id = ?", sku_id, site_id)
    return (rows[0]["presale"], rows[0]["presold"]) if rows else (0, 0)


async def presell(sku_id: int, site_id: str, line_key: str, quantity: int) -> bool:
    """Promise a line all of it from what is to come, if the limit allows; its hold is presold then."""
    granted = await db.execute(
        "UPDATE availability SET presold = presold + ? WHERE sku_id = ? AND site_id = ? AND presale - presold >= ?",
        *(quantity, sku_id, site_id, quantity),
    )
    if granted:
        await db.execute("UPDATE reservation SET state = ?, presold = quantity WHERE line_key = ?", Hold.PRESOLD.value, line_key)
    return bool(granted)


async def arrived(grant: Granting, came: int) -> None:
    """On hand went up by `came` base units (0: something became free otherwise): fill what is presold, then lower the limit.

    What came is not still to come.  The caller holds the row of `grant` in `availability`.
    """
    rest = came - await _fill(grant)
    if rest > 0:
        await db.execute(
            "UPDATE availability SET presale = CASE WHEN presale - ? > presold THEN presale - ? ELSE presold END "
            "WHERE sku_id = ? AND site_id = ? AND presale > presold",
            *(rest, rest, *grant),
        )


async def freed(grants: Iterable[Granting]) -> None:
    """Something was given back: whoever waits for it has it.  The caller holds the rows."""
    wanted = sorted(set(grants))
    rows = await db.fetch(
        f"SELECT sku_id, site_id FROM availability WHERE {db.among('sku_id')} AND {db.among('site_id')} AND presold > 0",
        db.listing(sorted({sku for sku, _ in wanted})),
        db.listing(sorted({site for _, site in wanted})),
    )
    waiting = {(row["sku_id"], row["site_id"]) for row in rows}
    for grant in wanted:
        if grant in waiting:
            await arrived(grant, 0)


async def _fill(grant: Granting) -> int:
    """Turn presold into reserved, the oldest first, each as far as its channel's buffer allows; how many base units."""
    rows = await db.fetch(f"SELECT {FREE} AS free, presold FROM availability WHERE sku_id = ? AND site_id = ?", *grant)
    free = rows[0]["free"] if rows and rows[0]["presold"] else 0
    filled, after = 0, 0
    while free > filled and (batch := await _presold(grant, after)):
        taken = []
        for row in batch:
            part = max(min(row["presold"], free - filled - row["buffer"]), 0)
            if part:
                filled += part
                taken.append((row, part))
        await _write(taken, grant[1])
        after = batch[-1]["id"]
    if filled:
        await db.execute(
            "UPDATE availability SET presold = presold - ?, presale = presale - ?, reserved = reserved + ? "
            "WHERE sku_id = ? AND site_id = ?",
            *(filled, filled, filled, *grant),
        )
    return filled


async def _presold(grant: Granting, after: int) -> list[db.Row]:
    return await db.fetch(
        f"SELECT r.id, r.line_key, r.sku_id, r.presold, {BUFFER.format(channel='r.channel', row='r')} AS buffer FROM reservation r "
        "WHERE r.sku_id = ? AND r.site_id = ? AND r.state = 'presold' AND r.id > ? ORDER BY r.id LIMIT ?",
        *(*grant, after, _BATCH),
    )


async def _write(taken: list[tuple[db.Row, int]], site: str) -> None:
    await db.execute_many(
        "UPDATE reservation SET presold = presold - ?, state = CASE WHEN presold = ? THEN 'reserved' ELSE 'presold' END "
        "WHERE id = ?",
        [(part, part, row["id"]) for row, part in taken],
    )
    told: list[tuple[events.Event, str]] = [
        (PresaleArrived(sku_id=row["sku_id"], quantity=part, still_to_come=row["presold"] - part), row["line_key"])
        for row, part in taken
    ]
    await events.record_many(told, site=site)
