"""One worker thread per device: open, use, back off, reopen.  One device's trouble never reaches another.

    devices = Devices(config.devices, on_event, clock, random)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(devices.run(), name="devices")

`on_event` is called in the event loop, in the order in which a device's thread saw things; nothing is dropped on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType

from drivers.devices import LabelPrinter, LineDisplay, POSPrinter, Scale, Scanner
from drivers.recording import Ring
from drivers.registry import Kind, OpenDevice
from drivers.udev import Identity, Ports
from edge_agent.config import Config, DeviceConfig
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Reporter, Scanned, StateChanged, WeightChanged
from edge_agent.device_worker import Surroundings, Use, Worker
from edge_agent.displaying import DisplayThread
from edge_agent.known_devices import KnownDevices
from edge_agent.liveness import Beats
from edge_agent.printer_port import PrinterPort
from edge_agent.printing import PrinterThread
from edge_agent.reading import Answers, Wanted, use_scale, use_scanner
from edge_agent.seams import Clock
from edge_agent.wire.messages import Condition

__all__ = ["DeviceEvent", "Devices", "DrawerMoved", "Failed", "Scanned", "StateChanged", "WeightChanged"]

STOP_WITHIN = 3.0
"""Seconds for all threads to end; every wait of a driver is 1 s or less."""

PRINTERS = (Kind.RECEIPT_PRINTER, Kind.LABEL_PRINTER)

_log = logging.getLogger(__name__)


async def _nothing_waits(printer: str) -> None:
    del printer


def _nobody_goes_on(printer: str) -> None:
    del printer


def _nobody_counts(device: str, name: str, times: int) -> None:
    del device, name, times


class _Reading:
    """A scanner or a scale."""

    def __init__(self, report: Reporter, answers: Answers, wanted: Wanted) -> None:
        self._report = report
        self._answers = answers
        self._wanted = wanted

    def serve(self, opened: OpenDevice) -> None:
        if isinstance(opened.driver, Scanner):
            use_scanner(opened.driver, self._report, self._answers)
        elif isinstance(opened.driver, Scale):
            use_scale(opened.driver, self._report, self._wanted)

    def stay_absent(self, seconds: float, why: str) -> None:
        del why
        self._report.come.wait(seconds)

    def look(self) -> None:
        """It reads all the time, and so sees for itself."""

    def end(self) -> None:
        """Nobody waits for anything."""


class _Printing:
    def __init__(self, thread: PrinterThread) -> None:
        self._thread = thread

    def serve(self, opened: OpenDevice) -> None:
        if isinstance(opened.driver, POSPrinter | LabelPrinter):
            self._thread.serve(opened.driver)

    def stay_absent(self, seconds: float, why: str) -> None:
        self._thread.stay_absent(seconds, why)

    def look(self) -> None:
        self._thread.look()

    def end(self) -> None:
        self._thread.close()


class _Displaying:
    def __init__(self, thread: DisplayThread) -> None:
        self._thread = thread

    def serve(self, opened: OpenDevice) -> None:
        if isinstance(opened.driver, LineDisplay):
            self._thread.serve(opened.driver)

    def stay_absent(self, seconds: float, why: str) -> None:
        del why
        self._thread.stay_absent(seconds)

    def look(self) -> None:
        self._thread.look()

    def end(self) -> None:
        """Nobody waits for anything."""


class Devices:
    """See the module's docstring.  `ports` holds the printers as the spooler uses them.

    `known` outlives the process if it has a folder; `udev` says what stands at an address, None: nobody can.
    """

    def __init__(
        self,
        configs: Iterable[DeviceConfig],
        on_event: Callable[[DeviceEvent], None],
        clock: Clock,
        random: Random,
        known: KnownDevices | None = None,
        udev: Ports | None = None,
    ) -> None:
        self._on_event = on_event
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._known = known or KnownDevices()
        self.beats: Beats | None = None
        """Set before `run`: the threads say when they work on something."""
        self.count: Callable[[str, str, int], None] = _nobody_counts
        """From any thread: how often something happened that no event tells of."""
        self._around = Surroundings(random, udev, self._known, lambda: self.beats)
        self._workers: dict[str, Worker] = {}
        self._answers: dict[str, Answers] = {}
        self._wanted: dict[str, Wanted] = {}
        self._printers: dict[str, PrinterThread] = {}
        self._displays: dict[str, DisplayThread] = {}
        self._states: dict[str, StateChanged] = {}
        self._weights: dict[str, DeviceEvent] = {}
        self._listeners: list[asyncio.Queue[DeviceEvent]] = []
        self._turn = asyncio.Lock()  # one change at a time
        self.before_closing: Callable[[str], Awaitable[None]] = _nothing_waits
        """Awaited before a printer that is there is closed because somebody wants it so: what is on its way ends first."""
        self.after_opening: Callable[[str], None] = _nobody_goes_on
        self.ports: Mapping[str, PrinterPort] = MappingProxyType(self._printers)
        for config in configs:
            self._add(config)

    def signal(self, device: str, *, good: bool) -> None:
        """The box's answer to what `device` read, as a sound of the device if it has one.  Never waits; lost while it is gone."""
        if device in self._answers:
            self._answers[device].give(good=good)

    def weigh(self, device: str, *, wanted: bool = True, by: str = "station") -> None:
        """Somebody waits for a weight of `device`, or does not any more.  Only scales that are asked on demand need it.

        The wish ends with the first weight that may be booked.  Never waits; does nothing for what is no scale.
        """
        if device in self._wanted:
            self._wanted[device].want(by, wanted=wanted)

    def show(self, device: str, lines: Sequence[str]) -> None:
        """Show this on a line display, now or when it is there again.  Never waits; does nothing for what is no line display."""
        if device in self._displays:
            self._displays[device].show(lines)

    async def run(self) -> None:
        """Until cancelled; then all threads end within 3 s, or are left to the process's end with a warning."""
        self._loop = asyncio.get_running_loop()
        for worker in self._workers.values():
            worker.thread.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for worker in self._workers.values():
                worker.stop()
            await asyncio.to_thread(self._join, list(self._workers.values()))

    # --- a configuration that changes -----------------------------------------------------------------------------------------

    async def reconfigure(self, config: Config) -> None:
        """Close what is no more, open what is new, close and open again what changed.  All else reads and prints on."""
        wanted = {device.id: device for device in config.devices}
        async with self._turn:
            changed = [id_ for id_, worker in self._workers.items() if wanted.get(id_) != worker.config]
            await asyncio.gather(*(self._replace(id_, wanted.get(id_)) for id_ in changed))
            for id_ in wanted.keys() - self._workers.keys():
                self._start(wanted[id_])

    async def restart(self, device: str) -> bool:
        """Close it and open it again.  False if there is none."""
        async with self._turn:
            worker = self._workers.get(device)
            if worker is None:
                return False
            await self._replace(device, worker.config)
            self.after_opening(device)
        return True

    def config(self, device: str) -> DeviceConfig | None:
        """As it is configured now."""
        worker = self._workers.get(device)
        return None if worker is None else worker.config

    async def _replace(self, device: str, config: DeviceConfig | None) -> None:
        """None: it is no more."""
        if device in self._printers:
            await self.before_closing(device)
        old = self._workers[device]
        old.stop()
        await asyncio.to_thread(self._join, [old])
        for parts in (self._workers, self._answers, self._wanted, self._printers, self._displays, self._states, self._weights):
            parts.pop(device, None)
        if config is not None:
            self._start(config)

    def _start(self, config: DeviceConfig) -> None:
        worker = self._add(config)
        if self._loop is not None:
            worker.thread.start()

    def _add(self, config: DeviceConfig) -> Worker:
        report = Reporter(config.id, self._post, self._clock)
        report.count = lambda name, times: self.count(config.id, name, times)
        worker = self._workers[config.id] = Worker(config, self._use(config, report), report, self._around)
        return worker

    # --- plugging, `edge_agent.hotplug.Concerned` ---------------------------------------------------------------------------------

    def plugged(self) -> None:
        for worker in self._workers.values():
            worker.plugged()

    def unplugged(self, sys_path: str) -> None:
        for worker in self._workers.values():
            worker.unplugged(sys_path)

    # --- looking at them ----------------------------------------------------------------------------------------------------------

    def state(self, device: str) -> StateChanged:
        """As it was told last; unknown until then."""
        return self._states.get(device, StateChanged(Condition.UNKNOWN))

    def is_told(self, device: str) -> bool:
        """Whether its thread has told a state yet."""
        return device in self._states

    def weight(self, device: str) -> DeviceEvent | None:
        """What a scale shows, if it is ready and told it by itself; None: it must be asked."""
        if self.state(device).state is not Condition.READY or self._wanted[device].is_asked:
            return None
        return self._weights.get(device)

    def learned(self, device: str) -> Mapping[str, object]:
        """The options that a symbol taught."""
        return self._known.of(device).learned

    def identity(self, device: str) -> Identity | None:
        """Which device stood there last, and was trusted."""
        return self._known.of(device).identity

    def seen(self, device: str) -> Identity | None:
        """Which stands there now, as far as can be said."""
        return self._workers[device].seen()

    def ring(self, device: str) -> Ring:
        """What passed between the device and its driver."""
        return self._workers[device].ring

    def options(self, device: str) -> Mapping[str, object]:
        """As configured, and over that as a symbol taught."""
        return self._workers[device].options()

    def printer(self, device: str) -> PrinterThread | None:
        return self._printers.get(device)

    def display(self, device: str) -> DisplayThread | None:
        return self._displays.get(device)

    def confirm(self, device: str, identity: Identity) -> None:
        """A person says that this one takes over the name and the role; it is opened now."""
        self._known.confirm(device, identity)
        self._workers[device].wake()

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Queue[DeviceEvent]]:
        """All events of all devices from here on, besides whom `on_event` tells."""
        queue: asyncio.Queue[DeviceEvent] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            yield queue
        finally:
            self._listeners.remove(queue)

    # --- inside -------------------------------------------------------------------------------------------------------------------

    def _use(self, config: DeviceConfig, report: Reporter) -> Use:
        if config.kind in PRINTERS:
            is_cut = config.options.get("cut") != "none"
            printer = self._printers[config.id] = PrinterThread(report, is_cut=is_cut)
            return _Printing(printer)
        if config.kind is Kind.LINE_DISPLAY:
            display = self._displays[config.id] = DisplayThread(report)
            return _Displaying(display)
        answers = self._answers[config.id] = Answers()
        wanted = self._wanted[config.id] = Wanted()
        return _Reading(report, answers, wanted)

    def _join(self, workers: Sequence[Worker]) -> None:
        deadline = time.monotonic() + STOP_WITHIN
        for worker in workers:
            if worker.thread.ident is None:
                continue  # it was never started
            worker.thread.join(max(0.0, deadline - time.monotonic()))
            if worker.thread.is_alive():
                _log.warning("a device's thread did not end in time", extra={"device": worker.config.id})

    def _post(self, event: DeviceEvent) -> None:
        """From any thread.  After the loop's end nobody is there to be told."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell, event)

    def _tell(self, event: DeviceEvent) -> None:
        if isinstance(event.what, StateChanged):
            self._states[event.device] = event.what
            if event.what.state is not Condition.READY:
                self._weights.pop(event.device, None)
        if isinstance(event.what, WeightChanged):
            self._weights[event.device] = event
        for listener in self._listeners:
            listener.put_nowait(event)
        self._on_event(event)
