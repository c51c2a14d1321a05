"""Using a printer, on its thread: work for the spooler first, a look at its state when there is none."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from drivers.devices import Encoded, LabelPrinter, POSPrinter, PrinterStatus, PrintProof, Readiness
from drivers.documents.model import Label, Receipt
from drivers.errors import DeviceUnavailable, DriverError, Unsupported
from edge_agent.device_events import Reporter
from edge_agent.faults import fault, faults
from edge_agent.seams import failpoint
from edge_agent.spooler import NothingSent
from edge_agent.wire.messages import Condition

T = TypeVar("T")
AnyPrinter = POSPrinter | LabelPrinter

LOOK_EVERY = 5.0
"""Seconds between two looks at a printer that is ready and has nothing to do."""
LOOK_AGAIN = 1.0
"""Seconds until the next look at one that is not ready: a person stands there and loads paper."""
PIECE = 512
"""Bytes sent at a time: within 1 s at 9600 baud, so that a slow line is not taken for a dead one."""


@dataclass(frozen=True, slots=True)
class _Work(Generic[T]):
    """`absent` makes the error for when there is no printer to do it."""

    do: Callable[[AnyPrinter], T]
    done: Future[T]
    absent: Callable[[str], Exception]

    def run(self, printer: AnyPrinter) -> None:
        """Raises DeviceUnavailable, after it was told to whoever waits: the printer must be opened again."""
        if not self.done.set_running_or_notify_cancel():
            return
        try:
            result = self.do(printer)
        except DeviceUnavailable as error:
            self.done.set_exception(error)
            raise
        except Exception as error:  # noqa: BLE001 -- whoever waits for it gets it
            self.done.set_exception(error)
        else:
            self.done.set_result(result)

    def refuse(self, why: str) -> None:
        if self.done.set_running_or_notify_cancel():
            self.done.set_exception(self.absent(why))


class PrinterThread:
    """Both sides of a printer's thread: `serve` and `stay_absent` run on it, the PrinterPort's methods in the event loop."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._is_ready = False
        self._is_mid_job = False
        self._queue: queue.SimpleQueue[_Work[object] | None] = queue.SimpleQueue()

    # --- in the event loop -------------------------------------------------------------------------------------------------------

    async def status(self) -> PrinterStatus:
        return await self._wait_for(self._look)

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        return await self._wait_for(lambda printer: encode(printer, document, copies=copies, copy_mark=copy_mark))

    async def send(self, encoded: Encoded) -> None:
        await self._wait_for(lambda printer: self._send(printer, encoded), NothingSent)

    async def prove(self, encoded: Encoded, timeout: float) -> PrintProof:  # noqa: ASYNC109 -- the device's own limit
        return await self._wait_for(lambda printer: self._prove(printer, encoded, timeout))

    def look(self) -> None:
        """Let the thread look up from its queue; `report.stop`, `report.gone` or `report.come` is set."""
        self._queue.put(None)

    async def _wait_for(self, do: Callable[[AnyPrinter], T], absent: Callable[[str], Exception] = DeviceUnavailable) -> T:
        done: Future[T] = Future()
        self._queue.put(_Work(do, done, absent))  # type: ignore[arg-type]  # what comes out of the queue is only run
        return await asyncio.wrap_future(done)

    # --- on the thread -----------------------------------------------------------------------------------------------------------

    def serve(self, printer: AnyPrinter) -> None:
        """Until `report.stop`, and the proof of a job whose bytes are out.  Raises DeviceUnavailable."""
        self._look(printer)
        while not self._report.stop.is_set() or self._is_mid_job:
            if self._report.gone.is_set():
                raise DeviceUnavailable("the printer was unplugged: plug it in again")
            try:
                work = self._queue.get(timeout=LOOK_EVERY if self._is_ready and not self._is_mid_job else LOOK_AGAIN)
            except queue.Empty:
                self._is_mid_job = False
                self._look(printer)
                continue
            if work is not None:
                work.run(printer)

    def stay_absent(self, seconds: float, why: str) -> None:
        """Tell all who come that there is no printer, until it is worth trying again."""
        deadline = time.monotonic() + seconds
        while not self._report.come.is_set() and (left := deadline - time.monotonic()) > 0:
            try:
                work = self._queue.get(timeout=left)
            except queue.Empty:
                return
            if work is not None:
                work.refuse(why)

    def refuse_all(self, why: str) -> None:
        while not self._queue.empty():
            work = self._queue.get_nowait()
            if work is not None:
                work.refuse(why)

    def _look(self, printer: AnyPrinter) -> PrinterStatus:
        status = printer.status()
        self._is_ready = status.readiness is Readiness.OK or status.is_one_way
        self._tell(status)
        return status

    def _tell(self, status: PrinterStatus) -> None:
        self._report.drawer(status.drawer_open)
        match status.readiness:
            case Readiness.OK:
                self._report.state(Condition.READY)
            case Readiness.FAULT:
                self._report.state(Condition.FAULT, faults(status.faults or ("offline",)))
            case Readiness.UNKNOWN:
                self._report.state(Condition.UNKNOWN, [] if status.is_one_way else [fault("no_answer")])

    def _send(self, printer: AnyPrinter, encoded: Encoded) -> None:
        self._report.state(Condition.BUSY)
        self._is_mid_job = True
        for piece in _pieces(encoded.data):
            printer.send(replace(encoded, data=piece))
            failpoint("print.after_first_byte")

    def _prove(self, printer: AnyPrinter, encoded: Encoded, timeout: float) -> PrintProof:
        try:
            return printer.prove(encoded, timeout)
        finally:
            self._is_mid_job = False
            with contextlib.suppress(DriverError):  # what was proven stays proven; the next look will see it again
                self._look(printer)


def encode(printer: AnyPrinter, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
    """In the printer's language.  Raises Unsupported (not for this kind of printer, or does not fit), DocumentError."""
    if isinstance(document, Label) and isinstance(printer, LabelPrinter):
        return printer.encode_label(document, copies=copies, copy_mark=copy_mark)
    if isinstance(document, Receipt) and isinstance(printer, POSPrinter):
        once = printer.encode_receipt(document, copy_mark=copy_mark)
        return replace(once, data=once.data * copies, copies=once.copies * copies)
    kind = "label" if isinstance(document, Label) else "receipt"
    raise Unsupported(f"the template makes a {kind}, and this printer prints none; send it to another printer")


def _pieces(data: bytes) -> Iterator[bytes]:
    """The first byte alone: before it the job is on disk as `sending`, after it nobody knows what is on paper."""
    yield data[:1]
    for start in range(1, len(data), PIECE):
        yield data[start : start + PIECE]
