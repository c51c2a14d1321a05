"""Adam Equipment scales: what they print when the host presses their Print key, as text in one of several label formats."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from drivers.devices import Pace, Transport, Weight
from drivers.errors import DeviceTimeout, ProtocolViolation
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.numbers import ExpectedUnit, expect_unit
from drivers.scales.units import UNIT_OF_LETTERS, Unit, in_grams

CR = b"\r"  # lines end in CR LF, in some models in LF CR
_WAIT = 1.0
_LONGEST = 128
_LINES = 24
# G/W and GROSS, N/W and NET, alone or with "Wt"; not Total, Tare, Unit Wt, or a Wt that a recall of the memory prints.
_WEIGHT = re.compile(
    rb"\s*(?:(?P<kind>[GN])(?:/W|ROSS|ET)?(?:\s*WT\.?|\s*WEIGHT)?\s*:?(?=[\s+-]))?"
    rb"\s*(?P<sign>[+-]?)\s*(?P<whole>[0-9]+)(?:\.(?P<rest>[0-9]+))?\s*(?P<unit>kg|g|mg|t|lb|oz|ozt|ct|gn|dwt)\s*",
    re.IGNORECASE,
)
_COUNT = re.compile(rb"(?:PCS)?\s*[+-]?\s*[0-9.]+\s*(?:PCS|%)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AdamOptions:
    """`command`: ``P`` presses the Print key; ``G`` and ``N`` ask a CPWplus for the gross or net weight.

    `in_motion`: a scale that is silent while it moves tells by its answer that it is at rest; the weights of one that answers are
    for displays only.  Empty: silent for ``P``, as the AZextra; answers for ``G`` and ``N``, of which the manual says nothing.
    `unit`: the only one that is believed.
    """

    command: Literal["P", "G", "N"] = "P"
    in_motion: Literal["", "silent", "answers"] = ""
    unit: ExpectedUnit = ""


@register("adam", kind=Kind.SCALE, options=AdamOptions)
class AdamScale:
    """Adam Equipment counter and bench scales (AZextra, CPWplus, CBK, GBK, Highland).

    Source: Adam AZextra-p manual (2011), section 3.10 (T, Z, P); CPWplus manual (2010), p. 14 (G, N, T, Z, H); CBK (2007),
    section 11, and Highland manuals (lines of a print); the ADAM driver of Odoo's `hw_drivers`, public source, for what no manual
    says: an AZextra beeps at each question, and is silent while its weight is unstable, nothing, or what it last answered.  Usual
    line: 4800 or 9600 baud, 8N1; printing language English.

    Nothing answers Z and T, so that nothing proves them: they are done at the scale.  There is no checksum and no fixed form: a
    number with other decimals than the one before is refused once, as damaged.
    """

    pace = Pace.ON_DEMAND

    def __init__(self, transport: Transport, options: AdamOptions) -> None:
        self._transport = transport
        self._options = options
        self._is_at_rest = (options.in_motion or ("silent" if options.command == "P" else "answers")) == "silent"
        self._decimals: dict[Unit, int] = {}

    def read_weight(self) -> Weight:
        """What it prints now.  Raises DeviceTimeout: no answer, also while the weight is unstable or what it last answered."""
        self._transport.discard_input()
        self._transport.write(self._options.command.encode() + b"\r\n")
        deadline = time.monotonic() + _WAIT
        is_counting = False
        for _ in range(_LINES):
            try:
                line = self._transport.read_until(CR, max(0.0, deadline - time.monotonic()), _LONGEST)
            except DeviceTimeout:
                break
            found = _WEIGHT.fullmatch(line)
            if found:
                return self._weight(found, line)
            is_counting |= bool(_COUNT.fullmatch(line.strip()))
        if is_counting:
            raise blocked(("not_weighing",))
        raise DeviceTimeout("the scale printed no weight within 1 s: it is silent also while its weight is unstable or unchanged")

    def _weight(self, found: re.Match[bytes], line: bytes) -> Weight:
        unit = UNIT_OF_LETTERS[found["unit"].lower()]
        expect_unit(unit, self._options.unit, line)
        decimals = len(found["rest"] or b"")
        before = self._decimals.get(unit, decimals)
        self._decimals[unit] = decimals
        if decimals != before:
            raise ProtocolViolation(f"the scale sent {line!r}, expected {before} decimals as before: a digit may have got lost")
        number = Decimal((found["sign"] + found["whole"] + b"." + (found["rest"] or b"0")).decode())
        is_net = (found["kind"] or b"").upper() == b"N"
        return Weight(in_grams(number, unit), stable=self._is_at_rest, raw=line, is_net=is_net)
