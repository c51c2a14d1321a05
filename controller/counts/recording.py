"""What people counted comes in: into its session, or into one made for it; each part once, whatever is unclear about it."""

# ruff: noqa: S608 -- what is put into the texts is a lock of ours; values are parameters
from __future__ import annotations

from dataclasses import dataclass

from controller import db, events
from controller.counts.events import BinCounted, CountPartRefused
from controller.counts.numbers import SESSIONS
from controller.counts.policies import instant_of_line
from controller.counts.reading import Fact, Place, read_lines, store_lines
from controller.counts.states import COUNTED_IN, SESSION, PartState, SessionAction, SessionKind, SessionState
from controller.errors import NotFound
from controller.facts import Parked
from controller.sites.queries import Place as Location
from controller.states import advance
from controller.tasks.operations import close_tasks, open_task

SAME_PERSON = "same_person"
"""Why a part is refused: a recount is another person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A part that came in: what its fact still waits for, and whether it says something new of the round that counts."""

    session_id: int
    bin_id: int
    waits: Parked | None
    counts: bool


async def record(fact: Fact, location: Location) -> Recorded:
    """In the caller's transaction, with the location held still.  The same fact again matches what was not matched yet."""
    rows = await db.fetch("SELECT * FROM count_part WHERE fact_id = ?", fact.id)
    if rows:
        return await _again(fact, rows[0])
    session = await lock_session(await _session_id(fact))
    bin_ = await _bin(session["id"], location, extra=session["kind"] not in (SessionKind.ADHOC, SessionKind.ZERO_CHECK))
    why = await _refusal(fact, bin_)
    part_id = await _add_part(fact, session, bin_, why)
    place = Place(part_id=part_id, session_id=session["id"], bin_id=bin_["id"], round=fact.data.round)
    if not await store_lines(fact, place):
        await db.execute("UPDATE count_part SET dated = ? WHERE id = ?", False, part_id)
    waits = await read_lines(fact, part_id)
    number = SESSIONS.number(session["id"])
    if why:
        await _tell_refused(fact, number, location.code, why)
        return Recorded(session_id=session["id"], bin_id=bin_["id"], waits=waits, counts=False)
    await close_tasks(f"count_refused:{number}:{location.code}")
    counts = await _note_bin(fact, bin_)
    await _note_session(session)
    told = BinCounted(session=number, bin=location.code, round=fact.data.round, lines=len(fact.data.lines), person=fact.person)
    await events.record(told, subject=location.code, site=fact.site_id)
    return Recorded(session_id=session["id"], bin_id=bin_["id"], waits=waits, counts=counts)


async def lock_session(session_id: int) -> db.Row:
    """Hold a session until the transaction ends.  Raises NotFound."""
    rows = await db.fetch(f"SELECT * FROM count_session WHERE id = ?{db.for_update()}", session_id)
    if not rows:
        raise NotFound("count session", SESSIONS.number(session_id))
    return rows[0]


async def _again(fact: Fact, part: db.Row) -> Recorded:
    await lock_session(part["session_id"])
    waits = await read_lines(fact, part["id"])
    counts = part["state"] == PartState.COUNTS.value
    return Recorded(session_id=part["session_id"], bin_id=part["bin_id"], waits=waits, counts=counts)


async def _session_id(fact: Fact) -> int:
    """The session that the fact names; one made for it where there is none to take it."""
    asked = fact.data.session
    found = await _named(asked, fact.site_id) if asked else None
    if found is not None and found["state"] != SessionState.CANCELLED.value:
        return int(found["id"])
    kind = SessionKind.ZERO_CHECK if fact.data.empty else SessionKind.ADHOC
    rows = await db.fetch(
        "INSERT INTO count_session (site, kind, scope, blind, counters, state, asked, fact_id, created_at, created_by) "
        "VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?) ON CONFLICT (fact_id) DO NOTHING RETURNING id",
        *(fact.site_id, kind.value, fact.data.bin[:200], True, SessionState.OPEN.value, asked, fact.id),
        *(db.now(), f"person:{fact.person}"[:128] if fact.person else events.actor().actor),
    )
    rows = rows or await db.fetch("SELECT id FROM count_session WHERE fact_id = ?", fact.id)
    return int(rows[0]["id"])


async def _named(number: str, site: str) -> db.Row | None:
    try:
        row_id = SESSIONS.row_id(number)
    except NotFound:
        return None
    rows = await db.fetch("SELECT id, state FROM count_session WHERE id = ? AND site = ?", row_id, site)
    return rows[0] if rows else None


async def _bin(session_id: int, location: Location, *, extra: bool) -> db.Row:
    """The session's bin; one that nobody planned is counted all the same."""
    await db.execute(
        "INSERT INTO count_bin (session_id, location_id, code, round, parts, extra) VALUES (?, ?, ?, 1, 0, ?) "
        "ON CONFLICT (session_id, location_id) DO NOTHING",
        *(session_id, location.id, location.code, extra),
    )
    return (await db.fetch("SELECT * FROM count_bin WHERE session_id = ? AND location_id = ?", session_id, location.id))[0]


async def _refusal(fact: Fact, bin_: db.Row) -> str | None:
    if fact.data.round == 1 or fact.person is None:
        return None
    before = await db.fetch(
        "SELECT 1 FROM count_part WHERE bin_id = ? AND round < ? AND person = ? AND state = 'counts' LIMIT 1",
        *(bin_["id"], fact.data.round, fact.person),
    )
    return SAME_PERSON if before else None


async def _add_part(fact: Fact, session: db.Row, bin_: db.Row, why: str | None) -> int:
    began, is_sure = instant_of_line(fact.data.began, fact.told_at, fact.occurred_at)
    dated = is_sure and fact.uncertain_ms is not None
    rows = await db.fetch(
        "INSERT INTO count_part (session_id, bin_id, round, fact_id, box, device, person, state, why, empty, dated, began_at, "
        "done_at, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        *(session["id"], bin_["id"], fact.data.round, fact.id, fact.box, fact.device, fact.person),
        *((PartState.REFUSED if why else PartState.COUNTS).value, why, fact.data.empty, dated, began, fact.occurred_at, db.now()),
    )
    return int(rows[0]["id"])


async def _note_bin(fact: Fact, bin_: db.Row) -> bool:
    """The bin's own view of the round that counts; a box may begin a later one before anybody here asked for it."""
    current = max(bin_["round"], fact.data.round)
    parts = await db.fetch(
        "SELECT person, began_at, done_at FROM count_part WHERE bin_id = ? AND round = ? AND state = 'counts'", bin_["id"], current
    )
    people = {row["person"] for row in parts if row["person"]}
    await db.execute(
        "UPDATE count_bin SET round = ?, parts = ?, began_at = ?, done_at = ? WHERE id = ?",
        *(current, len(people) + sum(row["person"] is None for row in parts)),
        *(min((row["began_at"] for row in parts), default=None), max((row["done_at"] for row in parts), default=None), bin_["id"]),
    )
    return bool(current == fact.data.round)


async def _note_session(session: db.Row) -> None:
    state = SessionState(session["state"])
    if state is SessionState.PLANNED:
        following = advance(SESSION, state, SessionAction.COUNT)
        await db.execute(
            "UPDATE count_session SET state = ?, version = NULL WHERE id = ? AND state = ?",
            *(following.value, session["id"], state.value),
        )
    elif state in COUNTED_IN:
        await db.execute("UPDATE count_session SET version = NULL WHERE id = ?", session["id"])


async def _tell_refused(fact: Fact, number: str, code: str, why: str) -> None:
    told = CountPartRefused(bin=code, round=fact.data.round, person=fact.person, why=why)
    await events.record(told, subject=number, site=fact.site_id)
    await open_task(
        "count_refused",
        site=fact.site_id,
        key=f"count_refused:{number}:{code}",
        subject=number,
        arguments={"bin": code, "session": number},
    )
