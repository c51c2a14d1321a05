"""The tables against xkeyboard-config 2.35.1 (``us gb de fr es it``), read through libxkbcommon by program, and against single
facts of Unicode CLDR 26, ``keyboards/windows``.
"""

from __future__ import annotations

import pytest

from drivers.scanners.layouts import ALTGR, ALTGR_SHIFT, LAYOUTS, PLAIN, SHIFT

CODES = (41, *range(2, 14), *range(16, 28), *range(30, 41), 43, 86, *range(44, 54))
XKB = {
    "us": ("`1234567890-=qwertyuiop[]asdfghjkl;'\\<zxcvbnm,./", '~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"|>ZXCVBNM<>?'),
    "uk": ("`1234567890-=qwertyuiop[]asdfghjkl;'#\\zxcvbnm,./", '¬!"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~|ZXCVBNM<>?'),
    "de": ("^1234567890ß´qwertzuiopü+asdfghjklöä#<yxcvbnm,.-", "°!\"§$%&/()=?`QWERTZUIOPÜ*ASDFGHJKLÖÄ'>YXCVBNM;:_"),
    "fr": ("²&é\"'(-è_çà)=azertyuiop^$qsdfghjklmù*<wxcvbn,;:!", "~1234567890°+AZERTYUIOP¨£QSDFGHJKLM%µ>WXCVBN?./§"),
    "es": ("º1234567890'¡qwertyuiop`+asdfghjklñ´ç<zxcvbnm,.-", 'ª!"·$%&/()=?¿QWERTYUIOP^*ASDFGHJKLÑ¨Ç>ZXCVBNM;:_'),
    "it": ("\\1234567890'ìqwertyuiopè+asdfghjklòàù<zxcvbnm,.-", '|!"£$%&/()=?^QWERTYUIOPé*ASDFGHJKLç°§>ZXCVBNM;:_'),
}
WINDOWS_ELSE = {("us", 86): ("\\", "|"), ("fr", 41): ("²", "")}  # where CLDR's Windows layout has other keys
# AltGr, by xkeyboard-config and CLDR alike
ALTGR_XKB = {
    "us": "",
    "uk": "",
    "de": "3²4³8{9[10]11}12\\16@18€27~50µ86|",
    "fr": "4#5{6[7|9\\10^11@12]13}18€27¤",
    "es": "2|3@4#7¬18€26[27]40{41\\43}",
    "it": "18€26[27]39@40#",
}


@pytest.mark.parametrize("name", sorted(LAYOUTS))
@pytest.mark.parametrize("level", [PLAIN, SHIFT])
def test_plain_and_shifted_keys_are_those_of_xkeyboard_config(name: str, level: int) -> None:
    for code, char in zip(CODES, XKB[name][level], strict=True):
        assert LAYOUTS[name].levels[level][code] == WINDOWS_ELSE.get((name, code), (char, char))[level], code


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_altgr_agrees_where_both_sources_have_it(name: str) -> None:
    for code in range(2, 87):
        char = LAYOUTS[name].levels[ALTGR].get(code)
        at = f"{code}{char}"
        assert char is None or at in ALTGR_XKB[name] or not char.isascii() or (code in (3, 5, 8) and char in "~`"), (code, char)
    assert LAYOUTS["it"].levels[ALTGR_SHIFT] == {26: "{", 27: "}"}


def test_dead_keys_are_those_of_both_sources() -> None:
    dead = {name: sorted(layout.dead) for name, layout in LAYOUTS.items()}
    assert dead == {
        "us": [],
        "uk": [],
        "de": [(0, 13), (0, 41), (1, 13)],
        "fr": [(0, 26), (1, 26), (2, 3), (2, 8)],
        "es": [(0, 26), (0, 40), (1, 26), (1, 40), (2, 5)],
        "it": [],
    }
    assert LAYOUTS["fr"].compose["^", "e"] == "ê"
    assert LAYOUTS["de"].compose["^", " "] == "^"
    assert ("^", "s") not in LAYOUTS["fr"].compose


def test_caps_lock_takes_the_digits_on_fr_and_de_as_windows_has_it() -> None:
    digits = set(range(2, 12))
    assert {name for name, layout in LAYOUTS.items() if digits <= layout.caps} == {"fr", "de"}
    assert not digits & LAYOUTS["it"].caps
    assert {41, 86}.isdisjoint(LAYOUTS["fr"].caps)
    assert {41, 13, 86, 53}.isdisjoint(LAYOUTS["de"].caps)
    assert 39 in LAYOUTS["es"].caps  # ñ
    assert 26 not in LAYOUTS["it"].caps  # è


def test_control_keys_have_their_place_on_every_layout_and_letters_their_own() -> None:
    for layout in LAYOUTS.values():
        assert (layout.ctrl[0][26], layout.ctrl[0][27], layout.ctrl[0][43]) == ("\x1b", "\x1d", "\x1c")
    assert LAYOUTS["fr"].ctrl[0][16] == "\x01"
    assert LAYOUTS["us"].ctrl[1][7] == "\x1e"
    assert LAYOUTS["us"].ctrl[1][12] == "\x1f"
