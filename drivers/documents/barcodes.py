"""Barcodes before they are drawn: which data a symbology takes, how many modules wide it gets.

Source: ISO/IEC 15417 (Code 128), 16388 (Code 39), 16390 (ITF), 16022 (Data Matrix), 18004 (QR Code); GS1 General Specifications 5.2
(EAN and UPC), 5.3 (ITF-14), 5.4 (GS1-128), 5.6 (GS1 DataMatrix), 5.7 (GS1 QR Code).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import groupby

import zxingcpp

from drivers.documents.errors import BadBarcode
from drivers.documents.gs1 import elements
from drivers.documents.model import Symbology
from drivers.symbols.gs1 import FNC1, element_string
from drivers.symbols.gtin import check_digit

QUIET_ZONE = {
    Symbology.CODE128: 10,
    Symbology.CODE39: 10,
    Symbology.EAN8: 7,
    Symbology.EAN13: 11,
    Symbology.UPCA: 9,
    Symbology.ITF14: 10,
    Symbology.GS1_128: 10,
    Symbology.DATAMATRIX: 1,
    Symbology.GS1_DATAMATRIX: 1,
    Symbology.QR: 4,
    Symbology.GS1_QR: 4,
}
"""Modules that stay white on each side (the larger one for EAN-13, whose right one is 7)."""

MIN_MODULE_MM = dict.fromkeys(Symbology, Decimal("0.16")) | dict.fromkeys(
    (Symbology.EAN8, Symbology.EAN13, Symbology.UPCA, Symbology.ITF14, Symbology.GS1_128), Decimal("0.249")
)
"""Narrowest module we print.  0.249 mm is what the GS1 General Specifications let thermal printers do (5.12.3, notes on printing on
demand): 2 dots at 203 dpi; the others are our own bound, 2 dots at 300 dpi."""

WIDE = 3
"""Wide bars and spaces of Code 39 and ITF-14, in modules (ISO/IEC 16388 and 16390: 2 to 3; ITF-14: 2.25 to 3)."""

_FORMATS = {
    Symbology.CODE128: zxingcpp.BarcodeFormat.Code128,
    Symbology.CODE39: zxingcpp.BarcodeFormat.Code39,
    Symbology.EAN8: zxingcpp.BarcodeFormat.EAN8,
    Symbology.EAN13: zxingcpp.BarcodeFormat.EAN13,
    Symbology.UPCA: zxingcpp.BarcodeFormat.UPCA,
    Symbology.ITF14: zxingcpp.BarcodeFormat.ITF,
    Symbology.GS1_128: zxingcpp.BarcodeFormat.Code128,
    Symbology.DATAMATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Symbology.GS1_DATAMATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Symbology.QR: zxingcpp.BarcodeFormat.QRCode,
    Symbology.GS1_QR: zxingcpp.BarcodeFormat.QRCode,
}
_MAX_LENGTH = {Symbology.CODE128: 80, Symbology.CODE39: 40, Symbology.DATAMATRIX: 400, Symbology.QR: 800}
_DIGITS = {Symbology.EAN8: 8, Symbology.EAN13: 13, Symbology.UPCA: 12, Symbology.ITF14: 14}
_FIXED_MODULES = {Symbology.EAN8: 67, Symbology.EAN13: 95, Symbology.UPCA: 95, Symbology.ITF14: 135}
_MOST_IN_GS1_128 = 48
_CODE39 = re.compile(r"[0-9A-Z .$/+%-]*")
_ASCII = re.compile(r"[ -~]*")


def check_data(symbology: Symbology, data: str) -> str:
    """The data as the symbol holds it; a GTIN gets its check digit where it lacks it, and loses the zeros of a longer form.

    EAN-8, UPC-A, EAN-13 and ITF-14 take 7, 11, 12, 13 digits, one more with the check digit, or a longer one with zeros before it;
    Code 128 and Data Matrix take the printable ASCII characters, Code 39 its 43, QR any text, the GS1 ones element strings with
    brackets.  Raises BadBarcode.
    """
    if symbology in _DIGITS:
        return _gtin(symbology, data)
    if symbology.is_gs1:
        held = element_string(elements(data))
        if symbology is Symbology.GS1_128 and len(held) - 1 > _MOST_IN_GS1_128:
            raise BadBarcode(f"{symbology}: {len(held) - 1} characters, expected at most {_MOST_IN_GS1_128}")
        return data
    limit = _MAX_LENGTH[symbology]
    if not 1 <= len(data.encode()) <= limit:
        raise BadBarcode(f"{symbology}: {len(data.encode())} bytes, expected 1 to {limit}")
    if symbology is Symbology.CODE39 and not _CODE39.fullmatch(data):
        raise BadBarcode(f"{symbology}: {data!r}, expected digits, capital letters, space and . $ / + % -")
    if symbology in (Symbology.CODE128, Symbology.DATAMATRIX) and not _ASCII.fullmatch(data):
        raise BadBarcode(f"{symbology}: {data!r} has characters other than printable ASCII")
    if any(char < " " or "\x7f" <= char <= "\x9f" for char in data):
        raise BadBarcode(f"{symbology}: {data!r} has control characters")
    return data


def _gtin(symbology: Symbology, data: str) -> str:
    length = _DIGITS[symbology]
    if not re.fullmatch(f"[0-9]{{{length - 1},14}}", data):
        raise BadBarcode(
            f"{symbology}: {data[:40]!r}, expected {length - 1} or {length} digits, or up to 14 with zeros before them"
        )
    digits = data[len(data) - length :] if len(data) > length else data
    if data[: len(data) - len(digits)].strip("0"):
        raise BadBarcode(f"{symbology}: {data!r} is no GTIN of {length} digits")
    check = check_digit(digits[: length - 1])
    if digits[length - 1 :] not in ("", check):
        raise BadBarcode(f"{symbology}: {data!r} has check digit {digits[length - 1]}, expected {check}")
    return digits[: length - 1] + check


def fnc1_form(data: str) -> str:
    """What a GS1 symbol holds for a bracketed element string: FNC1 as U+001D, first of all, then after each element that needs one.

    In GS1 QR Code the first one is the mode FNC1 in first position, no character.  Raises BadBarcode.
    """
    return element_string(elements(data))


@lru_cache(maxsize=256)
def code128_segments(data: str) -> tuple[tuple[str, str], ...]:
    """Data in pieces for code set B (text) and C (pairs of digits), as few symbol characters as can be; FNC1 is U+001D, in either.

    For GS1-128 give the `fnc1_form` of the data.  Source: ISO/IEC 15417, 4.3 and annex E.
    """
    size = len(data)
    costs: dict[str, list[int]] = {"B": [0] * (size + 1), "C": [0] * (size + 1)}
    steps: dict[str, list[int]] = {"B": [0] * size, "C": [0] * size}  # how many characters of data go next; 0: change the set
    for index in range(size - 1, -1, -1):
        stay_b = 1 + costs["B"][index + 1]
        pair = data[index : index + 2]
        step = 1 if data[index] == FNC1 else 2 if len(pair) == 2 and pair.isdigit() and pair.isascii() else 0
        stay_c = 1 + costs["C"][index + step] if step else size * 3
        costs["B"][index], steps["B"][index] = min((stay_b, 1), (1 + stay_c, 0), key=lambda choice: choice[0])
        costs["C"][index], steps["C"][index] = min((stay_c, step), (1 + stay_b, 0), key=lambda choice: choice[0])
    segments: list[tuple[str, str]] = []
    current, index = ("C" if costs["C"][0] < costs["B"][0] else "B"), 0
    while index < size:
        step = steps[current][index]
        if not step:
            current = "C" if current == "B" else "B"
            step = steps[current][index]
        if not segments or segments[-1][0] != current:
            segments.append((current, ""))
        segments[-1] = (current, segments[-1][1] + data[index : index + step])
        index += step
    return tuple(segments)


def code128_values(segments: Sequence[tuple[str, str]]) -> int:
    """How many symbol characters the data takes, the start and each change of set with it; check and stop left out."""
    fnc1 = sum(text.count(FNC1) for _, text in segments)
    plain = sum((len(text) - text.count(FNC1)) // (2 if code_set == "C" else 1) for code_set, text in segments)
    return fnc1 + plain + len(segments)


def modules(symbology: Symbology, data: str) -> int:
    """Width in modules, without quiet zones, of checked data."""
    if symbology in _FIXED_MODULES:
        return _FIXED_MODULES[symbology]
    if symbology is Symbology.CODE128:
        return code128_modules(code128_segments(data))
    if symbology is Symbology.GS1_128:
        return code128_modules(code128_segments(fnc1_form(data)))
    return len(matrix(symbology, data)[0])


def code128_modules(segments: Sequence[tuple[str, str]]) -> int:
    return 11 * (code128_values(segments) + 1) + 13  # the check character; stop


@lru_cache(maxsize=256)
def matrix(symbology: Symbology, data: str) -> tuple[bytes, ...]:
    """The symbol, a byte per module (0 is black), without quiet zones; one row for a linear one.  Raises BadBarcode."""
    options: dict[str, object] = {"gs1": True} if symbology.is_gs1 else {}
    if symbology in (Symbology.QR, Symbology.GS1_QR):
        options["ec_level"] = "M"
    if symbology in (Symbology.DATAMATRIX, Symbology.GS1_DATAMATRIX):
        options["force_square"] = True
    try:
        image = zxingcpp.create_barcode(data, _FORMATS[symbology], **options).to_image(scale=1, add_quiet_zones=False)
    except (ValueError, RuntimeError) as error:
        raise BadBarcode(f"{symbology}: {data[:40]!r}: {error}") from error
    height, width = image.shape
    pixels = bytes(image)  # type: ignore[call-overload]  # its stub leaves out that it is a buffer
    if symbology.is_matrix:
        return tuple(pixels[row * width : (row + 1) * width] for row in range(height))
    row = pixels[:width]
    return (_widened(row) if symbology is Symbology.CODE39 else row,)


def _widened(row: bytes) -> bytes:
    """Code 39 with wide elements of three modules: zxing-cpp draws two, the least that there is."""
    runs = ((color, len(list(run))) for color, run in groupby(row))
    return b"".join(bytes((color,)) * (WIDE if length > 1 else 1) for color, length in runs)
