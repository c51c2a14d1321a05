"""Bytes built from the tables of the Star Line Mode Command Specifications, Appendix 2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import Readiness
from drivers.printers.star_replies import Frame, FrameReader, parse_frame

FINE = bytes.fromhex("23 06 00 00 00 00 00 00 00")  # header 1: nine bytes; header 2: version 3


def status(**changed: int) -> Frame:
    raw = bytearray(FINE)
    for place, byte in changed.items():
        raw[int(place[1:])] = byte
    return Frame(bytes(raw))


@pytest.mark.parametrize(
    ("frame", "faults", "warnings"),
    [
        (status(), (), ()),
        (status(b2=0x28), ("cover_open",), ()),
        (status(b2=0x08), ("offline",), ()),
        (status(b2=0x40), ("offline",), ()),
        (status(b2=0x08, b3=0x08), ("cutter",), ()),
        (status(b3=0x40), ("head_hot",), ()),
        (status(b3=0x24), ("mechanical", "printer_error"), ()),
        (status(b4=0x0E), ("mark_not_found", "presenter", "head_open"), ()),
        (status(b2=0x08, b5=0x0C), ("paper_out",), ()),
        (status(b5=0x04), (), ("paper_low",)),
        (status(b5=0x02), (), ("paper_low",)),
    ],
)
def test_bits(frame: Frame, faults: tuple[str, ...], warnings: tuple[str, ...]) -> None:
    found = parse_frame(frame, "high")
    assert set(found.faults) == set(faults)
    assert found.warnings == warnings
    assert found.readiness is (Readiness.FAULT if faults else Readiness.OK)


@pytest.mark.parametrize(
    ("byte", "level", "is_open"), [(4, "high", True), (0, "high", False), (4, "low", False), (4, "none", None)]
)
def test_what_the_switch_means_is_its_wiring(byte: int, level: str, is_open: bool | None) -> None:
    assert parse_frame(status(b2=byte), level).drawer_open is is_open  # type: ignore[arg-type]  # one of the three


@pytest.mark.parametrize(("byte", "counter"), [(0x00, 0), (0x02, 1), (0x0E, 7), (0x20, 8), (0x6E, 31)])
def test_the_counter_is_five_bits_around_a_fixed_one(byte: int, counter: int) -> None:
    assert status(b7=byte).counter == counter


def test_a_status_of_seven_bytes_has_no_counter() -> None:
    (frame,) = FrameReader().feed(bytes.fromhex("0F 02 02 00 00 00 00"))
    assert (frame.counter, frame.has_passed_etb) == (None, True)


def test_over_ethernet_a_length_stands_behind_it() -> None:
    reader = FrameReader()
    network = bytes.fromhex("23 86 00 00 00 00 00 04 00")
    assert reader.feed(network) == []
    assert reader.feed(b"\x00") == []
    assert [frame.counter for frame in reader.feed(b"\x00" + FINE)] == [2, 0]
    assert [frame.counter for frame in reader.feed(network + b"\x00\x0801:B\x00\x01\x00;" + FINE)] == [2, 0]


def test_flow_control_between_the_bytes_is_passed_over() -> None:
    assert FrameReader().feed(b"\x13" + FINE[:4] + b"\x11" + FINE[4:]) == [Frame(FINE)]


@given(st.binary(max_size=6).filter(lambda data: not any(byte & 0x91 == 1 for byte in data)), st.integers(0, 9))
def test_after_garbage_the_next_status_is_found(garbage: bytes, cut: int) -> None:
    reader = FrameReader()
    data = garbage + FINE
    frames = reader.feed(data[:cut]) + reader.feed(data[cut:])
    assert frames == [Frame(FINE)]


@given(st.lists(st.binary(max_size=20), max_size=6))
def test_anything_is_survived_and_a_status_after_it_is_found_in_time(pieces: list[bytes]) -> None:
    reader = FrameReader()
    for piece in pieces:
        for frame in reader.feed(piece):
            parse_frame(frame, "high")
    seen: list[Frame] = []
    for _ in range(80):  # at worst a length of 512 is believed once
        seen += reader.feed(FINE)
    assert Frame(FINE) in seen
