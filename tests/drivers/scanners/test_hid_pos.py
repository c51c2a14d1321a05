"""Reports: Access-IS LSR118 Product Manual, appendix B.1 (a boarding pass in two reports); Hand Held Products 3800i, Report 4."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import Scanner, Signals, Symbol
from drivers.emulators.hidpos import HidPosEmulator
from drivers.errors import DeviceUnavailable, ProtocolViolation, Unsupported
from drivers.hid_descriptor import ReportKind, parse_descriptor
from drivers.registry import find
from drivers.scanners.hid_pos import HidPosScanner
from drivers.testing import ScriptedReports

# Honeywell's layout, as a public driver's tests have it: report 2, byte count, ]cm, 56 bytes, continued in bit 0 of the last.
COUNTED = bytes.fromhex(
    "05 8c 09 02 a1 01 85 02 09 12 a1 02 15 00 26 ff 00 75 08 95 01 05 01 09 3b 81 02 95 03 05 8c 09 fb 09 fc 09 fd 81 02"
    "95 38 09 fe 82 02 01 25 01 75 01 95 01 09 ff 81 02 75 07 81 03 c0 c0"
)
# The same with two bytes of the maker's between data and flag, as the LSR118 has it: 64 bytes in all.
LSR118 = COUNTED.replace(bytes.fromhex("25 01 75 01"), bytes.fromhex("06 66 ff 09 04 09 05 95 02 81 02 05 8c 25 01 75 01"))
# A simulator's, which gives both the count before the data and the flag behind it the usage FF.
TWICE_FF = bytes.fromhex(
    "05 8c 09 02 a1 01 85 02 09 12 a1 02 15 00 26 ff 00 75 08 95 01 09 ff 81 02 95 01 09 fb 81 02 95 01 09 fc 81 02 95 01 09 fd"
    "81 02 95 38 09 fe 82 02 01 95 01 09 ff 81 02 c0 c0"
)
PASS = b"M1GATHERGOOD/MICHAEL  YABCDEF LHRDURAK 3542 052Y003D23  60"
KEYBOARD = bytes.fromhex("05 01 09 06 A1 01 05 07 19 E0 29 E7 15 00 25 01 75 01 95 08 81 02 C0")


def scanner_of(*reports: bytes, descriptor: bytes = COUNTED, **options: object) -> HidPosScanner:
    driver = find("scanner.hidpos").build(ScriptedReports(*reports, descriptor=descriptor), {"idle_ms": 10, **options})
    assert isinstance(driver, HidPosScanner)
    return driver


def report(data: bytes, aim: bytes = b"]Q0", more: int = 0, extra: bytes = b"") -> bytes:
    return bytes([2, len(data)]) + aim + data.ljust(56, b"\0") + extra + bytes([more])


def test_the_reports_of_the_manual_are_one_symbol() -> None:
    assert parse_descriptor(LSR118).size_of(ReportKind.INPUT, 2) == 64
    first, second = report(PASS[:56], more=1, extra=b"s\0"), report(PASS[56:], extra=b"s\0")
    assert (len(first), first[:5], first[63]) == (64, b"\x02\x38]Q0", 1)
    scanner = scanner_of(first, second, descriptor=LSR118)
    assert scanner.read_symbol(0.1) == Symbol(PASS, "]Q0")
    assert scanner.read_symbol(0.01) is None


def test_a_count_that_is_declared_as_a_flag_is_still_a_count() -> None:
    scanner = scanner_of(report(PASS[:56], more=1), report(PASS[56:]), report(b"1234\0"), descriptor=TWICE_FF)
    assert [scanner.read_symbol(0.1), scanner.read_symbol(0.1)] == [Symbol(PASS, "]Q0"), Symbol(b"1234\0", "]Q0")]


def test_an_ean_and_a_gs1_symbol_with_its_separators_and_zeros() -> None:
    gs1 = b"10AB\x1d17270101\0"
    scanner = scanner_of(report(b"4006381333931", b"]E0"), report(gs1, b"]C1"))
    assert scanner.read_symbol(0.1) == Symbol(b"4006381333931", "]E0")
    assert scanner.read_symbol(0.1) == Symbol(gs1, "]C1")


@given(
    st.binary(min_size=1, max_size=300), st.integers(1, 62), st.booleans(), st.integers(0, 9), st.sampled_from(["", "]C1", "]d2"])
)
def test_any_data_is_read_wherever_the_descriptor_puts_it(data: bytes, room: int, counts: bool, shift: int, aim: str) -> None:
    emulator = HidPosEmulator(room=room, counts=counts, shift=shift)
    if not counts and any(data[at : at + room].endswith(b"\0") for at in range(0, len(data), room)):
        return  # what fills the rest cannot be told from data
    if data.startswith(b"]"):
        return
    scanner = scanner_of(*emulator.reports(data, aim), descriptor=emulator.descriptor)
    assert scanner.read_symbol(0.5) == Symbol(data, aim or None)


def test_the_rest_of_a_scan_that_never_comes_is_refused_and_the_next_is_right() -> None:
    scanner = scanner_of(report(PASS[:56], more=1), b"", report(b"123"))
    with pytest.raises(ProtocolViolation, match="never came"):
        scanner.read_symbol(0.5)
    assert scanner.read_symbol(0.5) == Symbol(b"123", "]Q0")


@pytest.mark.parametrize(
    "broken",
    [
        [report(b"123")[:-1]],  # cut off
        [bytes([2, 57]) + report(b"123")[2:]],  # counts more than it has
        [report(b"1" * 56, more=1), report(b"2", b"]C1")],  # two symbols
        [report(b"")],
        [report(b"1" * 56, more=1)] * 80,
    ],
)
def test_reports_that_cannot_be_trusted_are_refused(broken: list[bytes]) -> None:
    with pytest.raises(ProtocolViolation):
        scanner_of(*broken).read_symbol(0.5)


def test_reports_of_other_kinds_are_passed_over() -> None:
    assert scanner_of(b"\x05\x01", report(b"123")).read_symbol(0.1) == Symbol(b"123", "]Q0")


def test_an_identifier_that_is_no_aim_identifier_is_not_taken_for_one() -> None:
    scanner = scanner_of(report(b"123", b"d\0\0"), report(b"]E0123", b"\0\0\0"), report(b"1", b"C1\0"), report(b"]C12", b"]C1"))
    assert [scanner.read_symbol(0.1) for _ in range(4)] == [
        Symbol(b"123"),
        Symbol(b"123", "]E0"),
        Symbol(b"1", "]C1"),
        Symbol(b"2", "]C1"),
    ]


def test_the_box_s_answer_is_sounded_by_the_usages_that_the_scanner_has() -> None:
    emulator = HidPosEmulator()
    reports = ScriptedReports(descriptor=emulator.descriptor)
    scanner = find("scanner.hidpos").build(reports)
    assert isinstance(scanner, Signals)
    scanner.signal(good=True)
    scanner.signal(good=False)
    assert reports.written == [b"\x04\x40", b"\x04\x20"]  # "04h, 20h initiates an error beep"
    assert [emulator.heard(each) for each in reports.written] == [["good"], ["bad"]]


@pytest.mark.parametrize("options", [{"signals": False}, {}])
def test_a_scanner_without_beeps_or_not_configured_for_them_is_sent_nothing(options: dict[str, object]) -> None:
    emulator = HidPosEmulator(has_signals=bool(options))
    reports = ScriptedReports(descriptor=emulator.descriptor)
    scanner = find("scanner.hidpos").build(reports, options)
    assert isinstance(scanner, Signals)
    scanner.signal(good=True)
    assert reports.written == []


def test_a_device_that_is_no_scanner_and_wrong_options_are_refused_with_a_sentence() -> None:
    with pytest.raises(Unsupported, match="HID POS"):
        scanner_of(descriptor=KEYBOARD)
    with pytest.raises(Unsupported, match="idle_ms"):
        scanner_of(idle_ms=5)
    with pytest.raises(ProtocolViolation):
        scanner_of(descriptor=COUNTED[:-1])


def test_an_unplugged_scanner_is_unavailable() -> None:
    reports = ScriptedReports(report(PASS[:56], more=1), descriptor=COUNTED)
    reports.ends_gone = True
    scanner = find("scanner.hidpos").build(reports)
    assert isinstance(scanner, Scanner)
    with pytest.raises(DeviceUnavailable):
        scanner.read_symbol(0.5)


@given(st.lists(st.binary(min_size=1, max_size=70), max_size=6))
def test_any_reports_give_symbols_or_typed_errors(reports: list[bytes]) -> None:
    scanner = scanner_of(*(each[:1] and b"\x02" + each[1:] for each in reports))
    for _ in range(len(reports) + 2):
        with contextlib.suppress(ProtocolViolation):
            symbol = scanner.read_symbol(0.05)
            assert symbol is None or symbol.data


def test_two_scanners_side_by_side_do_not_mix() -> None:
    one, two = scanner_of(report(PASS[:56], more=1), report(PASS[56:])), scanner_of(report(b"123", b"]E0"))
    assert (two.read_symbol(0.1), one.read_symbol(0.1)) == (Symbol(b"123", "]E0"), Symbol(PASS, "]Q0"))
