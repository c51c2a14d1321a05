"""Star receipt printers in Star Line Mode: the conversation.  Encoding is in `star_encoder`, reading replies in `star_replies`."""

from __future__ import annotations

import time

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness, Transport
from drivers.documents.model import Receipt
from drivers.errors import DeviceFault
from drivers.printers.star_marks import Marks
from drivers.printers.star_options import ANNOUNCE, StarOptions
from drivers.printers.star_replies import Frame, FrameReader, parse_frame
from drivers.registry import Kind, register

_ANSWER_WAIT = 0.5
_SLICE = 0.25
_POLL_EVERY = 1.0
_ASK_STATUS = b"\x1b\x06\x01"
_RESET_COUNTER = b"\x1b\x1eE\x00"
_ETB = b"\x17"
_ONE_WAY = PrinterStatus(Readiness.UNKNOWN, is_one_way=True)


@register("star.line", kind=Kind.RECEIPT_PRINTER, options=StarOptions)
class StarLine:
    """Star receipt printer in Star Line Mode (TSP600 to TSP1000, TSP650II, TSP700II, TSP800II, mC-Print in that emulation).

    Asked by ESC ACK SOH, it answers with its automatic status.  Proof: ESC RS E 0 sets its ETB counter to 0, and ETBs behind the
    receipt count it up to a mark that no other job of this connection can reach (`star_marks`): it counts an ETB when all before it
    is printed.  Source: Star Line Mode Command Specifications, 3.3 (ETB, ESC RS E, ESC RS a, ESC ACK SOH) and Appendix 2.

    Uncertain without devices, therefore options: `proof = "barrier"` for a model that counts an ETB when it reads it (the manual's
    first of two specifications of ETB); `page`; `drawer_open`.  The manual of the HSP7000 advises against ESC ACK SOH while
    automatic status is on, that of the TSP models allows it: `announces = false` leaves it off.
    """

    def __init__(self, transport: Transport, options: StarOptions) -> None:
        self._transport = transport
        self._options = options
        self._reader = FrameReader()
        self._seen: list[Frame] = []
        self._marks = Marks(int(time.time()))
        self._is_set_up = False
        self._asked: int | None = None

    def encode_receipt(self, receipt: Receipt, *, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (a character no font of ours has, a barcode that does not fit)."""
        from drivers.printers.star_encoder import encode_receipt  # noqa: PLC0415 -- loads Pillow with the first receipt

        return encode_receipt(receipt, self._options, copy_mark=copy_mark)

    def status(self) -> PrinterStatus:
        """ESC ACK SOH, answered within 0.5 s.  Silence is unknown.  Raises DeviceUnavailable."""
        if not self._options.answers:
            return _ONE_WAY
        self._forget_input()
        frame = self._ask()
        if frame is None:
            return PrinterStatus(Readiness.UNKNOWN)
        status = parse_frame(frame, self._options.drawer_open)
        if status.readiness is Readiness.OK:
            self._set_up()
        return status

    def announced(self) -> PrinterStatus | None:
        """The last automatic status that came since; None if none did.  Never waits.  Raises DeviceUnavailable."""
        if not (self._options.answers and self._is_set_up and self._options.announces):
            return None
        self._receive(0)
        frames, self._seen = self._seen, []
        return parse_frame(frames[-1], self._options.drawer_open) if frames else None

    def send(self, encoded: Encoded) -> None:
        """Raises DeviceUnavailable, DeviceTimeout (part of it may be out)."""
        self._set_up()
        self._asked = None
        self._is_set_up = False  # a part that does not get through leaves the printer inside a picture
        self._transport.write(encoded.data)
        self._is_set_up = True

    def open_drawer(self) -> None:
        """A pulse of 200 ms.  Raises DeviceUnavailable, DeviceTimeout."""
        from drivers.printers.star_encoder import drawer_pulse  # noqa: PLC0415 -- as above

        self._transport.write(drawer_pulse(self._options))

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """The ETB counter at our mark: confirmed.  ETB passed and a good status: status_ok.  Else written.

        Raises DeviceFault (it stopped, or lost data); `resume_proof` can go on after it.
        """
        del encoded  # what comes back says that everything before the question is done
        if not self._options.answers:
            return PrintProof.WRITTEN
        self._forget_input()
        frame = self._ask()
        self._seen.clear()
        mark = self._marks.next(frame.counter) if frame is not None and self._options.proof == "auto" else None
        self._asked = mark or 0
        self._transport.write(_RESET_COUNTER + _ETB * mark if mark else _ETB)
        return self._await_mark(timeout) or PrintProof.WRITTEN

    def resume_proof(self, timeout: float) -> PrintProof | None:
        """Go on waiting for what `prove` asked; None if it does not come within `timeout`.  Raises DeviceFault."""
        return None if self._asked is None else self._await_mark(timeout)

    def _await_mark(self, timeout: float) -> PrintProof | None:
        """None after `timeout` seconds, or when it stopped answering."""
        deadline = time.monotonic() + timeout
        silence = since_poll = 0.0
        while True:
            while self._seen:
                if proof := self._judged(self._seen.pop(0)):
                    return proof
            if silence >= timeout or time.monotonic() >= deadline:
                return self._last_look()
            if since_poll >= _POLL_EVERY:
                self._transport.write(_ASK_STATUS)
                since_poll = 0.0
            if not self._receive(_SLICE):
                silence, since_poll = silence + _SLICE, since_poll + _SLICE

    def _last_look(self) -> PrintProof | None:
        frame = self._ask()
        return self._judged(frame) if frame is not None else None

    def _judged(self, frame: Frame) -> PrintProof | None:
        """What one status says of the job that is waited for.  Raises DeviceFault."""
        if frame.has_lost_data:
            self._asked = None  # what is printed is not what was sent
            raise DeviceFault("the receipt printer's buffer overflowed: a part of the receipt is lost", ("printer_error",))
        mark = self._asked
        if mark and frame.counter == mark:
            self._marks.reached(mark)
            self._asked = None
            return PrintProof.CONFIRMED
        status = parse_frame(frame, self._options.drawer_open)
        if status.faults:
            raise DeviceFault(f"the receipt printer stopped: {', '.join(status.faults)}", status.faults)
        if mark == 0 and frame.has_passed_etb:
            self._asked = None
            return PrintProof.STATUS_OK
        return None

    def _ask(self) -> Frame | None:
        """The next status."""
        self._transport.write(_ASK_STATUS)
        deadline = time.monotonic() + _ANSWER_WAIT
        while (left := deadline - time.monotonic()) > 0 and self._receive(left):
            if self._seen:
                return self._seen.pop()
        return None

    def _forget_input(self) -> None:
        self._transport.discard_input()
        self._reader.clear()
        self._seen.clear()

    def _receive(self, timeout: float) -> bool:
        data = self._transport.read(256, timeout)
        self._seen += self._reader.feed(data)
        return bool(data)

    def _set_up(self) -> None:
        """NULs complete a picture that an earlier connection broke off; between commands they are ignored."""
        if self._is_set_up:
            return
        announce = ANNOUNCE if self._options.announces and self._options.answers else b""
        self._transport.write(bytes(3 * self._options.dots + 4) + announce)
        self._is_set_up = True
