"""From a device's event to facts on disk, and only then to the person's answer.

The feedback (the beep) follows the commit: what could not be stored is refused, visibly and audibly.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from msgspec.structs import replace

from edge_agent.config import StationConfig, SymbolsConfig
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Scanned, StateChanged, WeightChanged
from edge_agent.disk import Disk
from edge_agent.errors import AgentError, FactsCorrupt, OutboxFull
from edge_agent.outbox import Outbox
from edge_agent.stations import Feedback, Input, Item, Missing, Rules, StationState, Tick, Weighed, scanned, step
from edge_agent.stations import Scanned as Read
from edge_agent.stations.answers import identify, misread, not_saved
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import Drawer, FactDraft, ScanRefused, Weight
from edge_agent.wire.messages import Stream

Answer = Callable[[str, Feedback], None]
"""What shows and sounds an answer, by the station's id (the device's, where it has no station)."""

LookUp = Callable[[str, str | None], Awaitable[Item | Missing]]
"""What the box knows of a symbol, by its text and its GTIN; it answers soon, whatever happens."""

Weigh = Callable[[str, bool], None]
"""What asks a scale for a weight, or (False) does not any more."""

_log = logging.getLogger(__name__)


def _nobody_weighs(scale: str, wanted: bool) -> None:  # noqa: FBT001 -- the type's own form
    del scale, wanted


async def _nothing_is_known(text: str, gtin: str | None) -> Missing:
    del text, gtin
    return Missing.NO_CATALOGUE


class Intake:
    """The stations of a box.  `pressed` is told after each try whether the disk took it."""

    def __init__(
        self,
        stations: Sequence[StationConfig],
        outbox: Outbox,
        disk: Disk,
        answer: Answer,
        pressed: Callable[[OutboxFull | None], None],
        symbols: SymbolsConfig | None = None,
    ) -> None:
        self._symbols = (symbols or SymbolsConfig()).rules()
        self._outbox = outbox
        self._disk = disk
        self._answer = answer
        self._pressed = pressed
        self._station_of: dict[str, str] = {}
        for station in stations:
            for device in (station.scanner, station.scale, station.label_printer, station.receipt_printer, station.line_display):
                if device is not None:
                    self._station_of.setdefault(device, station.id)
        stored = outbox.station_states()
        self._states = {station.id: _restored(station.id, stored.get(station.id)) for station in stations}
        self._refused = 0
        self._rules = {station.id: Rules(double_read_ms=station.double_read_ms) for station in stations}
        self._scales = {station.id: station.scale for station in stations if station.scale is not None}
        self.weigh: Weigh = _nobody_weighs
        """Told for a station's scale whether the station waits for a weight of it."""
        self.look_up: LookUp = _nothing_is_known
        """Asked for what is scanned at a station that looks up, and for nothing else."""
        self._turn = asyncio.Lock()  # one step at a time: each begins from the state that the one before left on disk

    async def take(self, event: DeviceEvent) -> None:
        """Raises FactsCorrupt; a full disk is told to the person."""
        match event.what:
            case Scanned(symbol):
                async with self._turn:
                    read = scanned(event.device, symbol, event.at_ms, self._symbols)
                    await self._step(event.device, await self._with_item(read))
            case WeightChanged(weight, is_settled) if is_settled and (weight.is_legal or weight.grams <= 0):
                # Nothing, or less, is told for the person's sake and never booked.
                booked = Weight(grams=weight.grams, raw_b64=b64encode(weight.raw).decode())
                async with self._turn:
                    await self._step(event.device, Weighed(device=event.device, weight=booked, at_ms=event.at_ms))
                    self._ask_scale(self._at(event.device))
            case DrawerMoved(is_open):
                await self.append([FactDraft(data=Drawer(open=is_open), device=event.device, station=self._at(event.device))])
            case Failed(fault):
                refused = ScanRefused(code=fault.code, message=fault.message)
                self._say(event.device, misread(fault.message))
                await self.append([FactDraft(data=refused, stream=Stream.AUX, device=event.device, station=self._at(event.device))])
            case StateChanged() | WeightChanged():
                pass

    async def tick(self, at_ms: int) -> None:
        """Time went by at every station."""
        async with self._turn:
            for station, state in list(self._states.items()):
                after = step(state, Tick(at_ms=at_ms), self._rules[station])
                if after.state != state and await self.append([], {station: after.state}) and after.feedback is not None:
                    self._answer(station, after.feedback)

    def ask_scales(self) -> None:
        """A station may have waited for a weight when the box was stopped."""
        for station in self._states:
            self._ask_scale(station)

    def identify(self) -> None:
        """Every station says who it is."""
        for station in self._states:
            self._answer(station, identify(station))

    async def append(self, drafts: Sequence[FactDraft], states: dict[str, StationState] | None = None) -> bool:
        """False when the disk is full: nothing was stored."""
        stored = {station: encode(state) for station, state in (states or {}).items()}
        try:
            await self._disk.run(lambda: self._outbox.append(drafts, station_state=stored))
        except OutboxFull as full:
            self._pressed(full)
            return False
        self._states.update(states or {})
        for station in states or {}:
            self._ask_scale(station)
        self._pressed(None)
        return True

    # --- inside --------------------------------------------------------------------------------------------------------------

    async def _with_item(self, read: Read) -> Read:
        station = self._at(read.device)
        if station is None or read.command is not None or not self._states[station].looks_up:
            return read
        return replace(read, item=await self.look_up(read.symbol.text, read.gtin))

    async def _step(self, device: str, given: Input) -> None:
        station = self._at(device)
        before = self._states[station] if station is not None else StationState()
        after = step(before, given, self._rules.get(station) if station is not None else None)
        drafts = [replace(draft, device=draft.device or device, station=station) for draft in after.facts]
        states = {station: after.state} if station is not None else {}
        try:
            is_stored = await self.append(drafts, states)
        except FactsCorrupt:
            self._say(device, not_saved("The box's storage is damaged."))
            raise
        except AgentError as error:
            _log.exception("a scan could not be stored", extra={"device": device})
            self._say(device, not_saved(str(error)))
            return
        if not is_stored:
            self._refused += 1
            self._say(device, not_saved("The box's disk is full."))
            return
        if after.feedback is not None:
            self._answer(station or device, after.feedback)
        await self._tell_refused()

    async def _tell_refused(self) -> None:
        """There is room again: the controller learns how many scans were turned away meanwhile."""
        if self._refused == 0:
            return
        told = ScanRefused(code=OutboxFull.code, message=f"{self._refused} scans were refused while the disk was full")
        if await self.append([FactDraft(data=told, stream=Stream.AUX)]):
            self._refused = 0

    def _ask_scale(self, station: str | None) -> None:
        scale = self._scales.get(station or "")
        if station is not None and scale is not None:
            self.weigh(scale, self._states[station].awaits_weight)

    def _at(self, device: str) -> str | None:
        return self._station_of.get(device)

    def _say(self, device: str, feedback: Feedback) -> None:
        self._answer(self._at(device) or device, feedback)


def _restored(station: str, stored: bytes | None) -> StationState:
    if stored is None:
        return StationState()
    try:
        return msgspec.json.decode(stored, type=StationState)
    except msgspec.DecodeError as error:
        _log.warning("a station's stored state is unreadable; it begins anew", extra={"station": station, "reason": str(error)})
        return StationState()
