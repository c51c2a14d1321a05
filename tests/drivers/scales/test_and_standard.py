"""Vectors: A&D EK-L manual, section 9-2; GC manual, section 16.2; AD-4406A manual, section 13.2."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import Pace, Scale, Weight
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find, open_device
from drivers.scales.and_standard import AndOptions, parse_line
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, ScriptedTransport, Silent, Slow, Through, UnplugAfter, exchange
from tests.drivers.running import running_emulator
from tests.drivers.scales.on_platter import OnPlatter

STABLE = bytes.fromhex("53 54 2C 2B 30 30 30 31 2E 32 33 34 20 6B 67 0D 0A")
UNSTABLE = bytes.fromhex("55 53 2C 2B 30 30 30 31 2E 32 33 34 20 6B 67 0D 0A")
OVER = bytes.fromhex("4F 4C 2C 2B 39 39 39 39 39 39 39 45 2B 31 39 0D 0A")
ASKED = {"mode": "Q"}
ZERO = b"ST,+0000.000 kg\r\n"
LB = Decimal("453.59237")


@pytest.mark.parametrize(
    ("line", "grams", "is_stable", "is_net"),
    [
        (STABLE, Decimal(1234), True, False),
        (UNSTABLE, Decimal(1234), False, False),
        (b"ST,+001234.5  g\r\n", Decimal("1234.5"), True, False),
        (b"ST,-0000.015 kg\r\n", Decimal(-15), True, False),
        (b"ST,+   1.234 kg\r\n", Decimal(1234), True, False),
        (b"ST,OK,+0001.234 kg\r\n", Decimal(1234), True, False),
        (b"ST,GS,+0012.30kg\r\n", Decimal(12300), True, False),
        (b"ST,NT,+0012,30 kg\r\n", Decimal(12300), True, True),
        (b"ST,+00010000 lb\r\n", 10000 * LB, True, False),
        (b"ST,+00000.20 ct\r\n", Decimal("0.04"), True, False),
    ],
)
def test_a_weight_as_the_manuals_show_it(line: bytes, grams: Decimal, is_stable: bool, is_net: bool) -> None:
    with exchange("and.standard", (None, line)) as scale:
        assert scale.read_weight() == Weight(grams, stable=is_stable, raw=line, is_net=is_net)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (OVER, "over_capacity"),
        (b"OL,-9999999E+19\r\n", "under_capacity"),
        (b"OL,-999999.9  g\r\n", "under_capacity"),
        (b"OL,GS,+       .kg\r\n", "over_capacity"),
        (b"QT,+00001234 PC\r\n", "not_weighing"),
        (b"US,+00001234 PC\r\n", "not_weighing"),
        (b"ST,+001234.5  %\r\n", "not_weighing"),
        (b"HD,GS,+0012.30kg\r\n", "not_weighing"),
        (b"ST,TR,+0012.30kg\r\n", "not_weighing"),
    ],
)
def test_what_is_no_weight_is_a_fault(line: bytes, fault: str) -> None:
    with exchange("and.standard", (None, line)) as scale, pytest.raises(DeviceFault) as caught:
        scale.read_weight()
    assert caught.value.faults == (fault,)


@pytest.mark.parametrize(
    "line",
    [
        b"ST,+001.234 kg\r\n",  # a digit lost
        b"ST,+0001.24 kg\r\n",
        b"ST,+0001.234kg\r\n",
        b"ST,+0001.234 tl\r\n",  # a tael of which country?
        b"ST,+0001.234   \r\n",
        b"ST,+00.1.234 kg\r\n",
        b"ST,+0001 234 kg\r\n",
        b"ST,GS,+001.234 kg\r\n"[:-4] + b"\r\n",
        b"T,+0001.234 kg\r\n",
        b".234 kg\r\n",
    ],
)
def test_anything_else_is_no_weight(line: bytes) -> None:
    with exchange("and.standard", (None, line)) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


def test_copies_of_the_format_may_have_another_width() -> None:
    with exchange("and.standard", (None, b"ST,GS,+   1.234 kg\r\n"), options={"digits": 8}) as scale:
        assert scale.read_weight().grams == 1234
    with pytest.raises(Unsupported, match="digits"):
        find("and.standard").build(ScriptedTransport(), {"digits": 99})


def test_another_unit_than_configured_is_refused() -> None:
    with (
        exchange("and.standard", (None, STABLE), options={"unit": "g"}) as scale,
        pytest.raises(ProtocolViolation, match="another unit"),
    ):
        scale.read_weight()


@pytest.mark.parametrize("mode", ["Q", "SI", "S"])
def test_it_can_be_asked(mode: str) -> None:
    with exchange("and.standard", (mode.encode() + b"\r\n", STABLE), options={"mode": mode}) as scale:
        assert scale.pace is Pace.POLL
        assert scale.read_weight().grams == 1234
    assert find("and.standard").build(ScriptedTransport()).pace is Pace.STREAM  # type: ignore[union-attr]  # it is a scale


def test_a_question_that_waits_for_rest_is_cancelled_when_it_takes_too_long() -> None:
    with exchange("and.standard", (b"S\r\n", None), (b"C\r\n", None), options={"mode": "S"}) as scale, pytest.raises(DeviceTimeout):
        scale.read_weight()


@pytest.mark.parametrize(
    ("answer", "error"),
    [(b"EC,E01", Unsupported), (b"?", Unsupported), (b"EC,E02", DeviceFault), (b"I", DeviceFault), (b"EC,E04", ProtocolViolation)],
)
def test_a_refusal_is_what_its_code_says(answer: bytes, error: type[DriverError]) -> None:
    with exchange("and.standard", (b"Q\r\n", answer + b"\r\n"), options=ASKED) as scale, pytest.raises(error):
        scale.read_weight()


@pytest.mark.parametrize(
    "steps",
    [
        [(b"Z\r\n", b"\x06\r\n\x06\r\n"), (b"Q\r\n", ZERO)],  # FX-i: received, done
        [(b"Z\r\n", b"Z\r\n"), (b"Q\r\n", ZERO)],  # the command itself
        [(b"Z\r\n", None), (b"Q\r\n", ZERO)],  # HW-G: no answer
    ],
)
def test_zero_is_done_when_the_weight_is_nothing(steps: list[tuple[bytes, bytes | None]]) -> None:
    with exchange("and.standard", *steps, options=ASKED) as scale:
        scale.zero()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (STABLE, "outside_zero"),
        (UNSTABLE, "motion"),
        (b"EC,E11\r\n", "motion"),
        (b"EC,E02\r\n", "scale_busy"),
        (OVER, "over_capacity"),
    ],
)
def test_zero_that_was_not_done_says_why(answer: bytes, fault: str) -> None:
    with (
        exchange("and.standard", (b"Z\r\n", None), (b"Q\r\n", answer), options=ASKED) as scale,
        pytest.raises(DeviceFault) as caught,
    ):
        scale.zero()
    assert caught.value.faults == (fault,)


def test_the_end_of_a_tare_needs_an_answer() -> None:
    with exchange("and.standard", (b"CT\r\n", b"\x06\r\n")) as scale:
        scale.clear_tare()
    with exchange("and.standard", (b"CT\r\n", None)) as scale, pytest.raises(DeviceTimeout):
        scale.clear_tare()


@pytest.mark.parametrize("options", [{"mode": "P"}, {"unit": "stone"}, {"digits": "8"}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported, match=r"and\.standard"):
        find("and.standard").check_options(options)


@pytest.mark.parametrize("through", [OneByteAtATime, Slow, GarbageFirst])
def test_split_slow_and_noisy_lines_give_the_weight(through: Through) -> None:
    with exchange("and.standard", (None, STABLE), through=through) as scale:
        assert scale.read_weight() == Weight(Decimal(1234), stable=True, raw=STABLE)


def test_a_line_without_its_end_does_not_hide_the_next() -> None:
    with exchange("and.standard", (None, STABLE[:-2] + UNSTABLE)) as scale:
        assert scale.read_weight().raw == UNSTABLE


def test_a_late_answer_to_an_earlier_question_is_not_taken() -> None:
    with exchange("and.standard", (None, STABLE), (b"Q\r\n", ZERO), options=ASKED) as scale:
        assert scale.read_weight().grams == 0


def test_silence_is_a_timeout() -> None:
    with pytest.raises(DeviceTimeout):
        _scale((None, STABLE), through=Silent).read_weight()


@pytest.mark.parametrize("count", range(0, 17, 3))
def test_unplugged_in_the_middle_is_unavailable(count: int) -> None:
    with pytest.raises(DeviceUnavailable):
        _scale((None, STABLE), through=lambda pipe: UnplugAfter(pipe, count)).read_weight()


@given(seed=st.integers(0, 2**32))
def test_lost_bytes_never_make_another_weight(seed: int) -> None:
    scale = _scale((None, STABLE * 3), through=lambda pipe: Lossy(pipe, Random(seed), one_in=5))
    for _ in range(3):
        with contextlib.suppress(ProtocolViolation, DeviceTimeout):
            assert scale.read_weight() == Weight(Decimal(1234), stable=True, raw=STABLE)


@given(noise=st.binary(max_size=40).map(lambda each: each + b"\r\n"))
@example(b"ST,+        .kg\r\n")
@example("ST,+000١.234 kg\r\n".encode())
def test_noise_gives_typed_errors_or_a_weight(noise: bytes) -> None:
    with contextlib.suppress(DriverError):
        assert parse_line(noise, AndOptions()).raw


@given(
    grams=st.integers(-290, 14_999),
    is_moving=st.booleans(),
    header=st.sampled_from(["", "GS"]),
    mode=st.sampled_from(["stream", "Q", "SI"]),
)
def test_whatever_lies_on_the_emulator_is_what_the_driver_reads(grams: int, is_moving: bool, header: str, mode: str) -> None:
    pair = OnPlatter("and_standard", "and.standard", {"mode": mode})
    pair.do("configure", header=header, streams=mode == "stream")
    pair.put(grams)
    pair.fault("motion", on=is_moving)
    weight = pair.scale.read_weight()
    assert (weight.grams, weight.stable) == (grams, not is_moving)


@pytest.mark.parametrize("acknowledges", [True, False])
@pytest.mark.parametrize("mode", ["stream", "Q"])
def test_zero_and_tare_at_the_emulator(mode: str, acknowledges: bool) -> None:
    pair = OnPlatter("and_standard", "and.standard", {"mode": mode})
    pair.do("configure", streams=mode == "stream", acknowledges=acknowledges)
    pair.put(100)
    pair.scale.zero()
    assert pair.scale.read_weight().grams == 0
    pair.put(1100)
    pair.scale.tare()
    pair.put(1600)
    assert pair.scale.read_weight().grams == 500
    with pytest.raises(DeviceFault):
        pair.scale.zero()
    pair.fault("motion")
    with pytest.raises(DeviceFault) as caught:
        pair.scale.tare()
    assert caught.value.faults == ("motion",)
    pair.fault("motion", on=False)
    if acknowledges:
        pair.scale.clear_tare()
        assert pair.scale.read_weight().grams == 1500


def test_the_emulator_s_faults() -> None:
    pair = OnPlatter("and_standard", "and.standard")
    for fault, error in (("counting", DeviceFault), ("damaged", ProtocolViolation), ("mute", DeviceTimeout), ("over", DeviceFault)):
        pair.fault(fault)
        with pytest.raises(error):
            pair.scale.read_weight()
        pair.fault(fault, on=False)


def test_two_scales_on_ptys_stay_apart_and_come_back(tmp_path: Path) -> None:
    with (
        running_emulator("and_standard", pty=tmp_path / "one") as one,
        running_emulator("and_standard", pty=tmp_path / "two") as two,
        contextlib.closing(open_device("and.standard", two.address)) as second,
    ):
        one.tell("put", grams="1234")
        two.tell("put", grams="500")
        with contextlib.closing(open_device("and.standard", one.address)) as first:
            _until(first.driver, 1234)
            one.fault("unplug")
            with pytest.raises(DeviceUnavailable):
                _until(first.driver, 999)
        _until(second.driver, 500)
        one.fault("unplug", on=False)
        with contextlib.closing(open_device("and.standard", one.address)) as again:
            _until(again.driver, 1234)


def _until(scale: object, grams: int) -> None:
    """Until it tells this weight; the lines before may be older, or their beginning may be lost."""
    assert isinstance(scale, Scale)
    for _ in range(50):
        with contextlib.suppress(ProtocolViolation):
            weight = scale.read_weight()
            if weight is not None and weight.grams == grams:
                return
    raise AssertionError(f"no weight of {grams} g came")


def _scale(*steps: tuple[None, bytes], through: Through) -> Any:
    return find("and.standard").build(ScriptedTransport(*steps, through=through))
