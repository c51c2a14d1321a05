"""Pick lists that were claimed at this box since it started, whether or not the controller has heard of it yet.

A picker at another of its stations is told who has a list; a list that was given back here is free here at once.  What is kept
of it is in memory, and gone with a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from edge_agent.lookups import LookAround
from edge_agent.replica_parts import PACKS, PICKS
from edge_agent.stations import StationState
from edge_agent.stations.model import Known
from edge_agent.wire.facts import FactDraft
from edge_agent.wire.open_work import Document, OpenPick
from edge_agent.wire.pick_facts import PickClaimed, PickUnclaimed

KEPT: Final = 500


class _By(NamedTuple):
    """Who claimed a list, at which station, by which fact, into which tote; `is_over`: it was given back."""

    station: str | None
    person: str
    name: str
    is_over: bool = False
    fact: str = ""
    tote: str = ""


class ClaimedHere:
    """The latest `KEPT` lists by number."""

    def __init__(self) -> None:
        self._lists: OrderedDict[str, _By] = OrderedDict()

    def heard(self, drafts: Sequence[FactDraft], station: str | None, state: StationState) -> None:
        """What a station has just booked."""
        for draft in drafts:
            fact = draft.data
            if not isinstance(fact, PickClaimed | PickUnclaimed):
                continue
            person, is_over = state.person, isinstance(fact, PickUnclaimed)
            before = self._lists.get(fact.pick_list)
            if is_over and before is not None:
                self._lists[fact.pick_list] = before._replace(is_over=True)
            else:
                who = _By(station, person.id if person else "", person.name if person else station or "", is_over)
                tote = fact.tote or "" if isinstance(fact, PickClaimed) else ""
                self._lists[fact.pick_list] = who._replace(fact=draft.id or "", tote=tote)
            self._lists.move_to_end(fact.pick_list)
            while len(self._lists) > KEPT:
                self._lists.popitem(last=False)

    def lost(self, claim: str) -> None:
        """The controller refused the claim of this fact's id: somebody else has the list."""
        for number in [number for number, by in self._lists.items() if by.fact == claim]:
            del self._lists[number]

    def in_tote(self, tote: str | None) -> str | None:
        """The list that was claimed with it here last, and not given back since; whether it is packed by now is not known here."""
        return next((number for number, by in reversed(self._lists.items()) if tote and by.tote == tote and not by.is_over), None)

    async def holds(self, tote: str | None, look_around: LookAround) -> str | None:
        """The list whose tote it is, though the replica does not say so yet; None where the list is open no more."""
        number = self.in_tote(tote)
        for part in (PICKS, PACKS) if number is not None else ():
            if (await look_around(part.name, number, None, ())).document is not None:
                return number
        return None

    def laid_over(self, known: Known, station: str) -> Known:
        """What the box knows of pick lists, with what was claimed and given back at its stations."""
        if not self._lists:
            return known
        others = tuple(self._now(each, station) for each in known.others)
        document = known.document
        return replace(known, document=self._now(document, station) if isinstance(document, OpenPick) else document, others=others)

    def _now(self, pick: Document, station: str) -> Document:
        by = self._lists.get(pick.number) if isinstance(pick, OpenPick) else None
        if by is None or not isinstance(pick, OpenPick):
            return pick
        if by.is_over:
            if not pick.claimed_by:
                del self._lists[pick.number]  # the controller has heard of it
            return replace(pick, claimed_by="", claimed_id="", claimed_at=None) if pick.claimed_id == by.person else pick
        if pick.claimed_by or by.station == station:
            return pick
        return replace(pick, claimed_by=by.name or "—", claimed_id=by.person)
