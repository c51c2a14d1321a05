"""Vectors: the Wildcat Technical Manual p. 6-4 and 6-5; short form: Cardinal 225 manual, p. 118."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import Pace, Scale, Weight
from drivers.emulators.toledo_continuous import ToledoContinuousEmulator
from drivers.errors import DeviceFault, DeviceTimeout, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find
from drivers.scales.toledo_continuous import ContinuousOptions, checksum, find_last, parse_frame
from drivers.testing import Lossy, ScriptedTransport, exchange
from drivers.transports.buffered import Buffered

KG_1_234 = bytes.fromhex("02 2D 30 20 30 30 31 32 33 34 30 30 30 30 30 30 0D 2A")
MOTION = bytes.fromhex("02 2D 38 20 30 30 31 32 33 34 30 30 30 30 30 30 0D 22")
NET = bytes.fromhex("02 2D 31 20 30 30 31 30 33 34 30 30 30 32 30 30 0D 29")
NEGATIVE = bytes.fromhex("02 2D 32 20 30 30 30 30 31 35 30 30 30 30 30 30 0D 2C")
OUT_OF_RANGE = bytes.fromhex("02 2D 34 20 30 30 31 32 33 34 30 30 30 30 30 30 0D 26")
ANY = ContinuousOptions()
PLAIN = ContinuousOptions(checksum=False)


def framed(words: bytes, weight: bytes = b"001234", tare: bytes = b"000000") -> bytes:
    body = b"\x02" + words + weight + tare + b"\r"
    return body + bytes((checksum(body),))


@pytest.mark.parametrize(
    ("frame", "weight", "tare"),
    [
        (KG_1_234, Weight(Decimal(1234), stable=True, raw=KG_1_234), 0),
        (MOTION, Weight(Decimal(1234), stable=False, raw=MOTION), 0),
        (NET, Weight(Decimal(1034), stable=True, raw=NET, is_net=True), 200),
        (NEGATIVE, Weight(Decimal(-15), stable=True, raw=NEGATIVE), 0),
    ],
)
def test_the_manuals_frames(frame: bytes, weight: Weight, tare: int) -> None:
    with exchange("toledo.continuous", (None, frame)) as scale:
        assert scale.pace is Pace.STREAM
        assert scale.tare_grams is None
        assert scale.read_weight() == weight
        assert scale.tare_grams == Decimal(tare)
    with exchange("toledo.continuous", (None, frame[:-1]), options={"checksum": False}) as scale:
        assert scale.read_weight().grams == weight.grams


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        (OUT_OF_RANGE, "over_capacity"),
        (framed(b"\x2d\x36\x20"), "under_capacity"),  # out of range, and negative
        (framed(b"\x2d\x34\x20", b"      "), "over_capacity"),  # a display that blanks
        (framed(b"\x2d\x70\x20"), "outside_zero"),  # zero not captured since it was switched on
        (framed(b"\x2d\x30\x30"), "scale_expanded"),
        (framed(b"\x2d\x3c\x20"), "over_capacity"),  # also in motion
    ],
)
def test_what_forbids_a_weight_is_a_fault(frame: bytes, fault: str) -> None:
    with exchange("toledo.continuous", (None, frame)) as scale, pytest.raises(DeviceFault) as caught:
        scale.read_weight()
    assert caught.value.faults == (fault,)


@pytest.mark.parametrize(
    ("point", "grams"),
    [(0, "123400000"), (1, "12340000"), (2, "1234000"), (3, "123400"), (4, "12340"), (5, "1234"), (6, "123.4"), (7, "12.34")],
)
def test_the_place_of_the_point(point: int, grams: str) -> None:
    assert parse_frame(framed(bytes((0x28 | point, 0x30, 0x20))), ANY).weight.grams == Decimal(grams)


@pytest.mark.parametrize(
    ("word_b", "word_c", "grams"),
    [
        (0x30, 0x20, "1234"),
        (0x20, 0x20, "559.73298458"),  # 1.234 lb
        (0x10, 0x20, "1234"),  # bit 5 of B is 0 at Fairbanks
        (0x20, 0x21, "1.234"),
        (0x30, 0x21, "1.234"),  # the extension rules
        (0x20, 0x22, "1234000"),
        (0x20, 0x23, "34.98331153625"),
        (0x20, 0x24, "38.3816903712"),
        (0x20, 0x25, "1.91908451856"),
        (0x20, 0x26, "1119465.96916"),
        (0x30, 0x68, "1234"),  # print request and keyboard tare inform
    ],
)
def test_the_unit_is_in_the_status_words(word_b: int, word_c: int, grams: str) -> None:
    assert parse_frame(framed(bytes((0x2D, word_b, word_c))), ANY).weight.grams == Decimal(grams)


def test_spaces_before_the_digits_and_parity_bits_are_read() -> None:
    padded = framed(b"\x2d\x30\x20", b"  1234", b"     0")
    assert parse_frame(padded, ANY).weight.grams == Decimal(1234)
    with_parity = bytes(each | (0x80 if each.bit_count() % 2 else 0) for each in KG_1_234)
    with exchange("toledo.continuous", (None, with_parity)) as scale:
        assert scale.read_weight() == Weight(Decimal(1234), stable=True, raw=with_parity)


@pytest.mark.parametrize(
    "frame",
    [
        framed(b"\x2d\x30\x27"),  # the maker's own unit
        framed(b"\x2d\x30\x20", b"12 34 "),
        framed(b"\x2d\x30\x20", b"******"),
        framed(b"\x2d\x30\x20", b"-01234"),
        framed(b"\x2d\x30\x20", b"      "),
        framed(b"\x2d\x30\x20", b"001234", b"00x000"),
        KG_1_234[:-1] + b"\x2b",
        KG_1_234[:8] + b"\x35" + KG_1_234[9:],
        framed(b"\x0d\x30\x20"),  # bit 5 of A is always 1
        framed(b"\x2d\x30\x00"),
        (KG_1_234[:16] + b"\x20" + bytes((checksum(KG_1_234[:16] + b"\x20"),))),  # no CR in its place
        (KG_1_234[:15] + b"\x19\r" + bytes((checksum(KG_1_234[:15] + b"\x19\r"),))),  # a control character among the digits
        KG_1_234[1:] + b"\x02",
    ],
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_frame(frame, ANY)
    with exchange("toledo.continuous", (None, frame)) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


def test_the_short_form_has_no_tare() -> None:
    short = KG_1_234[:10] + b"\r"
    for options, frame in (({"checksum": False}, short), ({}, short + bytes((checksum(short),)))):
        with exchange("toledo.continuous", (None, frame * 3), options={"tare_field": False, **options}) as scale:
            assert scale.read_weight().grams == Decimal(1234)
            assert scale.tare_grams is None


def test_only_the_configured_unit_is_believed() -> None:
    with exchange("toledo.continuous", (None, KG_1_234), options={"unit": "lb"}) as scale, pytest.raises(ProtocolViolation):
        scale.read_weight()


def test_ten_seconds_of_frames_are_the_last_one() -> None:
    waiting = b"".join(framed(b"\x2d\x30\x20", b"%06d" % number) for number in range(70))
    with exchange("toledo.continuous", (None, waiting[5:] + NET[:7])) as scale:
        assert scale.read_weight().grams == Decimal(69)
        with pytest.raises(DeviceTimeout):  # the rest of that frame never comes
            scale.read_weight()


def test_a_frame_in_two_pieces_is_kept_together() -> None:
    class Pieces:
        def __init__(self) -> None:
            self.pieces = [KG_1_234 + NET[:3], b"", NET[3:9], b"", NET[9:], b"", MOTION]

        def send(self, data: bytes) -> None: ...
        def close(self) -> None: ...

        def receive(self, timeout: float) -> bytes:
            if timeout and self.pieces and not self.pieces[0]:
                self.pieces.pop(0)
            return self.pieces.pop(0) if self.pieces and self.pieces[0] else b""

    scale = find("toledo.continuous").build(Buffered(Pieces(), "pieces"))
    assert isinstance(scale, Scale)
    assert [scale.read_weight() for _ in range(3)] == [parse_frame(each, ANY).weight for each in (KG_1_234, NET, MOTION)]


def test_after_a_damaged_frame_the_one_before_it_is_the_last() -> None:
    with exchange("toledo.continuous", (None, KG_1_234 + NET[:9] + NET[10:])) as scale:
        assert scale.read_weight().grams == Decimal(1234)


def test_a_check_that_looks_like_stx_does_not_lose_the_frame() -> None:
    frame = next(each for each in (framed(b"\x2d\x30\x20", b"%06d" % number) for number in range(10**6)) if each[-1] == 0x02)
    digits = Decimal(frame[4:10].decode())
    for options in ({}, {"checksum": False}):
        with exchange("toledo.continuous", (None, frame * 2), options=options) as scale:
            assert scale.read_weight().grams == digits


def test_silence_is_a_timeout_and_something_else_is_not() -> None:
    with exchange("toledo.continuous") as scale, pytest.raises(DeviceTimeout):
        scale.read_weight()
    with exchange("toledo.continuous", (None, b"\xff\x00\x7f" * 2000)) as scale, pytest.raises(ProtocolViolation) as caught:
        scale.read_weight()
    assert len(str(caught.value)) < 300


def test_every_single_lost_byte_shows() -> None:  # stated in the driver's docstring
    stream = framed(b"\x2d\x30\x20", b"009999") + KG_1_234 + framed(b"\x2d\x30\x20", b"005555")
    for options in (ANY, PLAIN):
        for place in range(len(stream)):
            found = find_last(stream[:place] + stream[place + 1 :], options)
            assert found is not None
            assert parse_frame(found[0], options).weight.grams in (9999, 1234, 5555)


def test_every_single_changed_bit_shows_by_the_checksum() -> None:
    for place in range(len(KG_1_234)):
        for bit in range(7):
            changed = bytearray(KG_1_234)
            changed[place] ^= 1 << bit
            assert find_last(bytes(changed), ANY) is None


@given(seed=st.integers(0, 2**32), has_checksum=st.booleans())
def test_a_lossy_line_gives_only_weights_that_were_sent(seed: int, has_checksum: bool) -> None:
    sent = [Decimal(number) for number in range(1111, 9999, 1111)]
    frames = [framed(b"\x2d\x30\x20", b"%06d" % number)[: 18 if has_checksum else 17] for number in sent]
    transport = ScriptedTransport((None, b"".join(frames)), through=lambda pipe: Lossy(pipe, Random(seed), one_in=20))
    scale = find("toledo.continuous").build(transport, {"checksum": has_checksum})
    assert isinstance(scale, Scale)
    with contextlib.suppress(ProtocolViolation, DeviceTimeout):
        weight = scale.read_weight()
        assert weight is not None
        assert weight.grams in sent


@given(noise=st.binary(max_size=120))
@example(b"\x02" * 40)
@example(b"\x02\x2d\x30\x20" + "٤٤٤".encode() + b"000000\r")
def test_any_bytes_give_typed_errors_or_a_weight(noise: bytes) -> None:
    for options in (ANY, PLAIN, ContinuousOptions(checksum=False, tare_field=False)):
        for frame in (noise, noise[: options.size], framed(noise[:3].ljust(3, b" "), noise[3:9].ljust(6, b"0"))[: options.size]):
            try:
                assert parse_frame(frame, options).weight.grams.is_finite()
            except DriverError:
                continue
        found = find_last(noise, options)
        assert found is None or noise[: found[1]].endswith(found[0])


@given(
    grams=st.integers(-299, 15_000),
    tare=st.integers(0, 500),
    unit=st.sampled_from(["kg", "lb", "g", "oz"]),
    form=st.tuples(st.booleans(), st.booleans()),
    is_moving=st.booleans(),
)
def test_what_the_emulator_shows_is_what_is_read(
    grams: int, tare: int, unit: str, form: tuple[bool, bool], is_moving: bool
) -> None:
    emulator = ToledoContinuousEmulator(lambda _: None)
    emulator.on_command({"do": "configure", "unit": unit, "checksum": form[0], "tare_field": form[1]})
    emulator.on_command({"do": "put", "grams": str(tare)})
    emulator.on_command({"do": "tare"})
    emulator.on_command({"do": "put", "grams": str(grams)})
    emulator.on_command({"do": "fault", "name": "motion", "on": is_moving})
    frame = parse_frame(emulator.on_tick(0.14), ContinuousOptions(checksum=form[0], tare_field=form[1]))
    step = {"kg": Decimal(1), "lb": Decimal("4.54"), "g": Decimal(1), "oz": Decimal("2.84")}[unit]
    assert abs(frame.weight.grams - (grams - tare)) <= step / 2
    assert (frame.weight.stable, frame.weight.is_net) == (not is_moving, tare > 0)
    assert frame.tare is None if not form[1] else frame.tare is not None and abs(frame.tare - tare) <= step / 2


@pytest.mark.parametrize("options", [{"checksum": "yes"}, {"unit": "stone"}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported):
        find("toledo.continuous").check_options(options)
