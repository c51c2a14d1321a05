"""Barcodes before they are drawn: which data a symbology takes, how many modules wide it gets.

Source: ISO/IEC 15417 (Code 128), GS1 General Specifications 5.2 (EAN-13), ISO/IEC 18004 (QR Code).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import zxingcpp

from drivers.documents.errors import BadBarcode
from drivers.documents.model import Symbology

QUIET_ZONE = {Symbology.CODE128: 10, Symbology.EAN13: 11, Symbology.QR: 4}
"""Modules that stay white on each side (the larger one for EAN-13, whose right one is 7)."""

_FORMATS = {
    Symbology.CODE128: zxingcpp.BarcodeFormat.Code128,
    Symbology.EAN13: zxingcpp.BarcodeFormat.EAN13,
    Symbology.QR: zxingcpp.BarcodeFormat.QRCode,
}
_MAX_LENGTH = {Symbology.CODE128: 80, Symbology.QR: 800}


def check_data(symbology: Symbology, data: str) -> str:
    """The data as the symbol holds it: for EAN-13 the 13 digits (12 get their check digit, 14 lose a leading 0).

    Code 128 takes the printable ASCII characters.  Raises BadBarcode.
    """
    if symbology is Symbology.EAN13:
        return _ean13(data)
    limit = _MAX_LENGTH[symbology]
    if not 1 <= len(data.encode()) <= limit:
        raise BadBarcode(f"{symbology}: {len(data.encode())} bytes, expected 1 to {limit}")
    if symbology is Symbology.CODE128 and not all(" " <= char <= "~" for char in data):
        raise BadBarcode(f"{symbology}: {data!r} has characters other than printable ASCII")
    if any(char < " " or "\x7f" <= char <= "\x9f" for char in data):
        raise BadBarcode(f"{symbology}: {data!r} has control characters")
    return data


def _ean13(data: str) -> str:
    digits = data[1:] if len(data) == 14 and data.startswith("0") else data
    if not re.fullmatch(r"[0-9]{12,13}", digits):
        raise BadBarcode(f"ean13: {data[:40]!r}, expected 12 or 13 digits, or 14 with a leading 0")
    # GS1 General Specifications 7.9.1: weights 3 and 1 from the right, the check digit left out
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits[:12]))
    check = str(-total % 10)
    if digits[12:] not in ("", check):
        raise BadBarcode(f"ean13: {data!r} has check digit {digits[12]}, expected {check}")
    return digits[:12] + check


def code128_segments(data: str) -> list[tuple[str, str]]:
    """Checked data in pieces for code set B (text) and C (pairs of digits): C where it is shorter (ISO/IEC 15417, annex E)."""
    segments: list[tuple[str, str]] = []
    for match in re.finditer(r"\d+|\D+", data, re.ASCII):
        text = match[0]
        at_edge = match.start() == 0 or match.end() == len(data)
        if not text.isdigit() or len(text) < (4 if at_edge else 6):
            _append(segments, "B", text)
            continue
        if len(text) % 2:  # the odd digit stands where code set B is already in use
            _append(segments, "B", text[0])
            text = text[1:]
        segments.append(("C", text))
    return segments


def _append(segments: list[tuple[str, str]], code_set: str, text: str) -> None:
    if segments and segments[-1][0] == code_set:
        segments[-1] = (code_set, segments[-1][1] + text)
    else:
        segments.append((code_set, text))


def modules(symbology: Symbology, data: str) -> int:
    """Width in modules, without quiet zones, of checked data."""
    if symbology is Symbology.EAN13:
        return 95
    if symbology is Symbology.QR:
        return len(matrix(symbology, data)[0])
    return code128_modules(code128_segments(data))


def code128_modules(segments: Sequence[tuple[str, str]]) -> int:
    characters = sum(len(text) if code_set == "B" else len(text) // 2 for code_set, text in segments)
    return 11 * (characters + len(segments) + 1) + 13  # each segment begins with a start or shift character; check; stop


@lru_cache(maxsize=64)
def matrix(symbology: Symbology, data: str) -> tuple[bytes, ...]:
    """The symbol, a byte per module (0 is black), without quiet zones; one row for a linear one.  Raises BadBarcode."""
    options = {"ec_level": "M"} if symbology is Symbology.QR else {}
    try:
        image = zxingcpp.create_barcode(data, _FORMATS[symbology], **options).to_image(scale=1, add_quiet_zones=False)
    except (ValueError, RuntimeError) as error:
        raise BadBarcode(f"{symbology}: {data[:40]!r}: {error}") from error
    height, width = image.shape
    pixels = bytes(image)  # type: ignore[call-overload]  # its stub leaves out that it is a buffer
    rows = range(height) if symbology is Symbology.QR else range(1)
    return tuple(pixels[row * width : (row + 1) * width] for row in rows)
