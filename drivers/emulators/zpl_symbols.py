"""How the ZPL emulator reads bar code fields and ^GF.  Written from Zebra's guide, not from our encoder.  Pure."""

from __future__ import annotations

import re

import zxingcpp

_FORMATS = {
    "BC": zxingcpp.BarcodeFormat.Code128,
    "BE": zxingcpp.BarcodeFormat.EAN13,
    "B8": zxingcpp.BarcodeFormat.EAN8,
    "BU": zxingcpp.BarcodeFormat.UPCA,
    "B2": zxingcpp.BarcodeFormat.ITF,
    "B3": zxingcpp.BarcodeFormat.Code39,
}
_FNC1 = "\x1d"
_SPECIAL_128 = {"<": "^", "0": ">", "=": "~", "8": _FNC1}
_MOST_ROWS, _MOST_DIGITS = 4000, 4000
_DIGITS = re.compile(rb"([G-Yg-z]*)([0-9A-Fa-f])|([,!:])")


def format_of(name: str) -> zxingcpp.BarcodeFormat:
    return _FORMATS[name]


def code128_text(data: str) -> str:
    """The text without the invocation codes of ^BC (guide, table of code 128 invocation characters); FNC1 as U+001D."""
    return re.sub(r">(.)", lambda match: _SPECIAL_128.get(match[1], ""), data)


def data_matrix_text(data: str, mark: str) -> str:
    """The text without the escapes of ^BX at quality 200: `_1` is FNC1, `__` the mark itself, `_d065` a byte by its number."""
    sign = re.escape(mark)

    def piece(match: re.Match[str]) -> str:
        code = match[1]
        if code == mark:
            return mark
        return _FNC1 if code == "1" else chr(int(code[1:])) if code.startswith("d") else ""

    return re.sub(f"{sign}({sign}|1|d[0-9]{{3}})", piece, data)


def unpacked(data: bytes, stride: int) -> bytes | None:
    """The rows of ^GFA: hexadecimal with the guide's compression (G to Y, g to z, comma, exclamation mark, colon); None if odd."""
    width = 2 * stride
    rows: list[str] = []
    row = ""
    for repeats, digit, mark in _DIGITS.findall(data):
        if len(rows) >= _MOST_ROWS:
            break
        if mark == b":":
            rows.append(rows[-1] if rows else "0" * width)
            continue
        if mark:
            rows.append(row.ljust(width, "0" if mark == b"," else "F"))
            row = ""
            continue
        count = sum(20 * (char - 102) if char >= 103 else char - 70 for char in repeats) or 1
        row += digit.decode() * min(count, _MOST_DIGITS)
        while len(row) >= width:
            rows.append(row[:width])
            row = row[width:]
    text = "".join(rows) + row
    return bytes.fromhex(text) if len(text) % 2 == 0 else None
