"""Vectors: lines as the AZextra, CPWplus, CBK and Highland manuals show them."""

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
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, ScriptedTransport, Silent, Slow, Through, UnplugAfter, exchange
from tests.drivers.running import running_emulator
from tests.drivers.scales.on_platter import OnPlatter

P = b"P\r\n"
VALUE = b"  1.234 kg\r\n"
CBK = b"Date 12/09/2006\r\nTime 14:56:27\r\n\r\nScale ID\r\n123456\r\nUser ID\r\n234567\r\n\r\nNet Wt 1.234 Kg\r\n\r\n\r\n"
HIGHLAND = b"GROSS   123.45 g \r\nNo.         01\r\nTotal   999.99 g \r\n\r\n\r\n"
COUNTING = b"Gross Wt 1.234 Kg\n\rUnit Wt. 123 g\n\rPCS 10 pcs\n\r\n\r"


@pytest.mark.parametrize(
    ("printed", "grams", "is_net"),
    [
        (VALUE, "1234", False),
        (b"1.234kg\r\n", "1234", False),
        (CBK, "1234", True),
        (HIGHLAND, "123.45", False),
        (COUNTING, "1234", False),
        (b"G +     2.00 kg\r\n", "2000", False),
        (b"N +     1.00 kg\r\n", "1000", True),
        (b"G/W +     2.00 lb\r\n", "907.18474", False),
        (b"N/W -     0.05 kg\r\n", "-50", True),
        (b"-      123.45 g \r\n", "-123.45", False),
        (b"       0.5 oz \r\n", "14.174761562500", False),
    ],
)
def test_a_weight_as_the_manuals_show_it(printed: bytes, grams: str, is_net: bool) -> None:
    scale = _scale((P, printed))
    weight = scale.read_weight()
    assert (weight.grams, weight.is_net, weight.stable, bool(weight.raw)) == (Decimal(grams), is_net, True, True)


@pytest.mark.parametrize(
    "printed",
    [
        b"T +     1.00 kg\r\n",
        b"Total   123.45 g \r\n",
        b"Unit Wt. 123 g\r\n",
        b"No. 5\r\nWt. 1.234 Kg\r\n",  # a recall of the memory
        b"1.234\r\n",
        b"  2 lb 3.5 oz\r\n",
        b"1.234 tl\r\n",
        b"1.2.34 kg\r\n",
        b"kg\r\n",
        b"",
    ],
)
def test_what_is_printed_besides_is_no_weight(printed: bytes) -> None:
    with pytest.raises(DeviceTimeout, match="unstable or unchanged"):
        _scale((P, printed)).read_weight()


@pytest.mark.parametrize("printed", [b"       125PCS\r\n", b"PCS 10 pcs\r\n", b" 12.5 %\r\n"])
def test_a_count_is_no_weight(printed: bytes) -> None:
    with pytest.raises(DeviceFault) as caught:
        _scale((P, printed)).read_weight()
    assert caught.value.faults == ("not_weighing",)


def test_it_is_asked_only_on_demand_because_it_beeps() -> None:
    assert _scale().pace is Pace.ON_DEMAND
    pair = OnPlatter("adam", "adam")
    pair.put(500)
    pair.scale.read_weight()
    assert len(pair.told("beeped")) == 1


@pytest.mark.parametrize(
    ("options", "is_stable"),
    [
        ({}, True),
        ({"in_motion": "answers"}, False),
        ({"command": "G"}, False),
        ({"command": "N"}, False),
        ({"command": "G", "in_motion": "silent"}, True),
    ],
)
def test_a_scale_that_answers_in_motion_tells_weights_for_displays_only(options: dict[str, object], is_stable: bool) -> None:
    asked = str(options.get("command", "P")).encode() + b"\r\n"
    with exchange("adam", (asked, b"G +     2.00 kg\r"), options=options) as scale:
        assert scale.read_weight() == Weight(Decimal(2000), stable=is_stable, raw=b"G +     2.00 kg\r")


def test_a_number_with_other_decimals_is_refused_once() -> None:
    scale = _scale((P, VALUE), (P, b"  1.34 kg\r\n"), (P, b"  1.34 kg\r\n"), (P, VALUE), (P, VALUE))
    assert scale.read_weight().grams == 1234
    for _ in range(2):
        with pytest.raises(ProtocolViolation, match="decimals"):
            scale.read_weight()
        scale.read_weight()


def test_another_unit_than_configured_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="another unit"):
        _scale((P, VALUE), options={"unit": "lb"}).read_weight()


@pytest.mark.parametrize("options", [{"command": "X"}, {"unit": "stone"}, {"in_motion": "maybe"}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported, match="adam"):
        find("adam").check_options(options)


@pytest.mark.parametrize("through", [OneByteAtATime, Slow])
def test_split_and_slow_lines_give_the_weight(through: Through) -> None:
    assert _scale((P, VALUE), through=through).read_weight().grams == 1234


def test_noise_spoils_a_line_and_not_the_next() -> None:
    scale = _scale((P, b"  9.999 kg\r\n" + VALUE), through=GarbageFirst)
    assert scale.read_weight().grams == 1234


def test_a_late_answer_to_an_earlier_question_is_not_taken() -> None:
    assert _scale((None, b"  9.999 kg\r\n"), (P, VALUE)).read_weight().grams == 1234


def test_silence_is_a_timeout() -> None:
    with pytest.raises(DeviceTimeout):
        _scale((P, VALUE), through=Silent).read_weight()


@pytest.mark.parametrize("count", range(0, 13, 3))
def test_unplugged_in_the_middle_is_unavailable(count: int) -> None:
    with pytest.raises(DeviceUnavailable):
        _scale((P, VALUE), through=lambda pipe: UnplugAfter(pipe, count)).read_weight()


@pytest.mark.parametrize("at", [2, 3, 4])
def test_lost_digits_after_the_point_never_make_another_weight(at: int) -> None:
    line = b"1.234 kg\r\n"
    scale = _scale((P, line), (P, line[:at] + line[at + 1 :]))
    assert scale.read_weight().grams == 1234
    with pytest.raises(ProtocolViolation):
        scale.read_weight()


@given(noise=st.binary(max_size=60))
@example(b"+-1.0 kg\r")
@example("١.234 kg\r".encode())
def test_noise_gives_typed_errors_or_a_weight(noise: bytes) -> None:
    with contextlib.suppress(DriverError):
        assert _scale((P, noise)).read_weight().raw


@given(lossy=st.integers(0, 2**32))
def test_a_lossy_line_gives_typed_errors_or_a_weight(lossy: int) -> None:
    with contextlib.suppress(DriverError):
        assert _scale((P, CBK), through=lambda pipe: Lossy(pipe, Random(lossy))).read_weight().raw


@pytest.mark.parametrize("prints", ["value", "label", "cpwplus"])
@given(grams=st.integers(1, 14_999))
def test_whatever_lies_on_the_emulator_is_what_the_driver_reads(prints: str, grams: int) -> None:
    pair = OnPlatter("adam", "adam")
    pair.do("configure", prints=prints)
    pair.put(grams)
    assert pair.scale.read_weight().grams == grams


def test_the_emulator_is_silent_as_the_scale_is() -> None:
    pair = OnPlatter("adam", "adam")
    pair.put(500)
    assert pair.scale.read_weight().grams == 500
    for commands in ((), (("put", {"grams": "0"}),), (("fault", {"name": "motion"}),)):
        for what, arguments in commands:
            pair.do(what, **arguments)
        with pytest.raises(DeviceTimeout):
            pair.scale.read_weight()
    pair.fault("motion", on=False)
    pair.put(500)
    assert pair.scale.read_weight().grams == 500
    pair.fault("always")
    assert pair.scale.read_weight().grams == 500


def test_the_emulator_s_faults() -> None:
    for fault, error in (("counting", DeviceFault), ("mute", DeviceTimeout), ("over", DeviceTimeout)):
        pair = OnPlatter("adam", "adam")
        pair.put(500)
        pair.fault(fault)
        with pytest.raises(error):
            pair.scale.read_weight()


def test_two_scales_on_ptys_stay_apart(tmp_path: Path) -> None:
    with (
        running_emulator("adam", pty=tmp_path / "one") as one,
        running_emulator("adam", pty=tmp_path / "two") as two,
        contextlib.closing(open_device("adam", one.address)) as first,
        contextlib.closing(open_device("adam", two.address)) as second,
    ):
        one.tell("put", grams="1234")
        two.tell("put", grams="500")
        assert isinstance(first.driver, Scale)
        assert isinstance(second.driver, Scale)
        weights = [first.driver.read_weight(), second.driver.read_weight()]
        assert [None if each is None else int(each.grams) for each in weights] == [1234, 500]
        two.fault("unplug")
        with pytest.raises(DeviceUnavailable):
            second.driver.read_weight()


def _scale(*steps: tuple[bytes | None, bytes], through: Through | None = None, options: dict[str, object] | None = None) -> Any:
    return find("adam").build(ScriptedTransport(*steps, through=through), options)
