"""TSPL label printers: the conversation.  Encoding is in `tspl_encoder`, reading answers in `tspl_replies`."""

from __future__ import annotations

import time
from typing import Literal

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness, Transport
from drivers.documents.model import Label
from drivers.errors import DeviceFault, DeviceTimeout, ProtocolViolation
from drivers.printers.tspl_options import PICTURE_BYTES, TsplOptions
from drivers.printers.tspl_replies import TsplStatus, parse_count, parse_status, parse_status_byte
from drivers.registry import Kind, register

JOB_START = b"\r\nSIZE "
_ASK_LONG, _ASK_BYTE, _ASK_COUNT = b"\x1b!S", b"\x1b!?", b"OUT @LABEL\r\n"
_END = b"\x03\r\n"
_ANSWER_WAIT = 0.4
_REST_WAIT = 0.05
_POLL_EVERY = 0.1
_START_WAIT = 2.0
"""So long a job may take from its last byte to the first sign of work (a serial line, a slow image)."""
_SILENT_POLLS = 2


@register("tspl", kind=Kind.LABEL_PRINTER, options=TsplOptions)
class Tspl:
    """TSPL and TSPL2 label printer (TSC, Gprinter, Xprinter and others).

    Source: TSC, TSPL/TSPL2 programming manual (TTP-244 Plus, 2013): SIZE, GAP, BLINE, DIRECTION, CLS, BITMAP, BAR, PRINT,
    <ESC>!?, <ESC>!S, <ESC>!D, OUT, @LABEL.

    What proves that labels came out: <ESC>!S and <ESC>!? are answered at once, before bytes that came earlier, so "not printing"
    alone proves nothing.  `confirmed` needs either the printer idle before the job, seen at work after its last byte and then idle
    twice without a fault (<ESC>!S only: the one byte of <ESC>!? has no frame), or, with the option `counter`, its own count of
    labels grown by ours.  Idle without having been seen at work is `status_ok`.  ~!@ (mileage) counts whole kilometres and proves
    nothing.  A clone that drops a command it does not know is not found out, but by the counter.  The head's resolution cannot be
    asked.
    """

    def __init__(self, transport: Transport, options: TsplOptions) -> None:
        self._transport = transport
        self._options = options
        self._dialect: Literal["unknown", "long", "byte"] = "unknown"
        self._count_before: int | None = None
        self._is_between_commands = False
        self._was_at_work = False

    def encode_label(self, label: Label, *, copies: int = 1, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (too large for the media, a character no font of ours has, a barcode that does not fit)."""
        from drivers.printers.tspl_encoder import encode_label  # noqa: PLC0415 -- loads Pillow with the first label

        return encode_label(label, self._options, copies=copies, copy_mark=copy_mark)

    def status(self) -> PrinterStatus:
        """<ESC>!S, or <ESC>!? where that is not answered, each within 0.4 s.  Raises DeviceUnavailable."""
        if not self._options.answers:
            return PrinterStatus(Readiness.UNKNOWN, is_one_way=True)
        status = self._ask()
        if status is None:
            return PrinterStatus(Readiness.UNKNOWN)
        self._was_at_work = status.is_working
        return PrinterStatus(Readiness.FAULT if status.faults else Readiness.OK, status.faults, status.warnings)

    def send(self, encoded: Encoded) -> None:
        """Raises DeviceUnavailable, DeviceTimeout (part of it may be out)."""
        self._set_up()
        if self._options.counter and encoded.data.startswith(JOB_START):
            self._count_before = self._ask_count()
        self._is_between_commands = False  # until all of it is through
        self._transport.write(encoded.data)
        self._is_between_commands = True

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """Ask until it is idle; see the class for what each level takes.

        Raises DeviceFault (stopped in the middle), DeviceTimeout (still at work, or silent while it was), DeviceUnavailable.
        """
        if not self._options.answers:
            return PrintProof.WRITTEN
        if self._options.counter and self._count_before is not None:
            return self._prove_by_count(encoded, self._count_before, timeout)
        return self._prove_by_status(timeout)

    def _set_up(self) -> None:
        """An earlier connection, or a write that did not get through, may have ended inside a picture, and the printer would take
        what comes now for its rest.  So as many line ends as the longest picture has bytes come first: they complete it, and are
        empty lines between commands.  What it has drawn is cleared by CLS and never printed.
        """
        if not self._is_between_commands:
            self._transport.write(b"\r\n" * (PICTURE_BYTES // 2 + 1))
            self._is_between_commands = True

    def _prove_by_status(self, timeout: float) -> PrintProof:
        started = time.monotonic()
        has_worked = was_idle = False
        silent = answers = 0
        while True:
            status = self._ask()
            elapsed = time.monotonic() - started
            if status is None:
                silent += 1
                if silent >= _SILENT_POLLS and self._dialect == "unknown":
                    return PrintProof.WRITTEN
                if (silent >= _SILENT_POLLS and answers) or elapsed >= timeout:
                    raise DeviceTimeout("the label printer no longer answers; whether all labels came out is not known")
                continue  # on a slow line the question still stands behind the job
            silent, answers = 0, answers + 1
            _raise_for_faults(status)
            has_worked = has_worked or status.is_working
            if not status.is_working and was_idle and has_worked:
                is_ours = self._dialect == "long" and not self._was_at_work
                return PrintProof.CONFIRMED if is_ours else PrintProof.STATUS_OK
            if not status.is_working and was_idle and elapsed >= min(timeout, _START_WAIT):
                return PrintProof.STATUS_OK
            was_idle = not status.is_working
            if elapsed >= timeout and not was_idle:
                raise DeviceTimeout(f"the label printer is still at work after {timeout:g} s")
            self._transport.read(1, _POLL_EVERY)  # only to wait: nothing comes unasked

    def _prove_by_count(self, encoded: Encoded, before: int, timeout: float) -> PrintProof:
        """OUT is obeyed in its turn, after PRINT; @LABEL then grows with each label that comes out."""
        deadline = time.monotonic() + timeout
        while True:
            count = self._ask_count()
            if count is not None and count - before >= encoded.copies:
                return PrintProof.CONFIRMED
            status = self._ask()
            if status is not None:
                _raise_for_faults(status)
            if time.monotonic() >= deadline:
                out = "it does not say how many" if count is None else f"{count - before} labels of {encoded.copies}"
                raise DeviceTimeout(f"after {timeout:g} s the label printer has printed: {out}")
            self._transport.read(1, _POLL_EVERY)

    def _ask(self) -> TsplStatus | None:
        """None if nothing that can be read came back."""
        if self._dialect != "byte":
            status = self._ask_long()
            if status is not None or self._dialect == "long":
                return status
        return self._ask_byte()

    def _ask_long(self) -> TsplStatus | None:
        self._transport.discard_input()
        self._transport.write(_ASK_LONG)
        try:
            status = parse_status(self._transport.read_until(_END, _ANSWER_WAIT, limit=256))
        except (DeviceTimeout, ProtocolViolation):
            return None
        self._dialect = "long"
        return status

    def _ask_byte(self) -> TsplStatus | None:
        """Twice: one byte has no frame, and a single NUL, which would mean "ready", is the commonest noise of a line."""
        first = self._read_byte()
        if first is None or first != self._read_byte():
            return None
        self._dialect = "byte"
        return first

    def _read_byte(self) -> TsplStatus | None:
        self._transport.discard_input()
        self._transport.write(_ASK_BYTE)
        answer = self._transport.read(1, _ANSWER_WAIT)
        try:
            return parse_status_byte(answer + self._transport.read(16, _REST_WAIT)) if answer else None
        except ProtocolViolation:
            return None

    def _ask_count(self) -> int | None:
        self._transport.discard_input()
        self._transport.write(_ASK_COUNT)
        answer = self._transport.read(16, _ANSWER_WAIT)
        while answer and len(answer) < 16 and (more := self._transport.read(16, _REST_WAIT)):
            answer += more
        try:
            return parse_count(answer)
        except ProtocolViolation:
            return None


def _raise_for_faults(status: TsplStatus) -> None:
    if status.faults:
        raise DeviceFault(f"the label printer stopped: {', '.join(status.faults)}", status.faults)
