"""What is done with a wave: released, an order taken out of it, cancelled; and the work that follows, piece by piece."""

# ruff: noqa: S608 -- what is put into the texts is column names and states of ours; values are parameters
from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from controller import bulk, db, events
from controller.errors import NotFound
from controller.fulfilment import lists
from controller.fulfilment.numbers import PICK_LISTS
from controller.fulfilment.operations import withdraw
from controller.fulfilment.releasing import Part, release_parts
from controller.orders.numbers import ORDERS
from controller.states import advance
from controller.waves.events import WaveCancelled, WaveDone, WaveReleased, WaveTakenOut, WaveWorked
from controller.waves.numbers import WAVES
from controller.waves.states import WAVE, PartState, WaveAction, WaveState

log = logging.getLogger(__name__)

AT_ONCE = 200
"""Parts of a wave that are released in one transaction: whoever scans meanwhile waits for so many at most."""
MAX_REASON = 200
BROKEN = "broken"
"""Why a part was left out that our own code could not release; the log says more."""
_DETAIL = 200


@dataclass(frozen=True, slots=True)
class Undone:
    """What a cancelled wave gave back, and how many of its lists are in somebody's hands."""

    given_back: int
    kept: int


async def release(no: str) -> None:
    """Its lists are to be picked: they are made piece by piece from now on (`work_once`).  Releasing twice is once.

    Records WaveReleased.  Raises NotFound, IllegalTransition (it is cancelled or done).
    """
    async with db.transaction():
        row = await _locked(no)
        if row["state"] == WaveState.RELEASED.value:
            return
        state = advance(WAVE, WaveState(row["state"]), WaveAction.RELEASE)
        await db.execute(
            "UPDATE wave SET state = ?, released_at = ?, released_by = ? WHERE id = ? AND state = ?",
            *(state.value, db.now(), events.actor().actor, row["id"], row["state"]),
        )
        waiting = await db.fetch("SELECT COUNT(*) AS n FROM wave_part WHERE wave_id = ? AND state = 'waiting'", row["id"])
        await events.record(WaveReleased(lists=int(waiting[0]["n"])), subject=no, site=row["site"])


async def take_out(no: str, order_no: str) -> bool:
    """An order's part goes out of a wave that is still a plan, and waits again; false: it waits in it no more.

    Records WaveTakenOut.  Raises NotFound.
    """
    async with db.transaction():
        row = await _locked(no)
        taken = await db.execute(
            "UPDATE wave_part SET state = ? WHERE wave_id = ? AND order_id = ? AND state = 'waiting'",
            *(PartState.GIVEN_BACK.value, row["id"], ORDERS.row_id(order_no)),
        )
        if taken:
            await events.record(WaveTakenOut(order=order_no), subject=no, site=row["site"])
    return bool(taken)


async def cancel(no: str, *, reason: str) -> Undone:
    """Give back what nobody has in hand: parts that wait, lists that are open and unclaimed.  Cancelling twice is once.

    What is given back keeps its promises and may go into another wave.  Records WaveCancelled.
    Raises NotFound, IllegalTransition (it is done).
    """
    async with db.transaction():
        row = await _locked(no)
        if row["state"] == WaveState.CANCELLED.value:
            return Undone(0, await _in_hand(row["id"]))
        state = advance(WAVE, WaveState(row["state"]), WaveAction.CANCEL)
        given = await db.execute(
            "UPDATE wave_part SET state = ? WHERE wave_id = ? AND state = 'waiting'", PartState.GIVEN_BACK.value, row["id"]
        )
        given += await _give_back(row["id"])
        await db.execute(
            "UPDATE wave SET state = ?, closed_at = ?, closed_by = ?, reason = ? WHERE id = ?",
            *(state.value, db.now(), events.actor().actor, reason.strip()[:MAX_REASON], row["id"]),
        )
        undone = Undone(given, await _in_hand(row["id"]))
        told = WaveCancelled(reason=reason.strip()[:MAX_REASON], given_back=undone.given_back, kept=undone.kept)
        await events.record(told, subject=no, site=row["site"])
    return undone


_FREE = "state = 'open' AND claimed_by IS NULL"


async def _give_back(wave_id: int) -> int:
    """Lists that nobody has begun or claimed: asked again when their orders are locked, as a box may claim one meanwhile."""
    rows = await db.fetch(f"SELECT id FROM pick_list WHERE wave_id = ? AND {_FREE}", wave_id)
    found = await lists.by_number([PICK_LISTS.number(row["id"]) for row in rows])
    free = await db.fetch(
        f"SELECT id FROM pick_list WHERE {db.among('id')} AND {_FREE} ORDER BY id{db.for_update()}",
        db.listing(sorted(one.id for one in found.values())),
    )
    ids = sorted(row["id"] for row in free)
    await withdraw([found[PICK_LISTS.number(list_id)] for list_id in ids])
    return await db.execute(
        f"UPDATE wave_part SET state = ? WHERE {db.among('pick_list_id')}", PartState.GIVEN_BACK.value, db.listing(ids)
    )


_TO_DO = (
    "(l.state IN ('open', 'picking') OR (l.state = 'picked' AND EXISTS "
    "(SELECT 1 FROM pick_line x WHERE x.pick_list_id = l.id AND x.picked > 0)))"
)
"""A list that is to be worked on: not packed yet, and not declared short as a whole."""


async def _in_hand(wave_id: int) -> int:
    rows = await db.fetch(f"SELECT COUNT(*) AS n FROM pick_list l WHERE l.wave_id = ? AND {_TO_DO}", wave_id)
    return int(rows[0]["n"])


async def _locked(no: str) -> db.Row:
    """Raises NotFound."""
    rows = await db.fetch(f"SELECT * FROM wave WHERE id = ?{db.for_update()}", WAVES.row_id(no))
    if not rows:
        raise NotFound(WAVES.what, no)
    return rows[0]


# --- the work that follows ------------------------------------------------------------------------------------------------------


async def work_once() -> bool:
    """Make pick lists of the next parts of a released wave; false: none waits.  Any number of processes may."""
    rows = await db.fetch(
        "SELECT w.id, w.released_by FROM wave w WHERE w.state = 'released' "
        "AND EXISTS (SELECT 1 FROM wave_part p WHERE p.wave_id = w.id AND p.state = 'waiting') ORDER BY w.id LIMIT 1"
    )
    if not rows:
        return False
    wave_id = rows[0]["id"]
    with events.acting(rows[0]["released_by"] or "system", WAVES.number(wave_id)):
        try:
            await db.in_transaction(lambda: _piece(wave_id, AT_ONCE))
        except Exception as error:
            if db.is_of_the_database(error):
                raise
            log.exception("a piece of a wave could not be released; its parts are tried one by one", extra={"wave": wave_id})
            await _one_by_one(wave_id)
    return True


async def _piece(wave_id: int, most: int) -> None:
    """In the caller's transaction; the wave's row says whose turn it is."""
    rows = await db.fetch(f"SELECT id, site FROM wave WHERE id = ? AND state = 'released'{db.for_update()}", wave_id)
    waiting = await db.fetch(
        "SELECT id, order_id, site FROM wave_part WHERE wave_id = ? AND state = 'waiting' ORDER BY position LIMIT ?", wave_id, most
    )
    if not rows or not waiting:
        return
    parts = {row["id"]: Part(row["order_id"], row["site"]) for row in waiting}
    released = await release_parts(list(parts.values()), wave_id=wave_id)
    outcomes: list[tuple[object, ...]] = []
    for part_id, part in parts.items():
        if part in released.lists:
            outcomes.append((part_id, PartState.RELEASED.value, "", released.lists[part]))
        else:
            refused = released.refused[part]
            outcomes.append((part_id, PartState.LEFT_OUT.value, f"{refused.code}: {refused}"[:_DETAIL], None))
    await bulk.update("wave_part", ("id", "state", "detail", "pick_list_id"), outcomes)
    await _tell_worked(wave_id, rows[0]["site"])


async def _tell_worked(wave_id: int, site: str) -> None:
    counted = await db.fetch("SELECT state, COUNT(*) AS n FROM wave_part WHERE wave_id = ? GROUP BY state", wave_id)
    found = {row["state"]: int(row["n"]) for row in counted}
    if not found.get(PartState.WAITING.value):
        told = WaveWorked(lists=found.get(PartState.RELEASED.value, 0), left_out=found.get(PartState.LEFT_OUT.value, 0))
        await events.record(told, subject=WAVES.number(wave_id), site=site)


async def _one_by_one(wave_id: int) -> None:
    """One part that our code cannot release must hold up no other: it is left out."""
    for _ in range(AT_ONCE):
        try:
            await db.in_transaction(lambda: _piece(wave_id, 1))
        except Exception as error:
            if db.is_of_the_database(error):
                raise
            log.exception("a part of a wave could not be released", extra={"wave": wave_id})
            await db.execute(
                "UPDATE wave_part SET state = ?, detail = ? WHERE id = (SELECT MIN(p.id) FROM wave_part p WHERE p.wave_id = ? "
                "AND p.state = 'waiting' AND p.position = (SELECT MIN(q.position) FROM wave_part q WHERE q.wave_id = ? "
                "AND q.state = 'waiting'))",
                *(PartState.LEFT_OUT.value, BROKEN, wave_id, wave_id),
            )


async def finish() -> Sequence[str]:
    """Waves of which no list is to be worked on are done; their numbers.  Records WaveDone."""
    async with db.transaction():
        rows = await db.fetch(
            "UPDATE wave SET state = 'done', closed_at = ? WHERE state = 'released' "
            "AND NOT EXISTS (SELECT 1 FROM wave_part p WHERE p.wave_id = wave.id AND p.state = 'waiting') "
            f"AND NOT EXISTS (SELECT 1 FROM pick_list l WHERE l.wave_id = wave.id AND {_TO_DO}) RETURNING id, site",
            db.now(),
        )
        for row in rows:
            await events.record(WaveDone(), subject=WAVES.number(row["id"]), site=row["site"])
    return [WAVES.number(row["id"]) for row in rows]
