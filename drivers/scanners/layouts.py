"""Keyboard layouts, as tables of our own: key code -> (plain, with Shift).  Codes: Linux ``input-event-codes.h``.

A further layout is one more row in `LAYOUTS`.
"""

from __future__ import annotations

from collections.abc import Mapping

Layout = Mapping[int, tuple[str, str]]

_KEYPAD = {71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1", 80: "2", 81: "3", 82: "0", 83: "."} | {
    55: "*",
    98: "/",
}


def _rows(*rows: tuple[int, str, str]) -> Layout:
    """Rows of neighbouring keys: code of the first, their plain characters, those with Shift; and the keypad with NumLock on."""
    keys = {first + index: pair for first, plain, shifted in rows for index, pair in enumerate(zip(plain, shifted, strict=True))}
    return keys | {code: (char, char) for code, char in _KEYPAD.items()}


LAYOUTS: Mapping[str, Layout] = {
    "us": _rows(
        (2, "1234567890-=", "!@#$%^&*()_+"),
        (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
        (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
        (57, " ", " "),
        (86, "\\", "|"),  # the key beside the left Shift of 102-key boards
    ),
}
