"""Who prints for whom: which printers are well and since when, and which may print another one's jobs.

A printer that is not ready for as long as its rule says (`after` seconds) is *down*: those that stand in for it take its jobs, one
at a time, each just before they print it, so that nothing has to be brought back when it is well again.  A job that a stand-in
holds and could not begin comes home once its own printer has been ready for `HOME_AFTER`; the two times keep jobs from going to
and fro.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from edge_agent.config import DeviceConfig
from edge_agent.seams import Clock

HOME_AFTER: Final = 5.0
"""Seconds that a printer must have been ready before it takes back what another one holds of its own."""
TURNS: Final = 8
"""Of so many jobs at a printer at least one is the oldest that waits, whatever its rank: nothing waits for ever."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """The printers that may print the jobs of one, in order, after `after` seconds in which it was not ready."""

    printers: tuple[str, ...] = ()
    after: float = 30.0


def stand_ins(devices: Iterable[DeviceConfig]) -> dict[str, StandIn]:
    """The rules of those printers that have one."""
    return {device.id: StandIn(device.stand_ins, device.stand_in_after_s) for device in devices if device.stand_ins}


class Rota:
    """See the module's docstring.  Nobody stands in for a printer without a rule, or whose state nobody has told yet."""

    def __init__(self, rules: Mapping[str, StandIn], clock: Clock) -> None:
        self._clock = clock
        self._rules = dict(rules)
        self._since: dict[str, tuple[bool, int]] = {}

    def set_rules(self, rules: Mapping[str, StandIn]) -> None:
        self._rules = dict(rules)

    def told(self, printer: str, *, is_ready: bool) -> None:
        """A printer's state, told or asked."""
        if self._since.get(printer, (not is_ready, 0))[0] is not is_ready:
            self._since[printer] = (is_ready, self._clock.mono_ms())

    def is_troubled(self, printer: str) -> bool:
        """Not ready, however short."""
        return printer in self._since and not self._since[printer][0]

    def is_down(self, printer: str) -> bool:
        """Not ready, for so long that others print for it."""
        return self.is_troubled(printer) and self._lasts(printer) >= self._rules.get(printer, StandIn()).after

    def is_steady(self, printer: str) -> bool:
        """Ready, for so long that it takes back what is its own."""
        return printer in self._since and self._since[printer][0] and self._lasts(printer) >= HOME_AFTER

    def helpers(self, printer: str) -> tuple[str, ...]:
        """Who may print its jobs."""
        return self._rules.get(printer, StandIn()).printers

    def helped(self, printer: str) -> list[str]:
        """In whose place it may print, should they be down."""
        return [other for other, rule in self._rules.items() if printer in rule.printers]

    def sources(self, printer: str, strays: Iterable[str] = ()) -> list[tuple[str, str]]:
        """Whose jobs it may take over now, and from whom that holds them.  `strays`: those that hold jobs of its own."""
        found = [(printer, holder) for holder in strays] if self.is_steady(printer) else []
        for home in self.helped(printer):
            if self.is_down(home):
                holders = [home, *(other for other in self.helpers(home) if other != printer and self.is_down(other))]
                found += [(home, holder) for holder in holders]
        return found

    def _lasts(self, printer: str) -> float:
        return (self._clock.mono_ms() - self._since[printer][1]) / 1000


class Turns:
    """Whose turn it is at one printer: rank decides, but the oldest is passed over only so often."""

    def __init__(self) -> None:
        self._passed = 0

    @property
    def is_for_the_oldest(self) -> bool:
        return self._passed >= TURNS - 1

    def took(self, *, is_oldest: bool) -> None:
        self._passed = 0 if is_oldest else self._passed + 1
