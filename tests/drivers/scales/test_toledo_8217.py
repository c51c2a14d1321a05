"""Vectors: the layout in Mettler DIVA Service Manual 72191202, p. 39-45."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import Scale, Weight
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find
from drivers.scales.toledo_8217 import number_pattern, parse_weight
from drivers.scales.units import Unit
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, ScriptedTransport, Silent, Slow, Through, UnplugAfter, exchange

KG = {"unit": "kg"}
LB = {"unit": "lb"}
W_1_234 = bytes.fromhex("02 30 31 2E 32 33 34 0D")
W_1_234_NET = bytes.fromhex("02 30 31 2E 32 33 34 4E 0D")


def test_a_weight_in_kg_is_grams_to_the_digit() -> None:
    with exchange("toledo.8217", (b"W", W_1_234), options=KG) as scale:
        assert scale.read_weight() == Weight(Decimal(1234), stable=True, raw=W_1_234)


def test_a_net_weight_is_told_as_net() -> None:
    with exchange("toledo.8217", (b"W", W_1_234_NET), options=KG) as scale:
        assert scale.read_weight() == Weight(Decimal(1234), stable=True, raw=W_1_234_NET, is_net=True)


@pytest.mark.parametrize(("digits", "grams"), [(b"01.23", "557.9186151"), (b"001.23", "557.9186151"), (b"10.00", "4535.9237")])
def test_pounds_are_grams_exactly(digits: bytes, grams: str) -> None:
    with exchange("toledo.8217", (b"W", b"\x02" + digits + b"\r"), options=LB) as scale:
        assert scale.read_weight().grams == Decimal(grams)


@pytest.mark.parametrize(
    ("options", "digits", "grams"),
    [(KG, b" 1.234", "1234"), (LB, b" 1.23", "557.9186151"), (LB, b"  1.23", "557.9186151"), (LB, b" 10.00", "4535.9237")],
)
def test_spaces_may_stand_for_leading_zeros(options: dict[str, object], digits: bytes, grams: str) -> None:
    with exchange("toledo.8217", (b"W", b"\x02" + digits + b"\r"), options=options) as scale:
        assert scale.read_weight().grams == Decimal(grams)


@pytest.mark.parametrize("digits", [b"1.234", b"  .234", b"1 .234", b"   1.234", b" 1.2 4", b"01.234 "])
def test_spaces_anywhere_else_are_refused(digits: bytes) -> None:
    with exchange("toledo.8217", (b"W", b"\x02" + digits + b"\r"), options=KG) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


@pytest.mark.parametrize("status", [0x41, 0x51, 0xC1])  # motion; motion and centre of zero; motion with the parity bit
def test_motion_is_a_weight_that_may_not_be_booked(status: int) -> None:
    frame = bytes((0x02, 0x3F, status, 0x0D))
    with exchange("toledo.8217", (b"W", frame), options=KG) as scale:
        assert scale.read_weight() == Weight(Decimal(0), stable=False, raw=frame)


@pytest.mark.parametrize(
    ("status", "faults"),
    [
        (0x42, ("over_capacity",)),
        (0x44, ("under_zero",)),
        (0x48, ("outside_zero",)),
        (0xC2, ("over_capacity",)),
        (0x43, ("over_capacity",)),
        (0x54, ("under_zero",)),
    ],
)
def test_what_blocks_a_weight_is_a_fault(status: int, faults: tuple[str, ...]) -> None:
    with (
        exchange("toledo.8217", (b"W", bytes((0x02, 0x3F, status, 0x0D))), options=KG) as scale,
        pytest.raises(DeviceFault) as caught,
    ):
        scale.read_weight()
    assert caught.value.faults == faults


# The POS simulator emupos 0.4.0 sends its status without bit 6; 02 looks like STX.
@pytest.mark.parametrize(("status", "faults"), [(0x02, ("over_capacity",)), (0x04, ("under_zero",)), (0x24, ("under_zero",))])
def test_what_blocks_a_weight_is_believed_without_bit_6(status: int, faults: tuple[str, ...]) -> None:
    test_what_blocks_a_weight_is_a_fault(status, faults)
    test_motion_is_a_weight_that_may_not_be_booked(0x01)


@pytest.mark.parametrize("status", [0x00, 0x10, 0x20, 0x30])
def test_what_gives_a_weight_is_not_believed_without_bit_6(status: int) -> None:
    with (
        exchange("toledo.8217", (b"W", bytes((0x02, 0x3F, status, 0x0D))), options=KG) as scale,
        pytest.raises(ProtocolViolation),
    ):
        scale.read_weight()


@pytest.mark.parametrize("status", [0x50, 0x70, 0xD0])
def test_centre_of_zero_is_a_weight_of_zero(status: int) -> None:
    with exchange("toledo.8217", (b"W", bytes((0x02, 0x3F, status, 0x0D))), options=KG) as scale:
        weight = scale.read_weight()
    assert (weight.grams, weight.stable) == (Decimal(0), True)


@pytest.mark.parametrize("status", [0x40, 0xC0, 0x60])
def test_no_bit_means_nothing_new(status: int) -> None:
    with exchange("toledo.8217", (b"W", bytes((0x02, 0x3F, status, 0x0D))), options=KG) as scale:
        assert scale.read_weight() is None


def test_the_same_weight_twice_is_two_weights() -> None:
    with exchange("toledo.8217", (b"W", W_1_234), (b"W", W_1_234), options=KG) as scale:
        assert scale.read_weight() == scale.read_weight() == Weight(Decimal(1234), stable=True, raw=W_1_234)


def test_zero_and_tare_are_done_or_refused() -> None:
    steps = [(b"Z", b"\x02?P\r"), (b"T", b"\x02?p\r"), (b"C", b"\x02?P\r"), (b"Z", b"\x02?A\r"), (b"Z", b"\x02?H\r")]
    with exchange("toledo.8217", *steps, options=KG) as scale:
        scale.zero()
        scale.tare()
        scale.clear_tare()
        with pytest.raises(DeviceFault) as moving:
            scale.zero()
        with pytest.raises(DeviceFault) as outside:
            scale.zero()
    assert (moving.value.faults, outside.value.faults) == (("motion",), ("outside_zero",))


def test_a_weight_is_no_answer_to_zero() -> None:
    with exchange("toledo.8217", (b"Z", W_1_234), options=KG) as scale, pytest.raises(ProtocolViolation):
        scale.zero()


@pytest.mark.parametrize("frame", [b"\x02?\x20\r", b"\x02?@@\r", b"\x02?\r", b"\x02A@\r"])
def test_a_status_of_another_form_is_refused(frame: bytes) -> None:
    with exchange("toledo.8217", (b"W", frame), options=KG) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()
    with exchange("toledo.8217", (b"Z", frame), options=KG) as scale, pytest.raises(ProtocolViolation):
        scale.zero()


def test_a_late_answer_to_an_earlier_question_is_not_taken() -> None:
    with exchange("toledo.8217", (None, W_1_234), (b"W", b"\x0209.999\r"), options=KG) as scale:
        assert scale.read_weight().grams == Decimal(9999)


@pytest.mark.parametrize("through", [OneByteAtATime, Slow, GarbageFirst])
def test_split_slow_and_noisy_lines_give_the_weight(through: Through) -> None:
    with exchange("toledo.8217", (b"W", W_1_234), options=KG, through=through) as scale:
        assert scale.read_weight().grams == Decimal(1234)


def test_silence_is_a_timeout() -> None:
    scale = _scale((b"W", W_1_234), through=Silent)
    with pytest.raises(DeviceTimeout):
        scale.read_weight()


@pytest.mark.parametrize("count", range(9))
def test_unplugged_in_the_middle_is_unavailable(count: int) -> None:
    scale = _scale((b"W", W_1_234), through=lambda pipe: UnplugAfter(pipe, count))
    with pytest.raises(DeviceUnavailable):
        scale.read_weight()


@given(seed=st.integers(0, 2**32))
def test_lost_bytes_never_make_another_weight(seed: int) -> None:
    scale = _scale((b"W", W_1_234), through=lambda pipe: Lossy(pipe, Random(seed), one_in=4))
    with contextlib.suppress(ProtocolViolation, DeviceTimeout):
        assert scale.read_weight() == Weight(Decimal(1234), stable=True, raw=W_1_234)


@given(noise=st.binary(max_size=80))
@example(b"\x02\r")
@example(b"\x02?\r")
@example(b"\x02?\x01\r")
@example(b"\x0201.234H\r")
@example(b"\x02 1.234\r")
@example("\x0201.23٤\r".encode())
def test_noise_gives_typed_errors_or_a_weight(noise: bytes) -> None:
    for unit in Unit:
        try:
            weight = parse_weight(noise, unit, number_pattern(unit))
        except DriverError:
            continue
        assert weight is None or weight.grams >= 0


def test_of_a_net_weight_only_the_letter_can_be_lost_unnoticed() -> None:  # stated in docs/devices.md
    for place in range(len(W_1_234_NET)):
        with contextlib.suppress(ProtocolViolation):
            weight = parse_weight(W_1_234_NET[:place] + W_1_234_NET[place + 1 :], Unit.KG, number_pattern(Unit.KG))
            assert weight is not None
            assert (weight.grams, weight.is_net, place) == (Decimal(1234), False, 7)


def test_a_shorter_number_is_damaged_and_not_a_smaller_weight() -> None:
    with exchange("toledo.8217", (b"W", b"\x0201.34\r"), options=KG) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


@pytest.mark.parametrize("frame", [b"\x0201.2345\r", b"\x020012.34\r", b"\x02001.2345\r"])
def test_ten_times_the_digits_are_never_read_as_a_weight(
    frame: bytes,
) -> None:  # answers to ``H`` of the Brecknell 67xxU, Salter 3700LP
    for options in (KG, LB):
        with exchange("toledo.8217", (b"W", frame), options=options) as scale, pytest.raises(ProtocolViolation):
            scale.read_weight()


def test_commands_can_be_announced_by_us() -> None:  # Brecknell 67xxU Service Manual, table 7.9
    steps = [(b"\x1fW", W_1_234), (b"\x1fZ", b"\x02?P\r")]
    with exchange("toledo.8217", *steps, options={**KG, "us_prefix": True}) as scale:
        assert scale.read_weight().grams == Decimal(1234)
        scale.zero()


def test_the_form_of_the_numbers_can_be_configured() -> None:
    with exchange("toledo.8217", (b"W", b"\x02123.45\r"), options={"unit": "kg", "digits": "WWW.WW"}) as scale:  # Salter 3700LP
        assert scale.read_weight().grams == Decimal(123450)


@pytest.mark.parametrize("options", [{}, {"unit": "stone"}, {"unit": "kg", "colour": "red"}, {"unit": 5}])
def test_a_scale_without_a_known_unit_is_not_built(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported) as caught:
        find("toledo.8217").check_options(options)
    assert "toledo.8217" in str(caught.value)


def _scale(*steps: tuple[bytes, bytes], through: Through) -> Scale:
    driver = find("toledo.8217").build(ScriptedTransport(*steps, through=through), KG)
    assert isinstance(driver, Scale)
    return driver
