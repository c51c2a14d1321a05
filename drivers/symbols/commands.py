"""Command barcodes: what a person does at a station by scanning a sheet instead of pressing a key.

A command is ``SHELFX`` and a word, such as ``SHELFXCOUNT``, as Code 39 or Code 128.  A scanner that types is often set to another
keyboard layout than the box; so only letters are used that are on the same key on the us, uk, de, fr, es and it layouts: no A, M,
Q, W, Y, Z (fr moves A, Q, M, W, Z; de swaps Y and Z), and no digits (fr needs Shift for them).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "SHELFX"
SAFE_LETTERS = frozenset("BCDEFGHIJKLNOPRSTUVX")


class Command(StrEnum):
    """The words.  `BOXUP` packs (weighs and labels) a parcel, `SEND` hands it over to the carrier, `LOOKUP` tells of items."""

    RECEIVE = "RECEIVE"
    COUNT = "COUNT"
    PICK = "PICK"
    BOXUP = "BOXUP"
    SEND = "SEND"
    LOOKUP = "LOOKUP"
    SHORT = "SHORT"
    DONE = "DONE"
    STOP = "STOP"

    @property
    def symbol(self) -> str:
        """What its barcode holds."""
        return PREFIX + self.value


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """A command barcode of another version, or one misread: never a product's code."""

    word: str


_WORDS = {each.value: each for each in Command}


def parse_command(text: str) -> Command | UnknownCommand | None:
    """The command that a symbol's text is; None if it is none of ours.  Case does not matter: CapsLock may be on."""
    folded = text.upper()
    if not folded.startswith(PREFIX):
        return None
    word = folded.removeprefix(PREFIX)
    return _WORDS.get(word) or UnknownCommand(word)
