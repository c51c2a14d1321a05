"""ESC/POS receipt printers: the conversation.  Encoding is in `escpos_encoder`, reading replies in `escpos_replies`."""

from __future__ import annotations

import time
from enum import Enum, auto

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness, Transport
from drivers.documents.model import Receipt
from drivers.errors import DeviceFault
from drivers.printers.escpos_options import ANNOUNCE, LONGEST_HEADER, RASTER_ROWS, EscposOptions
from drivers.printers.escpos_replies import (
    AutoStatus,
    Block,
    Buffered,
    RealTime,
    Reply,
    ReplyReader,
    parse_auto_status,
    parse_status,
)
from drivers.registry import Kind, register

CONFIRMING_MODELS = (
    "TM-L90",
    "TM-L100",
    "TM-M10",
    "TM-M30",
    "TM-M50",
    "TM-P20",
    "TM-P60",
    "TM-P80",
    "TM-T20",
    "TM-T70",
    "TM-T81",
    "TM-T82",
    "TM-T83",
    "TM-T88IV",
    "TM-T88V",
    "TM-T90",
)
"""Beginnings of model names (GS I 67) that have GS ( H function 48; the TM-T88III and the TM-U series have it not.

Seen in Epson's own pages for TM-T90, TM-L90, TM-P60 (ESC/POS application programming guide 10.01, p. 428-431), TM-L90
(specification, sheet 146), TM-T81 (specification, sheet 81); for the others it rests on their family.  One that has it not proves
`written`.
"""

_ANSWER_WAIT = 0.3
_SLICE = 0.25
_POLL_EVERY = 1.0
_MOST_UNANSWERED = 2
"""Receipts in a row that a printer with the name of a confirming model leaves unconfirmed while it says that all is well: it only
bears the name (so emupos 0.4.0), and is asked for less from there on, so that not each receipt waits for what never comes."""
_ASK_MODEL = b"\x1dIC"
_ASK_BARRIER = b"\x1dr\x01"
_ONE_WAY = PrinterStatus(Readiness.UNKNOWN, is_one_way=True)


class _Asked(Enum):
    """What a proof waits for, if it is no process id: the model's name with the barrier behind it, the barrier, a good status."""

    MODEL = auto()
    BARRIER = auto()
    STATUS = auto()


@register("escpos", kind=Kind.RECEIPT_PRINTER, options=EscposOptions)
class Escpos:
    """ESC/POS receipt printer.  Source: Epson ESC/POS command reference; TM-U220 manual p. 54, 55, 82-84; SRP-350 manual.

    DLE ENQ is never sent.  1 would print the line of an error again, 2 would throw away what waits in the printer: a receipt, whose
    fate only a person can settle.  Errors that it clears (a stuck cutter) end as well when that person opens and closes the cover,
    or switches the printer off and on; then the job's proof never comes, and the job stays uncertain.
    """

    def __init__(self, transport: Transport, options: EscposOptions) -> None:
        self._transport = transport
        self._options = options
        self._reader = ReplyReader()
        self._unclaimed: list[Reply] = []
        self._told: PrinterStatus | None = None
        self._confirms: bool | None = {"auto": None, "process_id": True, "barrier": False}[options.proof]
        self._process_id = _first_process_id()
        self._unanswered = 0
        self._asked: _Asked | bytes | None = None
        self._is_between_commands = self._is_past_a_header = False

    def encode_receipt(self, receipt: Receipt, *, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (a character no font of ours has, a barcode that does not fit)."""
        from drivers.printers.escpos_encoder import encode_receipt  # noqa: PLC0415 -- loads Pillow and python-escpos with the first receipt

        return encode_receipt(receipt, self._options, copy_mark=copy_mark)

    def status(self) -> PrinterStatus:
        """DLE EOT 1 to 4, each answered within 0.3 s.  Silence is unknown.  Raises DeviceUnavailable."""
        if not self._options.answers:
            return _ONE_WAY
        self._forget_input()
        self._get_past_a_header()
        status = self._ask_status()
        if status.readiness is Readiness.OK and self._options.announces:
            self._set_up()
        return status

    def announced(self) -> PrinterStatus | None:
        """The last automatic status that came since; None if none did.  Never waits.  Raises DeviceUnavailable."""
        if not (self._options.answers and self._options.announces):
            return None
        self._receive(0)
        told, self._told = self._told, None
        return told

    def send(self, encoded: Encoded) -> None:
        """Raises DeviceUnavailable, DeviceTimeout (part of it may be out)."""
        self._set_up()
        self._asked = None
        self._is_between_commands = self._is_past_a_header = False  # until all of it is through
        self._transport.write(encoded.data)
        self._is_between_commands = True

    def open_drawer(self) -> None:
        """One pulse on the drawer's pin.  Raises DeviceUnavailable, DeviceTimeout."""
        from drivers.printers.escpos_encoder import drawer_pulse  # noqa: PLC0415 -- as above

        self._transport.write(drawer_pulse(self._options))

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """GS ( H where the model has it: confirmed.  Else GS r as a barrier and a good status after it: status_ok.  Else written.

        Raises DeviceFault (it stopped in the middle; `resume_proof` can go on after it), DeviceUnavailable.
        """
        del encoded  # what comes back says that everything before the question is done
        if not self._options.answers:
            return PrintProof.WRITTEN
        self._forget_input()
        if self._unanswered >= _MOST_UNANSWERED and self._options.proof == "auto":
            self._confirms = False
        if self._confirms is None:
            self._asked = _Asked.MODEL
            self._transport.write(_ASK_MODEL + _ASK_BARRIER)  # a printer without names answers the barrier alone
        elif self._confirms:
            self._ask_process_id()
        else:
            self._asked = _Asked.BARRIER
            self._transport.write(_ASK_BARRIER)
        return self._await_proof(timeout) or PrintProof.WRITTEN

    def resume_proof(self, timeout: float) -> PrintProof | None:
        """Go on waiting for what `prove` asked; None if it does not come within `timeout`.  Raises DeviceFault."""
        return None if self._asked is None else self._await_proof(timeout)

    def _ask_process_id(self) -> None:
        """GS ( H function 48: the printer sends our four characters back when all before them is printed."""
        self._process_id = (self._process_id + 1) % 10_000
        self._asked = b"%04d" % self._process_id
        self._transport.write(b"\x1d(H\x06\x0000" + self._asked)

    def _await_proof(self, timeout: float) -> PrintProof | None:
        """None after `timeout` seconds.  Looks for faults each second.  Raises DeviceFault."""
        deadline = time.monotonic() + timeout
        silence = since_poll = 0.0
        is_answering = True
        while True:
            while self._unclaimed:
                self._take(self._unclaimed.pop(0))
            if self._asked is None:
                return PrintProof.CONFIRMED
            if self._asked is _Asked.STATUS:
                return self._rate()
            self._raise_for_told()
            if silence >= timeout or time.monotonic() >= deadline:
                is_fine = self._checked_status().readiness is Readiness.OK
                self._unanswered += is_fine and isinstance(self._asked, bytes)
                return None
            if is_answering and since_poll >= _POLL_EVERY:
                is_answering = self._checked_status().readiness is not Readiness.UNKNOWN
                since_poll = 0.0
                continue
            if not self._receive(_SLICE):
                silence, since_poll = silence + _SLICE, since_poll + _SLICE

    def _take(self, reply: Reply) -> None:
        """What a reply answers of what was asked; all others are passed over."""
        match self._asked, reply:
            case _Asked.MODEL, Block(header, body):
                self._confirms = header == 0x5F and body.decode("ascii", "replace").upper().startswith(CONFIRMING_MODELS)
                if self._confirms:
                    self._ask_process_id()
                else:
                    self._asked = _Asked.BARRIER
            case _Asked.MODEL, Buffered():
                self._confirms = False
                self._asked = _Asked.STATUS
            case _Asked.BARRIER, Buffered():
                self._asked = _Asked.STATUS
            case bytes() as own, Block(0x37, body) if body == b"\x22" + own:
                self._asked = None
                self._unanswered = 0

    def _rate(self) -> PrintProof:
        """After the barrier.  Raises DeviceFault; what was asked stays open then."""
        is_fine = self._checked_status().readiness is Readiness.OK
        self._asked = None
        return PrintProof.STATUS_OK if is_fine else PrintProof.WRITTEN

    def _checked_status(self) -> PrinterStatus:
        """Raises DeviceFault if there is one."""
        status = self._ask_status()
        self._told = None  # older than this
        _raise_for_faults(status)
        return status

    def _raise_for_told(self) -> None:
        told, self._told = self._told, None
        if told is not None:
            _raise_for_faults(told)

    def _ask_status(self) -> PrinterStatus:
        answers: dict[int, int] = {}
        for n in (1, 2, 3, 4):
            answer = self._ask_real_time(n)
            if answer is None:
                break
            answers[n] = answer
        return parse_status(answers, self._options.drawer_open)

    def _ask_real_time(self, n: int) -> int | None:
        self._unclaimed = [reply for reply in self._unclaimed if not isinstance(reply, RealTime)]  # late ones, to older questions
        self._transport.write(bytes((0x10, 0x04, n)))
        deadline = time.monotonic() + _ANSWER_WAIT
        while (left := deadline - time.monotonic()) > 0 and self._receive(left):
            for index, reply in enumerate(self._unclaimed):
                if isinstance(reply, RealTime):
                    del self._unclaimed[index]
                    return reply.value
        return None

    def _receive(self, timeout: float) -> bool:
        """Read what comes, for later; False after `timeout` seconds of silence."""
        data = self._transport.read(256, timeout)
        for reply in self._reader.feed(data):
            if isinstance(reply, AutoStatus):
                self._told = parse_auto_status(reply.values, self._options.drawer_open)
            else:
                self._unclaimed.append(reply)
        return bool(data)

    def _forget_input(self) -> None:
        self._transport.discard_input()
        self._reader.clear()
        self._unclaimed.clear()
        self._told = None

    def _get_past_a_header(self) -> None:
        """Where a write broke off in a command's header, the printer takes a question about its status for the rest of it (Epson's
        reference, DLE EOT, notes: "processed as a parameter of the other command"), so for a picture's height: 4,000 rows, and the
        receipts that follow are its dots.  So a header's length of NULs comes before the first question: the rest is a length of
        nothing.  What they leave open is shorter than what `_set_up` sends; a stopped printer has room for so few.
        """
        if not (self._is_between_commands or self._is_past_a_header):
            self._transport.write(bytes(LONGEST_HEADER))
            self._is_past_a_header = True

    def _set_up(self) -> None:
        """An earlier connection, or a write that did not get through, may have ended inside a picture, and the printer would take
        what comes now for its rest.  So as many NULs as the longest command has bytes come first: they complete it, and are ignored
        between commands.
        """
        if self._is_between_commands:
            return
        announce = ANNOUNCE if self._options.announces and self._options.answers else b""
        self._transport.write(bytes(RASTER_ROWS * (self._options.dots + 7) // 8 + 8) + announce)
        self._is_between_commands = True


def _first_process_id() -> int:
    """Another one for each connection: what an earlier one asked may be answered only now, when the printer got paper."""
    return int(time.time()) % 10_000


def _raise_for_faults(status: PrinterStatus) -> None:
    if status.faults:
        raise DeviceFault(f"the receipt printer stopped: {', '.join(status.faults)}", status.faults)
