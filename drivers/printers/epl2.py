"""EPL2 label printers: the conversation.  Encoding is in `epl2_encoder`, reading answers in `epl2_replies`."""

from __future__ import annotations

import time

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness, Transport
from drivers.documents.model import Label
from drivers.errors import DeviceFault, DeviceTimeout, ProtocolViolation
from drivers.printers.epl2_options import PICTURE_BYTES, Epl2Options
from drivers.printers.epl2_replies import Epl2Status, parse_report
from drivers.registry import Kind, register

_ASK = b"\r\n^ee\r\n"
_ANSWER_WAIT = 0.6
_POLL_EVERY = 0.2


@register("epl2", kind=Kind.LABEL_PRINTER, options=Epl2Options)
class Epl2:
    """EPL2 label printer (Zebra LP/TLP 2844 and others that speak EPL2).

    Source: Zebra, EPL Programming Guide 14245L-003: N, q, Q, ZT/ZB, GW, LO, P, eR, ^ee; Zebra, details related to the GW command;
    Intermec, ESim for EasyCoder C4 v4.00 (GW: 1 is white; ^ee, eR and US: what is said without being asked).

    ^ee is answered where the printer takes its next command, so after the bytes that came before it, and where it waits for a fault
    to be mended.  Its 00 therefore means "your job was read, and nothing stops me": `status_ok`, never more, since the label may
    still be on its way.  Error reports that the printer was set to send by itself (US) are understood; we never switch them on:
    the setting is kept in flash.
    """

    def __init__(self, transport: Transport, options: Epl2Options) -> None:
        self._transport = transport
        self._options = options
        self._has_answered = False
        self._is_between_commands = False

    def encode_label(self, label: Label, *, copies: int = 1, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (too large for the media, a character no font of ours has, a barcode that does not fit)."""
        from drivers.printers.epl2_encoder import encode_label  # noqa: PLC0415 -- loads Pillow with the first label

        return encode_label(label, self._options, copies=copies, copy_mark=copy_mark)

    def status(self) -> PrinterStatus:
        """^ee, answered within 0.6 s.  Raises DeviceUnavailable."""
        if not self._options.answers:
            return PrinterStatus(Readiness.UNKNOWN, is_one_way=True)
        self._set_up()
        self._transport.discard_input()
        status = self._ask()
        if status is None:
            return PrinterStatus(Readiness.UNKNOWN)
        return PrinterStatus(Readiness.FAULT if status.faults else Readiness.OK, status.faults, status.warnings)

    def send(self, encoded: Encoded) -> None:
        """Raises DeviceUnavailable, DeviceTimeout (part of it may be out)."""
        self._set_up()
        self._is_between_commands = False  # until all of it is through
        self._transport.write(encoded.data)
        self._is_between_commands = True

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """Ask until no fault and no work is told twice: status_ok.  A printer may be silent while it prints.

        Raises DeviceFault (stopped in the middle), DeviceTimeout (silent or at work until the end), DeviceUnavailable.
        """
        if not self._options.answers:
            return PrintProof.WRITTEN
        deadline = time.monotonic() + timeout
        was_idle = False
        while True:
            status = self._ask()  # nothing is discarded: a fault that it told by itself in the middle of the job counts
            if status is not None and status.faults:
                raise DeviceFault(f"the label printer stopped: {', '.join(status.faults)}", status.faults)
            is_idle = status is not None and not status.is_working
            if is_idle and was_idle:
                return PrintProof.STATUS_OK
            was_idle = is_idle
            if time.monotonic() >= deadline and not is_idle:
                break
            self._transport.read(0, _POLL_EVERY)
        if not self._has_answered:
            return PrintProof.WRITTEN
        raise DeviceTimeout(f"after {timeout:g} s the label printer has not said that it is done with {encoded.copies} labels")

    def _set_up(self) -> None:
        """An earlier connection, or a write that did not get through, may have ended inside a picture, and the printer would take
        what comes now, and every question, for its rest.  So as many line ends as the longest picture has bytes come first: they
        complete it, and are empty lines between commands.  What it has drawn is cleared by N and never printed.
        """
        if not self._is_between_commands:
            self._transport.write(b"\r\n" * (PICTURE_BYTES // 2 + 1))
            self._is_between_commands = True

    def _ask(self) -> Epl2Status | None:
        """None if nothing that can be read came back."""
        self._transport.write(_ASK)
        try:
            status = parse_report(self._transport.read_until(b"\n", _ANSWER_WAIT, limit=256))
        except (DeviceTimeout, ProtocolViolation):
            return None
        self._has_answered = True
        return status
