"""What the box knows of its stations, in memory as on disk: a step's facts, states and print jobs go there in one commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from sqlite3 import Connection

import msgspec
from msgspec.structs import replace

from edge_agent.config import StationConfig
from edge_agent.disk import Disk
from edge_agent.errors import AgentError, OutboxFull
from edge_agent.jobs import Action, IllegalTransition, UnknownJob
from edge_agent.seams import failpoint
from edge_agent.stations import Paper, Pressed, Rules, Scanned, SignedIn, StationState, Step, Weighed, restore, step
from edge_agent.stores import Stores
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import FactDraft, PrintRequested

Given = Scanned | Pressed | Weighed | SignedIn
"""What a person does at a station."""

_log = logging.getLogger(__name__)


class TooLate(AgentError):
    """What was to be cancelled is on its way to the paper; nothing was stored."""

    code = "too_late"


def _nothing_wakes(printer: str) -> None:
    del printer


class StationBook:
    """`states` by station, as they are on disk.  `pressed` is told after each try whether the disk took it."""

    def __init__(self, stores: Stores, disk: Disk, pressed: Callable[[OutboxFull | None], None]) -> None:
        self._stores = stores
        self._disk = disk
        self._pressed = pressed
        self.states: dict[str, StationState] = {}
        self._doubtful: set[str] = set()
        self._orders = 0
        self.wake_printer: Callable[[str], None] = _nothing_wakes

    def keep(self, stations: Sequence[str]) -> None:
        """These are the stations from now on; one that is new goes on where it was left."""
        stored = self._stores.outbox.station_states()
        self._orders = max((self.orders, *(_restored(each, stored[each]).orders for each in stored.keys() - set(stations))))
        self.states = {each: self.states.get(each) or _restored(each, stored.get(each)) for each in stations}

    @property
    def orders(self) -> int:
        """How many counter orders the box has made, at stations that are no more, too: the number of its latest."""
        return max((self._orders, *(state.orders for state in self.states.values())))

    async def latest(self, station: str) -> StationState:
        """Its state; asked of the disk again where nobody waited for the last answer of that."""
        if station in self._doubtful:
            stored = await self._disk.run(self._stores.outbox.station_states)
            self.states[station] = _restored(station, stored.get(station))
            self._doubtful.discard(station)
        return self.states[station]

    async def take(self, device: str, station: str | None, given: Given, rules: Rules | None) -> tuple[Step, bool]:
        """One step, on disk when it returns; False: the disk is full.  Without a station it is a reading and no more."""
        before = await self.latest(station) if station is not None else StationState()
        after = step(before, given, rules)
        try:
            return after, await self._keep(device, station, _acting(given, before, after), after)
        except TooLate:
            late = replace(given, is_too_late=True) if isinstance(given, Scanned | Pressed) else given
            after = step(before, late, rules)
            return after, await self._keep(device, station, _acting(given, before, after), after)

    async def leave(self, station: str, before: StationState, after: Step) -> bool:
        """What became of it because nobody was there; False: the disk is full."""
        person = before.person.id if before.person is not None else None
        drafts = [replace(draft, station=station, person=person) for draft in after.facts]
        return await self.store(drafts, {station: after.state})

    async def _keep(self, device: str, station: str | None, person: str | None, after: Step) -> bool:
        if after.is_repeated:
            return True
        drafts = [replace(draft, device=draft.device or device, station=station, person=person) for draft in after.facts]
        return await self.store(drafts, {station: after.state} if station is not None else {}, after.cancels)

    async def store(
        self, drafts: Sequence[FactDraft], states: Mapping[str, StationState] | None = None, cancels: str | None = None
    ) -> bool:
        """All or nothing, in one commit; `cancels` is a print job.  False: the disk is full.  Raises TooLate, FactTooLarge."""
        states = states or {}
        encoded = {station: encode(state) for station, state in states.items()}

        def work(_: Connection) -> None:
            if cancels is not None:
                self._cancel(cancels)
            self._stores.outbox.append(drafts, station_state=encoded)
            for draft in drafts:
                if isinstance(draft.data, PrintRequested) and draft.device is not None:
                    self._stores.journal.accept(draft.data.job, draft.device, draft.data.request, person=draft.person)

        try:
            await self._disk.run(lambda: self._stores.facts.write(work))
        except asyncio.CancelledError:  # a screen went away: the disk may have it all the same
            self._doubtful.update(states)
            raise
        except OutboxFull as full:
            self._pressed(full)
            return False
        failpoint("box.after_station_commit")
        self.states.update(states)
        for printer in {draft.device for draft in drafts if isinstance(draft.data, PrintRequested)}:
            self.wake_printer(printer or "")
        self._pressed(None)
        return True

    def _cancel(self, job: str) -> None:
        try:
            self._stores.journal.advance(job, Action.CANCEL)
        except (IllegalTransition, UnknownJob) as error:
            raise TooLate(str(error)) from error


def rules_of(station: StationConfig) -> Rules:
    """What is configured of a station, as its machine takes it."""
    return Rules(
        double_read_ms=station.double_read_ms,
        quiet_ms=station.quiet_minutes * 60_000,
        sign_in=station.sign_in,
        paper=Paper(printer=station.label_printer, receipts=station.receipt_printer),
        offers=station.activities,
        asks_manager=station.manager_adjusts,
    )


def _restored(station: str, stored: bytes | None) -> StationState:
    if stored is None:
        return StationState()
    try:
        return restore(stored)
    except msgspec.DecodeError as error:
        _log.warning("a station's stored state is unreadable; it begins anew", extra={"station": station, "reason": str(error)})
        return StationState()


def _acting(given: Given, before: StationState, after: Step) -> str | None:
    """Who did it: at the screen that sent it, else who is signed in at the station."""
    by = given.by if isinstance(given, Scanned | Pressed) else None
    person = after.state.person or before.person
    return by or (person.id if person is not None else None)
