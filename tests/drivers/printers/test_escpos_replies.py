"""Bytes from the Epson ESC/POS reference (DLE EOT, GS a, GS ( H, GS I) as in the table of the printer's manual."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import Readiness
from drivers.printers.escpos_replies import AutoStatus, Block, Buffered, RealTime, ReplyReader, parse_auto_status, parse_status

OK = {1: 0x12, 2: 0x12, 3: 0x12, 4: 0x12}


def test_all_fine() -> None:
    status = parse_status(OK, "high")
    assert (status.readiness, status.faults, status.warnings, status.drawer_open) == (Readiness.OK, (), (), False)


@pytest.mark.parametrize(
    ("answers", "faults", "warnings"),
    [
        ({1: 0x1A}, ("offline",), ()),
        ({1: 0x1A, 2: 0x16}, ("cover_open",), ()),
        ({1: 0x1A, 2: 0x32}, ("paper_out",), ()),
        ({1: 0x1A, 2: 0x36}, ("cover_open", "paper_out"), ()),
        ({1: 0x1A, 2: 0x52, 3: 0x1A}, ("cutter",), ()),
        ({3: 0x32}, ("printer_error",), ()),
        ({3: 0x52}, ("head_hot",), ()),
        ({4: 0x1E}, (), ("paper_low",)),
        ({4: 0x72}, ("paper_out",), ()),
        ({4: 0x7E}, ("paper_out",), ()),
    ],
)
def test_bits_of_dle_eot(answers: dict, faults: tuple, warnings: tuple) -> None:
    status = parse_status(OK | answers, "high")
    assert (status.faults, status.warnings) == (faults, warnings)
    assert status.readiness is (Readiness.FAULT if faults else Readiness.OK)


@pytest.mark.parametrize("answers", [{}, {1: 0x12}, {1: 0x12, 2: 0x12, 3: 0x12}, OK | {2: 0x10}, OK | {3: 0xFF}])
def test_a_missing_or_malformed_answer_is_unknown_never_ok_and_never_a_fault(answers: dict) -> None:
    assert parse_status(answers, "high").readiness is Readiness.UNKNOWN


@pytest.mark.parametrize(
    ("first", "level", "is_open"),
    [(0x16, "high", True), (0x12, "high", False), (0x16, "low", False), (0x12, "low", True), (0x16, "none", None)],
)
def test_what_the_drawers_pin_means_is_its_wiring(first: int, level: str, is_open: bool | None) -> None:
    assert parse_status(OK | {1: first}, level).drawer_open is is_open  # type: ignore[arg-type]  # one of the three levels


@pytest.mark.parametrize(
    ("values", "faults", "warnings", "drawer"),
    [
        ("10 00 00 00", (), (), False),
        ("14 00 00 00", (), (), True),
        ("18 00 0C 00", ("paper_out",), (), False),
        ("38 00 00 00", ("cover_open",), (), False),
        ("38 00 0C 00", ("cover_open", "paper_out"), (), False),
        ("10 00 03 00", (), ("paper_low",), False),
    ],
)
def test_bits_of_automatic_status(values: str, faults: tuple, warnings: tuple, drawer: bool) -> None:
    status = parse_auto_status(bytes.fromhex(values), "high")
    assert (status.faults, status.warnings, status.drawer_open) == (faults, warnings, drawer)


STREAM = bytes.fromhex("12 18000C00 37224A30303100 13 1E 5F544D2D54323000 11 0C 10000000")
REPLIES = [
    RealTime(0x12),
    AutoStatus(b"\x18\x00\x0c\x00"),
    Block(0x37, b'"J001'),
    RealTime(0x1E),
    Block(0x5F, b"TM-T20"),
    Buffered(0x0C),
    AutoStatus(b"\x10\x00\x00\x00"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_replies_of_all_kinds_are_told_apart_on_one_stream_however_it_is_split(cuts: list[int]) -> None:
    reader = ReplyReader()
    ends = [*sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert [reply for piece in pieces for reply in reader.feed(piece)] == REPLIES


@given(st.binary(max_size=300))
def test_garbage_ends_in_replies_or_nothing_and_never_holds_more_than_a_block(data: bytes) -> None:
    reader = ReplyReader()
    reader.feed(data)
    assert reader.feed(b"\x80" * 100 + b"\x00\x12")[-1:] == [RealTime(0x12)]
