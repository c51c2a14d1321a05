"""What people decide about differences: accept, reject, count again, take back.  Who counted a bin does not decide about it."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller import db, events
from controller.counts.booking import Decision, book, pin_bins, reverse
from controller.counts.errors import AlreadyDecided, BadNote, ChangedMeanwhile, NeedsApproval, NotCountedYet, OwnCount, WrongCount
from controller.counts.evaluating import evaluate
from controller.counts.events import CountRowDecided
from controller.counts.limits import check_reason
from controller.counts.numbers import SESSIONS, document
from controller.counts.sessions import conclude, hold
from controller.counts.states import COUNTED_IN, ROW, Needs, RowAction, RowState, SessionState
from controller.errors import IllegalTransition, NotFound
from controller.people.queries import person
from controller.states import advance
from controller.stock.marks import unwatch

MAX_NOTE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A person's decision.  `seen`: the variance that they looked at; `may_approve`: they decide above the threshold, too."""

    reason: str | None = None
    note: str | None = None
    seen: int | None = None
    may_approve: bool = False


async def accept(number: str, row_id: int, verdict: Verdict) -> None:
    """Book a difference as of its count's instant.

    Raises NotFound, NotCountedYet, AlreadyDecided, ChangedMeanwhile, OwnCount, NeedsApproval, BadReason, BadNote.
    """
    async with db.transaction():
        session, row = await _row(number, row_id)
        await _check(row, verdict)
        if row["variance"] != 0:
            await check_reason(verdict.reason, verdict.note)
        await _accept(session, [row], verdict)


async def accept_all(number: str, typed: int, verdict: Verdict) -> int:
    """Accept what waits and is within what this person may decide, but for bins that they counted; how many rows.

    `typed`: how many the person says that there are.  Raises as `accept`, WrongCount.
    """
    async with db.transaction():
        session = await _submitted(number)
        bins = await db.fetch("SELECT id FROM count_bin WHERE session_id = ? AND done_at IS NOT NULL", session["id"])
        await evaluate(session["site"], [row["id"] for row in bins])
        rows = await _within(session["id"], verdict)
        if typed != len(rows):
            raise WrongCount(typed, len(rows))
        await check_reason(verdict.reason, verdict.note)
        _check_note(verdict)
        await _accept(session, rows, verdict)
    return len(rows)


async def acceptable(number: str, *, may_approve: bool) -> int:
    """How many rows `accept_all` would take."""
    which, params = _mine(SESSIONS.row_id(number), Verdict(may_approve=may_approve))
    rows = await db.fetch(f"SELECT COUNT(*) AS n FROM count_row r WHERE {which}", *params)
    return int(rows[0]["n"])


async def _within(session_id: int, verdict: Verdict) -> list[db.Row]:
    which, params = _mine(session_id, verdict)
    return await db.fetch(f"SELECT r.* FROM count_row r WHERE {which} ORDER BY r.id", *params)


def _mine(session_id: int, verdict: Verdict) -> tuple[str, tuple[object, ...]]:
    """Rows that wait and that this person may decide about."""
    needs = [Needs.NOBODY.value, Needs.REVIEW.value, *([Needs.APPROVAL.value] if verdict.may_approve else [])]
    which = (
        f"r.session_id = ? AND r.state = 'open' AND {db.among('r.needs')} AND r.bin_id NOT IN "
        "(SELECT p.bin_id FROM count_part p WHERE p.session_id = ? AND p.state = 'counts' AND p.person = ?)"
    )
    return which, (session_id, db.listing(needs), session_id, _me())


async def _accept(session: db.Row, rows: Sequence[db.Row], verdict: Verdict) -> None:
    await book(session["site"], rows, Decision(by=events.actor().actor, reason=verdict.reason, note=verdict.note))
    await _decided(session, rows, RowState.ACCEPTED, verdict)


async def reject(number: str, row_id: int, verdict: Verdict) -> None:
    """The count is not believed: nothing is booked, and late facts about the SKU are no business of it.

    Raises as `accept`.
    """
    async with db.transaction():
        session, row = await _row(number, row_id)
        await _check(row, verdict)
        if not (verdict.note or "").strip():
            raise BadNote("rejecting a count needs a note that says why")
        await _set(row, RowAction.REJECT, verdict.note)
        await _decided(session, [row], RowState.REJECTED, verdict)


async def recount(number: str, row_id: int) -> None:
    """Have the row's bin counted again, whole, by somebody else.  Asking twice is once.

    Raises NotFound, NotCountedYet, AlreadyDecided.
    """
    async with db.transaction():
        session, row = await _row(number, row_id, may_wait=True)
        if row["state"] == RowState.RECOUNT.value:
            return
        await _set(row, RowAction.RECOUNT, None)
        await db.execute(
            "UPDATE count_bin SET round = round + 1, parts = 0, began_at = NULL, done_at = NULL, recount_by = ? "
            "WHERE id = ? AND round = ?",
            *(events.actor().actor, row["bin_id"], row["round"]),
        )
        await unwatch(document(session["id"], row["round"]), [row["location_id"]])
        await db.execute("UPDATE count_session SET version = NULL WHERE id = ?", session["id"])
        await _tell(session, [row], RowState.RECOUNT, Verdict())
        await conclude(session, [row["bin_id"]])


async def withdraw_recount(number: str, bin_id: int) -> None:
    """Nobody needs to count it again: the round before counts.  Raises NotFound, IllegalTransition (it was counted again)."""
    async with db.transaction():
        session = await hold(number, bin_ids=[bin_id])
        rows = await db.fetch("SELECT * FROM count_bin WHERE id = ? AND session_id = ?", bin_id, session["id"])
        if not rows:
            raise NotFound("counted bin", bin_id)
        if rows[0]["round"] == 1 or rows[0]["done_at"] is not None:
            raise IllegalTransition("counted", RowAction.WITHDRAW.value)
        before = rows[0]["round"] - 1
        parts = await db.fetch(
            "SELECT began_at, done_at FROM count_part WHERE bin_id = ? AND round = ? AND state = 'counts'", bin_id, before
        )
        await db.execute(
            "UPDATE count_bin SET round = ?, parts = ?, began_at = ?, done_at = ?, recount_by = NULL WHERE id = ?",
            *(before, len(parts), min(part["began_at"] for part in parts), max(part["done_at"] for part in parts), bin_id),
        )
        await db.execute("UPDATE count_row SET state = 'open' WHERE bin_id = ? AND round = ? AND state = 'recount'", bin_id, before)
        await evaluate(session["site"], [bin_id])
        await conclude(session, [bin_id])


async def undo(number: str, row_id: int, note: str) -> None:
    """Take back what an accepted row booked, by reversing entries; `note` says why.  Undoing twice is once.

    Raises NotFound, IllegalTransition, OwnCount, BadNote.
    """
    async with db.transaction():
        found = await _found(number, row_id)
        session = await hold(number, bin_ids=[found["bin_id"]])
        row = await _found(number, row_id)
        if row["state"] == RowState.UNDONE.value:
            return
        verdict = Verdict(note=note)
        if not note.strip():
            raise BadNote("taking back an acceptance needs a note that says why")
        _check_note(verdict)
        await _check_eyes(row)
        await _set(row, RowAction.UNDO, note)
        counts = await evaluate(session["site"], [row["bin_id"]])
        await pin_bins([count for count in counts if count.round == row["round"]])
        await reverse(row)
        await _tell(session, [row], RowState.UNDONE, verdict)
        await conclude(session, [row["bin_id"]])


async def _row(number: str, row_id: int, *, may_wait: bool = False) -> tuple[db.Row, db.Row]:
    """The session and the row as it is now, with its bin held still.  Raises NotFound, NotCountedYet, AlreadyDecided."""
    found = await _found(number, row_id)
    session = await hold(number, bin_ids=[found["bin_id"]])
    if SessionState(session["state"]) in (*COUNTED_IN, SessionState.CANCELLED):
        raise NotCountedYet(f"{number} is {session['state']}: its differences are decided once it is submitted")
    await evaluate(session["site"], [found["bin_id"]])
    row = await _found(number, row_id)
    waits = (RowState.OPEN.value, RowState.RECOUNT.value) if may_wait else (RowState.OPEN.value,)
    if row["state"] not in waits:
        if row["decided_at"] is None:
            raise IllegalTransition(row["state"], "decide")
        raise AlreadyDecided(row, await _name(row["decided_by"]))
    return session, row


async def _found(number: str, row_id: int) -> db.Row:
    rows = await db.fetch(
        "SELECT r.*, b.code AS bin, s.code AS sku FROM count_row r JOIN count_bin b ON b.id = r.bin_id "
        "JOIN sku s ON s.id = r.sku_id WHERE r.id = ? AND r.session_id = ?",
        *(row_id, SESSIONS.row_id(number)),
    )
    if not rows:
        raise NotFound("row of the count", row_id)
    return rows[0]


async def _submitted(number: str) -> db.Row:
    session = await hold(number)
    if SessionState(session["state"]) in (*COUNTED_IN, SessionState.CANCELLED):
        raise NotCountedYet(f"{number} is {session['state']}: its differences are decided once it is submitted")
    return session


def _me() -> str:
    """The person who acts, as facts name people; a token is none."""
    kind, _, name = events.actor().actor.partition(":")
    return name if kind == "person" else ""


async def _check(row: db.Row, verdict: Verdict) -> None:
    await _check_eyes(row)
    _check_note(verdict)
    if verdict.seen is not None and verdict.seen != row["variance"]:
        raise ChangedMeanwhile(verdict.seen, row["variance"])
    if row["needs"] == Needs.APPROVAL.value and not verdict.may_approve:
        raise NeedsApproval(abs(row["value_minor"]))


def _check_note(verdict: Verdict) -> None:
    note = verdict.note or ""
    if len(note) > MAX_NOTE or not (note == "" or note.isprintable()):
        raise BadNote(f"a note is one line of at most {MAX_NOTE} characters")


async def _check_eyes(row: db.Row) -> None:
    if not (me := _me()):
        return
    own = await db.fetch("SELECT 1 FROM count_part WHERE bin_id = ? AND state = 'counts' AND person = ? LIMIT 1", row["bin_id"], me)
    if own:
        raise OwnCount(row["bin"])


async def _set(row: db.Row, action: RowAction, note: str | None) -> None:
    """By a conditional UPDATE, in case that the lock was not enough.  Raises AlreadyDecided."""
    before = RowState(row["state"])
    changed = await db.execute(
        "UPDATE count_row SET state = ?, note = COALESCE(?, note), decided_at = ?, decided_by = ?, version = version + 1 "
        "WHERE id = ? AND state = ?",
        *(advance(ROW, before, action).value, note, db.now(), events.actor().actor, row["id"], before.value),
    )
    if not changed:
        raise AlreadyDecided(row, await _name(row["decided_by"] or ""))


async def _decided(session: db.Row, rows: Sequence[db.Row], state: RowState, verdict: Verdict) -> None:
    bins = sorted({row["bin_id"] for row in rows})
    counts = await evaluate(session["site"], bins)
    await pin_bins(counts)
    await _tell(session, rows, state, verdict)
    await conclude(session, bins)


async def _tell(session: db.Row, rows: Sequence[db.Row], state: RowState, verdict: Verdict) -> None:
    named = await db.fetch(
        "SELECT r.id, r.variance, r.reason, b.code AS bin, s.code AS sku FROM count_row r JOIN count_bin b ON b.id = r.bin_id "
        f"JOIN sku s ON s.id = r.sku_id WHERE {db.among('r.id')} ORDER BY r.id",
        db.listing(sorted(row["id"] for row in rows)),
    )
    told: list[tuple[events.Event, str]] = [
        (
            CountRowDecided(
                row=row["id"],
                bin=row["bin"],
                sku=row["sku"],
                state=state.value,
                variance=row["variance"],
                reason=row["reason"],
                note=verdict.note,
            ),
            SESSIONS.number(session["id"]),
        )
        for row in named
    ]
    await events.record_many(told, site=session["site"])


async def _name(account: str | None) -> str:
    kind, _, name = (account or "").partition(":")
    if kind != "person":
        return name or "the controller"
    try:
        return (await person(name)).name
    except NotFound:
        return name
