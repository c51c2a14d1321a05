"""Labels on an ESC/POS receipt printer: the conversation is that of `escpos`, the encoding is in `escpos_label_encoder`."""

from __future__ import annotations

from drivers.devices import Encoded, PrinterStatus, PrintProof, Transport
from drivers.documents.model import Label
from drivers.printers.escpos import Escpos
from drivers.printers.escpos_label_options import EscposLabelOptions
from drivers.printers.escpos_options import EscposOptions
from drivers.registry import Kind, register


@register("escpos.label", kind=Kind.LABEL_PRINTER, options=EscposLabelOptions)
class EscposLabel:
    """A receipt printer as a label printer.  Source: Epson ESC/POS command reference (GS v 0, GS V; its status as for `escpos`).

    It senses no gap between labels: continuous paper only.  Status and proof are those of the receipt printer it is.
    """

    def __init__(self, transport: Transport, options: EscposLabelOptions) -> None:
        self._options = options
        self._printer = Escpos(
            transport,
            EscposOptions(width=options.width, proof=options.proof, drawer_open="none", announces=False, answers=options.answers),
        )

    def encode_label(self, label: Label, *, copies: int = 1, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (too wide, a character no font of ours has, a barcode that does not fit)."""
        from drivers.printers.escpos_label_encoder import encode_label  # noqa: PLC0415 -- loads Pillow with the first label

        return encode_label(label, self._options, copies=copies, copy_mark=copy_mark)

    def status(self) -> PrinterStatus:
        """As `Escpos.status`.  Raises DeviceUnavailable."""
        return self._printer.status()

    def send(self, encoded: Encoded) -> None:
        """Raises DeviceUnavailable, DeviceTimeout (part of it may be out)."""
        self._printer.send(encoded)

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """As `Escpos.prove`.  Raises DeviceFault (it stopped in the middle), DeviceUnavailable."""
        return self._printer.prove(encoded, timeout)

    def resume_proof(self, timeout: float) -> PrintProof | None:
        """As `Escpos.resume_proof`.  Raises DeviceFault, DeviceUnavailable."""
        return self._printer.resume_proof(timeout)
