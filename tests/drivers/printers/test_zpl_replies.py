"""Answers from the Zebra ZPL II guide (~HS, ~HI) and lprint issue 117 (~HQES)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ProtocolViolation
from drivers.printers.zpl_replies import Errors, HostStatus, Identity, parse_errors, parse_host_status, parse_identity

LINE_1 = b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n"
LINE_2 = b"\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n"


def errors_answer(errors: bytes, warnings: bytes = b"0 00000000 00000000") -> bytes:
    return b"\x02\r\n\r\n  PRINTER STATUS\r\n   ERRORS:         " + errors + b"\r\n   WARNINGS:       " + warnings + b"\r\n\x03"


def test_a_healthy_printer() -> None:
    status = parse_host_status(LINE_1, LINE_2)
    assert status == HostStatus(faults=(), warnings=(), formats=0, remaining=0, is_busy=False)
    assert status.is_idle


@pytest.mark.parametrize(
    ("first", "second", "faults"),
    [
        (b"\x02030,1,1,1245,000,0,0,0,000,0,0,0\x03\r\n", LINE_2, ("paper_out", "paused")),
        (LINE_1, b"\x02000,0,1,0,0,2,4,0,00000000,1,000\x03\r\n", ("head_open",)),
        (LINE_1, b"\x02000,0,0,1,1,2,4,0,00000000,1,000\x03\r\n", ("ribbon_out",)),
        (b"\x02030,0,0,1245,000,0,0,0,000,0,0,1\x03\r\n", LINE_2, ("head_hot",)),
    ],
)
def test_flags_of_host_status(first: bytes, second: bytes, faults: tuple) -> None:
    assert parse_host_status(first, second).faults == faults


def test_labels_and_formats_that_wait() -> None:
    status = parse_host_status(b"\x02030,0,0,1245,002,0,0,0,000,0,0,0\x03\r\n", b"\x02000,0,0,0,0,2,4,1,00000003,1,000\x03\r\n")
    assert (status.remaining, status.formats, status.warnings, status.is_idle) == (3, 2, ("label_waiting",), False)


@pytest.mark.parametrize(
    "line", [b"", b"\x02\x03\r\n", b"030,0,0\r\n", b"\x02030,0,0,1245,xxx,0,0,0,000,0,0,0\x03\r\n", LINE_2[:20]]
)
def test_an_unreadable_host_status_is_a_violation(line: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_host_status(line, LINE_2)


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        (b"0 00000000 00000000", ()),
        (b"1 00000000 00000001", ("paper_out",)),
        (b"1 00000000 00000005", ("paper_out", "head_open")),
        (b"1 00000000 00010000", ("paused",)),
        (b"1 00000000 00000800", ("printer_error",)),
        (b"1 00000001 00000000", ("printer_error",)),
    ],
)
def test_bits_of_errors(words: bytes, faults: tuple) -> None:
    assert parse_errors(errors_answer(words)) == Errors(faults, ())


def test_bits_of_warnings() -> None:
    assert parse_errors(errors_answer(b"0 00000000 00000000", b"1 00000000 0000000A")).warnings == ("clean_head", "paper_low")


def test_identity_tells_the_resolution() -> None:
    assert parse_identity(b"\x02ZD421-203dpi,V84.20.18Z,8,8176KB\x03\r\n") == Identity("ZD421-203dpi", 203)
    assert parse_identity(b"\x02X,V1,12,1KB\x03").dpi == 300


@given(st.binary(max_size=120))
def test_garbage_gives_violations_only(data: bytes) -> None:
    for parse in (parse_errors, parse_identity, lambda each: parse_host_status(each, each)):
        with suppress(ProtocolViolation):
            parse(data)
