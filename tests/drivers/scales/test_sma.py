"""Vectors: the examples in the Sartorius PR 5211 manual, section 5.4.1 (SMA SCP-0499, section 5.1)."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import Scale, Weight
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find, open_device
from drivers.scales.sma import SmaOptions, parse_reading, weight_of
from drivers.scales.units import Unit
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, ScriptedTransport, Silent, Slow, Through, UnplugAfter, exchange
from tests.drivers.running import running_emulator
from tests.drivers.scales.on_platter import OnPlatter

LB = Decimal("453.59237")
ASK = b"\nW\r"
FIVE_LB = b"\n 1G       5.025lb \r"
NET = b"\n 1N      100000lb \r"
MOVING_KG = b"\n 1GM      7.650kg \r"
AT_ZERO = b"\nZ1G       0.000lb \r"
KG = b"\n 1G       1.234kg \r"


@pytest.mark.parametrize(
    ("message", "weight"),
    [
        (FIVE_LB, Weight(Decimal("5.025") * LB, stable=True, raw=FIVE_LB)),
        (NET, Weight(100000 * LB, stable=True, raw=NET, is_net=True)),
        (MOVING_KG, Weight(Decimal(7650), stable=False, raw=MOVING_KG)),
        (AT_ZERO, Weight(Decimal(0), stable=True, raw=AT_ZERO)),
        (
            b"\n 1GM      1.235kg_\r",
            Weight(Decimal(1235), stable=False, raw=b"\n 1GM      1.235kg_\r"),
        ),  # emupos 0.4.0, from the manuals
        (b"\n 2G      -0.015kg \r", Weight(Decimal(-15), stable=True, raw=b"\n 2G      -0.015kg \r")),
        (b"\n 1G  -    0.015kg \r", Weight(Decimal(-15), stable=True, raw=b"\n 1G  -    0.015kg \r")),
        (b"\n 1G  ----------   \r", Weight(Decimal(0), stable=False, raw=b"\n 1G  ----------   \r")),
    ],
)
def test_a_weight_as_the_manual_shows_it(message: bytes, weight: Weight) -> None:
    with exchange("sma", (ASK, message)) as scale:
        assert scale.read_weight() == weight


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("O", "over_capacity"),
        ("U", "under_capacity"),
        ("E", "outside_zero"),
        ("I", "outside_zero"),
        ("T", "tare_refused"),
        ("e", "not_weighing"),
    ],
)
@pytest.mark.parametrize("shown", ["     1.234", "----------"])
def test_what_blocks_a_weight_is_a_fault(status: str, fault: str, shown: str) -> None:
    with exchange("sma", (ASK, f"\n{status}1G  {shown}kg \r".encode())) as scale, pytest.raises(DeviceFault) as caught:
        scale.read_weight()
    assert caught.value.faults == (fault,)


@pytest.mark.parametrize(
    "message",
    [
        b"\n 1T       1.234kg \r",  # the tare, which was not asked for
        b"\n 1g      1.2340kg \r",  # ten times the digits, neither
        b"\n 1G       1.234tl \r",  # a tael of which country?
        b"\n 1G       1.234   \r",
        b"\n 1G      1.234kg \r",  # a byte lost
        b"\n 1G        1.234kg \r",
        b"\n X1G      1.234kg \r",
        b"\n 1G       1.2.4kg \r",
        b"\n 1G       1 234kg \r",
        b"\n 1G            kg \r",
        b" 1G       1.234kg \r",
        b"\r",
        b"\n!\r",
    ],
)
def test_anything_else_is_no_weight(message: bytes) -> None:
    with exchange("sma", (ASK, message)) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


def test_a_command_that_it_does_not_know_never_works() -> None:
    with exchange("sma", (b"\nT\r", b"\n?\r")) as scale, pytest.raises(Unsupported, match="SMA"):
        scale.tare()


def test_another_unit_than_configured_is_refused() -> None:
    with exchange("sma", (ASK, FIVE_LB), options={"unit": "kg"}) as scale, pytest.raises(ProtocolViolation, match="another unit"):
        scale.read_weight()


def test_the_same_weight_twice_is_two_weights() -> None:
    with exchange("sma", (ASK, KG), (ASK, KG)) as scale:
        assert scale.read_weight() == scale.read_weight() == Weight(Decimal(1234), stable=True, raw=KG)


def test_zero_tare_and_its_end_are_seen_in_the_answer() -> None:
    net = b"\n 1N       0.000kg \r"
    with exchange("sma", (b"\nZ\r", AT_ZERO), (b"\nT\r", net), (b"\nC\r", KG)) as scale:
        scale.zero()
        scale.tare()
        scale.clear_tare()


@pytest.mark.parametrize(
    ("command", "answer", "fault"),
    [
        ("zero", MOVING_KG, "motion"),
        ("zero", b"\nE1G  ----------kg \r", "outside_zero"),
        ("zero", KG, "outside_zero"),
        ("tare", b"\nT1G  ----------kg \r", "tare_refused"),
        ("tare", KG, "tare_refused"),
        ("tare", b"\n 1G  ----------   \r", "motion"),
        ("clear_tare", b"\n 1N       1.000kg \r", "tare_refused"),
    ],
)
def test_what_was_not_done_says_so(command: str, answer: bytes, fault: str) -> None:
    asked = {"zero": b"\nZ\r", "tare": b"\nT\r", "clear_tare": b"\nC\r"}[command]
    with exchange("sma", (asked, answer)) as scale, pytest.raises(DeviceFault) as caught:
        getattr(scale, command)()
    assert caught.value.faults == (fault,)


@pytest.mark.parametrize(
    ("answer", "found"),
    [(b"\n    \r", ()), (b"\nRE  \r", ("scale_memory",)), (b"\n EC \r", ("scale_memory", "scale_calibration"))],
)
def test_its_own_diagnosis(answer: bytes, found: tuple[str, ...]) -> None:
    with exchange("sma", (b"\nD\r", answer)) as scale:
        assert scale.diagnose() == found


def test_a_weight_is_no_diagnosis() -> None:
    with exchange("sma", (b"\nD\r", KG)) as scale, pytest.raises(ProtocolViolation):
        scale.diagnose()


@pytest.mark.parametrize("through", [OneByteAtATime, Slow, GarbageFirst])
def test_split_slow_and_noisy_lines_give_the_weight(through: Through) -> None:
    with exchange("sma", (ASK, KG), through=through) as scale:
        assert scale.read_weight().grams == 1234


def test_a_late_answer_to_an_earlier_question_is_not_taken() -> None:
    with exchange("sma", (None, FIVE_LB), (ASK, KG)) as scale:
        assert scale.read_weight().grams == 1234


def test_silence_is_a_timeout() -> None:
    with pytest.raises(DeviceTimeout):
        _scale((ASK, KG), through=Silent).read_weight()


@pytest.mark.parametrize("count", range(0, 22, 3))
def test_unplugged_in_the_middle_is_unavailable(count: int) -> None:
    with pytest.raises(DeviceUnavailable):
        _scale((ASK, KG), through=lambda pipe: UnplugAfter(pipe, count)).read_weight()


@given(seed=st.integers(0, 2**32))
def test_lost_bytes_never_make_another_weight(seed: int) -> None:
    scale = _scale((ASK, KG), through=lambda pipe: Lossy(pipe, Random(seed), one_in=4))
    with contextlib.suppress(ProtocolViolation, DeviceTimeout):
        assert scale.read_weight() == Weight(Decimal(1234), stable=True, raw=KG)


@given(noise=st.binary(max_size=40))
@example(b"\n 1G            kg \r")
@example(b"\n 1G         -.kg \r")
@example("\n 1G      ١.234kg \r".encode())
def test_noise_gives_typed_errors_or_a_weight(noise: bytes) -> None:
    with contextlib.suppress(DriverError):
        assert weight_of(parse_reading(noise, SmaOptions())).raw == noise


@given(
    grams=st.integers(-19_000, 14_999), unit=st.sampled_from([Unit.KG, Unit.G]), is_moving=st.booleans(), tare=st.integers(1, 9999)
)
def test_whatever_lies_on_the_emulator_is_what_the_driver_reads(grams: int, unit: Unit, is_moving: bool, tare: int) -> None:
    pair = OnPlatter("sma", "sma")
    pair.do("configure", unit=unit)
    pair.put(tare)
    pair.scale.tare()
    pair.put(grams)
    pair.fault("motion", on=is_moving)
    with contextlib.suppress(DeviceFault):
        weight = pair.scale.read_weight()
        assert (weight.grams, weight.stable, weight.is_net) == (grams - tare, not is_moving, True)


def test_the_emulator_s_faults() -> None:
    pair = OnPlatter("sma", "sma")
    pair.put(100)
    pair.scale.zero()
    assert pair.scale.read_weight().grams == 0
    pair.put(9000)
    for fault, error in (
        ("unzeroed", DeviceFault),
        ("garbled", ProtocolViolation),
        ("damaged", ProtocolViolation),
        ("mute", DeviceTimeout),
    ):
        pair.fault(fault)
        with pytest.raises(error):
            pair.scale.read_weight()
        pair.fault(fault, on=False)
    with pytest.raises(DeviceFault):
        pair.scale.zero()
    pair.fault("memory")
    assert pair.scale.diagnose() == ("scale_memory",)
    pair.scale.tare()
    pair.scale.clear_tare()
    assert not pair.scale.read_weight().is_net


def test_two_scales_on_ptys_stay_apart_and_come_back(tmp_path: Path) -> None:
    with (
        running_emulator("sma", pty=tmp_path / "one") as one,
        running_emulator("sma", pty=tmp_path / "two") as two,
        contextlib.closing(open_device("sma", two.address)) as second,
    ):
        one.tell("put", grams="1234")
        two.tell("put", grams="500")
        with contextlib.closing(open_device("sma", one.address)) as first:
            assert isinstance(first.driver, Scale)
            assert _grams(first.driver) == 1234
            one.fault("unplug")
            with pytest.raises(DeviceUnavailable):
                first.driver.read_weight()
        assert isinstance(second.driver, Scale)
        assert _grams(second.driver) == 500
        one.fault("unplug", on=False)
        with contextlib.closing(open_device("sma", one.address)) as again:
            assert isinstance(again.driver, Scale)
            assert _grams(again.driver) == 1234


def _grams(scale: Scale) -> Decimal:
    weight = scale.read_weight()
    assert weight is not None
    return weight.grams


def _scale(*steps: tuple[bytes, bytes], through: Through) -> Any:
    return find("sma").build(ScriptedTransport(*steps, through=through))
