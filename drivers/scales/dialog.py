"""Price computing scales that speak checkout dialog 02 or 04 (04 is 02 at 4800 baud).

Sources: Ohaus Aviator 7000/5000 service manual (11/2012) V13, sections 6.1.3.3 and 6.1.3.4 (records, status, course) and 6.1.6
(dialog 02/04); Mettler DIVA Service Manual 72191202, p. 54-55; Cely PI100 49TPI10EN04, section 7.5.
Usual line: 2400 baud (04: 4800), 7O1.

The host tells a unit price (record 01), then asks (EOT ENQ); the scale answers weight, unit price and amount together (record 02),
or NAK, and why (records 08, 09).  It gives no weighing twice: status 21 until something has moved.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from drivers.devices import Pace, PricedWeight, Transport, Weight
from drivers.errors import DeviceTimeout, ProtocolViolation, Unsupported
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.units import Unit, in_grams

STX, ETX, EOT, ENQ, ACK, NAK, ESC = b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\x15", b"\x1b"
ASK = EOT + ENQ
ASK_STATUS = EOT + STX + b"08" + ETX
MOST_PRICE = 999_999  # six digits
CHECKSUMS_WANTED = (
    "this scale speaks dialog 06: it wants checksums made with its maker's secret polynomial, which only approved tills have; "
    "set it to dialog 02 or 04"
)
_MOTION, _SAME, _UNFINISHED = b"20", b"21", b"22"
_FAULTS = {b"01": "scale_error", b"30": "below_minimum", b"31": "under_zero", b"32": "over_capacity"}
_REFUSED = {
    b"10": "it does not know record 01, so that it is no dialog 02 or 04 scale",
    b"11": "it does not take this unit price",
}
_RESULT = re.compile(rb"\x0202\x1b([0-3])\x1b([0-9]{5})\x1b([0-9]{5,6})\x1b([0-9]{6})\x03")
_STATUS = re.compile(rb"\x0209\x1b([0-9]{2})\x03")
_UNITS = {b"0": Unit.LB, b"1": Unit.LB, b"2": Unit.LB, b"3": Unit.KG}
_PLACES = {b"1": 2, b"2": 3, b"3": 3}  # 0.01 lb, 0.005 lb, and grams
_WAIT = 1.0
_LONGEST = 64
_TRIES = 5
_REST = 0.05


@dataclass(frozen=True, slots=True)
class DialogOptions:
    """`price_per`: what unit prices are for; a scale that weighs in the other unit is refused.  `nominal_price`: at which
    a weight without a price is asked for; 0 refuses that.  `amount_step`: amounts are rounded to multiples of it (5: to 0.05).
    `final_eot`: some scales want EOT after each answer (the course in the Cely manual has it, that in the Ohaus manual has not).
    """

    price_per: Literal["kg", "lb"] = "kg"
    nominal_price: int = 0
    amount_step: int = 1
    final_eot: bool = False


@register("dialog.02", kind=Kind.SCALE, options=DialogOptions)
class Dialog02:
    """Price computing scales with checkout dialog 02 or 04.  Source: Ohaus Aviator 7000 service manual V13, sections 6.1.3, 6.1.6.

    Dialog 06 needs its maker's secret and is refused.  In pounds and ounces the manual does not say which digits are what: they are
    read as LLOOE (E: eighths of an ounce), and such a weighing counts only if the scale's own amount proves it.
    """

    pace = Pace.ON_DEMAND

    def __init__(self, transport: Transport, options: DialogOptions) -> None:
        if not 0 <= options.nominal_price <= MOST_PRICE or options.amount_step < 1:
            raise Unsupported(f"dialog.02: nominal_price is 0 to {MOST_PRICE}, amount_step 1 or more, got {options}")
        self._transport = transport
        self._options = options

    def read_weight(self) -> Weight | None:
        """One weighing at the nominal price; the scale then gives no other before something has moved.  As `weigh`."""
        if not self._options.nominal_price:
            raise Unsupported(
                "a dialog 02 scale weighs only at a price: set its option nominal_price, or weigh at an article's price"
            )
        priced = self.weigh(self._options.nominal_price)
        return None if priced is None else priced.weight

    def weigh(self, unit_price: int) -> PricedWeight | None:
        """One weighing at `unit_price` (minor units per kilogram, or per pound with ``price_per = "lb"``).

        None while it moves, and if nothing moved since the last weighing: none is given twice.  Raises DeviceFault (`under_zero`,
        `below_minimum`, `over_capacity`, `scale_error`), DeviceTimeout, Unsupported (a price it does not take, dialog 06).
        """
        self._transport.discard_input()
        answer = self._say(price_record(unit_price))
        if answer == NAK:
            _check_innocent(self._ask_why(), unit_price)
            return None
        if answer != ACK:
            raise _unexpected(answer, "ACK or NAK")
        for _ in range(_TRIES):
            answer = self._say(ASK)
            if answer != NAK:
                return parse_result(answer, unit_price, self._options)
            why = self._ask_why()
            if why not in (_MOTION, _UNFINISHED):
                break
            self._transport.read(1, _REST)  # it needs a moment
        _check_innocent(why, unit_price)
        return None

    def _ask_why(self) -> bytes:
        return parse_status(self._say(ASK_STATUS))

    def _say(self, message: bytes) -> bytes:
        """What it answers: ACK, NAK, or a record from STX to ETX; line noise before it is passed over."""
        self._transport.write(message)
        deadline = time.monotonic() + _WAIT
        for _ in range(_LONGEST):
            first = self._transport.read(1, max(0.0, deadline - time.monotonic()))
            if not first:
                raise DeviceTimeout(f"the scale did not answer {message!r} within {_WAIT:g} s")
            if first in (ACK, NAK, STX):
                answer = first if first != STX else STX + self._transport.read_until(ETX, _WAIT, _LONGEST)
                if self._options.final_eot:
                    self._transport.write(EOT)
                return answer
        raise ProtocolViolation(f"the scale sent {_LONGEST} bytes of noise, expected ACK, NAK or STX")


def price_record(unit_price: int) -> bytes:
    """Record 01.  Raises Unsupported for a price that does not fit into its six digits, or is nothing."""
    if not 1 <= unit_price <= MOST_PRICE:
        raise Unsupported(f"a unit price of a dialog 02 scale is 1 to {MOST_PRICE} minor units, got {unit_price}")
    return EOT + STX + b"01" + ESC + f"{unit_price:06d}".encode() + ESC + ETX


def parse_status(record: bytes) -> bytes:
    """The two digits of record 09.  Raises ProtocolViolation, Unsupported (dialog 06)."""
    found = _STATUS.fullmatch(record)
    if not found:
        raise _unexpected(record, "record 09")
    return found[1]


def parse_result(record: bytes, unit_price: int, options: DialogOptions) -> PricedWeight:
    """Record 02.  Raises ProtocolViolation: it is none, or weight, unit price and amount do not belong together; Unsupported."""
    found = _RESULT.fullmatch(record)
    if not found:
        raise _unexpected(record, "record 02")
    form, digits, price, amount = found[1], found[2], int(found[3]), int(found[4])
    unit = _UNITS[form]
    if unit != options.price_per:
        raise Unsupported(f"the scale weighs in {unit}, but prices are per {options.price_per}: correct its option price_per")
    number = _pounds_of_ounces(digits) if form == b"0" else Decimal(digits.decode()).scaleb(-_PLACES[form])
    exact = number * unit_price
    if price != unit_price or abs(amount - exact) * 2 > options.amount_step:
        raise ProtocolViolation(
            f"{number} {unit} at {unit_price} is {exact}, but the scale sent {record!r}: they do not belong together"
        )
    if form == b"0" and not amount:
        raise ProtocolViolation(f"the scale sent {record!r}: without an amount nothing proves which digits are ounces")
    return PricedWeight(Weight(in_grams(number, unit), stable=True, raw=record), unit_price, amount)


def _pounds_of_ounces(digits: bytes) -> Decimal:
    pounds, ounces, eighths = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if ounces > 15 or eighths > 7:
        raise ProtocolViolation(f"the scale sent {digits!r} as pounds, ounces and eighths of an ounce: {ounces}, {eighths}")
    return Decimal(pounds * 128 + ounces * 8 + eighths) / 128


def _check_innocent(why: bytes, unit_price: int) -> None:
    """The reason why there is no weighing (record 09).  Raises what it means, unless it is motion or no motion."""
    if why in (_MOTION, _SAME):
        return
    if why == _UNFINISHED:
        raise DeviceTimeout("the scale did not finish the weighing in time")
    if why in _FAULTS:
        raise blocked([_FAULTS[why]])
    if why in _REFUSED:
        raise Unsupported(f"the scale refused the price {unit_price}: {_REFUSED[why]}")
    raise ProtocolViolation(f"the scale gave no weighing, with status {why!r}")


def _unexpected(answer: bytes, expected: str) -> ProtocolViolation | Unsupported:
    if answer.startswith(STX + b"11" + ESC):
        return Unsupported(CHECKSUMS_WANTED)
    return ProtocolViolation(f"the scale sent {answer!r}, expected {expected}")
