"""Numbers before an item: digits by command barcodes, or a number at a screen, say how many the next one is."""

from __future__ import annotations

from typing import Final, NamedTuple

from drivers.symbols.commands import DIGITS
from edge_agent.stations.model import Feedback, Pressed, ok, wrong
from edge_agent.stations.station import Button, Says

MOST: Final = 99_999
"""Of one reading: more is a barcode that was scanned into the number."""
MOST_LISTED: Final = 50
"""Codes that a task remembers only to list them."""
QUANTITY: Final = Button("quantity", Says(en="How many of the next item", zh="下一件的数量"), takes_number=True)
_DIGITS: Final = {command.value.lower(): digit for digit, command in enumerate(DIGITS)}


class Typed(NamedTuple):
    """The activity's number from now on (0: none), and what is said."""

    number: int
    feedback: Feedback


def typed(number: int, pressed: Pressed) -> Typed | None:
    """A digit, the page's field, or UNDO of a number (`number` is the activity's); None: the press is none of these."""
    digit = _DIGITS.get(pressed.control)
    if digit is not None:
        return _set(number * 10 + digit)
    if pressed.control == "quantity":
        return _set(pressed.number or 0)
    if pressed.control == "undo" and number:
        return Typed(0, ok("undone_number", number=number))
    return None


def _set(number: int) -> Typed:
    if not 1 <= number <= MOST:
        return Typed(0, wrong("number_bad", most=MOST))
    return Typed(number, ok("number_next", number=number))
