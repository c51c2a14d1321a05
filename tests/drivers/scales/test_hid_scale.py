"""Vectors: report descriptors made of what the Point of Sale Usage Tables 1.02, section 4, name."""

from __future__ import annotations

import contextlib
from collections import deque
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import Pace, Scale, Weight, Zeroes
from drivers.emulators.emulator import make_emulator
from drivers.emulators.hid_scale import DESCRIPTOR, REPORT_SIZE, HidScaleEmulator
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, DriverError, ProtocolViolation, Unsupported
from drivers.hid_descriptor import parse_descriptor
from drivers.registry import find
from drivers.scales import hid_scale
from drivers.scales.hid_scale import HidScaleOptions, find_layout, parse_report
from drivers.testing import ScriptedReports

# No report ids, a status report before the data, exponent not declared signed, no way to zero it.
WITHOUT_IDS = bytes.fromhex(
    "058D 0920 A101 0932 A102 7508 9501 0970 A102 1501 2508 1971 2978 8100 C0 0950 A102 250C 1951 295C 8100 C0"
    "1500 26FF00 0941 8102 7510 27FFFF0000 0940 8102 C0 C0"
)
# Number and exponent before unit and status; report 4.
IN_ANOTHER_ORDER = bytes.fromhex(
    "058D 0920 A101 8504 7520 9501 1500 27FFFFFF7F 0940 8102 7508 1581 257F 0941 8102"
    "0950 A102 1501 250C 1951 295C 8100 C0 0970 A102 2508 1971 2978 8100 C0 C0"
)
# A status report besides, and before the data report.
WITH_STATUS_REPORT = (
    DESCRIPTOR[:6] + bytes.fromhex("0933 A102 8505 7508 9501 0970 A102 1501 2508 1971 2978 8100 C0 C0") + DESCRIPTOR[6:]
)
KEYBOARD = bytes.fromhex("0501 0906 A101 0507 19E0 29E7 1500 2501 7501 9508 8102 C0")
FIRST = bytes.fromhex("03 04 03 FD 0F 27")  # left from before
LB = Decimal("453.59237")


@pytest.mark.parametrize(
    ("report", "grams", "is_stable"),
    [
        ("03 04 0B FF 34 19", Decimal("645.2") * LB / 16, True),
        ("03 04 02 00 14 00", Decimal(20), True),
        ("03 04 03 FD D2 04", Decimal(1234), True),
        ("03 04 0C FE FA 00", Decimal("2.50") * LB, True),
        ("03 02 02 00 00 00", Decimal(0), True),
        ("03 02 00 00 00 00", Decimal(0), True),  # at zero all the rest is padding
        ("03 03 03 FD D2 04", Decimal(1234), False),
        ("03 04 02 01 03 00", Decimal(30), True),
    ],
)
def test_a_report_is_a_weight(report: str, grams: Decimal, is_stable: bool) -> None:
    raw = bytes.fromhex(report)
    assert _read(raw) == Weight(grams, stable=is_stable, raw=raw)


@pytest.mark.parametrize(
    ("report", "fault"),
    [
        ("03 01 02 00 05 00", "scale_error"),
        ("03 05 02 00 05 00", "under_zero"),
        ("03 06 03 FD FF FF", "over_capacity"),
        ("03 07 02 00 05 00", "scale_calibration"),
        ("03 08 02 00 05 00", "outside_zero"),
    ],
)
def test_what_blocks_a_weight_is_a_fault(report: str, fault: str) -> None:
    with pytest.raises(DeviceFault) as caught:
        _read(bytes.fromhex(report))
    assert caught.value.faults == (fault,)


@pytest.mark.parametrize(
    "report",
    [
        "03 00 02 00 05 00",
        "03 09 02 00 05 00",
        "03 04 00 00 05 00",
        "03 04 0D 00 05 00",
        "03 04 05 00 05 00",  # a tael of which country?
        "03 04 02 7F 05 00",
        "03 04 02 80 05 00",
        "03 04 02 00 05",
        "03 04",
        "03",
    ],
)
def test_anything_else_is_no_weight(report: str) -> None:
    with pytest.raises(ProtocolViolation):
        _read(bytes.fromhex(report))


def test_another_unit_than_configured_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="another unit"):
        _read(bytes.fromhex("03 04 02 00 14 00"), {"unit": "kg"})


def test_where_things_are_is_the_descriptor_s_word() -> None:
    at = find_layout(parse_descriptor(WITHOUT_IDS))
    assert parse_report(at, bytes.fromhex("00 04 03 FD D2 04"), HidScaleOptions()).grams == 1234
    at = find_layout(parse_descriptor(WITH_STATUS_REPORT))
    assert parse_report(at, bytes.fromhex("03 04 03 FD D2 04"), HidScaleOptions()).grams == 1234
    assert (at.report_id, at.status.report_id) == (3, 3)
    at = find_layout(parse_descriptor(IN_ANOTHER_ORDER))
    assert parse_report(at, bytes.fromhex("04 D2 04 01 00 FD 03 04"), HidScaleOptions()).grams == 66770


@pytest.mark.parametrize("descriptor", [KEYBOARD, b"", DESCRIPTOR[:-30] + b"\xc0\xc0"])
def test_a_device_that_is_no_scale_is_refused(descriptor: bytes) -> None:
    with pytest.raises((Unsupported, ProtocolViolation)):
        _scale(descriptor=descriptor)


def test_other_reports_are_passed_over_and_silence_is_nothing_new() -> None:
    scale = _scale(FIRST, b"\x01\x02\x03", bytes.fromhex("03 04 02 00 14 00"))
    scale.read_weight()
    assert scale.read_weight().grams == 20
    assert scale.read_weight() is None
    assert scale.pace is Pace.STREAM


def test_what_was_waiting_in_the_device_is_for_displays_only() -> None:
    scale = _scale(FIRST, FIRST)
    assert scale.read_weight() == Weight(Decimal(9999), stable=False, raw=FIRST)
    assert scale.read_weight() == Weight(Decimal(9999), stable=True, raw=FIRST)
    assert _scale(bytes.fromhex("03 06 03 FD FF FF")).read_weight() is None


def test_a_first_report_that_comes_later_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hid_scale, "_STALE_WITHIN", 0.0)
    assert _scale(FIRST).read_weight().stable


def test_zero_is_told_where_the_descriptor_declares_it() -> None:
    reports = ScriptedReports(FIRST, bytes.fromhex("03 02 02 00 00 00"), descriptor=DESCRIPTOR)
    scale = find("hid.scale").build(reports)
    assert isinstance(scale, Zeroes)
    scale.zero()
    assert reports.written == [bytes.fromhex("02 02")]
    with pytest.raises(DeviceTimeout, match="too much"):
        scale.zero()
    with pytest.raises(Unsupported, match="key"):
        _scale(descriptor=WITHOUT_IDS).zero()


def test_unplugged_is_unavailable() -> None:
    reports = ScriptedReports(descriptor=DESCRIPTOR)
    reports.ends_gone = True
    scale = find("hid.scale").build(reports)
    assert isinstance(scale, Scale)
    with pytest.raises(DeviceUnavailable):
        scale.read_weight()


@given(report=st.binary(min_size=1, max_size=12))
@example(b"\x03\x04\x03\xfd\xd2")
def test_any_report_gives_typed_errors_or_a_weight(report: bytes) -> None:
    with contextlib.suppress(DriverError):
        weight = _read(b"\x03" + report)
        assert weight is None or weight.grams >= 0


@given(descriptor=st.binary(max_size=80) | st.integers(0, len(DESCRIPTOR) * 8 - 1).map(lambda bit: _flipped(DESCRIPTOR, bit)))
def test_any_descriptor_gives_typed_errors_or_a_scale(descriptor: bytes) -> None:
    with contextlib.suppress(DriverError):
        _scale(FIRST, FIRST, descriptor=descriptor).read_weight()


@given(grams=st.integers(-290, 14_999), unit=st.sampled_from(["kg", "g"]), is_moving=st.booleans())
def test_whatever_lies_on_the_emulator_is_what_the_driver_reads(grams: int, unit: str, is_moving: bool) -> None:
    pair = Pair()
    pair.do("configure", unit=unit)
    pair.do("fault", name="motion", on=is_moving)
    pair.do("put", grams=str(grams))
    if grams < 0:
        with pytest.raises(DeviceFault):
            pair.last()
    else:
        weight = pair.last()
        assert (int(weight.grams), weight.stable) == (grams, not is_moving)


def test_the_emulator_reports_motion_then_rest_and_floods_if_told() -> None:
    pair = Pair()
    pair.do("put", grams="200")
    told = [pair.scale.read_weight(), pair.scale.read_weight()]
    assert [(int(weight.grams), weight.stable) for weight in told] == [(200, False), (200, True)]
    assert pair.scale.read_weight() is None
    pair.do("fault", name="flood")
    assert pair.emulator.tick_every
    assert len(pair.emulator.on_tick(0.05)) == REPORT_SIZE
    pair.scale.zero()
    assert pair.last().grams == 0
    for fault, code in (
        ("broken", "scale_error"),
        ("calibrate", "scale_calibration"),
        ("unzeroed", "outside_zero"),
        ("over", "over_capacity"),
    ):
        pair.do("fault", name=fault)
        with pytest.raises(DeviceFault) as caught:
            pair.last()
        assert caught.value.faults == (code,)
        pair.do("fault", name=fault, on=False)


class Pair:
    """A scale that was opened a while ago, on its emulator: whole reports go from one to the other."""

    descriptor = DESCRIPTOR

    def __init__(self) -> None:
        emulator = make_emulator("hid_scale", lambda _: None)
        assert isinstance(emulator, HidScaleEmulator)
        self.emulator = emulator
        self._reports: deque[bytes] = deque()
        scale: Any = find("hid.scale").build(self)
        scale._has_reported = True
        self.scale = scale

    def do(self, what: str, **arguments: object) -> None:
        self._take(self.emulator.on_command({"do": what, **arguments}))

    def last(self) -> Weight:
        """The latest report's weight."""
        while len(self._reports) > 1:
            self._reports.popleft()
        if not self._reports:
            self._take(self.emulator.on_tick(0.05))
        weight: Weight = self.scale.read_weight()
        return weight

    def read_report(self, timeout: float) -> bytes:
        del timeout
        return self._reports.popleft() if self._reports else b""

    def write_report(self, report: bytes) -> None:
        self._take(self.emulator.on_bytes(report))

    def close(self) -> None:
        self._reports.clear()

    def _take(self, data: bytes) -> None:
        self._reports.extend(data[at : at + REPORT_SIZE] for at in range(0, len(data), REPORT_SIZE))


def _flipped(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes((data[bit // 8] ^ 1 << bit % 8,)) + data[bit // 8 + 1 :]


def _scale(*reports: bytes, descriptor: bytes = DESCRIPTOR, options: dict[str, object] | None = None) -> Any:
    return find("hid.scale").build(ScriptedReports(*reports, descriptor=descriptor), options)


def _read(report: bytes, options: dict[str, object] | None = None) -> Weight | None:
    scale = _scale(FIRST, report, options=options)
    scale.read_weight()
    weight: Weight | None = scale.read_weight()
    return weight
