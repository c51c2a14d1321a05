"""What receipt printer emulators have in common, whatever language they speak: paper that comes to an end, cutter, drawer, faults,
and a buffer that waits while the printer is stopped.

Commands: ``fault``, ``paper`` (`millimetres` of it are left; then paper_out), ``drawer`` (`open`: a person opens or closes it),
``tear`` (take what hangs out without a cut).
Reports: ``{"event": "paper", "png_b64": …, "copies": 1, "id": n}``, ``{"event": "drawer", "open": …}``,
``{"event": "fault", "name": "paper_out", "on": …}`` when its paper came to an end, or `paper` was loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.emulators.emulator import BadCommand, Command, Report, no_command, no_fault, switch_of, text_of
from drivers.emulators.escpos_paper import DOTS_PER_MM, Paper

Fixed = Mapping[bytes, tuple[int, Callable[[bytes], None]]]
"""Commands of fixed length: name -> how many argument bytes follow, and what to do with them."""


class ReceiptMachine:
    """`stops` are those of its `known_faults` that stop it; `changed` is called when its status is another one than before."""

    def __init__(
        self,
        report: Report,
        known_faults: tuple[str, ...],
        stops: frozenset[str],
        commands: tuple[str, ...],
        changed: Callable[[], None],
    ) -> None:
        self._report = report
        self._known_faults = known_faults
        self._stops = stops
        self._commands = commands
        self._changed = changed
        self._paper_end: int | None = None
        self._count = 0
        self._answers = bytearray()
        self.paper = Paper()
        self.faults: set[str] = set()
        self.waiting = bytearray()
        self.is_drawer_open = False

    @property
    def is_stopped(self) -> bool:
        return not self.faults.isdisjoint(self._stops)

    def on_command(self, command: Command) -> None:
        """One of the commands above.  Raises BadCommand."""
        match command.get("do"):
            case "fault":
                self._switch(text_of(command, "name"), on=switch_of(command))
            case "paper":
                self._load(command.get("millimetres"))
            case "drawer":
                self.move_drawer(is_open=switch_of(command, "open"))
            case "tear":
                self.cut()
            case other:
                raise no_command("receipt printer", other, self._commands)

    def run(self, step: Callable[[bytes], int]) -> None:
        """Do what waits, until it is done, not all there yet, or a fault stops it.  `step` says how many bytes it took."""
        while self.waiting and not self.is_stopped:
            taken = step(bytes(self.waiting))
            if not taken:
                return
            del self.waiting[:taken]
            if self._paper_end is not None and self.paper.used >= self._paper_end:
                self._paper_end = None
                self._turn_paper_out(on=True)

    def answer(self, data: bytes) -> None:
        self._answers += data

    def taken_answers(self) -> bytes:
        """What it says now; lost if it is `mute`."""
        answers = bytes(self._answers)
        self._answers.clear()
        return b"" if "mute" in self.faults else answers

    def cut(self) -> None:
        if self.paper.is_blank and not self.paper.has_begun_line:
            return
        self._count += 1
        self._report({"event": "paper", "png_b64": self.paper.cut(), "copies": 1, "id": self._count})

    def move_drawer(self, *, is_open: bool) -> None:
        if is_open != self.is_drawer_open:
            self.is_drawer_open = is_open
            self._report({"event": "drawer", "open": is_open})
            self._changed()

    def _switch(self, name: str, *, on: bool) -> None:
        if name not in self._known_faults:
            raise no_fault("receipt printer", name, self._known_faults)
        (self.faults.add if on else self.faults.discard)(name)
        if name == "paper_out":
            self._paper_end = None
        self._changed()

    def _load(self, millimetres: object) -> None:
        if not isinstance(millimetres, int) or millimetres < 0:
            raise BadCommand(f"'paper' needs 'millimetres' as a whole number from 0, got {millimetres!r}")
        self._paper_end = self.paper.used + millimetres * DOTS_PER_MM
        self._turn_paper_out(on=False)

    def _turn_paper_out(self, *, on: bool) -> None:
        """Nobody switched it: whoever watches must be told."""
        if on is not ("paper_out" in self.faults):
            (self.faults.add if on else self.faults.discard)("paper_out")
            self._report({"event": "fault", "name": "paper_out", "on": on})
            self._changed()


def do_fixed(data: bytes, known: Fixed, skipped: Mapping[bytes, int]) -> int | None:
    """Do the command that `data` begins with if it is `known` or `skipped` (name -> argument bytes); longer names go first.

    How many bytes it took, 0 if it is not all there yet; None if it is neither.
    """
    for length in (3, 2):
        name = data[:length]
        if name in known:
            count, do = known[name]
            if len(data) < length + count:
                return 0
            do(data[length : length + count])
            return length + count
        if name in skipped:
            return length + skipped[name] if len(data) >= length + skipped[name] else 0
    return None
