"""Scans of a count that say no article: they wait by themselves, until somebody links them or sets them aside."""

from __future__ import annotations

from controller import db, events
from controller.catalog.operations import link_barcode
from controller.counts.errors import BadNote
from controller.counts.evaluating import evaluate
from controller.counts.events import CountLineSettled
from controller.counts.numbers import SESSIONS
from controller.counts.sessions import hold, settle
from controller.counts.states import COUNTED_IN, LineState, SessionState
from controller.errors import Conflict, NotFound

_WAITS = (LineState.UNKNOWN.value, LineState.BAD.value)


class LineSettled(Conflict):
    """It is matched, or set aside, already."""

    code = "line_settled"


async def line_of(number: str, line_id: int) -> db.Row:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM count_line WHERE id = ? AND session_id = ?", line_id, SESSIONS.row_id(number))
    if not rows:
        raise NotFound("scan of the count", line_id)
    return rows[0]


async def set_aside(number: str, line_id: int, reason: str) -> None:
    """It is none of our goods: it adds up to nothing and nobody waits for it.  Setting aside twice is once.

    Records CountLineSettled.  Raises NotFound, LineSettled, BadNote.
    """
    if not reason.strip() or len(reason) > 200 or not reason.isprintable():
        raise BadNote("setting a scan aside needs a reason of 1 to 200 characters on one line")
    async with db.transaction():
        line = await line_of(number, line_id)
        session = await hold(number, bin_ids=[line["bin_id"]])
        line = await line_of(number, line_id)
        if line["state"] == LineState.SET_ASIDE.value:
            return
        if line["state"] not in _WAITS:
            raise LineSettled(f"scan {line_id} is {line['state']} already: only one that says no article is set aside")
        await db.execute("UPDATE count_line SET state = ? WHERE id = ?", LineState.SET_ASIDE.value, line_id)
        told = CountLineSettled(symbol=line["symbol"][:200], reason=reason)
        await events.record(told, subject=number, site=session["site"])
        state = SessionState(session["state"])
        if state in COUNTED_IN:
            await evaluate(session["site"], [line["bin_id"]])
        elif state is not SessionState.CANCELLED:
            await settle(session, [line["bin_id"]])


async def link(number: str, line_id: int, sku: str, *, units: int = 1, site: str | None = None) -> None:
    """Its symbol means `units` base units of a SKU, at one site or (None) in the chain; what waits for it is counted soon after.

    Raises NotFound (scan, SKU, symbol), BadBarcode, BarcodeTaken.
    """
    line = await line_of(number, line_id)
    await link_barcode(line["symbol"], sku, numerator=units, site_id=site)
