"""Brother label printers: the conversation.  Encoding is in `brother_encoder`, reading answers in `brother_replies`."""

from __future__ import annotations

import time

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness, Transport
from drivers.documents.model import Label
from drivers.errors import DeviceFault, DeviceTimeout, ProtocolViolation
from drivers.printers.brother_options import BrotherOptions, BrotherPtOptions, BrotherQlOptions
from drivers.printers.brother_replies import HEADER, SIZE, BrotherStatus, Said, parse_status
from drivers.registry import Kind, register

_ASK = b"\x1biS"
_INITIALIZE = b"\x1b@"
_ANSWER_WAIT = 0.4
_REST_WAIT = 0.2
_LISTEN = 0.5
_SETTLE = 0.3
"""After "printing completed" the last label is still fed and cut, and that can fail (the manual's chart 5.2)."""
_MOST_SETTLING = 1.0


@register("brother.ql", kind=Kind.LABEL_PRINTER, options=BrotherQlOptions)
@register("brother.pt", kind=Kind.LABEL_PRINTER, options=BrotherPtOptions)
class Brother:
    """Brother QL (720 pins, 300 dpi) and P-touch (128 pins, 180 dpi) label printers, in raster mode, one colour.

    Source: Brother, Software Developer's Manual, Raster Command Reference: QL-800/810W/820NWB v1.01, QL-720NW v1.01 (status p. 21,
    flow charts chapter 5), QL-500 … 1060N v6.0, PT-E550W/P750W/P710BT v1.01.

    The printer tells what is in it, and is held to what it was configured for: anything else is the fault `wrong_media`.  While it
    prints it must not be asked; it sends "printing completed" for each label by itself, which is the proof.  After an error it has
    forgotten the rest of the job.  Network models may answer nothing over TCP: set `answers` to false there.  Wide models (QL-1050,
    1060N, 1100) have another head and are not covered; QL-500 has no cutter: `cut` false.
    """

    def __init__(self, transport: Transport, options: BrotherOptions) -> None:
        self._transport = transport
        self._options = options
        self._has_answered = False

    def encode_label(self, label: Label, *, copies: int = 1, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (does not fit the media, a character no font of ours has, a barcode that does not fit)."""
        from drivers.printers.brother_encoder import encode_label  # noqa: PLC0415 -- loads Pillow with the first label

        return encode_label(label, self._options, copies=copies, copy_mark=copy_mark)

    def status(self) -> PrinterStatus:
        """Asked; if nothing comes, again after what a broken-off job may have left is flushed.  Raises DeviceUnavailable."""
        if not self._options.answers:
            return PrinterStatus(Readiness.UNKNOWN, is_one_way=True)
        self._transport.discard_input()
        status = self._ask() or self._ask(flush=True)
        if status is None:
            return PrinterStatus(Readiness.UNKNOWN)
        faults = status.faults or status.fits(self._options.paper, self._options.family)
        return PrinterStatus(Readiness.FAULT if faults else Readiness.OK, faults)

    def send(self, encoded: Encoded) -> None:
        """Raises DeviceUnavailable, DeviceTimeout (part of it may be out)."""
        self._transport.write(encoded.data)

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """Listen until each label was told to be completed and the printer waits for the next job: confirmed.

        Raises DeviceFault (stopped in the middle), DeviceTimeout (fewer were told), DeviceUnavailable.
        """
        if not self._options.answers:
            return PrintProof.WRITTEN
        deadline = time.monotonic() + timeout
        completed = 0
        silence = 0.0
        while silence < timeout and (left := deadline - time.monotonic()) > 0:
            wait = min(left, _LISTEN)
            status = self._next(wait)
            if status is None:
                silence += wait
                continue
            _raise_for_faults(status)
            completed += status.said is Said.COMPLETED
            if completed >= encoded.copies and status.said is Said.PHASE and not status.is_printing:
                return self._confirm()
        if not self._has_answered:
            return PrintProof.WRITTEN
        raise DeviceTimeout(f"after {timeout:g} s the label printer has told of {completed} labels of {encoded.copies}")

    def _confirm(self) -> PrintProof:
        """All labels were told of; the end of the last one can still fail."""
        deadline = time.monotonic() + _MOST_SETTLING
        while time.monotonic() < deadline and (status := self._next(_SETTLE)) is not None:
            _raise_for_faults(status)
        if (status := self._ask()) is not None:
            _raise_for_faults(status)
        return PrintProof.CONFIRMED

    def _ask(self, *, flush: bool = False) -> BrotherStatus | None:
        """None if no reply came; what the printer says by itself meanwhile is passed over, its state is in the reply too."""
        self._transport.write((bytes(self._options.family.invalid) + _INITIALIZE if flush else b"") + _ASK)
        deadline = time.monotonic() + _ANSWER_WAIT
        while (left := deadline - time.monotonic()) > 0 and (status := self._next(left)) is not None:
            if status.said is Said.REPLY:
                return status
        return None

    def _next(self, timeout: float) -> BrotherStatus | None:
        """The next status that can be read, or None after `timeout` seconds without one; noise before it is dropped."""
        deadline = time.monotonic() + timeout
        left = timeout
        while left > 0:
            try:
                status = self._read(left)
            except DeviceTimeout:
                return None
            except ProtocolViolation:
                left = deadline - time.monotonic()
                continue
            self._has_answered = True
            return status
        return None

    def _read(self, timeout: float) -> BrotherStatus:
        """Raises DeviceTimeout (silence, or noise), ProtocolViolation (it is damaged or cut off)."""
        self._transport.read_until(HEADER, timeout)
        rest = b""
        while len(rest) < SIZE - len(HEADER) and (more := self._transport.read(SIZE - len(HEADER) - len(rest), _REST_WAIT)):
            rest += more
        return parse_status(HEADER + rest)


def _raise_for_faults(status: BrotherStatus) -> None:
    faults = status.faults or (("printer_error",) if status.said is Said.ERROR else ())
    faults = faults or (("offline",) if status.said is Said.OFF else ())
    if faults:
        raise DeviceFault(f"the label printer stopped: {', '.join(faults)}", faults)
