"""Vectors: Mettler Toledo Reference Manuals MT-SICS 11780711 and 11780447."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import Scale, Tares, Weight, Zeroes
from drivers.emulators.mt_sics import MtSicsEmulator
from drivers.errors import DeviceFault, DeviceTimeout, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find
from drivers.scales.mt_sics import SicsOptions, parse_serial_number, parse_weight
from drivers.testing import exchange

SI = b"SI\r\n"
STABLE = bytes.fromhex("53 20 53 20 20 20 20 20 31 30 30 2E 30 30 20 67 0D 0A")
DYNAMIC = bytes.fromhex("53 20 44 20 20 20 20 20 20 39 39 2E 38 37 20 67 0D 0A")
SERIAL_NUMBER = bytes.fromhex("49 34 20 41 20 22 42 30 32 31 30 30 32 35 39 33 22 0D 0A")
ANY = SicsOptions()


@pytest.mark.parametrize(("answer", "grams", "is_stable"), [(STABLE, "100.00", True), (DYNAMIC, "99.87", False)])
def test_a_weight_says_whether_it_is_stable(answer: bytes, grams: str, is_stable: bool) -> None:
    with exchange("mt.sics", (SI, answer)) as scale:
        assert scale.read_weight() == Weight(Decimal(grams), stable=is_stable, raw=answer)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"S I\r\n", "scale_busy"),
        (b"S +\r\n", "over_capacity"),
        (b"S -\r\n", "under_capacity"),
        (b"S S Error 10b\r\n", "scale_error"),
        (b"S D    Error 1t\r\n", "scale_error"),
    ],
)
def test_what_forbids_a_weight_is_a_fault(answer: bytes, fault: str) -> None:
    with exchange("mt.sics", (SI, answer)) as scale, pytest.raises(DeviceFault) as caught:
        scale.read_weight()
    assert caught.value.faults == (fault,)


@pytest.mark.parametrize(
    ("value", "grams"),
    [
        (b"   -0.6800 g", "-0.6800"),  # mettler_toledo_device 1.5.0, example
        (b"     1.234 kg", "1234"),
        (b"     1.234 KG", "1234"),
        (b"      1234 mg", "1.234"),
        (b"       500 ug", "0.0005"),
        (b"       500 \xb5g", "0.0005"),
        (b"      2.50 lb", "1133.980925"),
        (b"     10.00 oz", "283.49523125"),
        (b"      1.00 ozt", "31.1034768"),
        (b"      5.00 ct", "1.00"),
        (b"      1.00 dwt", "1.55517384"),
        (b"    100.00 GN", "6.479891"),
        (b"    0.0012 t", "1200"),
        (b"    100.00 g  ", "100"),
    ],
)
def test_the_unit_is_on_the_wire(value: bytes, grams: str) -> None:
    assert parse_weight(b"S S " + value + b"\r\n", ANY).grams == Decimal(grams)


@pytest.mark.parametrize(
    "answer",
    [
        b"S S     100.00 tl\r\n",  # a tael is 37.5 g or 37.8 g or …
        b"S S     100.00 PCS\r\n",
        b"S S     100.00 N\r\n",
        b"S S     100.00 Kg\r\n",  # units are written as they are, but for KG
        b"S S     100.00\r\n",
        b"S S    100.00 g\r\n",  # a byte short
        b"S S      100.00 g\r\n",
        b"S S     10 .00 g\r\n",
        b"S S     1.0.00 g\r\n",
        b"S S            g\r\n",
        b"S X     100.00 g\r\n",
        b"S S\r\n",
        b"ES\r\n",
        b"ET\r\n",
        b"EL\r\n",
    ],
)
def test_what_is_no_weight_in_a_known_unit_is_refused(answer: bytes) -> None:
    with exchange("mt.sics", (SI, answer)) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


def test_clones_may_send_their_numbers_unpadded() -> None:
    with exchange("mt.sics", (SI, b"S S 12.5 g\r\n"), (SI, b"S S        12.5 g\r\n"), options={"width": 0}) as scale:
        assert scale.read_weight().grams == scale.read_weight().grams == Decimal("12.5")


def test_only_the_configured_unit_is_believed() -> None:
    with exchange("mt.sics", (SI, STABLE), options={"unit": "kg"}) as scale, pytest.raises(ProtocolViolation, match="expected kg"):
        scale.read_weight()


def test_the_risk_of_a_lost_byte_is_known() -> None:  # stated in the driver's docstring
    sent = b"S S      1.234 kg\r\n"
    for options, expected in ((ANY, {b"g"}), (SicsOptions(unit="kg"), set())):
        wrong = set()
        for place in range(len(sent)):
            damaged = sent[:place] + sent[place + 1 :]
            try:
                weight = parse_weight(damaged, options)
            except DriverError:
                continue
            if weight.grams != Decimal(1234):
                wrong.add(damaged.split()[-1])
        assert wrong == expected


def test_it_tells_its_serial_number_also_after_a_reset() -> None:
    with exchange("mt.sics", (b"I4\r\n", SERIAL_NUMBER), (b"@\r\n", SERIAL_NUMBER), (b"I4\r\n", b"I4 I\r\n")) as scale:
        assert scale.serial_number() == scale.reset() == "B021002593"
        with pytest.raises(DeviceFault):
            scale.serial_number()


@pytest.mark.parametrize("answer", [b'I4 A "A""\r\n', b'I4 A ""\r\n', b"I4 A B02\r\n", b"I4 L\r\n", b'I4 A "B0\r\n', b"I4 A\r\n"])
def test_a_damaged_serial_number_is_none(answer: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_serial_number(answer)


def test_what_the_balance_tells_by_itself_is_passed_over() -> None:
    with exchange("mt.sics", (SI, SERIAL_NUMBER + STABLE), (None, DYNAMIC), (SI, b"\x00" + STABLE)) as scale:
        assert scale.read_weight().grams == Decimal(100)
        assert scale.read_weight().grams == Decimal(100)  # and what was late is not taken


def test_lines_that_never_answer_are_a_timeout() -> None:
    with exchange("mt.sics", (SI, SERIAL_NUMBER * 3)) as scale, pytest.raises(DeviceTimeout):
        scale.read_weight()


def test_zero_and_tare_are_done() -> None:
    steps = [
        (b"Z\r\n", b"Z A\r\n"),
        (b"T\r\n", b"T S     100.00 g\r\n"),
        (SI, STABLE),
        (b"TAC\r\n", b"TAC A\r\n"),
        (SI, STABLE),
    ]
    with exchange("mt.sics", *steps) as scale:
        scale.zero()
        scale.tare()
        assert scale.read_weight().is_net
        scale.clear_tare()
        assert not scale.read_weight().is_net


@pytest.mark.parametrize(
    ("command", "answer", "fault"),
    [
        ("zero", b"Z I\r\n", "scale_busy"),
        ("zero", b"Z +\r\n", "outside_zero"),
        ("zero", b"Z -\r\n", "outside_zero"),
        ("tare", b"T I\r\n", "scale_busy"),
        ("tare", b"T +\r\n", "tare_refused"),
        ("tare", b"T -\r\n", "tare_refused"),
        ("clear_tare", b"TAC I\r\n", "scale_busy"),
    ],
)
def test_what_was_not_done_is_a_fault(command: str, answer: bytes, fault: str) -> None:
    asked = {"zero": b"Z\r\n", "tare": b"T\r\n", "clear_tare": b"TAC\r\n"}[command]
    with exchange("mt.sics", (asked, answer), (SI, STABLE)) as scale:
        with pytest.raises(DeviceFault) as caught:
            getattr(scale, command)()
        assert not scale.read_weight().is_net
    assert caught.value.faults == (fault,)


def test_a_balance_of_level_0_has_no_tare() -> None:
    with exchange("mt.sics", (b"T\r\n", b"ES\r\n"), (b"TAC\r\n", b"EL\r\n"), (b"Z\r\n", b"Z X\r\n")) as scale:
        with pytest.raises(Unsupported):
            scale.tare()
        with pytest.raises(Unsupported):
            scale.clear_tare()
        with pytest.raises(ProtocolViolation):
            scale.zero()


def test_after_a_tare_without_an_answer_the_scale_is_asked_what_it_did() -> None:
    tare = (b"TA\r\n", b"TA A      20.00 g\r\n")
    with exchange("mt.sics", (b"T\r\n", None), (SI, STABLE), tare, (SI, STABLE)) as scale:
        with pytest.raises(DeviceTimeout):
            scale.tare()
        assert scale.read_weight().is_net
        assert scale.read_weight().is_net


def test_asked_for_its_tare_it_tells_net_weights_as_net() -> None:
    tare = (b"TA\r\n", b"TA A      20.00 g\r\n")
    none = (b"TA\r\n", b"TA A       0.00 g\r\n")
    busy = (b"TA\r\n", b"TA I\r\n")
    with exchange("mt.sics", (SI, STABLE), tare, (SI, STABLE), none, (SI, STABLE), busy, options={"asks_tare": True}) as scale:
        assert scale.read_weight().is_net
        assert not scale.read_weight().is_net
        with pytest.raises(DeviceFault):
            scale.read_weight()


def test_it_can_set_zero_and_tare() -> None:
    with exchange("mt.sics") as scale:
        assert isinstance(scale, Scale)
        assert isinstance(scale, Zeroes)
        assert isinstance(scale, Tares)


@pytest.mark.parametrize("options", [{"width": "ten"}, {"unit": "tl"}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported):
        find("mt.sics").check_options(options)


@given(noise=st.binary(max_size=80))
@example("     ٤٤.٤٤ g".encode())
@example(b" S\x85 g")
def test_any_bytes_give_typed_errors_or_a_weight(noise: bytes) -> None:
    for answer in (noise, b"S S " + noise + b"\r\n", b"I4 A " + noise):
        for options in (ANY, SicsOptions(width=0)):
            try:
                assert parse_weight(answer, options).grams.is_finite()
            except DriverError:
                continue
        try:
            assert parse_serial_number(answer)
        except DriverError:
            continue


@given(grams=st.integers(-9_999, 15_000), unit=st.sampled_from(["g", "kg", "mg", "lb", "oz", "ct", "ozt"]), is_moving=st.booleans())
@example(grams=15_000, unit="mg", is_moving=False)
@example(grams=-300, unit="mg", is_moving=True)
def test_what_the_emulator_shows_is_what_is_read(grams: int, unit: str, is_moving: bool) -> None:
    emulator = MtSicsEmulator(lambda _: None)
    emulator.on_command({"do": "configure", "unit": unit, "places": 0 if unit == "mg" else 2})  # more does not fit its field
    emulator.on_command({"do": "put", "grams": str(grams)})
    emulator.on_command({"do": "fault", "name": "motion", "on": is_moving})
    answer = emulator.on_bytes(SI)
    if grams < -300:
        with pytest.raises(DeviceFault):
            parse_weight(answer, ANY)
        return
    weight = parse_weight(answer, ANY)
    assert weight.stable is not is_moving
    assert abs(weight.grams - grams) <= {"kg": 5, "lb": 3, "oz": 1, "ozt": 1}.get(unit, 0)
