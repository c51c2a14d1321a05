"""Vectors: the records in the Ohaus Aviator 7000 service manual V13, section 6.1.3.3."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.devices import Pace, PricedWeight, PriceScale, Weight
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find, open_device
from drivers.scales.dialog import ASK, ASK_STATUS, DialogOptions, parse_result, parse_status, price_record
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, ScriptedTransport, Silent, Slow, Through, UnplugAfter, exchange
from tests.drivers.running import running_emulator
from tests.drivers.scales.on_platter import OnPlatter

PRICE = bytes.fromhex("04 02 30 31 1B 30 30 31 30 35 30 1B 03")
RESULT = bytes.fromhex("02 30 32 1B 33 1B 30 31 32 33 34 1B 30 30 31 30 35 30 1B 30 30 31 32 39 36 03")
MOTION = bytes.fromhex("02 30 39 1B 32 30 03")
ACK, NAK, EOT = b"\x06", b"\x15", b"\x04"
WEIGHING = PricedWeight(Weight(Decimal(1234), stable=True, raw=RESULT), 1050, 1296)


def status(code: str) -> bytes:
    return b"\x0209\x1b" + code.encode() + b"\x03"


def test_weight_price_and_amount_come_together() -> None:
    with exchange("dialog.02", (PRICE, ACK), (b"\x04\x05", RESULT)) as scale:
        assert scale.weigh(1050) == WEIGHING
        assert scale.pace is Pace.ON_DEMAND
        assert isinstance(scale, PriceScale)


def test_what_is_asked_is_in_the_manual_s_bytes() -> None:
    assert (price_record(1050), ASK, ASK_STATUS) == (PRICE, b"\x04\x05", bytes.fromhex("04 02 30 38 03"))


def test_a_weight_without_a_price_is_a_weighing_at_the_nominal_price() -> None:
    with exchange("dialog.02", (PRICE, ACK), (ASK, RESULT), options={"nominal_price": 1050}) as scale:
        assert scale.read_weight() == WEIGHING.weight
    with exchange("dialog.02") as scale, pytest.raises(Unsupported, match="nominal_price"):
        scale.read_weight()


def test_a_weighing_in_motion_is_asked_for_again() -> None:
    with exchange("dialog.02", (PRICE, ACK), (ASK, NAK), (ASK_STATUS, MOTION), (ASK, RESULT)) as scale:
        assert scale.weigh(1050) == WEIGHING


@pytest.mark.parametrize("code", ["20", "22"])
def test_it_is_not_asked_without_end(code: str) -> None:
    steps = [(ASK, NAK), (ASK_STATUS, status(code))] * 5
    with exchange("dialog.02", (PRICE, ACK), *steps) as scale:
        if code == "20":
            assert scale.weigh(1050) is None
        else:
            with pytest.raises(DeviceTimeout):
                scale.weigh(1050)


def test_nothing_moved_since_the_last_weighing_is_no_weighing() -> None:
    with exchange("dialog.02", (PRICE, ACK), (ASK, NAK), (ASK_STATUS, status("21"))) as scale:
        assert scale.weigh(1050) is None


@pytest.mark.parametrize(
    ("code", "fault"), [("30", "below_minimum"), ("31", "under_zero"), ("32", "over_capacity"), ("01", "scale_error")]
)
def test_what_blocks_a_weighing_is_a_fault(code: str, fault: str) -> None:
    with (
        exchange("dialog.02", (PRICE, ACK), (ASK, NAK), (ASK_STATUS, status(code))) as scale,
        pytest.raises(DeviceFault) as caught,
    ):
        scale.weigh(1050)
    assert caught.value.faults == (fault,)


@pytest.mark.parametrize(
    ("code", "error"), [("10", Unsupported), ("11", Unsupported), ("02", ProtocolViolation), ("00", ProtocolViolation)]
)
def test_a_price_that_is_refused_says_why(code: str, error: type[DriverError]) -> None:
    with exchange("dialog.02", (PRICE, NAK), (ASK_STATUS, status(code))) as scale, pytest.raises(error):
        scale.weigh(1050)


@pytest.mark.parametrize("price", [0, -1, 1_000_000])
def test_a_price_that_does_not_fit_is_not_sent(price: int) -> None:
    with exchange("dialog.02") as scale, pytest.raises(Unsupported, match="unit price"):
        scale.weigh(price)


CHECKSUMS = b"\x0211\x1b2\x1b5A\x03"


def test_dialog_06_is_refused_with_a_sentence() -> None:
    with exchange("dialog.02", (PRICE, CHECKSUMS)) as scale, pytest.raises(Unsupported, match="secret polynomial"):
        scale.weigh(1050)
    with exchange("dialog.02", (PRICE, ACK), (ASK, CHECKSUMS)) as scale, pytest.raises(Unsupported, match="secret polynomial"):
        scale.weigh(1050)
    with (
        exchange("dialog.02", (PRICE, ACK), (ASK, NAK), (ASK_STATUS, CHECKSUMS)) as scale,
        pytest.raises(Unsupported, match="secret polynomial"),
    ):
        scale.weigh(1050)
    with pytest.raises(Unsupported, match="secret polynomial"):
        find("dialog.06")


@pytest.mark.parametrize(
    "record",
    [
        b"\x0202\x1b3\x1b01234\x1b001050\x1b001298\x03",  # amount too high
        b"\x0202\x1b3\x1b01234\x1b001050\x1b001294\x03",  # amount too low
        b"\x0202\x1b3\x1b01234\x1b001060\x1b001308\x03",  # right in itself, at another price
        b"\x0202\x1b3\x1b0123\x1b001050\x1b001296\x03",  # a digit lost
        b"\x0202\x1b4\x1b01234\x1b001050\x1b001296\x03",  # no unit
        b"\x0209\x1b00\x03",
    ],
)
def test_numbers_that_do_not_belong_together_are_no_weighing(record: bytes) -> None:
    with exchange("dialog.02", (PRICE, ACK), (ASK, record)) as scale, pytest.raises(ProtocolViolation):
        scale.weigh(1050)


def test_a_price_of_five_digits_is_the_same_price() -> None:
    record = b"\x0202\x1b3\x1b01234\x1b01050\x1b001296\x03"
    assert parse_result(record, 1050, DialogOptions()).amount == 1296


def test_amounts_may_be_rounded_to_coins() -> None:
    record = b"\x0202\x1b3\x1b01234\x1b001050\x1b001295\x03"
    with pytest.raises(ProtocolViolation):
        parse_result(record.replace(b"1295", b"1290"), 1050, DialogOptions(amount_step=5))
    assert parse_result(record, 1050, DialogOptions(amount_step=5)).amount == 1295


@pytest.mark.parametrize(
    ("form", "digits", "amount", "grams"),
    [
        (b"1", b"00250", b"000250", Decimal("2.50") * Decimal("453.59237")),
        (b"2", b"02505", b"000251", Decimal("2.505") * Decimal("453.59237")),
        (b"0", b"02084", b"000253", Decimal("2.53125") * Decimal("453.59237")),  # 2 lb 8 oz 4/8
    ],
)
def test_pounds_by_the_form_that_the_scale_names(form: bytes, digits: bytes, amount: bytes, grams: Decimal) -> None:
    record = b"\x0202\x1b" + form + b"\x1b" + digits + b"\x1b000100\x1b" + amount + b"\x03"
    assert parse_result(record, 100, DialogOptions(price_per="lb")).weight.grams == grams
    with pytest.raises(Unsupported, match="price_per"):  # a price for a kilogram is none for a pound
        parse_result(record, 100, DialogOptions())


@pytest.mark.parametrize("digits", [b"02168", b"02098", b"00000"])
def test_ounces_that_nothing_proves_are_refused(digits: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_result(b"\x0202\x1b0\x1b" + digits + b"\x1b000100\x1b000000\x03", 100, DialogOptions(price_per="lb"))


def test_some_scales_get_a_final_eot() -> None:
    with exchange("dialog.02", (PRICE, ACK), (EOT, None), (ASK, RESULT), (EOT, None), options={"final_eot": True}) as scale:
        assert scale.weigh(1050) == WEIGHING


@pytest.mark.parametrize("options", [{"nominal_price": -1}, {"nominal_price": 10**6}, {"amount_step": 0}, {"price_per": "oz"}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported, match=r"dialog\.02"):
        find("dialog.02").build(ScriptedTransport(), options)


@pytest.mark.parametrize("through", [OneByteAtATime, Slow, GarbageFirst])
def test_split_slow_and_noisy_lines_give_the_weighing(through: Through) -> None:
    with exchange("dialog.02", (PRICE, ACK), (ASK, RESULT), through=through) as scale:
        assert scale.weigh(1050) == WEIGHING


def test_noise_without_end_is_not_listened_to_without_end() -> None:
    with exchange("dialog.02", (PRICE, b"\x7f" * 64)) as scale, pytest.raises(ProtocolViolation, match="noise"):
        scale.weigh(1050)


def test_silence_is_a_timeout_and_a_late_answer_is_not_taken() -> None:
    with pytest.raises(DeviceTimeout):
        _scale((PRICE, ACK), through=Silent).weigh(1050)
    with exchange("dialog.02", (None, RESULT), (PRICE, NAK), (ASK_STATUS, status("21"))) as scale:
        assert scale.weigh(1050) is None


@pytest.mark.parametrize("count", range(0, 40, 3))
def test_unplugged_in_the_middle_is_unavailable(count: int) -> None:
    with pytest.raises(DeviceUnavailable):
        _scale((PRICE, ACK), (ASK, RESULT), through=lambda pipe: UnplugAfter(pipe, count)).weigh(1050)


@given(seed=st.integers(0, 2**32))
@example(112)
def test_lost_bytes_never_make_another_weighing(seed: int) -> None:
    scale = _scale((PRICE, ACK), (ASK, RESULT), through=lambda pipe: Lossy(pipe, Random(seed), one_in=6))
    with contextlib.suppress(ProtocolViolation, DeviceTimeout):
        priced = scale.weigh(1050)  # a price may have five digits: the frame may be shorter, the numbers are the same
        assert (priced.weight.grams, priced.unit_price, priced.amount) == (1234, 1050, 1296)


@given(noise=st.binary(max_size=64), price=st.integers(1, 999_999), per=st.sampled_from(["kg", "lb"]))
@example(RESULT, 1050, "kg")
@example(b"\x02", 1, "kg")
def test_noise_gives_typed_errors_or_a_weighing_that_is_right_in_itself(noise: bytes, price: int, per: Any) -> None:
    for parse in (parse_status, lambda record: parse_result(record, price, DialogOptions(price_per=per))):
        with contextlib.suppress(DriverError):
            assert parse(noise)


@given(grams=st.integers(0, 99_999), price=st.integers(1, 999_999))
def test_every_right_record_is_read(grams: int, price: int) -> None:
    amount = (grams * price + 500) // 1000
    if amount <= 999_999:
        record = b"\x0202\x1b3\x1b%05d\x1b%06d\x1b%06d\x03" % (grams, price, amount)
        assert parse_result(record, price, DialogOptions()) == PricedWeight(
            Weight(Decimal(grams), stable=True, raw=record), price, amount
        )


# --- with the emulator, which keeps the rule -------------------------------------------------------------------------------------


def test_one_weighing_is_given_once() -> None:
    pair = OnPlatter("dialog_02", "dialog.02")
    pair.put(1234)
    assert pair.scale.weigh(1050) == WEIGHING
    assert [pair.scale.weigh(1050), pair.scale.weigh(2000)] == [None, None]
    pair.put(0)
    with pytest.raises(DeviceFault, match="too little"):
        pair.scale.weigh(1050)
    pair.put(1234)
    assert pair.scale.weigh(1050) == WEIGHING


@pytest.mark.parametrize(
    ("fault", "error"), [("unfinished", DeviceTimeout), ("wrong_amount", ProtocolViolation), ("dialog_06", Unsupported)]
)
def test_the_emulator_s_faults(fault: str, error: type[DriverError]) -> None:
    pair = OnPlatter("dialog_02", "dialog.02")
    pair.put(500)
    pair.fault(fault)
    with pytest.raises(error):
        pair.scale.weigh(1050)


MOVES = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 5) | st.integers(-20, 20_000)),
    st.tuples(st.just("weigh"), st.integers(1, 9999)),
    st.tuples(st.just("motion"), st.booleans()),
    st.tuples(st.just("damaged"), st.booleans()),
    st.tuples(st.just("mute"), st.booleans()),
)


@settings(max_examples=150)
@given(moves=st.lists(MOVES, max_size=25))
def test_no_weighing_is_ever_had_twice(moves: list[tuple[str, Any]]) -> None:
    pair = OnPlatter("dialog_02", "dialog.02")
    had: list[tuple[Decimal, object, object]] = []
    lies = 0
    for what, value in moves:
        if what == "put":
            lies = value
            pair.put(value)
        elif what != "weigh":
            pair.fault(what, on=value)
        else:
            with contextlib.suppress(DriverError):
                priced = pair.scale.weigh(value)
                if priced is not None:
                    assert priced.weight.grams == lies
                    had.append((priced.weight.grams, priced.unit_price, priced.amount))
    given_out = [(Decimal(str(told["grams"])), told["unit_price"], told["amount"]) for told in pair.told("weighed")]
    remaining = iter(given_out)
    assert all(each in remaining for each in had), "each weighing that was had is one that the scale gave, in order, once"


def test_two_scales_on_ptys_stay_apart(tmp_path: Path) -> None:
    with (
        running_emulator("dialog_02", pty=tmp_path / "one") as one,
        running_emulator("dialog_02", pty=tmp_path / "two") as two,
        contextlib.closing(open_device("dialog.02", one.address)) as first,
        contextlib.closing(open_device("dialog.02", two.address)) as second,
    ):
        one.tell("put", grams="1234")
        two.tell("put", grams="500")
        assert isinstance(first.driver, PriceScale)
        assert isinstance(second.driver, PriceScale)
        weighings = [first.driver.weigh(1050), second.driver.weigh(1000), first.driver.weigh(1050)]
    assert [None if each is None else (int(each.weight.grams), each.amount) for each in weighings] == [
        (1234, 1296),
        (500, 500),
        None,
    ]


def _scale(*steps: tuple[bytes, bytes], through: Through) -> Any:
    return find("dialog.02").build(ScriptedTransport(*steps, through=through))
