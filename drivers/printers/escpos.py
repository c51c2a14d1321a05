"""ESC/POS receipt printers: the conversation.  Encoding is in `escpos_encoder`, reading replies in `escpos_replies`."""

from __future__ import annotations

import time

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness, Transport
from drivers.documents.model import Receipt
from drivers.errors import DeviceFault
from drivers.printers.escpos_options import RASTER_ROWS, EscposOptions
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
    "TM-T20",
    "TM-T82",
    "TM-T83",
    "TM-T88IV",
    "TM-T88V",
    "TM-T70",
    "TM-M10",
    "TM-M30",
    "TM-M50",
    "TM-L90",
    "TM-P20",
    "TM-P80",
)
"""Beginnings of model names (GS I 67) that have GS ( H function 48; the TM-T88III has it not."""


_ANSWER_WAIT = 0.3
_SLICE = 0.25
_POLL_EVERY = 1.0
_ASK_MODEL = b"\x1dIC"
_ASK_BARRIER = b"\x1dr\x01"


@register("escpos", kind=Kind.RECEIPT_PRINTER, options=EscposOptions)
class Escpos:
    """ESC/POS receipt printer.  Source: Epson ESC/POS command reference; TM-U220 manual p. 54, 55, 82-84; SRP-350 manual."""

    def __init__(self, transport: Transport, options: EscposOptions) -> None:
        self._transport = transport
        self._options = options
        self._reader = ReplyReader()
        self._unclaimed: list[Reply] = []
        self._confirms: bool | None = {"auto": None, "process_id": True, "barrier": False}[options.proof]
        self._process_id = 0
        self._is_between_commands = False

    def encode_receipt(self, receipt: Receipt, *, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (a character no font of ours has, a barcode that does not fit)."""
        from drivers.printers.escpos_encoder import encode_receipt  # noqa: PLC0415 -- loads Pillow and python-escpos with the first receipt

        return encode_receipt(receipt, self._options, copy_mark=copy_mark)

    def status(self) -> PrinterStatus:
        """DLE EOT 1 to 4, each answered within 0.3 s.  Silence is unknown.  Raises DeviceUnavailable."""
        self._forget_input()
        return self._ask_status()

    def send(self, encoded: Encoded) -> None:
        """Raises DeviceUnavailable, DeviceTimeout (part of it may be out).

        An earlier connection may have ended inside a picture, and the printer would take what comes now for its rest.  So the first
        send begins with as many NULs as the longest command has bytes: they complete it, and are ignored between commands.
        """
        if not self._is_between_commands:
            self._transport.write(bytes(RASTER_ROWS * (self._options.dots + 7) // 8 + 8))
            self._is_between_commands = True
        self._transport.write(encoded.data)

    def open_drawer(self) -> None:
        """A pulse of 50 ms on the drawer's pin.  Raises DeviceUnavailable, DeviceTimeout."""
        self._transport.write(bytes((0x1B, 0x70, 0 if self._options.drawer_pin == 2 else 1, 0x19, 0xFA)))

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """GS ( H where the model has it: confirmed.  Else GS r as a barrier and a good status after it: status_ok.  Else written.

        Raises DeviceFault (it stopped in the middle), DeviceUnavailable.
        """
        del encoded  # what comes back says that everything before the question is done
        self._forget_input()
        if self._confirms is None:
            return self._prove_and_learn(timeout)
        if self._confirms:
            return self._confirm(timeout)
        self._transport.write(_ASK_BARRIER)
        return self._rate(self._await(timeout, Buffered))

    def _prove_and_learn(self, timeout: float) -> PrintProof:
        """The first time: ask for the model's name, with the barrier behind it, which a printer without names answers instead."""
        self._transport.write(_ASK_MODEL + _ASK_BARRIER)
        first = self._await(timeout, Block, Buffered)
        if isinstance(first, Block):
            model = first.body.decode("ascii", "replace").upper()
            self._confirms = first.header == 0x5F and model.startswith(CONFIRMING_MODELS)
            return self._confirm(timeout) if self._confirms else self._rate(self._await(timeout, Buffered))
        if first is not None:
            self._confirms = False
        return self._rate(first)

    def _rate(self, barrier: Reply | None) -> PrintProof:
        """Raises DeviceFault."""
        is_fine = self._checked_status().readiness is Readiness.OK
        return PrintProof.STATUS_OK if barrier is not None and is_fine else PrintProof.WRITTEN

    def _confirm(self, timeout: float) -> PrintProof:
        """GS ( H function 48: the printer sends our four characters back when all before them is printed."""
        self._process_id = (self._process_id + 1) % 10_000
        own = b"%04d" % self._process_id
        self._transport.write(b"\x1d(H\x06\x0000" + own)
        deadline = time.monotonic() + timeout
        while reply := self._await(deadline - time.monotonic(), Block):
            if reply == Block(0x37, b"\x22" + own):
                return PrintProof.CONFIRMED
        self._checked_status()
        return PrintProof.WRITTEN

    def _await(self, timeout: float, *kinds: type[Reply]) -> Reply | None:
        """The next reply of one of the kinds; None after `timeout` seconds.  Looks for faults each second.  Raises DeviceFault."""
        deadline = time.monotonic() + timeout
        silence = since_poll = 0.0
        is_answering = True
        while True:
            for index, reply in enumerate(self._unclaimed):
                if isinstance(reply, kinds):
                    return self._unclaimed.pop(index)
            if silence >= timeout or time.monotonic() >= deadline:
                return None
            if is_answering and since_poll >= _POLL_EVERY:
                is_answering = self._checked_status().readiness is not Readiness.UNKNOWN
                since_poll = 0.0
                continue
            if not self._receive(_SLICE):
                silence, since_poll = silence + _SLICE, since_poll + _SLICE

    def _checked_status(self) -> PrinterStatus:
        """Raises DeviceFault if there is one."""
        status = self._ask_status()
        _raise_for_faults(status)
        return status

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
        """Read what comes, for later; False after `timeout` seconds of silence.  Raises DeviceFault (told by automatic status)."""
        data = self._transport.read(256, timeout)
        for reply in self._reader.feed(data):
            if isinstance(reply, AutoStatus):
                _raise_for_faults(parse_auto_status(reply.values, self._options.drawer_open))
            else:
                self._unclaimed.append(reply)
        return bool(data)

    def _forget_input(self) -> None:
        self._transport.discard_input()
        self._reader.clear()
        self._unclaimed.clear()


def _raise_for_faults(status: PrinterStatus) -> None:
    if status.faults:
        raise DeviceFault(f"the receipt printer stopped: {', '.join(status.faults)}", status.faults)
