"""From what a scanner read to what it means: text, GTIN, GS1 elements.  Pure; nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from drivers.symbols.aim import GS1_CARRIERS, split_aim
from drivers.symbols.gtin import to_gtin14

if TYPE_CHECKING:
    from drivers.symbols.gs1 import Element

_FNC1 = "\x1d"
_REPLACED = "\ufffd"
_EAN_UPC = frozenset({"]E0", "]E4"})
_EAN_WITH_ADD_ON = "]E3"
_LOOKS_LIKE_GS1 = re.compile(r"01[0-9]{14}|00[0-9]{18}|\(01\)[0-9]{14}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A symbol.  `text` is all of its data (FNC1 as U+001D), `raw` its bytes if they are not text that can be stored.

    `gtin14`: the 14 digits, if the symbol surely carries a GTIN.  `gs1`: its elements, only if its carrier says that it holds some.
    `is_ambiguous`: it looks like GS1 elements, but its carrier does not say so, or they cannot be read.
    """

    text: str
    aim: str | None = None
    raw: bytes | None = None
    gtin14: str | None = None
    gs1: tuple[Element, ...] | None = None
    is_ambiguous: bool = False


def parse_symbol(data: bytes, aim: str | None = None, *, own_prefixes: frozenset[str] = frozenset()) -> Parsed:
    """Read a symbol; an AIM identifier still in front of `data` is taken off.  `own_prefixes` as in `to_gtin14`.

    Never raises.  Source: GS1 General Specifications, section 7.8 (which carriers hold GTINs and elements); DEVICES.md section 10.
    """
    if aim is None:
        data, aim = split_aim(data)
    text = data.decode("utf-8", "replace").replace("\0", _REPLACED)  # no database stores U+0000 in text
    raw = data if _REPLACED in text else None
    if aim in GS1_CARRIERS:
        return _parse_gs1(text, aim, raw, own_prefixes)
    gtin = to_gtin14(_gtin_part(text, aim), own_prefixes)
    ambiguous = gtin is None and aim not in _EAN_UPC and (text[:1] == _FNC1 or bool(_LOOKS_LIKE_GS1.match(text.lstrip(_FNC1))))
    return Parsed(text, aim, raw, gtin, None, ambiguous)


def _parse_gs1(text: str, aim: str | None, raw: bytes | None, own_prefixes: frozenset[str]) -> Parsed:
    # biip by name: a box that never sees a GS1 carrier does not pay for its tables.
    elements: tuple[Element, ...] | None = import_module("drivers.symbols.gs1").parse_elements(text)
    if elements is None:
        return Parsed(text, aim, raw, is_ambiguous=True)
    items = {each.value for each in elements if each.ai == "01"}
    gtin = to_gtin14(items.pop(), own_prefixes) if len(items) == 1 else None
    return Parsed(text, aim, raw, gtin, elements)


def _gtin_part(text: str, aim: str | None) -> str:
    """The digits that are a GTIN if anything is: all of an EAN, UPC or ITF-14, or of a symbol of unknown kind."""
    if aim is None or aim in _EAN_UPC or (aim.startswith("]I") and len(text) == 14):
        return text
    return text[:13] if aim == _EAN_WITH_ADD_ON and len(text) in (15, 18) else ""
