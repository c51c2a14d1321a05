"""A session's way: submitted when every bin is counted or somebody closes it, decided row by row, booked when nothing is open."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence

from controller import db, events
from controller.counts.booking import SYSTEM, Decision, book, pin_bins, unwatch_decided
from controller.counts.evaluating import evaluate
from controller.counts.events import CountChanged, CountSubmitted
from controller.counts.numbers import SESSIONS, document
from controller.counts.recording import lock_session
from controller.counts.states import COUNTED_IN, SESSION, Needs, RowState, SessionAction, SessionState
from controller.errors import Conflict, IllegalTransition, NotFound
from controller.states import advance
from controller.stock.marks import hold_still, touched
from controller.tasks.operations import close_tasks, open_task

_NAMED = 10


class BinsUncounted(Conflict):
    """Some bins were not counted; `bins` are the first of them."""

    code = "bins_uncounted"

    def __init__(self, number: str, bins: Sequence[str], how_many: int) -> None:
        rest = f" and {how_many - len(bins)} more" if how_many > len(bins) else ""
        super().__init__(
            f"{how_many} bins of {number} are not counted yet: {', '.join(bins)}{rest}. Count them, or close without them."
        )
        self.bins = list(bins)
        self.how_many = how_many


async def bins_of(session_id: int) -> list[db.Row]:
    return await db.fetch("SELECT * FROM count_bin WHERE session_id = ? ORDER BY id", session_id)


async def hold(number: str, *, bin_ids: Collection[int] | None = None) -> db.Row:
    """Hold a session's bins (some of them, None: all) and then the session until the transaction ends.  Raises NotFound."""
    session_id = SESSIONS.row_id(number)
    rows = await db.fetch("SELECT id, location_id FROM count_bin WHERE session_id = ?", session_id)
    await hold_still(row["location_id"] for row in rows if bin_ids is None or row["id"] in bin_ids)
    return await lock_session(session_id)


async def submit_if_counted(session: db.Row) -> None:
    """Every bin has been counted by as many as it should: what it comes to is looked at.  With the session locked."""
    if SessionState(session["state"]) not in COUNTED_IN:
        return
    rows = await bins_of(session["id"])
    if all(row["parts"] >= session["counters"] for row in rows):
        await _submit(session, rows, 0)


async def submit(number: str, *, without_uncounted: bool = False) -> None:
    """Count no more: book what is within tolerance, ask people about the rest.  Records CountSubmitted.

    Submitting twice is once.  Raises NotFound, IllegalTransition, BinsUncounted (unless they are to be left out).
    """
    async with db.transaction():
        session = await hold(number)
        state = SessionState(session["state"])
        if state not in COUNTED_IN and state is not SessionState.CANCELLED:
            return
        rows = await bins_of(session["id"])
        uncounted = [row["code"] for row in rows if row["done_at"] is None]
        if len(uncounted) == len(rows):
            raise IllegalTransition(state.value, SessionAction.SUBMIT.value)
        if uncounted and not without_uncounted:
            raise BinsUncounted(number, uncounted[:_NAMED], len(uncounted))
        await _submit(session, rows, len(uncounted))


async def _submit(session: db.Row, rows: Sequence[db.Row], uncounted: int) -> None:
    state = SessionState(session["state"])
    if state is SessionState.PLANNED:
        state = await change(session, state, SessionAction.COUNT)
    await change(session, state, SessionAction.SUBMIT)
    await db.execute("UPDATE count_session SET submitted_at = ? WHERE id = ?", db.now(), session["id"])
    told = CountSubmitted(bins=len(rows) - uncounted, uncounted=uncounted)
    await events.record(told, subject=SESSIONS.number(session["id"]), site=session["site"])
    locations = [row["location_id"] for row in rows if row["done_at"] is not None]
    await hold_still(locations)
    await settle(session, [row["id"] for row in rows if row["done_at"] is not None])


async def settle(session: db.Row, bin_ids: Collection[int]) -> None:
    """Bring these bins' rows up to date, book what is nobody's decision, and see what is left of the session."""
    counts = await evaluate(session["site"], bin_ids)
    rows = await db.fetch(
        f"SELECT * FROM count_row WHERE {db.among('bin_id')} AND state = 'open' AND needs = ? ORDER BY id",
        db.listing(sorted(bin_ids)),
        Needs.NOBODY.value,
    )
    if rows:
        await book(session["site"], rows, Decision(by=SYSTEM))
    await pin_bins(counts)
    await conclude(session, bin_ids)


async def refresh(number: str) -> bool:
    """Bring up to date what facts changed that came since somebody counted; whether there was anything.  Raises NotFound."""
    session_id = SESSIONS.row_id(number)
    if not await _stale(session_id):
        return False
    async with db.transaction():
        stale = await _stale(session_id)
        held = await hold(number, bin_ids=stale)
        match SessionState(held["state"]):
            case SessionState.CANCELLED:
                await unwatch_decided(stale)
            case SessionState.PLANNED | SessionState.OPEN:
                await evaluate(held["site"], stale)
            case _:
                await settle(held, stale)
    return bool(stale)


async def refresh_all() -> int:
    """The same for every session; how many had changed."""
    rows = await db.fetch("SELECT DISTINCT document FROM count_mark WHERE kind = 'watch' AND touched = ?", True)
    numbers = sorted({row["document"].partition("/")[0] for row in rows})
    return sum([await db.in_transaction(lambda number=number: refresh(number)) for number in numbers])  # type: ignore[misc]  # mypy on defaults


async def _stale(session_id: int) -> set[int]:
    """Bins that are watched and in which something from before their count came since."""
    rows = await db.fetch("SELECT id, location_id, round FROM count_bin WHERE session_id = ? AND done_at IS NOT NULL", session_id)
    seen = await touched({document(session_id, row["round"]) for row in rows})
    return {row["id"] for row in rows if (document(session_id, row["round"]), row["location_id"]) in seen}


async def conclude(session: db.Row, bin_ids: Collection[int]) -> None:
    """The session's state by what is still open: in review, booked, or rejected when all that differed was."""
    await unwatch_decided(bin_ids)
    state = SessionState((await lock_session(session["id"]))["state"])
    if state in (*COUNTED_IN, SessionState.CANCELLED):
        return
    number = SESSIONS.number(session["id"])
    rows = await db.fetch(
        "SELECT state, COUNT(*) AS n FROM count_row WHERE session_id = ? AND variance <> 0 GROUP BY state", session["id"]
    )
    of = {row["state"]: int(row["n"]) for row in rows}
    waits = await db.fetch(
        "SELECT (SELECT COUNT(*) FROM count_row WHERE session_id = ? AND state IN ('open', 'recount')) AS open, "
        "(SELECT COUNT(*) FROM count_bin WHERE session_id = ? AND round > 1 AND done_at IS NULL) AS recounts",
        *(session["id"], session["id"]),
    )
    still_open = int(waits[0]["open"]) + int(waits[0]["recounts"])
    if still_open:
        action = SessionAction.REOPEN if state in (SessionState.BOOKED, SessionState.REJECTED) else SessionAction.ASK
        await change(session, state, action, still_open)
        arguments = {"session": number, "rows": still_open}
        await open_task("count_review", site=session["site"], key=f"count_review:{number}", subject=number, arguments=arguments)
        return
    await close_tasks(f"count_review:{number}")
    rejected = bool(of.get(RowState.REJECTED.value)) and not of.get(RowState.ACCEPTED.value)
    wanted = SessionState.REJECTED if rejected else SessionState.BOOKED
    if state is wanted:
        return
    if state in (SessionState.BOOKED, SessionState.REJECTED) or (rejected and state is SessionState.SUBMITTED):
        state = await change(session, state, SessionAction.ASK if state is SessionState.SUBMITTED else SessionAction.REOPEN)
    await change(session, state, SessionAction.REJECT if rejected else SessionAction.BOOK)


async def change(
    session: db.Row, state: SessionState, action: SessionAction, still_open: int = 0, reason: str | None = None
) -> SessionState:
    """Records CountChanged where the state is another.  Raises IllegalTransition."""
    following = advance(SESSION, state, action)
    over = following in (SessionState.BOOKED, SessionState.REJECTED, SessionState.CANCELLED)
    await db.execute(
        "UPDATE count_session SET state = ?, closed_at = ?, closed_by = ?, reason = COALESCE(?, reason), version = NULL "
        "WHERE id = ? AND state = ?",
        *(following.value, db.now() if over else None, events.actor().actor if over else None, reason, session["id"], state.value),
    )
    if following is not state:
        told = CountChanged(before=state.value, state=following.value, open=still_open, reason=reason)
        await events.record(told, subject=SESSIONS.number(session["id"]), site=session["site"])
    return following


async def cancel(number: str, *, reason: str) -> None:
    """Nothing of it is booked; what is counted for it later becomes a count of its own.  Cancelling twice is once.

    Raises NotFound, IllegalTransition.
    """
    async with db.transaction():
        session = await hold(number)
        state = SessionState(session["state"])
        if state is SessionState.CANCELLED:
            return
        await change(session, state, SessionAction.CANCEL, reason=reason)
        await db.execute("UPDATE count_row SET state = 'superseded' WHERE session_id = ? AND state = 'open'", session["id"])
        await unwatch_decided([row["id"] for row in await bins_of(session["id"])])


async def session(number: str) -> db.Row:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM count_session WHERE id = ?", SESSIONS.row_id(number))
    if not rows:
        raise NotFound("count session", number)
    return rows[0]
