"""Vectors: DIVA Service Manual p. 34-37, SCP-01 8408-14788-01, Ohaus Aviator 7000 p. 47-49."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import Scale, Tares, Weight, Zeroes
from drivers.emulators.nci import NciEmulator
from drivers.errors import DeviceFault, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find
from drivers.scales.nci import NciOptions, parse_answer, parse_weight
from drivers.testing import exchange

ECR = bytes.fromhex("0A 30 31 2E 32 33 34 4B 47 0D 0A 53 30 30 0D 03")
GENERAL = bytes.fromhex("0A 30 31 2E 32 33 34 6B 67 0D 0A 30 30 0D 03")
ANY = NciOptions()


@pytest.mark.parametrize("frame", [ECR, GENERAL])
def test_both_dialects_give_the_weight(frame: bytes) -> None:
    with exchange("nci", (b"W\r", frame)) as scale:
        assert scale.read_weight() == Weight(Decimal(1234), stable=True, raw=frame)


@pytest.mark.parametrize(
    ("frame", "grams", "is_stable"),
    [
        ("0A 53 31 30 0D 03", "0", False),  # S10 motion
        ("0A 53 32 30 0D 03", "0", True),  # S20 at zero
        ("0A 31 30 0D 03", "0", False),
        ("8A 53 B1 30 8D 03", "0", False),  # with parity bits, on a line read as 8 bits
    ],
)
def test_a_status_alone_is_motion_or_zero(frame: str, grams: str, is_stable: bool) -> None:
    raw = bytes.fromhex(frame)
    with exchange("nci", (b"W\r", raw)) as scale:
        assert scale.read_weight() == Weight(Decimal(grams), stable=is_stable, raw=raw)


@pytest.mark.parametrize(
    ("frame", "faults"),
    [
        (b"\nS02\r\x03", ("over_capacity",)),
        (b"\nS01\r\x03", ("under_capacity",)),
        (b"\n^^^^^^kg\r\n02\r\x03", ("over_capacity",)),
        (b"\n______kg\r\n01\r\x03", ("under_capacity",)),
        (b"\n------kg\r\n00\r\x03", ("outside_zero",)),
        (b"\n - - - -kg\r\n00\r\x03", ("outside_zero",)),
        (b"\n^^^^^^\r\n00\r\x03", ("over_capacity",)),
        (b"\n01.234kg\r\n0p8\r\x03", ("outside_zero",)),  # third byte, bit 3: initial zero error
        (b"\n01.234kg\r\n40\r\x03", ("scale_memory",)),  # RAM
        (b"\n01.234kg\r\n80\r\x03", ("scale_memory",)),  # EEPROM
        (b"\n01.234kg\r\n<0\r\x03", ("scale_memory",)),  # both: told once
        (b"\n01.234kg\r\n04\r\x03", ("scale_memory",)),  # ROM
        (b"\n01.234kg\r\n08\r\x03", ("scale_calibration",)),
        (b"\n01.234kg\r\n0>\r\x03", ("over_capacity", "scale_memory", "scale_calibration")),
    ],
)
def test_what_forbids_a_weight_is_a_fault(frame: bytes, faults: tuple[str, ...]) -> None:
    with exchange("nci", (b"W\r", frame)) as scale, pytest.raises(DeviceFault) as caught:
        scale.read_weight()
    assert caught.value.faults == faults


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        (b" 01.234kg", "1234"),  # the sign's place is a space
        (b"-00.015kg", "-15"),
        (b" 1.50lb", "680.388555"),
        (b"  340g ", "340"),  # Salter Brecknell 3700LP manual, p. 11
        (b"100 g", "100"),
        (b"52.60oz", "1491.184916375"),
        (b"  2lb 03.5oz", "1006.4080709375"),
        (b"100lb5.5oz", "45515.1593771875"),
        (b"-00lb 08.0oz", "-226.796185"),
        (b"002LB 10.0OZ", "1190.67997125"),
    ],
)
def test_units_signs_and_pounds_with_ounces(text: bytes, grams: str) -> None:
    assert parse_weight(b"\n" + text + b"\r\n00\r\x03", ANY).grams == Decimal(grams)


@pytest.mark.parametrize(
    ("status", "is_stable", "is_net"),
    [
        (b"00", True, False),
        (b"10", False, False),
        (b"20", True, False),
        (b"0p4", True, True),
        (b"0p3", True, False),  # high range informs
        (b"1pt7", False, True),
        (b"0pp3", True, False),  # fourth byte: weight change, zero detected
    ],
)
def test_status_bytes_that_inform(status: bytes, is_stable: bool, is_net: bool) -> None:
    weight = parse_weight(b"\n01.234kg\r\n" + status + b"\r\x03", ANY)
    assert (weight.grams, weight.stable, weight.is_net) == (Decimal(1234), is_stable, is_net)


@pytest.mark.parametrize(
    "text",
    [
        b"01.234",
        b"01.234st",
        b"kg",
        b"-kg",
        b"1..2kg",
        b"01.2.3kg",
        b"hello",
        b"",
        b"1lb 16.0oz",
        b"12A4kg",
        b"+-1kg",
        b".kg",
        b"1.kg",
    ],
)
def test_what_is_no_weight_is_refused(text: bytes) -> None:  # most from the tests of a public Java driver for SCP-01
    with pytest.raises(ProtocolViolation):
        parse_weight(b"\n" + text + b"\r\n00\r\x03", ANY)


@pytest.mark.parametrize(
    "frame",
    [
        b"\nS00\r\x03",  # neither a weight nor a reason
        b"\n01.234kg\r\n0\r\x03",
        b"\n01.234kg\r\n0p\r\x03",  # says that a third byte follows, and none does
        b"\n01.234kg\r\n000\r\x03",  # says that none follows, and one does
        b"\n01.234kg\r\np0\r\x03",
        b"01.234kg\r\n00\r\x03"[1:],
        b"\n01.234kg00\r\x03",
        b"\x03",
    ],
)
def test_a_frame_of_another_form_is_refused(frame: bytes) -> None:
    with exchange("nci", (b"W\r", frame)) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


def test_a_status_in_the_line_of_the_weight_is_read_too() -> None:  # chris-rudmin/serial-nci-scale: LF weight unit CR status ETX
    assert parse_weight(b"\n 01.234kg\r00\x03", ANY).grams == Decimal(1234)


def test_what_the_scale_always_sends_can_be_asked_for() -> None:
    strict = NciOptions(digits="WW.WWW", unit="kg", status_bytes=2)
    assert parse_weight(GENERAL, strict).grams == Decimal(1234)
    for frame in (b"\n1.234kg\r\n00\r\x03", b"\n01.234g\r\n00\r\x03", b"\n01.234kg\r\n0p0\r\x03", b"\n1lb 1oz\r\n00\r\x03"):
        with pytest.raises(ProtocolViolation):
            parse_weight(frame, strict)


def _wrong_after_one_lost_byte(options: NciOptions) -> tuple[int, int]:
    wrong = 0
    for place in range(len(GENERAL)):
        try:
            weight = parse_weight(GENERAL[:place] + GENERAL[place + 1 :], options)
        except DriverError:
            continue
        wrong += weight.grams != Decimal(1234)
    return wrong, len(GENERAL)


def test_the_risk_of_a_lost_byte_is_known() -> None:  # stated in docs/devices.md
    assert _wrong_after_one_lost_byte(ANY) == (6, 15)
    assert _wrong_after_one_lost_byte(NciOptions(digits="WW.WWW", unit="kg")) == (0, 15)


def test_zero_is_done_when_the_scale_says_so() -> None:
    with exchange("nci", (b"Z\r", b"\n20\r\x03"), (b"Z\r", b"\n00\r\x03"), (b"S\r", b"\nS20\r\x03")) as scale:
        scale.zero()
        scale.zero()


@pytest.mark.parametrize(
    ("steps", "faults"),
    [
        (((b"Z\r", b"\n10\r\x03"), (b"S\r", b"\n10\r\x03"))[:1], ("motion",)),
        (((b"Z\r", b"\n00\r\x03"), (b"S\r", b"\n00\r\x03")), ("outside_zero",)),
        (((b"Z\r", b"\n02\r\x03"),), ("over_capacity",)),
    ],
)
def test_zero_that_was_not_done_is_a_fault(steps: tuple[tuple[bytes, bytes], ...], faults: tuple[str, ...]) -> None:
    with exchange("nci", *steps) as scale, pytest.raises(DeviceFault) as caught:
        scale.zero()
    assert caught.value.faults == faults


def test_tare_is_believed_unless_the_scale_says_otherwise() -> None:
    with exchange(
        "nci", (b"T\r", b"\n00\r\x03"), (b"T\r", b"\n0p4\r\x03"), (b"T\r", b"\n0p0\r\x03"), (b"T\r", b"\n?\r\x03")
    ) as scale:
        scale.tare()
        scale.tare()
        with pytest.raises(DeviceFault) as refused:
            scale.tare()
        with pytest.raises(Unsupported):
            scale.tare()
    assert refused.value.faults == ("tare_refused",)


def test_a_weight_is_no_answer_to_zero_and_not_understood_is_no_weight() -> None:
    with exchange("nci", (b"Z\r", GENERAL), (b"W\r", b"\n?\r\x03")) as scale:
        with pytest.raises(ProtocolViolation):
            scale.zero()
        with pytest.raises(ProtocolViolation):
            scale.read_weight()


def test_it_sets_zero_and_cannot_clear_a_tare() -> None:
    with exchange("nci") as scale:
        assert isinstance(scale, Scale)
        assert isinstance(scale, Zeroes)
        assert not isinstance(scale, Tares)


@pytest.mark.parametrize("options", [{"status_bytes": 5}, {"unit": "stone"}, {"dialect": "x"}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported):
        find("nci").check_options(options)


@given(noise=st.binary(max_size=80))
@example(b"\n1\r\n00\r\x03")
@example("\n٤kg\r\n00\r\x03".encode())
def test_any_bytes_give_typed_errors_or_a_weight(noise: bytes) -> None:
    for frame in (noise, b"\n" + noise + b"kg\r\n00\r\x03"):
        try:
            weight = parse_weight(frame, ANY)
        except DriverError:
            continue
        assert weight.grams.is_finite()


@given(
    grams=st.integers(-9_999, 15_000),
    unit=st.sampled_from(["kg", "lb", "oz", "g"]),
    dialect=st.sampled_from(["nci", "ecr"]),
    count=st.sampled_from([2, 3, 4]),
    mixed=st.booleans(),
)
def test_what_the_emulator_shows_is_what_is_read(grams: int, unit: str, dialect: str, count: int, mixed: bool) -> None:
    emulator = NciEmulator(lambda _: None)
    emulator.on_command({"do": "configure", "unit": unit, "dialect": dialect, "status_bytes": count, "lb_oz": mixed})
    emulator.on_command({"do": "put", "grams": str(grams)})
    frame = emulator.on_bytes(b"W\r")
    assert len(parse_answer(frame, count)[1]) == count
    if grams < -300:
        with pytest.raises(DeviceFault):
            parse_weight(frame, ANY)
        return
    step = Decimal("2.84") if mixed else {"kg": Decimal(1), "lb": Decimal("4.54"), "oz": Decimal("2.84"), "g": Decimal(1)}[unit]
    weight = parse_weight(frame, ANY)
    assert weight.stable
    assert abs(weight.grams - grams) <= step / 2
