"""Vectors: CAS PD-II manual p. 19 and 23, and the AP-1 transmission protocol standard."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import Scale, Weight, Zeroes
from drivers.emulators.cas_pdii import CasPdiiEmulator
from drivers.errors import DeviceFault, DeviceTimeout, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find
from drivers.scales.cas_pdii import CasPdiiOptions, parse_frame
from drivers.testing import ScriptedTransport, exchange

ANY = CasPdiiOptions()
STABLE = bytes.fromhex("01 02 53 20 30 31 2E 32 33 34 6B 67 65 03 04")
UNSTABLE = bytes.fromhex("01 02 55 20 30 31 2E 32 33 34 6B 67 63 03 04")
NEGATIVE = bytes.fromhex("01 02 53 2D 30 30 2E 30 31 35 6B 67 68 03 04")
OVERLOAD = bytes.fromhex("01 02 53 46 46 46 46 46 46 46 6B 67 19 03 04")


def framed(body: bytes) -> bytes:
    check = 0
    for each in body:
        check ^= each
    return b"\x01\x02" + body + bytes((check,)) + b"\x03\x04"


@pytest.mark.parametrize(
    ("frame", "weight"),
    [
        (STABLE, Weight(Decimal(1234), stable=True, raw=STABLE)),
        (UNSTABLE, Weight(Decimal(1234), stable=False, raw=UNSTABLE)),
        (NEGATIVE, Weight(Decimal(-15), stable=True, raw=NEGATIVE)),
    ],
)
def test_the_manuals_frames(frame: bytes, weight: Weight) -> None:
    with exchange("cas.pdii", (b"\x05", b"\x06"), (b"\x11", frame)) as scale:
        assert scale.read_weight() == weight


def test_overload_is_a_fault() -> None:
    with exchange("cas.pdii", (b"\x05", b"\x06"), (b"\x11", OVERLOAD)) as scale, pytest.raises(DeviceFault) as caught:
        scale.read_weight()
    assert caught.value.faults == ("over_capacity",)


def test_not_ready_is_told_and_asked_again_later() -> None:
    with exchange("cas.pdii", (b"\x05", b"\x15"), (b"\x05", b"\x06"), (b"\x11", STABLE)) as scale:
        with pytest.raises(DeviceFault) as caught:
            scale.read_weight()
        assert scale.read_weight().grams == Decimal(1234)
    assert caught.value.faults == ("scale_busy",)


def test_one_that_sends_a_weight_once_says_nothing_new_by_its_silence() -> None:
    ask = (b"\x05", b"\x06")
    with exchange("cas.pdii", ask, (b"\x11", STABLE), ask, (b"\x11", None), ask, (b"\x11", UNSTABLE)) as scale:
        assert scale.read_weight().grams == Decimal(1234)
        assert scale.read_weight() is None
        assert not scale.read_weight().stable


def test_silence_before_any_weight_and_silence_to_enq_are_timeouts() -> None:
    with exchange("cas.pdii", (b"\x05", b"\x06"), (b"\x11", None), (b"\x05", None)) as scale:
        for _ in range(2):
            with pytest.raises(DeviceTimeout):
                scale.read_weight()


def test_late_answers_to_earlier_questions_are_not_taken() -> None:
    with exchange("cas.pdii", (None, b"\x06" + STABLE), (b"\x05", b"\x15")) as scale, pytest.raises(DeviceFault):
        scale.read_weight()


def test_endless_noise_is_given_up() -> None:
    transport = ScriptedTransport((b"\x05", b"x" * 65 + b"\x06"))
    scale = find("cas.pdii").build(transport)
    assert isinstance(scale, Scale)
    with pytest.raises(ProtocolViolation, match="expected ACK or NAK"):
        scale.read_weight()


def test_something_else_than_ack_is_refused() -> None:
    with exchange("cas.pdii", (b"\x05", b"hello")) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


@pytest.mark.parametrize(
    ("body", "grams"), [(b"S 002.50lb", "1133.980925"), (b"S 002.50LB", "1133.980925"), (b"S 000250 g", "250")]
)
def test_the_unit_is_on_the_wire(body: bytes, grams: str) -> None:  # capitals: SW-II manual, p. 16
    assert parse_frame(framed(body), ANY).grams == Decimal(grams)


@pytest.mark.parametrize(
    "frame",
    [
        STABLE[:5] + b"\x30" + STABLE[6:],  # changed: the block check
        STABLE[:5] + STABLE[6:],
        framed(b"S 01.234pc"),
        framed(b"X 01.234kg"),
        framed(b"S+01.234kg"),
        framed(b"S 01.2.4kg"),
        framed(b"S 1 .234kg"),
        framed(b"S       kg"),
        b"\x02\x01" + STABLE[2:],
        STABLE[:-1] + b"\x05",
        b"\x03\x04",
    ],
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_frame(frame, ANY)


def test_every_single_lost_byte_and_changed_bit_shows() -> None:  # stated in the driver's docstring
    for place in range(len(STABLE)):
        with pytest.raises(ProtocolViolation):
            parse_frame(STABLE[:place] + STABLE[place + 1 :], ANY)
        for bit in range(8):
            changed = bytearray(STABLE)
            changed[place] ^= 1 << bit
            with pytest.raises(ProtocolViolation):
                parse_frame(bytes(changed), ANY)


def test_only_the_configured_unit_is_believed() -> None:
    with pytest.raises(ProtocolViolation, match="expected lb"):
        parse_frame(STABLE, CasPdiiOptions(unit="lb"))


def test_it_sets_no_zero() -> None:
    with exchange("cas.pdii") as scale:
        assert isinstance(scale, Scale)
        assert not isinstance(scale, Zeroes)


@given(noise=st.binary(max_size=60))
def test_any_bytes_give_typed_errors_or_a_weight(noise: bytes) -> None:
    for frame in (noise, framed(noise[:10]), noise + STABLE):
        try:
            assert parse_frame(frame, ANY).grams.is_finite()
        except DriverError:
            continue


@given(grams=st.integers(-299, 15_000), unit=st.sampled_from(["kg", "lb"]), is_moving=st.booleans())
def test_what_the_emulator_shows_is_what_is_read(grams: int, unit: str, is_moving: bool) -> None:
    emulator = CasPdiiEmulator(lambda _: None)
    emulator.on_command({"do": "configure", "unit": unit})
    emulator.on_command({"do": "put", "grams": str(grams)})
    emulator.on_command({"do": "fault", "name": "motion", "on": is_moving})
    assert emulator.on_bytes(b"\x11") == b""
    assert emulator.on_bytes(b"\x05") == b"\x06"
    weight = parse_frame(emulator.on_bytes(b"\x11"), ANY)
    assert abs(weight.grams - grams) <= (Decimal("2.27") if unit == "lb" else 0)
    assert weight.stable is not is_moving


def test_wrong_options_are_refused() -> None:
    with pytest.raises(Unsupported):
        find("cas.pdii").check_options({"unit": "stone"})
