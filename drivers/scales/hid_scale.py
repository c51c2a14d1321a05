"""USB HID scales (usage page 8D): no protocol of a maker's, but reports whose meaning the device itself describes.

A data report holds a status, a unit, a power of ten and a number; where each of them is, the report descriptor says.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from drivers.devices import Pace, ReportSource, Weight
from drivers.errors import DeviceTimeout, ProtocolViolation, Unsupported
from drivers.hid_descriptor import Field, ReportDescriptor, ReportKind, parse_descriptor, usage
from drivers.registry import Kind, Over, register
from drivers.scales.faults import blocked
from drivers.scales.numbers import ExpectedUnit, expect_unit
from drivers.scales.units import Unit, in_grams

_PAGE = 0x8D
_WEIGHT, _SCALING, _UNIT, _STATUS, _ZERO = (usage(_PAGE, number) for number in (0x40, 0x41, 0x50, 0x70, 0x80))
_LISTEN = 0.5
_STALE_WITHIN = 0.4  # seconds from opening: what comes so soon was waiting in the device
_ZEROED_WITHIN = 1.0
_MOST_EXPONENT = 9
_UNITS = (
    *(Unit.MG, Unit.G, Unit.KG, Unit.CARAT, None, Unit.GRAIN),  # None: the tael, of which there are several
    *(Unit.PENNYWEIGHT, Unit.TONNE, Unit.SHORT_TON, Unit.TROY_OZ, Unit.OZ, Unit.LB),
)


class Status(IntEnum):
    """Scale status usages, counted from 70."""

    FAULT = 1
    AT_ZERO = 2
    MOTION = 3
    STABLE = 4
    UNDER_ZERO = 5
    OVER = 6
    CALIBRATE = 7
    REZERO = 8


_FAULTS = {
    Status.FAULT: "scale_error",
    Status.UNDER_ZERO: "under_zero",
    Status.OVER: "over_capacity",
    Status.CALIBRATE: "scale_calibration",
    Status.REZERO: "outside_zero",
}


@dataclass(frozen=True, slots=True)
class HidScaleOptions:
    """`unit`: the only unit that is believed, as a check; empty: whatever the scale says."""

    unit: ExpectedUnit = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a scale's data report everything is, and in which output report it is told to zero, if it can be told."""

    status: Field
    unit: Field
    scaling: Field
    weight: Field
    zero: Field | None

    @property
    def report_id(self) -> int:
        return self.weight.report_id


@register("hid.scale", kind=Kind.SCALE, over=Over.REPORTS, options=HidScaleOptions)
class HidScale:
    """USB HID scales (Dymo, Stamps.com, Mettler Toledo Ariva, Brecknell, Fairbanks SCB and others).

    Source: USB HID Point of Sale Usage Tables 1.02, section 4 (weighing devices, usage page 8D); USB HID 1.11, section 6.2.2.

    Such scales report when something changes, or many times a second; silence is no fault, and a scale that is gone is told by the
    kernel.  The first report may be left from before it was opened (erjiang/usbscale reads two for that reason): what comes within
    0.4 s of opening is for displays only, until another report follows.  The number has no sign: under zero it is a fault.

    IBM's own report format of scanner scales is not read: no public manual says where its digits are.
    """

    pace = Pace.STREAM

    def __init__(self, reports: ReportSource, options: HidScaleOptions) -> None:
        self._reports = reports
        self._descriptor = parse_descriptor(reports.descriptor)
        self._layout = find_layout(self._descriptor)
        self._options = options
        self._stale_until = time.monotonic() + _STALE_WITHIN
        self._has_reported = False

    def read_weight(self) -> Weight | None:
        """The next report's weight; None if none comes in half a second.  Raises DeviceFault, ProtocolViolation."""
        report = self._next_report(_LISTEN)
        if report is None:
            return None
        if not self._has_reported and time.monotonic() < self._stale_until:
            self._has_reported = True
            return _for_display(self._layout, report)
        self._has_reported = True
        return parse_report(self._layout, report, self._options)

    def zero(self) -> None:
        """Make what lies there the new zero.  Raises DeviceFault, DeviceTimeout (not done), Unsupported (it cannot be told)."""
        if self._layout.zero is None:
            raise Unsupported("this scale cannot be set to zero by the host: press its own key")
        report_id = self._layout.zero.report_id
        self._reports.write_report(self._descriptor.compose(ReportKind.OUTPUT, report_id, {_ZERO: 1}))
        deadline = time.monotonic() + _ZEROED_WITHIN
        while (left := deadline - time.monotonic()) > 0 and (report := self._next_report(left)) is not None:
            weight = parse_report(self._layout, report, self._options)
            if weight.stable and not weight.grams:
                return
        raise DeviceTimeout("the scale did not report zero within 1 s: is there too much on it?")

    def _next_report(self, timeout: float) -> bytes | None:
        """The next data report; others are passed over."""
        deadline = time.monotonic() + timeout
        left = timeout
        while left >= 0 and (report := self._reports.read_report(left)):
            if report[0] == self._layout.report_id:
                return report
            left = deadline - time.monotonic()
        return None


def find_layout(descriptor: ReportDescriptor) -> Layout:
    """Raises Unsupported: it is no scale, or its descriptor does not say where something is."""
    for weight in descriptor.find(ReportKind.INPUT, _WEIGHT):
        status, unit, scaling = (_beside(descriptor, weight, wanted) for wanted in (_STATUS, _UNIT, _SCALING))
        if status and unit and scaling and _WEIGHT in weight.usages:
            zeros = (each for each in descriptor.find(ReportKind.OUTPUT, _ZERO) if _ZERO in each.usages)
            return Layout(status, unit, scaling, weight, next(zeros, None))
    raise Unsupported("this USB device is no scale: no report of it has status, unit, scaling and weight (usage page 8D)")


def parse_report(layout: Layout, report: bytes, options: HidScaleOptions) -> Weight:
    """Read a data report.  Raises DeviceFault (its status), ProtocolViolation (too short, no known status or unit)."""
    status = _code(layout.status, report, _STATUS)
    if status in _FAULTS:
        raise blocked((_FAULTS[Status(status)],))
    if status == Status.AT_ZERO:  # the rest is then padding in some scales
        return Weight(Decimal(0), stable=True, raw=report)
    if status not in (Status.MOTION, Status.STABLE):
        raise ProtocolViolation(f"the scale sent {report!r}, expected a status from 1 to 8")
    code = _code(layout.unit, report, _UNIT)
    unit = _UNITS[code - 1] if 1 <= code <= len(_UNITS) else None
    exponents, numbers = layout.scaling.values(report), layout.weight.values(report)
    if unit is None or not exponents or not numbers:
        raise ProtocolViolation(
            f"the scale sent {report!r}, expected a unit from 1 to 12 (but 5, the tael), an exponent and a number"
        )
    expect_unit(unit, options.unit, report)
    grams = in_grams(Decimal(numbers[0]).scaleb(_exponent(exponents[0], layout.scaling, report)), unit)
    return Weight(grams, stable=status == Status.STABLE, raw=report)


def _for_display(layout: Layout, report: bytes) -> Weight | None:
    """What may be left from before: never a fault, never at rest."""
    if _code(layout.status, report, _STATUS) not in (Status.MOTION, Status.STABLE, Status.AT_ZERO):
        return None
    weight = parse_report(layout, report, HidScaleOptions())
    return Weight(weight.grams, stable=False, raw=report)


def _beside(descriptor: ReportDescriptor, weight: Field, wanted: int) -> Field | None:
    return next((each for each in descriptor.find(ReportKind.INPUT, wanted) if each.report_id == weight.report_id), None)


def _code(field: Field, report: bytes, base: int) -> int:
    """Which of the usages after `base` a report names; 0 for none.  Some devices have a number instead of a choice."""
    if field.is_array:
        return next((each - base for each in field.chosen(report)), 0)
    return next(iter(field.values(report)), 0)


def _exponent(value: int, field: Field, report: bytes) -> int:
    """Signed also where the descriptor forgot to say so."""
    signed = value - (1 << field.bit_size) if field.logical_min >= 0 and value >> (field.bit_size - 1) else value
    if abs(signed) > _MOST_EXPONENT:
        raise ProtocolViolation(
            f"the scale sent {report!r}, expected an exponent of ten from -{_MOST_EXPONENT} to {_MOST_EXPONENT}"
        )
    return signed
