"""Counts without closing the store: expected is the ledger as of the instant at which something was counted (docs/adr/0033)."""

from __future__ import annotations

from collections.abc import Sequence

from controller.counts.evaluating import evaluate
from controller.counts.reading import Fact
from controller.counts.recording import Recorded, lock_session, record
from controller.counts.sessions import settle, submit_if_counted
from controller.counts.states import COUNTED_IN, SessionState
from controller.facts import APPLIED, Outcome, Parked
from controller.sites.queries import bins
from controller.stock.marks import hold_still


async def apply_counted(facts: Sequence[Fact]) -> list[Outcome]:
    """Take each person's part of a bin into its session, or into one made for it, and bring up to date what it comes to.

    Lines whose symbol nobody knows wait in the session's unmatched list, and keep the fact parked until they are linked; all
    others count.  An unknown bin parks the fact.  The order of arrival does not matter.
    """
    return [await _apply(fact) for fact in facts]


async def _apply(fact: Fact) -> Outcome:
    place = (await bins(fact.site_id, [fact.data.bin])).get(fact.data.bin)
    if place is None:
        return Parked("unknown_bin", f"bin:{fact.site_id}:{fact.data.bin}"[:512])
    await hold_still([place.id])
    recorded = await record(fact, place)
    if recorded.counts:
        await _look(fact.site_id, recorded)
    return recorded.waits or APPLIED


async def _look(site: str, recorded: Recorded) -> None:
    session = await lock_session(recorded.session_id)
    if SessionState(session["state"]) in COUNTED_IN:
        await evaluate(site, [recorded.bin_id])
        await submit_if_counted(session)
    elif session["state"] != SessionState.CANCELLED.value:
        await settle(session, [recorded.bin_id])
