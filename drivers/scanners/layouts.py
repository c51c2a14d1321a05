"""Keyboard layouts, as tables of our own.  A further layout is one more entry in `LAYOUTS`.

Scanners type their "country keyboard" as Windows would read it, so these are the Windows layouts.  Source: Unicode CLDR 26,
``keyboards/windows`` (``en``, ``en-GB``, ``de``, ``fr``, ``es``, ``it``), with CapsLock, AltGr and Ctrl; the plain and the shifted
characters agree with xkeyboard-config 2.35.1 (``us gb de fr es it``), but for the us layout's key 86 and accents on fr and uk.
Key codes: Linux ``input-event-codes.h``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

PLAIN, SHIFT, ALTGR, ALTGR_SHIFT = range(4)
_E00, _E01, _D01, _C01, _C12, _B00, _B01, _SPACE = 41, 2, 16, 30, 43, 86, 44, 57  # ISO/IEC 9995-1 places
_OTHER_CONTROLS = {"^": "\x1e", "_": "\x1f"}
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
KEYPAD_DIGITS: Mapping[int, str] = {82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9"}
KEYPAD_DECIMAL = 83
_KEYPAD_SIGNS: Mapping[int, str] = {55: "*", 74: "-", 78: "+", 98: "/"}

_ACCENTED = {
    "`": ("aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
    "´": ("aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ"),
    "^": ("aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
    "¨": ("aeiouyAEIOU", "äëïöüÿÄËÏÖÜ"),
    "~": ("anoANO", "ãñõÃÑÕ"),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout.  `levels`: key code to character, for no modifier, Shift, AltGr, and both.

    `dead`: (level, code) of the keys that only begin a character; `compose` says which, from the accent and what follows it.
    `caps`: the keys for which CapsLock turns Shift round, `letters` those of a to z among them.  `ctrl`: the control characters
    that Ctrl makes, by key, for Ctrl alone and with Shift.
    """

    levels: tuple[Mapping[int, str], ...]
    dead: frozenset[tuple[int, int]]
    caps: frozenset[int]
    letters: frozenset[int]
    ctrl: tuple[Mapping[int, str], Mapping[int, str]]
    compose: Mapping[tuple[str, str], str]


# The keys of the four rows, from the left: 12, 12, 12 (the last is beside Enter), 10.
_PLACES = (*range(_E01, _E01 + 12), *range(_D01, _D01 + 12), *range(_C01, _C01 + 11), _C12, *range(_B01, _B01 + 10))


def _level(rows: str, corner: str, beside_shift: str) -> dict[int, str]:
    """`rows`: the 46 keys of the four rows; `corner`: the key below Esc; `beside_shift`: the one of 102-key boards."""
    return {**dict(zip(_PLACES, rows, strict=True)), _E00: corner, _B00: beside_shift, _SPACE: " "}


def _layout(
    plain: dict[int, str],
    shifted: dict[int, str],
    altgr: Mapping[int, str] | None = None,
    altgr_shift: Mapping[int, str] | None = None,
    *,
    dead: Collection[tuple[int, int]] = (),
    caps: Iterable[int] = (),
    decimal: str = ".",
) -> Layout:
    letters = frozenset(code for code, char in plain.items() if char in _LETTERS)
    unshifted = {**plain, **_KEYPAD_SIGNS, **KEYPAD_DIGITS, KEYPAD_DECIMAL: decimal}  # NumLock is taken as on
    levels = (unshifted, {**shifted, **_KEYPAD_SIGNS}, altgr or {}, altgr_shift or {})
    accents = {levels[level][code] for level, code in dead}
    compose = {(accent, base): made for accent in accents for base, made in zip(*_ACCENTED[accent], strict=True)}
    compose |= {(accent, " "): accent for accent in accents}
    return Layout(levels, frozenset(dead), letters | frozenset(caps), letters, _controls(plain, shifted), compose)


def _controls(plain: Mapping[int, str], shifted: Mapping[int, str]) -> tuple[dict[int, str], dict[int, str]]:
    """Ctrl and a letter is its control character wherever the letter is; ESC, FS and GS have their places on every layout."""
    letters = {code: chr(ord(char) & 0x1F) for code, char in plain.items() if char in _LETTERS}
    with_shift = {code: _OTHER_CONTROLS[char] for code, char in shifted.items() if char in _OTHER_CONTROLS}
    return {**letters, 26: "\x1b", 27: "\x1d", 43: "\x1c"}, {**letters, **with_shift}


_US = _layout(
    _level("1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./", "`", "\\"),
    _level('!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"|ZXCVBNM<>?', "~", "|"),
)
_UK = _layout(
    _level("1234567890-=qwertyuiop[]asdfghjkl;'#zxcvbnm,./", "`", "\\"),
    _level('!"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~ZXCVBNM<>?', "¬", "|"),
    {41: "¦", 5: "€", 18: "é", 22: "ú", 23: "í", 24: "ó", 30: "á"},
    {18: "É", 22: "Ú", 23: "Í", 24: "Ó", 30: "Á"},
)
_DE = _layout(
    _level("1234567890ß´qwertzuiopü+asdfghjklöä#yxcvbnm,.-", "^", "<"),
    _level("!\"§$%&/()=?`QWERTZUIOPÜ*ASDFGHJKLÖÄ'YXCVBNM;:_", "°", ">"),
    {3: "²", 4: "³", 8: "{", 9: "[", 10: "]", 11: "}", 12: "\\", 16: "@", 18: "€", 27: "~", 86: "|", 50: "µ"},
    dead=((PLAIN, 41), (PLAIN, 13), (SHIFT, 13)),
    caps=(*range(2, 13), 26, 27, 39, 40, 43, 51, 52),  # not 41, 13, 86, 53
    decimal=",",
)
_FR = _layout(
    _level("&é\"'(-è_çà)=azertyuiop^$qsdfghjklmù*wxcvbn,;:!", "²", "<"),
    _level("1234567890°+AZERTYUIOP¨£QSDFGHJKLM%µWXCVBN?./§", "", ">"),
    {3: "~", 4: "#", 5: "{", 6: "[", 7: "|", 8: "`", 9: "\\", 10: "^", 11: "@", 12: "]", 13: "}", 18: "€", 27: "¤"},
    dead=((PLAIN, 26), (SHIFT, 26), (ALTGR, 3), (ALTGR, 8)),
    caps=(*range(2, 14), 26, 27, 40, 43, *range(50, 54)),  # the digits too; not 41, 86
)
_ES = _layout(
    _level("1234567890'¡qwertyuiop`+asdfghjklñ´çzxcvbnm,.-", "º", "<"),
    _level('!"·$%&/()=?¿QWERTYUIOP^*ASDFGHJKLÑ¨ÇZXCVBNM;:_', "ª", ">"),
    {41: "\\", 2: "|", 3: "@", 4: "#", 5: "~", 6: "€", 7: "¬", 18: "€", 26: "[", 27: "]", 40: "{", 43: "}"},
    dead=((PLAIN, 26), (SHIFT, 26), (PLAIN, 40), (SHIFT, 40), (ALTGR, 5)),
    caps=(39, 43),
)
_IT = _layout(
    _level("1234567890'ìqwertyuiopè+asdfghjklòàùzxcvbnm,.-", "\\", "<"),
    _level('!"£$%&/()=?^QWERTYUIOPé*ASDFGHJKLç°§ZXCVBNM;:_', "|", ">"),
    {6: "€", 18: "€", 26: "[", 27: "]", 39: "@", 40: "#"},
    {26: "{", 27: "}"},
)

LAYOUTS: Mapping[str, Layout] = {"us": _US, "uk": _UK, "de": _DE, "fr": _FR, "es": _ES, "it": _IT}
