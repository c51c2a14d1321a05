"""Barcodes in a printer's own commands: GS k, each symbology with its data form, and what must never stand in the data.

Source: Epson ESC/POS reference, GS k function B (m 65 UPC-A, 67 EAN13, 68 EAN8, 69 CODE39, 70 ITF, 73 CODE128 with {B, {C, {1),
GS h, GS w, GS H, GS f.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.documents.barcodes import QUIET_ZONE, code128_modules, code128_segments, fnc1_form
from drivers.documents.model import Symbology
from drivers.documents.preview import CODE_HEIGHT, MIN_CODE_MODULE
from drivers.errors import Unsupported
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


def bars(symbology: Symbology, data: str, module: int, width: int) -> bytes:
    """The command for checked data; GS1-128 without its text, which a printer writes without brackets.  Raises Unsupported."""
    content = data.encode()
    if symbology is Symbology.CODE128:
        content, module = _code128(data, module, width)
    elif symbology is Symbology.GS1_128:
        content, module = _code128(fnc1_form(data), module, width)
    text = 0 if symbology is Symbology.GS1_128 else 2
    settings = bytes((0x1D, 0x68, CODE_HEIGHT, 0x1D, 0x77, module, 0x1D, 0x66, 0, 0x1D, 0x48, text))
    return settings + bytes((0x1D, 0x6B, NATIVE[symbology], len(content))) + content


def _code128(data: str, module: int, width: int) -> tuple[bytes, int]:
    """The content for GS k 73, and the module.  Where pairs of digits come out as a real-time command, all stays in set B."""
    content = b"".join(_segment(code_set, text) for code_set, text in code128_segments(data))
    if any(command in content for command in REAL_TIME):
        content = _segment("B", data)
        module = min(module, width // (code128_modules([("B", data)]) + 2 * QUIET_ZONE[Symbology.CODE128]))
    if module < MIN_CODE_MODULE or len(content) > 255:
        raise Unsupported(f"code128 {data[:40]!r} does not fit across {width} dots")
    return content, module


def _segment(code_set: str, text: str) -> bytes:
    if code_set == "B":
        return b"{B" + text.replace("{", "{{").replace(FNC1, "{1").encode()
    return b"{C" + b"{1".join(_pairs(piece) for piece in text.split(FNC1))


def _pairs(digits: str) -> bytes:
    return bytes(int(digits[index : index + 2]) for index in range(0, len(digits), 2))
