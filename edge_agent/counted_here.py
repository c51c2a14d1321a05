"""Bins of count sessions that this box counted since it started, whether or not the controller has heard of them yet.

A second counter, at another station and without a controller, is told that a bin was counted and by whom.  It is only told: what is
kept of it is in memory, and gone with a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import replace

from edge_agent.stations import Person, StationState
from edge_agent.stations.model import Known
from edge_agent.wire.facts import Counted, FactDraft
from edge_agent.wire.open_work import CountBin, OpenCount

KEPT: Final = 1000


class _By(NamedTuple):
    round: int
    at: datetime
    person: Person | None


class CountedHere:
    """The latest `KEPT` bins, by session and code."""

    def __init__(self) -> None:
        self._bins: OrderedDict[tuple[str, str], _By] = OrderedDict()

    def heard(self, drafts: Sequence[FactDraft], state: StationState, at: datetime) -> None:
        """What a station has just booked."""
        for draft in drafts:
            fact = draft.data
            if isinstance(fact, Counted) and fact.session is not None:
                self._bins[fact.session, fact.bin] = _By(fact.round, at, state.person)
                self._bins.move_to_end((fact.session, fact.bin))
                while len(self._bins) > KEPT:
                    self._bins.popitem(last=False)

    def laid_over(self, known: Known) -> Known:
        """What the box knows of a session, with what was counted here."""
        count = known.document
        if not isinstance(count, OpenCount) or not self._bins:
            return known
        return replace(known, document=replace(count, bins=[self._bin(count, each) for each in count.bins]))

    def _bin(self, count: OpenCount, of: CountBin) -> CountBin:
        """Where several are to count a bin, one of them does not make it counted."""
        by = self._bins.get((count.number, of.bin)) if count.counters == 1 else None
        if by is None or of.is_counted or by.round < of.round:
            return of
        who = by.person
        return replace(
            of,
            is_counted=True,
            at=by.at,
            by=[*of.by, *([who.id] if who is not None else [])],
            name=who.name if who is not None else "",
        )
