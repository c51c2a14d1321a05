"""Command barcodes: what a person does at a station by scanning a sheet instead of pressing a key; and badges, which say who.

A command is ``SHELFX`` and a word, such as ``SHELFXCOUNT``, as Code 39 or Code 128.  A scanner that types is often set to another
keyboard layout than the box; so only letters are used that are on the same key on the us, uk, de, fr, es and it layouts: no A, M,
Q, W, Y, Z (fr moves A, Q, M, W, Z; de swaps Y and Z), and no digits (fr needs Shift for them).

A badge is ``SHELFXID`` and 16 such letters, drawn at random: 69 bits that stand for nothing and are no name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PREFIX = "SHELFX"
SAFE_LETTERS = frozenset("BCDEFGHIJKLNOPRSTUVX")
BADGE_PREFIX: Final = f"{PREFIX}ID"
BADGE_LETTERS: Final = 16


class Command(StrEnum):
    """The words.  `BOXUP` packs (weighs and labels) a parcel, `SEND` hands it over to the carrier, `LOOKUP` tells of items,
    `STICKER` makes shelf labels.  `STORE` puts away, `OUTBOUND` and `INBOUND` are transfers, `CORRECT` adjusts, `PRICES` puts up a
    batch of shelf labels, `ORDER` takes an order at the counter (`HOLD` puts it aside, `CONTINUE` goes on with it, `DISCOUNT` and
    `PERCENT` give one, `TICKET` is why: the shelf label says less).  `NOTHING` is an empty bin, or goods without what was asked
    for.  `NOTSENT` to `OTHER` are reasons.
    `DITTO` is the same again, `DRILL` training.  The digits are words, too (`NIL` 0, `DUO` 2).
    """

    RECEIVE = "RECEIVE"
    STORE = "STORE"
    COUNT = "COUNT"
    PICK = "PICK"
    BOXUP = "BOXUP"
    SEND = "SEND"
    LOOKUP = "LOOKUP"
    STICKER = "STICKER"
    OUTBOUND = "OUTBOUND"
    INBOUND = "INBOUND"
    CORRECT = "CORRECT"
    PRICES = "PRICES"
    ORDER = "ORDER"
    HOLD = "HOLD"
    CONTINUE = "CONTINUE"
    DISCOUNT = "DISCOUNT"
    PERCENT = "PERCENT"
    TICKET = "TICKET"
    CLUSTER = "CLUSTER"
    SHORT = "SHORT"
    NOTHING = "NOTHING"
    PRINT = "PRINT"
    NOTSENT = "NOTSENT"
    BROKEN = "BROKEN"
    EXPIRED = "EXPIRED"
    SPOILED = "SPOILED"
    STOLEN = "STOLEN"
    LOST = "LOST"
    FOUND = "FOUND"
    INHOUSE = "INHOUSE"
    OTHER = "OTHER"
    DITTO = "DITTO"
    DONE = "DONE"
    UNDO = "UNDO"
    STOP = "STOP"
    DRILL = "DRILL"
    NIL = "NIL"
    ONE = "ONE"
    DUO = "DUO"
    THREE = "THREE"
    FOUR = "FOUR"
    FIVE = "FIVE"
    SIX = "SIX"
    SEVEN = "SEVEN"
    EIGHT = "EIGHT"
    NINE = "NINE"

    @property
    def symbol(self) -> str:
        """What its barcode holds."""
        return PREFIX + self.value

    @property
    def digit(self) -> int | None:
        """The digit that it types; None if it is none."""
        return _DIGITS.get(self)


DIGITS: Final = (
    Command.NIL,
    Command.ONE,
    Command.DUO,
    Command.THREE,
    Command.FOUR,
    Command.FIVE,
    Command.SIX,
    Command.SEVEN,
    Command.EIGHT,
    Command.NINE,
)
"""The commands that type 0 to 9, in this order."""
_DIGITS: Final = {command: digit for digit, command in enumerate(DIGITS)}


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """A command barcode of another version, or one misread: never a product's code."""

    word: str


_WORDS = {each.value: each for each in Command}


def parse_command(text: str) -> Command | UnknownCommand | None:
    """The command that a symbol's text is; None if it is none of ours.  Case does not matter: CapsLock may be on."""
    folded = text.upper()
    if not folded.startswith(PREFIX) or parse_badge(text) is not None:
        return None
    word = folded.removeprefix(PREFIX)
    return _WORDS.get(word) or UnknownCommand(word)


def parse_badge(text: str) -> str | None:
    """The badge that a symbol's text is, in capitals: what is hashed to find whose it is.  None if it is no badge."""
    folded = text.upper()
    letters = folded.removeprefix(BADGE_PREFIX)
    is_badge = (
        len(letters) == BADGE_LETTERS and len(folded) == len(BADGE_PREFIX) + BADGE_LETTERS and SAFE_LETTERS.issuperset(letters)
    )
    return folded if is_badge else None
