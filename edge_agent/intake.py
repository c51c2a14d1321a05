"""From a device's event, or a screen's reading, to facts on disk, and only then to the person's answer.

The feedback (the beep) follows the commit: what could not be stored is refused, visibly and audibly.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from drivers import devices
from edge_agent.claimed_here import ClaimedHere
from edge_agent.config import Config, StationConfig, SymbolsConfig
from edge_agent.counted_here import CountedHere
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Scanned, StateChanged, WeightChanged
from edge_agent.errors import AgentError, FactsCorrupt, OutboxFull
from edge_agent.lookups import (
    Identify,
    LookAround,
    LookUp,
    Weigh,
    no_templates,
    nobody_is_known,
    nobody_weighs,
    nothing_is_around,
    nothing_is_known,
)
from edge_agent.replica_parts import PICKS
from edge_agent.seams import uuid7
from edge_agent.station_book import Given, StationBook, rules_of
from edge_agent.stations import (
    SCREEN,
    Feedback,
    Person,
    Pressed,
    Reading,
    Refused,
    Rules,
    SignedIn,
    StationState,
    Tick,
    Weighed,
    awaits_weight,
    badge_of,
    scanned,
    step,
    wants_item,
)
from edge_agent.stations import Scanned as Read
from edge_agent.stations.answers import identify, misread, not_saved
from edge_agent.stations.model import NOTHING_KNOWN, Known
from edge_agent.stations.table import around, stands_on
from edge_agent.stores import Seams, Stores
from edge_agent.wire.facts import Drawer, FactDraft, ScanRefused, Weight
from edge_agent.wire.messages import Stream

Answer = Callable[[str, Feedback], None]
"""What shows and sounds an answer, by the station's id (the device's, where it has no station)."""

_log = logging.getLogger(__name__)


class UnknownStation(AgentError):
    """The box has no station of this id."""

    code = "unknown_station"


class Intake:
    """The stations of a box.  `pressed` is told after each try whether the disk took it."""

    def __init__(
        self,
        stations: Sequence[StationConfig],
        stores: Stores,
        seams: Seams,
        pressed: Callable[[OutboxFull | None], None],
        symbols: SymbolsConfig | None = None,
    ) -> None:
        self._seams = seams
        self._stores = stores
        self._box = stores.outbox.identity.box
        self._book = StationBook(stores, seams.disk, pressed)
        self._refused = 0
        self.on_refused: Callable[[], None] = lambda: None
        """Called for each scan that could not be stored."""
        self._counted_here = CountedHere()
        self._claimed_here = ClaimedHere()
        self._turn = asyncio.Lock()  # one step at a time: each begins from the state that the one before left on disk
        self.outlets: list[Answer] = []
        """All who tell people an answer, after its commit.  None of them waits."""
        self.weigh: Weigh = nobody_weighs
        """Told for a station's scale whether the station waits for a weight of it."""
        self.look_up: LookUp = nothing_is_known
        """Asked for what is scanned at a station that wants it, and for nothing else."""
        self.look_around: LookAround = nothing_is_around
        """Asked at each reading of a station that works through documents."""
        self.who_is: Identify = nobody_is_known
        """Who has this id."""
        self.identify_badge: Identify = nobody_is_known
        self.templates: Callable[[], Mapping[str, str]] = no_templates
        """The templates that this box may print with now: name -> version."""
        self.zone = ""
        """The shop's time zone, for what is printed; empty: the machine's own."""
        self._configure(stations, symbols)

    def hear_prints(self, wake: Callable[[str], None]) -> None:
        """`wake` is told of a printer that has a new job, once that is on disk."""
        self._book.wake_printer = wake

    # --- from the devices ----------------------------------------------------------------------------------------------------

    async def take(self, event: DeviceEvent) -> None:
        """Raises FactsCorrupt; a full disk is told to the person."""
        match event.what:
            case Scanned(symbol):
                async with self._turn:
                    read = scanned(event.device, symbol, event.at_ms, self._symbols)
                    await self._read(self._at(event.device), read, symbol)
            case WeightChanged(weight, is_settled) if is_settled and (weight.is_legal or weight.grams <= 0):
                # Nothing, or less, is told for the person's sake and never booked.
                booked = Weight(grams=weight.grams, raw_b64=b64encode(weight.raw).decode())
                async with self._turn:
                    station = self._at(event.device)
                    is_awaited = station is not None and awaits_weight(self._book.states[station])
                    weighed = Weighed(
                        device=event.device,
                        weight=booked,
                        at_ms=event.at_ms,
                        id=self._new_id(),
                        at=self._seams.clock.now(),
                        known=await self._around(station, None) if station is not None and is_awaited else NOTHING_KNOWN,
                    )
                    await self._step(event.device, station, weighed)
                    self._ask_scale(station)
            case DrawerMoved(is_open):
                await self.append([FactDraft(data=Drawer(open=is_open), device=event.device, station=self._at(event.device))])
            case Failed(fault):
                await self._misread(event.device, fault.code, fault.message)
            case StateChanged() | WeightChanged():
                pass

    async def tick(self, at_ms: int) -> None:
        """Time went by at every station."""
        async with self._turn:
            for station in self.stations():
                state = await self._book.latest(station)
                after = step(state, Tick(at_ms=at_ms), self._rules[station])
                if after.state == state:
                    continue
                is_stored = await self._book.leave(station, state, after)
                if is_stored:
                    self._claimed_here.heard(after.facts, station, after.state)
                self._ask_scale(station)
                if is_stored and after.feedback is not None:
                    self._answer(station, after.feedback)

    # --- from the controller ------------------------------------------------------------------------------------------------

    async def refuse(self, codes: Mapping[str, str]) -> None:
        """The controller will never book these facts (why, by id): stations that stand on one are told.  Raises FactsCorrupt."""
        if not codes:
            return
        async with self._turn:
            for station in self.stations():
                for fact in stands_on(await self._book.latest(station)):
                    if fact in codes:
                        await self._refuse(station, fact, codes[fact])

    async def recover(self) -> None:
        """What was refused as the box was stopped is told now.  Raises FactsCorrupt."""
        facts = [fact for station in self.stations() for fact in stands_on(self._book.states[station])]
        await self.refuse(await self._seams.disk.run(lambda: self._stores.outbox.refused(facts)))

    async def _refuse(self, station: str, fact: str, code: str) -> None:
        before = await self._book.latest(station)
        known = await self._around(station, None)
        given = Refused(fact=fact, code=code, known=known, worker=before.person, box=self._box)
        after = step(before, given, self._rules[station])
        if after.state != before and await self._book.leave(station, before, after):
            self._claimed_here.lost(fact)
            if after.feedback is not None:
                self._answer(station, after.feedback)
        self._ask_scale(station)

    # --- from the screens ----------------------------------------------------------------------------------------------------

    async def read_at_screen(
        self,
        station: str,
        reading_id: str,
        text: str,
        aim: str | None = None,
        person: str | None = None,
        age_ms: int = 0,
    ) -> Feedback:
        """A screen's wedge read `text`, or somebody typed it; `person` is who is logged in there.

        `age_ms`: how long ago that was, since a screen that could not send keeps what it reads, and the guard against double reads
        goes by when each was read.
        The same `reading_id` again is answered as before and books nothing.  Raises UnknownStation, FactsCorrupt.
        """
        self.state(station)
        async with self._turn:
            symbol = devices.Symbol(text.encode(errors="replace"), aim)
            read = scanned(SCREEN, symbol, max(0, self._seams.clock.mono_ms() - age_ms), self._symbols)
            return await self._read(station, replace(read, post=reading_id, by=person), symbol) or not_saved(
                "not_saved", reading_id
            )

    async def press(
        self,
        station: str,
        press_id: str,
        control: str,
        number: int | None = None,
        target: str | None = None,
        person: str | None = None,
    ) -> Feedback:
        """A button: a command's word in small letters (`undo`, `done`, `stop`, `drill`, `count`, …), or the station's own.

        `target`: the reading that `undo` takes back; None: the latest.  Repeats and errors as `read_at_screen`.
        """
        self.state(station)
        async with self._turn:
            pressed = Pressed(
                worker=self.who_is(person) if person is not None else None,
                known=await self._around(station, None),
                control=control,
                number=number,
                target=target,
                at_ms=self._seams.clock.mono_ms(),
                id=self._new_id(),
                post=press_id,
                by=person,
                at=self._seams.clock.now(),
            )
            return await self._step(SCREEN, station, pressed) or not_saved("not_saved", press_id)

    async def sign_in(self, station: str, person: Person | None, press_id: str | None = None) -> Feedback:
        """A screen proved who is there, or (None) that nobody is any more.  Raises UnknownStation, FactsCorrupt."""
        self.state(station)
        async with self._turn:
            given = SignedIn(person=person, at_ms=self._seams.clock.mono_ms(), id=self._new_id(), post=press_id)
            return await self._step(SCREEN, station, given) or not_saved("not_saved", press_id)

    def stations(self) -> list[str]:
        return list(self._book.states)

    async def known_at(self, station: str) -> Known:
        """What the box knows of the document that a station has in hand.  Raises UnknownStation."""
        self.state(station)
        return await self._around(station, None)

    def state(self, station: str) -> StationState:
        """Raises UnknownStation."""
        try:
            return self._book.states[station]
        except KeyError:
            raise UnknownStation(f"this box has no station {station[:40]!r}") from None

    def history(self, station: str) -> tuple[Reading, ...]:
        """The latest 20 readings, newest first.  Raises UnknownStation."""
        return self.state(station).history

    # --- from the box --------------------------------------------------------------------------------------------------------

    async def reconfigure(self, config: Config) -> None:
        """Stations come, go and change; a task that is under way goes on."""
        async with self._turn:
            self._configure(config.stations, config.symbols)
            self.ask_scales()

    def ask_scales(self) -> None:
        """A station may have waited for a weight when the box was stopped."""
        for station in self._book.states:
            self._ask_scale(station)

    def identify(self) -> None:
        """Every station says who it is."""
        for station in self._book.states:
            self._answer(station, identify(station))

    async def append(self, drafts: Sequence[FactDraft]) -> bool:
        """False when the disk is full: nothing was stored."""
        return await self._book.store(drafts)

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _configure(self, stations: Sequence[StationConfig], symbols: SymbolsConfig | None) -> None:
        self._symbols = (symbols or SymbolsConfig()).rules()
        self._scales = {station.id: station.scale for station in stations if station.scale is not None}
        self._rules = {station.id: rules_of(station) for station in stations}
        self._station_of: dict[str, str] = {}
        for station in stations:
            for device in station.devices:
                self._station_of.setdefault(device, station.id)
        self._book.keep([station.id for station in stations])

    async def _read(self, station: str | None, read: Read, symbol: devices.Symbol) -> Feedback | None:
        read = replace(read, id=self._new_id(), at=self._seams.clock.now())
        if read.is_badge:
            read = replace(read, person=self.identify_badge(badge_of(symbol) or ""))
        elif station is not None and read.command is None and wants_item(self._book.states[station]):
            read = replace(read, item=await self.look_up(read.symbol.text, read.gtin))
        if station is not None:
            text = read.symbol.text if read.command is None else None
            worker = self.who_is(read.by) if read.by is not None else None
            read = replace(read, worker=worker, known=await self._around(station, text))
        return await self._step(read.device, station, read)

    async def _around(self, station: str, text: str | None) -> Known:
        """What a station that works through documents knows around a reading; none is asked for by a button."""
        wanted = around(self._book.states[station], text)
        if wanted is None:
            return NOTHING_KNOWN
        known = await self.look_around(wanted.part, wanted.number, wanted.place, wanted.also)
        if wanted.part == PICKS.name and known.holds is None:
            known = replace(known, holds=await self._claimed_here.holds(wanted.place, self.look_around))
        return self._claimed_here.laid_over(self._counted_here.laid_over(known), station)

    async def _step(self, device: str, station: str | None, given: Given) -> Feedback | None:
        """One step, committed; its answer, told to all.  None: there is nothing to say."""
        place, reading = station or device, getattr(given, "post", None) or given.id
        try:
            after, is_stored = await self._book.take(device, station, given, self._rules_of(station))
        except FactsCorrupt:
            self._answer(place, not_saved("not_saved_damaged", reading))
            raise
        except AgentError:
            _log.exception("a reading could not be stored", extra={"device": device})
            return self._answer(place, not_saved("not_saved", reading))
        finally:
            self._ask_scale(station)
        if not is_stored:
            self._refused += 1
            self.on_refused()
            return self._answer(place, not_saved("not_saved_full", reading))
        if after.is_repeated:
            return after.feedback
        self._counted_here.heard(after.facts, after.state, self._seams.clock.now())
        self._claimed_here.heard(after.facts, station, after.state)
        if after.feedback is not None:
            self._answer(place, after.feedback)
        await self._tell_refused()
        return after.feedback

    async def _misread(self, device: str, code: str, message: str) -> None:
        station = self._at(device)
        is_training = station is not None and self._book.states[station].training
        self._answer(station or device, misread(message))
        if not is_training:
            refused = ScanRefused(code=code, message=message)
            await self.append([FactDraft(data=refused, stream=Stream.AUX, device=device, station=station)])

    async def _tell_refused(self) -> None:
        """There is room again: the controller learns how many scans were turned away meanwhile."""
        if self._refused == 0:
            return
        told = ScanRefused(code=OutboxFull.code, message=f"{self._refused} scans were refused while the disk was full")
        if await self.append([FactDraft(data=told, stream=Stream.AUX)]):
            self._refused = 0

    def _rules_of(self, station: str | None) -> Rules | None:
        rules = self._rules.get(station) if station is not None else None
        if rules is None:
            return None
        paper = replace(rules.paper, templates=self.templates(), zone=self.zone)
        return replace(rules, paper=paper, box=self._box, orders=self._book.orders)

    def _ask_scale(self, station: str | None) -> None:
        scale = self._scales.get(station or "")
        if station is not None and scale is not None:
            self.weigh(scale, awaits_weight(self._book.states[station]))

    def _at(self, device: str) -> str | None:
        return self._station_of.get(device)

    def _new_id(self) -> str:
        return str(uuid7(self._seams.clock, self._seams.random))

    def _answer(self, place: str, feedback: Feedback) -> Feedback:
        state = self._book.states.get(place)
        told = replace(feedback, training=feedback.training or (state is not None and state.training))
        for outlet in self.outlets:
            outlet(place, told)
        return told
