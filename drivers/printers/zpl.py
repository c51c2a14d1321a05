"""ZPL label printers: the conversation.  Encoding is in `zpl_encoder`, reading answers in `zpl_replies`."""

from __future__ import annotations

import time

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness, Transport
from drivers.documents.model import Label
from drivers.errors import DeviceFault, DeviceTimeout, ProtocolViolation
from drivers.printers.zpl_options import ZplOptions
from drivers.printers.zpl_replies import Errors, HostStatus, parse_errors, parse_host_status, parse_identity
from drivers.registry import Kind, register

_ANSWER_WAIT = 0.5
_POLL_EVERY = 0.2
_END_OF_LINE = b"\x03\r\n"


@register("zpl", kind=Kind.LABEL_PRINTER, options=ZplOptions)
class Zpl:
    """ZPL II label printer.  Source: Zebra ZPL II programming guide (~HS, ~HQES, ~HI, ^GF, ^BC, ^B2, ^B3, ^FH); lprint-zpl.c.

    The guide says that ~HS is not answered when media or ribbon is out or the head is open, though many printers do; so ~HQES is
    asked first, and silence on ~HS is never taken for "ok".
    """

    def __init__(self, transport: Transport, options: ZplOptions) -> None:
        self._transport = transport
        self._options = options
        self._is_right_resolution: bool | None = None

    def encode_label(self, label: Label, *, copies: int = 1, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (too large for the media, a character no font of ours has, a barcode that does not fit)."""
        from drivers.printers.zpl_encoder import encode_label  # noqa: PLC0415 -- loads Pillow with the first label

        return encode_label(label, self._options, copies=copies, copy_mark=copy_mark)

    def status(self) -> PrinterStatus:
        """~HQES, then ~HS, each answered within 0.5 s.  Raises DeviceUnavailable."""
        if not self._options.answers:
            return PrinterStatus(Readiness.UNKNOWN, is_one_way=True)
        self._transport.discard_input()
        errors = self._ask_errors()
        host = self._ask_host_status()
        status = _status(errors, host)
        if status.readiness is Readiness.OK and not self._has_right_resolution():
            return PrinterStatus(Readiness.FAULT, ("wrong_resolution",), status.warnings)
        return status

    def send(self, encoded: Encoded) -> None:
        """Raises DeviceUnavailable, DeviceTimeout (part of it may be out)."""
        self._transport.write(encoded.data)

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """Ask ~HS until no label remains and no format waits, twice in a row: confirmed.

        Raises DeviceFault (stopped in the middle), DeviceTimeout (labels remain, and it names no reason), DeviceUnavailable.
        """
        if not self._options.answers:
            return PrintProof.WRITTEN
        deadline = time.monotonic() + timeout
        self._transport.discard_input()
        was_idle = False
        host: HostStatus | None = None
        while True:
            host = self._ask_host_status()
            if host is None:
                return self._prove_without_host_status()
            _raise_for_faults(host.faults)
            if host.is_idle and was_idle:
                return PrintProof.CONFIRMED
            was_idle = host.is_idle
            if time.monotonic() >= deadline:
                raise DeviceTimeout(
                    f"{host.remaining} labels of {encoded.copies} and {host.formats} formats wait after {timeout:g} s"
                )
            self._transport.read(1, _POLL_EVERY)  # only to wait: nothing comes unasked

    def _prove_without_host_status(self) -> PrintProof:
        """~HS was not answered: by the guide that may be a fault, and ~HQES names it."""
        errors = self._ask_errors()
        if errors is None:
            return PrintProof.WRITTEN
        _raise_for_faults(errors.faults)
        return PrintProof.STATUS_OK

    def _has_right_resolution(self) -> bool:
        """By ~HI, asked once: a 300 dpi label on a 203 dpi head would come out half as large again.  No answer counts as right."""
        if self._is_right_resolution is None:
            self._is_right_resolution = True
            self._transport.write(b"~HI")
            try:
                identity = parse_identity(self._transport.read_until(b"\x03", _ANSWER_WAIT))
                self._is_right_resolution = identity.dpi in (None, self._options.dpi)
            except (DeviceTimeout, ProtocolViolation):
                pass
            self._transport.discard_input()
        return self._is_right_resolution

    def _ask_errors(self) -> Errors | None:
        self._transport.write(b"~HQES")
        try:
            return parse_errors(self._transport.read_until(b"\x03", _ANSWER_WAIT))
        except (DeviceTimeout, ProtocolViolation):
            return None
        finally:
            self._transport.discard_input()

    def _ask_host_status(self) -> HostStatus | None:
        self._transport.write(b"~HS")
        try:
            first, second, _ = (self._transport.read_until(_END_OF_LINE, _ANSWER_WAIT) for _ in range(3))
            return parse_host_status(first, second)
        except (DeviceTimeout, ProtocolViolation):
            return None


def _status(errors: Errors | None, host: HostStatus | None) -> PrinterStatus:
    """Any fault that either names is one; it is ready only if ~HS says so, and ~HQES, if it is answered."""
    answers = [answer for answer in (errors, host) if answer is not None]
    faults = tuple(dict.fromkeys(fault for answer in answers for fault in answer.faults))
    warnings = tuple(dict.fromkeys(warning for answer in answers for warning in answer.warnings))
    if faults:
        return PrinterStatus(Readiness.FAULT, faults, warnings)
    return PrinterStatus(Readiness.UNKNOWN if host is None else Readiness.OK, (), warnings)


def _raise_for_faults(faults: tuple[str, ...]) -> None:
    if faults:
        raise DeviceFault(f"the label printer stopped: {', '.join(faults)}", faults)
