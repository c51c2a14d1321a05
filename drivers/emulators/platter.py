"""What all scale emulators have in common: a platter, its zero and tare, and a person at it.  Pure; weights in grams.

Commands: ``{"do": "put", "grams": "1234"}`` (what lies on the platter, all of it; may be negative), ``{"do": "remove"}``,
``{"do": "configure", "unit": "kg", "capacity_grams": "15000", "places": 3}``, ``{"do": "fault", "name": "motion", "on": true}``.

Faults: `motion`, `over`, `under` (told whatever lies there), `unzeroed` (outside the zero range), `mute` (says nothing), `damaged`
(one byte in the middle of each frame is not what it was).  Emulators add their own, and say all they have in their `FAULTS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from drivers.emulators.emulator import BadCommand, Command, Report, no_command, no_fault, switch_of, text_of
from drivers.scales.units import GRAMS_PER, Unit

PLATTER_COMMANDS = ("put", "remove", "configure", "fault")
PLATTER_FAULTS = ("motion", "over", "under", "unzeroed", "mute", "damaged")
_PLACES = {
    Unit.KG: 3,
    Unit.LB: 2,
    Unit.OZ: 1,
    Unit.TONNE: 4,
    Unit.SHORT_TON: 4,
    Unit.TROY_OZ: 2,
    Unit.CARAT: 1,
    Unit.PENNYWEIGHT: 1,
}


class Platter:
    """One scale's platter.  `units` are those that its protocol can tell, the first is where it starts; `faults` and
    `commands` are all that it has.
    """

    def __init__(
        self,
        report: Report,
        units: Iterable[Unit] = (Unit.KG, Unit.LB),
        faults: Iterable[str] = PLATTER_FAULTS,
        commands: Iterable[str] = PLATTER_COMMANDS,
    ) -> None:
        self._report = report
        self._units = tuple(units)
        self._known = tuple(faults)
        self._commands = tuple(commands)
        self._places: int | None = None
        self.unit = self._units[0]
        self.capacity = Decimal(15000)
        self.grams = self.zero = self.tare = Decimal(0)
        self.faults: set[str] = set()
        self._last_talked = b""

    def on_command(self, command: Command) -> None:
        """Any of the commands above.  Raises BadCommand."""
        match command.get("do"):
            case "put":
                self._put(grams_of(command, "grams"))
            case "remove":
                self._put(Decimal(0))
            case "configure":
                self._configure(command)
            case ("zero" | "tare" | "clear_tare") as button if button in self._commands:
                {"zero": self.set_zero, "tare": self.set_tare, "clear_tare": self.clear_tare}[button]()
            case "fault" if command.get("name") in self._known:
                (self.faults.add if switch_of(command) else self.faults.discard)(text_of(command, "name"))
            case "fault":
                raise no_fault("scale of this kind", command.get("name"), self._known)
            case other:
                raise no_command("scale of this kind", other, self._commands)

    @property
    def gross(self) -> Decimal:
        return self.grams - self.zero

    @property
    def net(self) -> Decimal:
        return self.gross - self.tare

    @property
    def is_net(self) -> bool:
        return bool(self.tare)

    @property
    def is_moving(self) -> bool:
        return "motion" in self.faults

    @property
    def is_over(self) -> bool:
        return "over" in self.faults or self.gross > self.capacity

    @property
    def is_under(self) -> bool:
        """Far below zero: more than what a scale may capture as its zero."""
        return "under" in self.faults or self.gross < -self.capacity / 50

    @property
    def is_unzeroed(self) -> bool:
        return "unzeroed" in self.faults

    @property
    def is_at_zero(self) -> bool:
        return self.gross == 0

    @property
    def places(self) -> int:
        return _PLACES.get(self.unit, 0) if self._places is None else self._places

    def in_unit(self, grams: Decimal) -> Decimal:
        """As the scale shows it: in its unit, with its decimals."""
        return (grams / GRAMS_PER[self.unit]).quantize(Decimal(1).scaleb(-self.places)) + 0  # + 0: no negative nought

    def set_zero(self) -> bool:
        """Whether it was done: a scale captures zero within 2 % of its capacity, and not while the platter moves."""
        if self.is_moving or abs(self.grams) > self.capacity / 50:
            return False
        self.zero = self.grams
        self.faults.discard("unzeroed")
        return True

    def set_tare(self) -> bool:
        """Whether it was done: a scale tares nothing that is not there, and not while the platter moves."""
        if self.is_moving or self.is_over or self.gross < 0:
            return False
        self.tare = self.gross
        return True

    def clear_tare(self) -> bool:
        if self.is_moving:
            return False
        self.tare = Decimal(0)
        return True

    def talked(self, frame: bytes) -> bytes:
        """The frame as it is sent: `spoiled`, and with the fault `once` nothing while it is the one before."""
        sent = self.spoiled(frame)
        if "once" in self.faults and sent == self._last_talked:
            return b""
        self._last_talked = sent
        return sent

    def spoiled(self, frame: bytes) -> bytes:
        """The frame as it leaves: nothing if `mute`, a wrong byte in its middle if `damaged`."""
        if "mute" in self.faults:
            return b""
        if "damaged" in self.faults and frame:
            middle = len(frame) // 2
            return frame[:middle] + bytes((frame[middle] ^ 0x44,)) + frame[middle + 1 :]
        return frame

    def _put(self, grams: Decimal) -> None:
        self.grams = grams
        self._report({"event": "platter", "grams": str(grams)})

    def _configure(self, command: Command) -> None:
        unit = text_of(command, "unit", self.unit)
        if unit not in self._units:
            raise BadCommand(f"'unit' is one of {', '.join(self._units)}, got {unit!r}")
        places = command.get("places", self._places)
        if places is not None and (not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= 5):
            raise BadCommand(f"'places' is a number from 0 to 5, got {places!r}")
        self.capacity = grams_of(command, "capacity_grams") if "capacity_grams" in command else self.capacity
        self.unit, self._places = Unit(unit), places


def grams_of(command: Command, name: str) -> Decimal:
    """A command's weight argument.  Raises BadCommand."""
    try:
        grams = Decimal(text_of(command, name))
    except InvalidOperation:
        grams = Decimal("NaN")
    if not grams.is_finite() or abs(grams) >= 10**9:
        raise BadCommand(f'{name!r} is grams as a decimal text such as "1234.5", got {command.get(name)!r}')
    return grams
