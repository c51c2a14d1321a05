"""Barcodes in a printer's own commands: GS k, each symbology with its data form, and what must never stand in the data.

Source: Epson ESC/POS reference, GS k function B (m 65 UPC-A, 67 EAN13, 68 EAN8, 69 CODE39, 70 ITF, 73 CODE128 with {B, {1),
GS h, GS w, GS H, GS f.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.documents.barcodes import QUIET_ZONE, code128_modules, fnc1_form
from drivers.documents.model import Symbology
from drivers.documents.preview import CODE_HEIGHT
from drivers.symbols.gs1 import FNC1

REAL_TIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
"""DLE EOT, DLE ENQ, DLE DC4: a printer obeys them wherever it meets them, also inside a picture or a barcode's data."""
NATIVE: Mapping[Symbology, int] = {
    Symbology.UPCA: 65,
    Symbology.EAN13: 67,
    Symbology.EAN8: 68,
    Symbology.CODE39: 69,
    Symbology.ITF14: 70,
    Symbology.CODE128: 73,
    Symbology.GS1_128: 73,
}

FINEST_MODULE = 3
"""Dots of a bar; what printers take by themselves (GS w).  Where set B would need finer ones than pairs of digits, it is drawn."""


def bars(symbology: Symbology, data: str, module: int, width: int) -> bytes | None:
    """The command for checked data; GS1-128 without its text, which a printer writes without brackets.  None: draw it instead."""
    content = data.encode()
    if symbology in (Symbology.CODE128, Symbology.GS1_128):
        text_of_bars = fnc1_form(data) if symbology is Symbology.GS1_128 else data
        module = _module_in_set_b(text_of_bars, module, width)
        if not module:
            return None
        content = b"{B" + text_of_bars.replace("{", "{{").replace(FNC1, "{1").encode()
    text = 0 if symbology is Symbology.GS1_128 else 2
    settings = bytes((0x1D, 0x68, CODE_HEIGHT, 0x1D, 0x77, module, 0x1D, 0x66, 0, 0x1D, 0x48, text))
    return settings + bytes((0x1D, 0x6B, NATIVE[symbology], len(content))) + content


def _module_in_set_b(data: str, module: int, width: int) -> int:
    """Its module when all of it stands in code set B; 0 if that makes it too fine: then it is drawn, with pairs of digits in set C.

    Never set C in the printer's own command: if the line breaks in the middle of one, NULs complete it (`Escpos._set_up`), which
    set C reads as pairs of zeros, and a scanner would read another parcel's number off the torn receipt.  In set B a NUL ends the
    command and nothing is printed.  Source: Epson ESC/POS reference, GS k, notes for CODE128; HPRT TP80K manual p. 69, Toshiba
    B-EP4 manual p. 8-67: "characters that cannot be used in the code set: the printer stops command processing".
    """
    possible = width // (code128_modules([("B", data)]) + 2 * QUIET_ZONE[Symbology.CODE128])
    return min(module, possible) if possible >= min(module, FINEST_MODULE) else 0
