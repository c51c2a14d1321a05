"""The scanner's and the scale's behaviour alone, without a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulators.emulator import BadCommand, make_emulator
from drivers.emulators.scanner import ScannerEmulator
from drivers.emulators.toledo_8217 import Toledo8217Emulator


def test_a_scanner_sends_prefix_aim_data_and_suffix() -> None:
    scanner = ScannerEmulator(lambda _: None)
    assert scanner.on_command({"do": "scan", "text": "123", "aim": "]C0"}) == b"]C0123\r"
    scanner.on_command({"do": "configure", "prefix": "\x02", "suffix": "\x03", "send_aim": False})
    assert scanner.on_command({"do": "scan", "raw_b64": "/wA=", "aim": "]Q1"}) == b"\x02\xff\x00\x03"


def test_a_scale_in_pounds_has_two_places() -> None:
    scale = Toledo8217Emulator(lambda _: None)
    scale.on_command({"do": "configure", "unit": "lb"})
    scale.on_command({"do": "put", "grams": "453.59237"})
    assert scale.on_bytes(b"W") == b"\x0201.00\r"


def test_a_scale_answers_its_confidence_test_and_not_what_it_does_not_know() -> None:
    scale = Toledo8217Emulator(lambda _: None)
    assert scale.on_bytes(b"AB") == b"\x02\r\x02?@\r"  # DIVA Service Manual 72191202, p. 39-45: commands A and B
    assert scale.on_bytes(b"\x00xyz") == b""


def test_zero_far_from_zero_is_refused() -> None:
    scale = Toledo8217Emulator(lambda _: None)
    scale.on_command({"do": "put", "grams": "5000"})
    assert scale.on_bytes(b"Z") == b"\x02?H\r"
    assert scale.on_bytes(b"W") == b"\x0205.000\r"


@pytest.mark.parametrize(
    "command",
    [
        {"do": "put", "grams": "much"},
        {"do": "put", "grams": "NaN"},
        {"do": "put", "grams": 5},
        {"do": "put"},
        {"do": "configure", "unit": "stone"},
        {"do": "fault", "name": "paper_out"},
        {"do": "fault", "name": "motion", "on": 1},
        {"do": "explode"},
    ],
)
def test_wrong_commands_are_refused(command: dict[str, object]) -> None:
    with pytest.raises(BadCommand):
        Toledo8217Emulator(lambda _: None).on_command(command)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(BadCommand, match="scanner"):
        make_emulator("teletype", lambda _: None)


@given(st.binary(max_size=60))
def test_any_bytes_are_survived(data: bytes) -> None:
    for protocol in ("scanner", "toledo_8217"):
        assert isinstance(make_emulator(protocol, lambda _: None).on_bytes(data), bytes)
