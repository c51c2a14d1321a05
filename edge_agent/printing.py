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

from drivers.devices import Announces, Encoded, LabelPrinter, POSPrinter, PrinterStatus, PrintProof, Readiness, Resumes
from drivers.documents.model import Label, Receipt
from drivers.errors import DeviceFault, DeviceUnavailable, DriverError, Unsupported
from edge_agent.device_events import Reporter
from edge_agent.faults import fault, faults
from edge_agent.liveness import PRINT_MS, READ_MS
from edge_agent.printer_port import NothingSent
from edge_agent.seams import failpoint
from edge_agent.statistics import printed
from edge_agent.wire.messages import Condition

T = TypeVar("T")
AnyPrinter = POSPrinter | LabelPrinter

LOOK_EVERY = 5.0
"""Seconds between two looks at a printer that is ready and has nothing to do."""
LOOK_AGAIN = 1.0
"""Seconds until the next look at one that is not ready: a person stands there and loads paper."""
LISTEN_EVERY = 0.25
"""Seconds between two moments in which a printer that tells its changes is listened to."""
RELOAD_WITHIN = 180.0
"""Seconds that a person has to load paper, or close the cover, in the middle of a job whose rest the printer then still proves."""
RESUME = 1.0
"""Seconds of one try to get such a late proof."""
TEST_PROOF = 10.0
"""Seconds that a test print has to be proven."""
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


_CLOSED = "the box stops using this printer: it is restarted, changed, or the box is stopping"


class PrinterThread:
    """Both sides of a printer's thread: `serve` and `stay_absent` run on it, the PrinterPort's methods in the event loop."""

    def __init__(self, report: Reporter, reload_within: float = RELOAD_WITHIN, *, is_cut: bool = True) -> None:
        self._report = report
        self._is_cut = is_cut
        self._rendered: tuple[Encoded, dict[str, int]] | None = None
        """The newest document, and what it counts as once it is out."""
        self._reload_within = reload_within
        self._is_ready = False
        self._is_mid_job = False
        self._is_closed = False
        self._queue: queue.SimpleQueue[_Work[object] | None] = queue.SimpleQueue()

    # --- in the event loop -------------------------------------------------------------------------------------------------------

    async def status(self) -> PrinterStatus:
        return await self._wait_for(self._look)

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        return await self._wait_for(lambda printer: self._encode(printer, document, copies=copies, copy_mark=copy_mark))

    async def send(self, encoded: Encoded) -> None:
        await self._wait_for(lambda printer: self._send(printer, encoded), NothingSent)

    async def prove(self, encoded: Encoded, timeout: float) -> PrintProof:  # noqa: ASYNC109 -- the device's own limit
        return await self._wait_for(lambda printer: self._prove(printer, encoded, timeout))

    async def print_once(self, document: Label | Receipt) -> PrintProof:
        """A test, past the queue of jobs and not in the journal.  Raises DriverError, DocumentError, NothingSent."""
        return await self._wait_for(lambda printer: self._print_once(printer, document), NothingSent)

    def look(self) -> None:
        """Let the thread look up from its queue; `report.stop`, `report.gone` or `report.come` is set."""
        self._queue.put(None)

    async def _wait_for(self, do: Callable[[AnyPrinter], T], absent: Callable[[str], Exception] = DeviceUnavailable) -> T:
        done: Future[T] = Future()
        self._queue.put(_Work(do, done, absent))  # type: ignore[arg-type]  # what comes out of the queue is only run
        if self._is_closed:  # whoever still holds on to it is answered, too
            self.refuse_all(_CLOSED)
        return await asyncio.wrap_future(done)

    # --- on the thread -----------------------------------------------------------------------------------------------------------

    def serve(self, printer: AnyPrinter) -> None:
        """Until `report.stop`, and the proof of a job whose bytes are out.  Raises DeviceUnavailable."""
        with self._report.working(READ_MS):
            self._look(printer)
        announcing = printer if isinstance(printer, Announces) else None
        next_look = time.monotonic() + self._pause()
        while not self._report.stop.is_set() or self._is_mid_job:
            if self._report.gone.is_set():
                raise DeviceUnavailable("the printer was unplugged: plug it in again")
            left = max(0.0, next_look - time.monotonic())
            listening = None if self._is_mid_job else announcing
            try:
                work = self._queue.get(timeout=min(left, LISTEN_EVERY) if listening else left)
            except queue.Empty:
                if listening and time.monotonic() < next_look:
                    with self._report.working(READ_MS):
                        self._listen(listening)
                    continue
                self._is_mid_job = False
                with self._report.working(READ_MS):
                    self._look(printer)
            else:
                if work is not None:
                    with self._report.working(PRINT_MS):
                        work.run(printer)
            next_look = time.monotonic() + self._pause()

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

    def close(self) -> None:
        """The thread has ended: all who come, now or later, are told so."""
        self._is_closed = True
        self.refuse_all(_CLOSED)

    def refuse_all(self, why: str) -> None:
        while not self._queue.empty():
            work = self._queue.get_nowait()
            if work is not None:
                work.refuse(why)

    def _pause(self) -> float:
        return LOOK_EVERY if self._is_ready and not self._is_mid_job else LOOK_AGAIN

    def _look(self, printer: AnyPrinter) -> PrinterStatus:
        status = printer.status()
        self._tell(status)
        return status

    def _listen(self, printer: Announces) -> None:
        told = printer.announced()
        if told is not None:
            self._tell(told)

    def _tell(self, status: PrinterStatus) -> None:
        self._is_ready = status.readiness is Readiness.OK or status.is_one_way
        self._report.drawer(status.drawer_open)
        match status.readiness:
            case Readiness.OK:
                self._report.state(Condition.READY)
            case Readiness.FAULT:
                self._report.state(Condition.FAULT, faults(status.faults or ("offline",)))
            case Readiness.UNKNOWN:
                self._report.state(Condition.UNKNOWN, [] if status.is_one_way else [fault("no_answer")])

    def _encode(self, printer: AnyPrinter, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        encoded = encode(printer, document, copies=copies, copy_mark=copy_mark)
        self._rendered = (encoded, printed(document, copies=copies, is_cut=self._is_cut))
        return encoded

    def _count(self, encoded: Encoded) -> None:
        """It is out, as far as the printer can prove that."""
        if self._rendered is not None and self._rendered[0] is encoded:
            for name, times in self._rendered[1].items():
                self._report.count(name, times)

    def _send(self, printer: AnyPrinter, encoded: Encoded) -> None:
        self._report.state(Condition.BUSY)
        self._is_mid_job = True
        for piece in pieces(encoded):
            printer.send(replace(encoded, data=piece, again=b""))
            failpoint("print.after_first_byte")

    def _print_once(self, printer: AnyPrinter, document: Label | Receipt) -> PrintProof:
        if self._is_mid_job:
            raise NothingSent("the printer is in the middle of another print: try again when it is done")
        status = self._look(printer)
        if status.readiness is not Readiness.OK and not status.is_one_way:
            why = faults(status.faults) or [fault("no_answer")]
            raise NothingSent(" ".join(each.message for each in why))
        encoded = self._encode(printer, document, copies=1, copy_mark=False)
        self._send(printer, encoded)
        return self._prove(printer, encoded, TEST_PROOF)

    def _prove(self, printer: AnyPrinter, encoded: Encoded, timeout: float) -> PrintProof:
        try:
            proof = self._proven(printer, encoded, timeout)
            self._count(encoded)
            return proof
        finally:
            self._is_mid_job = False
            with contextlib.suppress(DriverError):  # what was proven stays proven; the next look will see it again
                self._look(printer)

    def _proven(self, printer: AnyPrinter, encoded: Encoded, timeout: float) -> PrintProof:
        try:
            return printer.prove(encoded, timeout)
        except DeviceFault as stopped:
            if not isinstance(printer, Resumes):
                raise
            return self._proven_late(printer, stopped, timeout)

    def _proven_late(self, printer: Resumes, stopped: DeviceFault, timeout: float) -> PrintProof:
        """A person puts it right and the rest comes out: the answer that was asked for is waited for, and the fault told meanwhile.

        Raises DeviceFault: the fault lasted too long, or no answer came within `timeout` seconds of its end (it was switched off).
        """
        give_up = time.monotonic() + self._reload_within
        left = timeout
        self._report.state(Condition.FAULT, faults(stopped.faults))
        while left > 0 and time.monotonic() < give_up and not (self._report.stop.is_set() or self._report.gone.is_set()):
            try:
                proof = printer.resume_proof(RESUME)
            except DeviceFault as still:
                stopped, left = still, timeout
                self._report.state(Condition.FAULT, faults(stopped.faults))
                self._report.stop.wait(LISTEN_EVERY)
            else:
                if proof is not None:
                    return proof
                self._report.state(Condition.BUSY)
                left -= RESUME
        raise stopped


def encode(printer: AnyPrinter, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
    """In the printer's language.  Raises Unsupported (not for this kind of printer, or does not fit), DocumentError."""
    if isinstance(document, Label) and isinstance(printer, LabelPrinter):
        return printer.encode_label(document, copies=copies, copy_mark=copy_mark)
    if isinstance(document, Receipt) and isinstance(printer, POSPrinter):
        first = printer.encode_receipt(document, copy_mark=copy_mark)
        if copies == 1:
            return first
        more = printer.encode_receipt(replace(document, open_drawer=False), copy_mark=copy_mark)  # the drawer opens once a job
        return replace(first, copies=copies, again=more.data)
    kind = "label" if isinstance(document, Label) else "receipt"
    raise Unsupported(f"the template makes a {kind}, and this printer prints none; send it to another printer")


def pieces(encoded: Encoded) -> Iterator[bytes]:
    """The first byte alone: before it the job is on disk as `sending`, after it nobody knows what is on paper."""
    yield encoded.data[:1]
    yield from _pieces(encoded.data[1:])
    if encoded.again:
        for _ in range(encoded.copies - 1):
            yield from _pieces(encoded.again)


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]
