"""The floor's port to the real box: stations, devices, wire, catalogue, people, prints.  It decides nothing; it translates."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from drivers.devices import Symbol
from drivers.registry import Kind
from edge_agent.box import Box
from edge_agent.config import Config, StationConfig
from edge_agent.device_events import DeviceEvent, StateChanged, WeightChanged
from edge_agent.devices import Devices
from edge_agent.floor import box_view
from edge_agent.floor.log_ring import LogRing
from edge_agent.floor.opened import OpenDocuments
from edge_agent.floor.port import (
    Answered,
    BoxShown,
    CannotPrint,
    Changed,
    DeviceShown,
    HasMovedOn,
    HasToWait,
    Heard,
    LinkShown,
    Listener,
    Person,
    Press,
    PrintChoices,
    QueueShown,
    Reading,
    ScreenReading,
    StationShown,
    Task,
    Topic,
    UnknownStation,
    WeightShown,
)
from edge_agent.floor.sheet_printing import SheetPrinting
from edge_agent.floor.station_view import kept, shown, tasks, unkept
from edge_agent.health import AGENT_VERSION
from edge_agent.jobs import IllegalTransition, UnknownJob
from edge_agent.people import People, Verified, Waits
from edge_agent.print_moves import NotForThisPrinter, UnknownPrinter
from edge_agent.replica_images import ReplicaImages
from edge_agent.replica_pull import ReplicaKeeper
from edge_agent.spooler import Resolution, Spooler
from edge_agent.stations import SCREEN, Feedback, Item, Missing
from edge_agent.stations.model import Person as Known
from edge_agent.stations.reading import badge_of, scanned
from edge_agent.stores import Seams, Stores
from edge_agent.wire.messages import Condition, Priority

KEPT_ANSWERS = 64
WEIGHER = "floor"
"""Who asks scales for their weight while a screen shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxParts:
    """What there is on a box that the pages show."""

    config: Config
    box: Box
    stores: Stores
    seams: Seams
    devices: Devices
    spooler: Spooler
    keeper: ReplicaKeeper
    people: People
    images: ReplicaImages


def _shown(person: Known) -> Person:
    return Person(id=person.id, name=person.name, language=person.language, roles=frozenset(person.roles))


def _without_badge(reading: ScreenReading) -> str:
    """What others may see of it: a badge's letters open doors."""
    return "" if badge_of(Symbol(reading.text.encode(errors="replace"), reading.aim)) is not None else reading.text


class BoxPort:
    """Implements `FloorPort`."""

    def __init__(self, parts: BoxParts, log: LogRing) -> None:
        self._parts = parts
        self._config = parts.config
        self._log = log
        self._sheets = SheetPrinting(parts.devices)
        self._opened = OpenDocuments(parts.keeper)
        self._intake = parts.box.intake
        self._since = parts.seams.clock.now()
        self._listeners: list[Listener] = []
        self._weights: dict[str, WeightShown] = {}
        self._undone = {station: self._undone_at(station) for station in self._intake.stations()}
        self._typed: dict[tuple[str, str], str] = {}
        self._answered: OrderedDict[tuple[str, str], Reading] = OrderedDict()
        self._intake.outlets.append(self._on_answer)
        parts.spooler.listen(lambda: self._tell(Changed(Topic.PRINTS)))

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_event(self, event: DeviceEvent) -> None:
        """From the devices, in the event loop."""
        match event.what:
            case WeightChanged(weight):
                told = WeightShown(
                    scale=event.device, grams=weight.grams, is_stable=weight.stable, at=self._parts.seams.clock.now()
                )
                self._weights[event.device] = told
                self._tell(told)
            case StateChanged(state):
                if state is not Condition.READY:
                    self._weights.pop(event.device, None)
                self._tell(Changed(Topic.DEVICES))

    async def reconfigure(self, config: Config) -> None:
        """Devices and stations are those by now."""
        self._config = config
        for topic in (Topic.STATION, Topic.DEVICES):
            self._tell(Changed(topic))

    # --- stations --------------------------------------------------------------------------------------------------------------

    def stations(self) -> Sequence[str]:
        return self._intake.stations()

    def tasks(self) -> Sequence[Task]:
        return tasks()

    async def station(self, station: str) -> StationShown:
        config = self._station(station)
        known = await self._intake.known_at(station)
        return shown(config, self._intake.state(station), known, await self._opened.now())

    async def read(self, station: str, reading: ScreenReading, person: str | None) -> Reading:
        self._station(station)
        shown = _without_badge(reading)
        self._typed[station, reading.id] = shown
        try:
            feedback = await self._intake.read_at_screen(station, reading.id, reading.text, reading.aim, person, reading.age_ms)
        finally:
            self._typed.pop((station, reading.id), None)  # the same may be sent twice at once
        return self._answered.get((station, reading.id)) or self._reading(station, feedback, reading.id, shown)

    async def press(self, station: str, press: Press, person: str | None) -> Reading:
        self._station(station)
        feedback = await self._intake.press(station, press.id, press.control, press.number, press.reading, person)
        return self._answered.get((station, press.id)) or self._reading(station, feedback, press.id, "")

    async def arrive(self, station: str, person: Person | None) -> None:
        self._station(station)
        known = self._parts.people.by_id(person.id) if person is not None else None
        await self._intake.sign_in(station, known)

    # --- devices, wire ---------------------------------------------------------------------------------------------------------

    def devices(self) -> Sequence[DeviceShown]:
        return [box_view.device(each, self._parts.devices.state(each.id)) for each in self._config.devices]

    def weigh(self, *, wanted: bool) -> None:
        for device in self._config.devices:
            if device.kind is Kind.SCALE:
                self._parts.devices.weigh(device.id, wanted=wanted, by=WEIGHER)

    def weights(self) -> Mapping[str, WeightShown]:
        return self._weights

    async def link(self) -> LinkShown:
        backlog = await self._parts.seams.disk.run(self._parts.stores.outbox.backlog)
        session = self._parts.seams.session
        return LinkShown(
            is_connected=session.is_connected,
            is_heard=self._parts.box.delivery.is_linked,
            waiting=backlog.waiting,
            oldest_at=backlog.oldest_at,
        )

    async def box(self) -> BoxShown:
        config, stores, clock = self._config, self._parts.stores, self._parts.seams.clock_state()
        free = await asyncio.to_thread(stores.facts.free_disk_bytes)
        return BoxShown(
            id=config.box.id,
            site=config.box.site,
            version=AGENT_VERSION,
            serving_since=self._since,
            clock_synced=clock.synced,
            clock_error_ms=clock.error_ms,
            free_disk_bytes=free,
            broker=f"{config.broker.host}:{config.broker.port}",
            controller=config.controller.url,
        )

    def log_lines(self) -> Sequence[str]:
        return self._log.lines()

    # --- catalogue, people -----------------------------------------------------------------------------------------------------

    async def look_up(self, symbol: str) -> Item | Missing:
        read = scanned(SCREEN, Symbol(symbol.encode(errors="replace")), 0, self._config.symbols.rules())
        return await self._parts.keeper.look_up(read.symbol.text, read.gtin)

    async def image(self, digest: str) -> Path | None:
        return await self._parts.images.image(digest)

    async def search(self, words: str, limit: int) -> Sequence[Item]:
        found = await self._parts.keeper.search(words)
        return [] if isinstance(found, Missing) else [hit.item for hit in found.hits][:limit]

    async def sign_in(self, badge: str, pin: str) -> Person | None:
        outcome = await self._parts.people.sign_in(badge, pin)
        match outcome:
            case Verified(person):
                return _shown(person)
            case Waits(seconds):
                raise HasToWait(seconds)
            case _:
                return None

    def as_known(self, person: Person) -> Person | None:
        if not self._parts.people.knows_anybody:
            return person
        known = self._parts.people.by_id(person.id)
        return _shown(known) if known is not None else None

    def sessions_kept(self) -> tuple[Path, str]:
        return self._config.box.state_dir / "floor-sessions.json", self._parts.stores.outbox.identity.boot

    # --- prints ----------------------------------------------------------------------------------------------------------------

    async def queues(self) -> Sequence[QueueShown]:
        known = {device.id: device for device in self.devices()}
        found = await self._parts.spooler.queues()
        return [box_view.queue(each, known.get(each.printer) or box_view.gone(each.printer)) for each in found]

    async def resolve(self, job: str, *, came_out: bool, person: str | None) -> None:
        outcome = Resolution.PRINTED if came_out else Resolution.AGAIN
        try:
            await self._parts.spooler.resolve(job, outcome, person=person)
        except (UnknownJob, IllegalTransition) as error:
            raise HasMovedOn(str(error)) from error

    async def print_sheet(self, printer: str, language: str) -> None:
        await self._sheets.print(next((each for each in self._config.devices if each.id == printer), None), language)

    async def cancel(self, job: str, person: str | None) -> None:
        try:
            await self._parts.spooler.cancel(job, person=person)
        except (UnknownJob, IllegalTransition) as error:
            raise HasMovedOn(str(error)) from error

    async def print_choices(self, job: str) -> PrintChoices:
        try:
            return await box_view.choices(self._parts.spooler, job, {device.id: device for device in self.devices()})
        except (UnknownJob, IllegalTransition) as error:
            raise HasMovedOn(str(error)) from error

    async def put_first(self, job: str, person: str | None) -> None:
        try:
            await self._parts.spooler.prioritise(job, Priority.URGENT, person=person)
        except (UnknownJob, IllegalTransition) as error:
            raise HasMovedOn(str(error)) from error

    async def move(self, job: str, printer: str, person: str | None) -> None:
        try:
            await self._parts.spooler.move(job, printer, person=person)
        except (UnknownJob, IllegalTransition) as error:
            raise HasMovedOn(str(error)) from error
        except (UnknownPrinter, NotForThisPrinter) as error:
            raise CannotPrint(str(error)) from error

    # --- inside ----------------------------------------------------------------------------------------------------------------

    def _station(self, station: str) -> StationConfig:
        found = next((each for each in self._config.stations if each.id == station), None)
        if found is None or station not in self._intake.stations():
            raise UnknownStation(station)
        return found

    def _tell(self, heard: Heard) -> None:
        for listener in list(self._listeners):
            listener(heard)

    def _on_answer(self, place: str, feedback: Feedback) -> None:
        """After its commit: what is shown is on disk."""
        if place not in self._intake.stations():
            return
        reading_id = feedback.reading or ""
        reading = self._reading(place, feedback, reading_id, self._typed.get((place, reading_id), ""))
        undone = self._undone_at(place)
        newly = undone - self._undone.get(place, set())
        self._undone[place] = undone
        if newly:
            reading = replace(reading, undoes=newly.pop())
        self._answered[place, reading_id] = reading
        while len(self._answered) > KEPT_ANSWERS:
            self._answered.popitem(last=False)
        self._tell(Answered(place, reading))
        self._tell(Changed(Topic.STATION))

    def _undone_at(self, station: str) -> set[str]:
        return {each.post or each.id for each in self._intake.history(station) if each.is_undone}

    def _reading(self, station: str, feedback: Feedback, reading_id: str, text: str) -> Reading:
        """As the station's history has it; what is no line there shows what was read only if it may have to be read again."""
        found = next((each for each in self._intake.history(station) if reading_id and reading_id in (each.post, each.id)), None)
        if found is not None:
            return kept(found)
        is_shown = feedback.code == "double_read" or feedback.code.startswith("not_saved")
        told = msgspec.structs.replace(feedback, reading=reading_id)
        return unkept(told, text if is_shown else "", self._parts.seams.clock.now())
