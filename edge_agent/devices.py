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
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Protocol

from drivers.devices import LabelPrinter, POSPrinter, Scale, Scanner
from drivers.errors import DeviceUnavailable, DriverError, Unsupported
from drivers.registry import Kind, OpenDevice, open_device
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Reporter, Scanned, StateChanged, WeightChanged
from edge_agent.faults import fault
from edge_agent.printing import PrinterThread
from edge_agent.reading import Answers, use_scale, use_scanner
from edge_agent.seams import Clock
from edge_agent.spooler import PrinterPort
from edge_agent.wire.messages import Condition

__all__ = ["DeviceEvent", "Devices", "DrawerMoved", "Failed", "Scanned", "StateChanged", "WeightChanged"]

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
"""Seconds between two tries to open a device: doubled each time, with jitter (0.5 to 1 of it)."""
STEADY = 10.0
"""A device that was there for as many seconds is tried again soon when it goes."""
STOP_WITHIN = 3.0
"""Seconds for all threads to end; every wait of a driver is 1 s or less."""

PRINTERS = (Kind.RECEIPT_PRINTER, Kind.LABEL_PRINTER)

_log = logging.getLogger(__name__)


class _Use(Protocol):
    """What a thread does with its device, and while it has none."""

    def serve(self, opened: OpenDevice) -> None: ...

    def stay_absent(self, seconds: float, why: str) -> None: ...

    def stop(self) -> None:
        """From the loop: let the thread look up soon; `report.stop` is set."""
        ...

    def end(self) -> None:
        """On the thread, last of all."""
        ...


class _Reading:
    """A scanner or a scale."""

    def __init__(self, report: Reporter, answers: Answers) -> None:
        self._report = report
        self._answers = answers

    def serve(self, opened: OpenDevice) -> None:
        if isinstance(opened.driver, Scanner):
            use_scanner(opened.driver, self._report, self._answers)
        elif isinstance(opened.driver, Scale):
            use_scale(opened.driver, self._report)

    def stay_absent(self, seconds: float, why: str) -> None:
        del why
        self._report.stop.wait(seconds)

    def stop(self) -> None:
        """`report.stop` is enough."""

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

    def stop(self) -> None:
        self._thread.stop()

    def end(self) -> None:
        self._thread.refuse_all("the box is stopping")


class Devices:
    """See the module's docstring.  `ports` holds the printers as the spooler uses them."""

    def __init__(
        self, configs: Iterable[DeviceConfig], on_event: Callable[[DeviceEvent], None], clock: Clock, random: Random
    ) -> None:
        self._on_event = on_event
        self._random = random
        self._loop: asyncio.AbstractEventLoop | None = None
        self._workers: list[_Worker] = []
        self._answers: dict[str, Answers] = {}
        printers: dict[str, PrinterPort] = {}
        for config in configs:
            report = Reporter(config.id, self._post, clock)
            if config.kind in PRINTERS:
                printer = printers[config.id] = PrinterThread(report)
                use: _Use = _Printing(printer)
            else:
                answers = self._answers[config.id] = Answers()
                use = _Reading(report, answers)
            self._workers.append(_Worker(config, use, report, random))
        self.ports: Mapping[str, PrinterPort] = printers

    def signal(self, device: str, *, good: bool) -> None:
        """The box's answer to what `device` read, as a sound of the device if it has one.  Never waits; lost while it is gone."""
        if device in self._answers:
            self._answers[device].give(good=good)

    async def run(self) -> None:
        """Until cancelled; then all threads end within 3 s, or are left to the process's end with a warning."""
        self._loop = asyncio.get_running_loop()
        for worker in self._workers:
            worker.thread.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for worker in self._workers:
                worker.stop()
            await asyncio.to_thread(self._join)

    def _join(self) -> None:
        deadline = time.monotonic() + STOP_WITHIN
        for worker in self._workers:
            worker.thread.join(max(0.0, deadline - time.monotonic()))
            if worker.thread.is_alive():
                _log.warning("a device's thread did not end in time", extra={"device": worker.config.id})

    def _post(self, event: DeviceEvent) -> None:
        """From any thread.  After the loop's end nobody is there to be told."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._on_event, event)


class _Worker:
    """The thread of one device."""

    def __init__(self, config: DeviceConfig, use: _Use, report: Reporter, random: Random) -> None:
        self.config = config
        self.thread = threading.Thread(target=self._run, name=f"device[{config.id}]", daemon=True)
        self._use = use
        self._report = report
        self._random = random
        self._is_lost = False

    def stop(self) -> None:
        self._report.stop.set()
        self._use.stop()

    def _run(self) -> None:
        wait = FIRST_WAIT
        while not self._report.stop.is_set():
            began = time.monotonic()
            why = self._serve()
            if self._report.stop.is_set():
                break
            if time.monotonic() - began >= STEADY:
                wait = FIRST_WAIT
            self._use.stay_absent(wait * self._random.uniform(0.5, 1.0), why)
            wait = min(wait * 2, LONGEST_WAIT)
        self._use.end()

    def _serve(self) -> str:
        """Open it and use it as long as it is there; why it is not there any more."""
        try:
            with contextlib.closing(self._open()) as opened:
                self._found()
                self._use.serve(opened)
        except DeviceUnavailable as error:
            return self._lost(Condition.ABSENT, "absent", str(error))
        except Unsupported as error:
            return self._lost(Condition.FAULT, error.code, str(error))
        except DriverError as error:
            return self._lost(Condition.UNKNOWN, error.code, str(error))
        except Exception:  # noqa: BLE001 -- a broken driver must not stop the other devices
            _log.exception("a driver failed", extra={"device": self.config.id})
            return self._lost(Condition.FAULT, "internal_error", "")
        return ""

    def _open(self) -> OpenDevice:
        opened = open_device(self.config.model, self.config.address, self.config.options)
        if opened.kind is self.config.kind:
            return opened
        opened.close()
        raise Unsupported(f"{self.config.model} is a {opened.kind}, configured as a {self.config.kind}: correct its `kind`")

    def _found(self) -> None:
        if self._is_lost:
            _log.info("device is back", extra={"device": self.config.id})
        self._is_lost = False

    def _lost(self, state: Condition, code: str, message: str) -> str:
        """Logged once, until it is back."""
        told = fault(code, message)
        if not self._is_lost:
            _log.warning("device is lost: %s", told.message, extra={"device": self.config.id})
        self._is_lost = True
        self._report.state(state, [told])
        return told.message
