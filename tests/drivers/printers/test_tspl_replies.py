"""Answers from TSC's programming manual (p. 84, 85) and the Gprinter manual (p. 30)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ProtocolViolation
from drivers.printers.tspl_replies import TsplStatus, parse_count, parse_status, parse_status_byte


def long_answer(states: bytes) -> bytes:
    return b"\x02" + states + b"\x03\r\n"


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (b"@@@@", TsplStatus()),
        (b"P@@@", TsplStatus(is_working=True)),
        (b"W@@@", TsplStatus(is_working=True)),
        (b"B@@@", TsplStatus(is_working=True)),
        (b"C@@@", TsplStatus(is_working=True)),
        (b"F@@@", TsplStatus(is_working=True)),
        (b"@H@@", TsplStatus(is_working=True)),
        (b"`@@@", TsplStatus(("paused",))),
        (b"K@@@", TsplStatus(("paused",))),
        (b"L@@@", TsplStatus((), ("label_waiting",), is_working=True)),
        (b"E@@@", TsplStatus(("printer_error",))),
        (b"E@@A", TsplStatus(("paper_out",))),
        (b"E@@B", TsplStatus(("paper_jam",))),
        (b"E@@D", TsplStatus(("ribbon_out",))),
        (b"E@@`", TsplStatus(("head_open",))),
        (b"E@A@", TsplStatus(("head_hot",))),
        (b"E@B@", TsplStatus(("motor_hot",))),
        (b"E@H@", TsplStatus(("cutter",))),
        (b"E@He", TsplStatus(("cutter", "paper_out", "ribbon_out", "head_open"))),
        (b"@A@@", TsplStatus((), ("paper_low",))),
        (b"@@@A", TsplStatus(("paper_out",))),
    ],
)
def test_the_four_states(states: bytes, status: TsplStatus) -> None:
    assert parse_status(long_answer(states)) == status


@pytest.mark.parametrize(
    ("byte", "status"),
    [
        (0x00, TsplStatus()),
        (0x01, TsplStatus(("head_open",))),
        (0x02, TsplStatus(("paper_jam",))),
        (0x04, TsplStatus(("paper_out",))),
        (0x05, TsplStatus(("head_open", "paper_out"))),
        (0x08, TsplStatus(("ribbon_out",))),
        (0x0C, TsplStatus(("paper_out", "ribbon_out"))),
        (0x10, TsplStatus(("paused",))),
        (0x20, TsplStatus(is_working=True)),
        (0x40, TsplStatus(("cover_open",))),
        (0x80, TsplStatus(("printer_error",))),
    ],
)
def test_the_status_byte(byte: int, status: TsplStatus) -> None:
    assert parse_status_byte(bytes([byte])) == status


@pytest.mark.parametrize(
    "answer", [b"", b"\x02@@@\x03\r\n", b"\x02@@@@\x03", b"@@@@\x03\r\n", long_answer(b"@@@0"), long_answer(b"Z@@@"), b"\x00"]
)
def test_what_is_no_such_answer_is_a_violation(answer: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_status(answer)


def test_noise_before_the_frame_is_dropped() -> None:
    assert parse_status(b"\xff\x00\x02@" + long_answer(b"E@@A")).faults == ("paper_out",)


@pytest.mark.parametrize("answer", [b"", b"\x00\x00"])
def test_more_or_less_than_one_byte_is_no_status_byte(answer: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_status_byte(answer)


@pytest.mark.parametrize(("answer", "count"), [(b"0", 0), (b"1234\r\n", 1234), (b"0042\r\n", 42)])
def test_the_count_of_labels(answer: bytes, count: int) -> None:
    assert parse_count(answer) == count


@pytest.mark.parametrize("answer", [b"", b"-1\r\n", b"1.5", b"@LABEL\r\n", b"12 13"])
def test_what_is_no_count_is_a_violation(answer: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_count(answer)


@given(st.binary(max_size=40))
def test_any_bytes_give_a_status_or_a_violation(data: bytes) -> None:
    for parse in (parse_status, parse_status_byte, parse_count):
        try:
            parse(data)
        except ProtocolViolation:
            continue


@given(st.lists(st.integers(0x40, 0x7F), min_size=4, max_size=4).map(bytes))
def test_a_working_printer_is_never_taken_for_an_idle_one(states: bytes) -> None:
    try:
        status = parse_status(long_answer(states))
    except ProtocolViolation:
        return
    if status == TsplStatus():
        assert states[:1] == b"@"
        assert not states[2] & 0x1F
        assert not states[3] & 0x2F
