"""A price computing scale with checkout dialog 02.  Source: Ohaus Aviator 7000 service manual V13, sections 6.1.3 and 6.1.6.

Commands and faults: `drivers.emulators.platter`.  It keeps the rule: no weighing is given twice; each that is given is reported as
``{"event": "weighed", "grams": …, "unit_price": …, "amount": …}``.  Also ``{"do": "configure", "minimum_grams": "20",
"amount_step": 1}``, and the faults `unfinished` (status 22 until it is off), `wrong_amount` (10 more than it should be) and
`dialog_06` (wants checksums first, as dialog 06 does).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from drivers.emulators.emulator import BadCommand, Command, Report
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter, grams_of
from drivers.registry import Kind
from drivers.scales.units import GRAMS_PER, Unit

KIND = Kind.SCALE
COMMANDS = PLATTER_COMMANDS
FAULTS = (*PLATTER_FAULTS, "unfinished", "wrong_amount", "dialog_06")
_STX, _ETX, _EOT, _ENQ, _ACK, _NAK, _ESC = b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\x15", b"\x1b"
_LONGEST = 64


class Dialog02Emulator:
    """Weighs in kg, or in pounds with two decimals; what it answers follows from the last thing it was told."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._platter = Platter(report, (Unit.KG, Unit.LB), FAULTS)
        self._minimum = Decimal(20)
        self._step = 1
        self._received = b""
        self._unit_price = 0
        self._status = b"00"
        self._has_moved = True

    def on_bytes(self, data: bytes) -> bytes:
        answers = b""
        for byte in data:
            answers += self._platter.spoiled(self._take(bytes((byte,))))
        return answers

    def on_command(self, command: Command) -> bytes:
        before = self._platter.grams
        self._platter.on_command(command)
        self._has_moved |= self._platter.grams != before or self._platter.is_moving
        if command.get("do") == "configure":
            self._configure(command)
        return b""

    def _configure(self, command: Command) -> None:
        self._minimum = grams_of(command, "minimum_grams") if "minimum_grams" in command else self._minimum
        step = command.get("amount_step", self._step)
        if not isinstance(step, int) or isinstance(step, bool) or step < 1:
            raise BadCommand(f"'amount_step' is a number from 1 on, got {step!r}")
        self._step = step

    def _take(self, byte: bytes) -> bytes:
        if byte == _EOT:
            self._received = b""
        elif byte == _ENQ and not self._received:
            return self._weigh()
        elif byte == _STX or (self._received and len(self._received) < _LONGEST):
            self._received = byte if byte == _STX else self._received + byte
            if byte == _ETX:
                record, self._received = self._received[1:-1], b""
                return self._obey(record)
        return b""

    def _obey(self, record: bytes) -> bytes:
        number, *fields = record.split(_ESC)
        if "dialog_06" in self._platter.faults:
            return _STX + b"11" + _ESC + b"2" + _ESC + b"5A" + _ETX
        if number == b"08":
            return _STX + b"09" + _ESC + self._status + _ETX
        if number != b"01" or len(fields) != 2 or fields[1]:
            return self._refuse(b"10")
        if len(fields[0]) != 6 or not fields[0].isdigit() or not int(fields[0]):
            return self._refuse(b"11")
        self._unit_price, self._status = int(fields[0]), b"00"
        return _ACK

    def _weigh(self) -> bytes:
        if "dialog_06" in self._platter.faults:
            return _STX + b"11" + _ESC + b"2" + _ESC + b"5A" + _ETX
        why = self._why_not()
        if why:
            return self._refuse(why)
        places = 3 if self._platter.unit is Unit.KG else 2
        number = (self._platter.net / GRAMS_PER[self._platter.unit]).quantize(Decimal(1).scaleb(-places))
        amount = int((number * self._unit_price / self._step).quantize(Decimal(1), ROUND_HALF_UP)) * self._step
        if amount > 999_999:
            return self._refuse(b"32")
        self._has_moved, self._status = False, b"00"
        self._report({"event": "weighed", "grams": str(self._platter.net), "unit_price": self._unit_price, "amount": amount})
        told = amount + 10 if "wrong_amount" in self._platter.faults else amount
        digits = int(number.scaleb(places))
        form = b"3" if self._platter.unit is Unit.KG else b"1"
        return _ESC.join((_STX + b"02", form, b"%05d" % digits, b"%06d" % self._unit_price, b"%06d" % told)) + _ETX

    def _why_not(self) -> bytes:
        platter = self._platter
        reasons = (
            (platter.is_moving, b"20"),
            ("unfinished" in platter.faults or not self._unit_price, b"22"),
            (platter.is_over, b"32"),
            (platter.net < 0 or platter.is_under, b"31"),
            (platter.is_unzeroed, b"01"),
            (platter.net < self._minimum, b"30"),
            (not self._has_moved, b"21"),
        )
        return next((status for applies, status in reasons if applies), b"")

    def _refuse(self, status: bytes) -> bytes:
        self._status = status
        return _NAK
