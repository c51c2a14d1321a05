"""Answers from Zebra's EPL guide (eR, ^ee) and Intermec's ESim reference (eR, US, ^ee)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ProtocolViolation
from drivers.printers.epl2_replies import Epl2Status, parse_report


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"00\r\n", Epl2Status()),
        (b"07\r\n", Epl2Status(("media_out",))),
        (b"11\r\n", Epl2Status(("head_open",))),
        (b"12\r\n", Epl2Status(("paused",))),
        (b"07,11\r\n", Epl2Status(("media_out", "head_open"))),
        (b"01\r\n", Epl2Status(("printer_error",))),
        (b"99\r\n", Epl2Status(("printer_error",))),
        (b"50\r\n", Epl2Status(is_working=True)),
        (b"15\r\n", Epl2Status((), ("battery_low",))),
        (b"\x1500\x13\x1100\r\n", Epl2Status(("printer_error",))),
        (b"\x1507P003\x1307\r\n", Epl2Status(("paper_out",))),
        (b"\x1507R001\x13\x1100\r\n", Epl2Status(("ribbon_out",))),
        (b"\x06\x06\x1100\r\n", Epl2Status()),
        (b"\x1511\r\n11\r\n", Epl2Status(("head_open",))),
    ],
)
def test_reports(answer: bytes, status: Epl2Status) -> None:
    assert parse_report(answer) == status


@pytest.mark.parametrize("answer", [b"", b"0\r\n", b"00", b"000\r\n", b"00,\r\n", b"\xff00\r\n", b"\x15\r\n", b"OK\r\n"])
def test_what_is_no_report_is_a_violation(answer: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_report(answer)


@given(st.binary(max_size=40) | st.text(alphabet="0157,PR\x06\x11\x13\x15\r\n", max_size=16).map(str.encode))
def test_any_bytes_give_a_report_or_a_violation(data: bytes) -> None:
    try:
        status = parse_report(data)
    except ProtocolViolation:
        return
    if not status.faults and not status.is_working:
        assert set(data.decode()) <= set("\x06\x11\x13\r\n,0156")
