"""A Mettler Toledo 8217 scale.  Source: Mettler DIVA Service Manual 72191202, p. 39-45 (DEVICES.md section 1).

Commands: ``{"do": "put", "grams": "1234"}`` (what lies on the platter, all of it; may be negative), ``{"do": "remove"}``,
``{"do": "configure", "unit": "kg" | "lb", "capacity_grams": "15000"}``.  Faults: `motion`, `unzeroed` (outside the zero capture
range), `once` (sends a weight once and then ``3F 40`` until it changes, as some firmwares do), `mute` (says nothing).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from drivers.emulators.emulator import BadCommand, Command, Report, switch_of, text_of

_MOTION, _OVER, _UNDER, _UNZEROED, _CENTRE, _NET, _ALWAYS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40
_FAULTS = ("motion", "unzeroed", "once", "mute")
_GRAMS_PER = {"kg": Decimal(1000), "lb": Decimal("453.59237")}
_STEP = {"kg": Decimal("0.001"), "lb": Decimal("0.01")}


class Toledo8217Emulator:
    """Weights are kept in grams; on the wire they are in the unit of its configuration, which is not on the wire."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._platter = self._zero = self._tare = Decimal(0)
        self._unit = "kg"
        self._capacity = Decimal(15000)
        self._faults: set[str] = set()
        self._last_sent = b""

    def on_bytes(self, data: bytes) -> bytes:
        answer = b"".join(self._answer(each) for each in data)
        return b"" if "mute" in self._faults else answer

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "put":
                self._put(_grams(command, "grams"))
            case "remove":
                self._put(Decimal(0))
            case "configure":
                self._configure(command)
            case "fault" if command.get("name") in _FAULTS:
                (self._faults.add if switch_of(command) else self._faults.discard)(text_of(command, "name"))
            case "fault":
                raise BadCommand(f"this scale has the faults {', '.join(_FAULTS)}, not {command.get('name')!r}")
            case other:
                raise BadCommand(f"a scale can 'put', 'remove', 'configure' and 'fault', not {other!r}")
        return b""

    def _put(self, grams: Decimal) -> None:
        self._platter = grams
        self._report({"event": "platter", "grams": str(grams)})

    def _configure(self, command: Command) -> None:
        unit = text_of(command, "unit", self._unit)
        if unit not in _GRAMS_PER:
            raise BadCommand(f"'unit' is kg or lb, got {unit!r}")
        self._unit = unit
        self._capacity = _grams(command, "capacity_grams") if "capacity_grams" in command else self._capacity

    def _answer(self, byte: int) -> bytes:
        match bytes((byte,)):
            case b"W":
                return self._weight()
            case b"Z":
                return self._set_zero()
            case b"T":
                return self._set_tare(self._platter - self._zero)
            case b"C":
                return self._set_tare(Decimal(0))
            case b"A":
                return b"\x02\r"
            case b"B":
                return b"\x02?@\r"
            case _:
                return b""

    def _weight(self) -> bytes:
        status = self._status()
        if status & (_MOTION | _OVER | _UNDER | _UNZEROED):
            return bytes((0x02, 0x3F, status, 0x0D))
        grams = self._platter - self._zero - self._tare
        number = (grams / _GRAMS_PER[self._unit]).quantize(_STEP[self._unit])
        frame = b"\x02" + str(number).zfill(6 if self._unit == "kg" else 5)[-6:].encode() + (b"N" if self._tare else b"") + b"\r"
        if "once" in self._faults and frame == self._last_sent:
            return b"\x02?@\r"
        self._last_sent = frame
        return frame

    def _status(self) -> int:
        gross = self._platter - self._zero
        return (
            _ALWAYS
            | (_MOTION if "motion" in self._faults else 0)
            | (_OVER if gross > self._capacity else 0)
            | (_UNDER if gross - self._tare < 0 else 0)
            | (_UNZEROED if "unzeroed" in self._faults else 0)
            | (_CENTRE if gross == 0 else 0)
            | (_NET if self._tare else 0)
        )

    def _set_zero(self) -> bytes:
        # A scale captures zero within 2 % of its capacity, and not while the platter moves.
        if "motion" not in self._faults and abs(self._platter) <= self._capacity / 50:
            self._zero = self._platter
            self._faults.discard("unzeroed")
            return bytes((0x02, 0x3F, self._status(), 0x0D))
        return bytes((0x02, 0x3F, self._status() | (0 if "motion" in self._faults else _UNZEROED), 0x0D))

    def _set_tare(self, grams: Decimal) -> bytes:
        if "motion" not in self._faults:
            self._tare = grams
        return bytes((0x02, 0x3F, self._status(), 0x0D))


def _grams(command: Command, name: str) -> Decimal:
    try:
        grams = Decimal(text_of(command, name))
    except InvalidOperation:
        grams = Decimal("NaN")
    if not grams.is_finite():
        raise BadCommand(f'{name!r} is grams as a decimal text such as "1234.5", got {command.get(name)!r}')
    return grams
