from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import Scanner, Symbol
from drivers.errors import DeviceUnavailable, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find
from drivers.scanners.serial_scanner import SerialScanner
from drivers.symbols.parse import parse_symbol
from drivers.testing import GarbageFirst, OneByteAtATime, ScriptedTransport, Slow, Through, UnplugAfter, exchange

EAN = b"]E04006381333931\r"
TEA = Symbol(b"4006381333931", "]E0")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_line_is_a_scan_and_the_aim_identifier_is_off_its_data(end: bytes) -> None:
    with exchange("scanner.serial", (None, b"]E04006381333931" + end)) as scanner:
        assert scanner.read_symbol(0.1) == TEA
        assert scanner.read_symbol(0.1) is None


def test_scans_that_arrive_together_are_two_scans() -> None:
    with exchange("scanner.serial", (None, EAN + b"\nABC\r\n")) as scanner:
        assert [scanner.read_symbol(0.1), scanner.read_symbol(0.1), scanner.read_symbol(0.1)] == [TEA, Symbol(b"ABC"), None]


def test_the_same_scan_twice_is_two_scans() -> None:
    with exchange("scanner.serial", (None, EAN + EAN)) as scanner:
        assert [scanner.read_symbol(0.1), scanner.read_symbol(0.1)] == [TEA, TEA]


@pytest.mark.parametrize("through", [OneByteAtATime, Slow])
def test_a_split_scan_is_one_scan(through: Through) -> None:
    with exchange("scanner.serial", (None, EAN), through=through) as scanner:
        assert scanner.read_symbol(1.0) == TEA


def test_a_scan_split_between_two_reads_is_one_scan() -> None:
    transport = ScriptedTransport((None, b"]E0400638"), (b"x", b"1333931\r"))
    scanner = find("scanner.serial").build(transport, {"idle_ms": 1000})
    assert isinstance(scanner, Scanner)
    assert scanner.read_symbol(0.01) is None
    transport.write(b"x")
    assert scanner.read_symbol(0.01) == TEA


def test_a_scan_without_its_end_is_refused_and_the_next_is_fine() -> None:
    transport = ScriptedTransport((None, b"400638"), (b"x", EAN))
    scanner = find("scanner.serial").build(transport)
    assert isinstance(scanner, Scanner)
    with pytest.raises(ProtocolViolation, match="suffix"):
        scanner.read_symbol(1.0)
    transport.write(b"x")
    assert scanner.read_symbol(1.0) == TEA


def test_a_pause_ends_a_scan_where_it_is_configured_so() -> None:
    with exchange("scanner.serial", (None, b"]Q1two\r\nlines"), options={"framing": "idle"}) as scanner:
        assert scanner.read_symbol(1.0) == Symbol(b"two\r\nlines", "]Q1")


def test_prefix_and_suffix_frame_a_symbol_that_holds_lines() -> None:
    options = {"framing": "suffix", "prefix": "\x02", "suffix": "\x03"}
    with exchange("scanner.serial", (None, b"\xff\x02]Q1two\nlines\x03\x02\x03nonsense\x03"), options=options) as scanner:
        assert scanner.read_symbol(0.1) == Symbol(b"two\nlines", "]Q1")
        with pytest.raises(ProtocolViolation):
            scanner.read_symbol(0.1)
        with pytest.raises(ProtocolViolation):
            scanner.read_symbol(0.1)


def test_line_noise_is_refused_and_not_a_code() -> None:
    with exchange("scanner.serial", (None, EAN + EAN), through=GarbageFirst) as scanner:
        with pytest.raises(ProtocolViolation, match="noise"):
            scanner.read_symbol(0.1)
        assert scanner.read_symbol(0.1) == TEA


def test_a_scan_without_the_aim_identifier_that_is_due_is_refused() -> None:
    with (
        exchange("scanner.serial", (None, b"06381333931\r"), options={"sends_aim": True}) as scanner,
        pytest.raises(ProtocolViolation),
    ):
        scanner.read_symbol(0.1)


def test_group_separators_stay_in_the_data() -> None:
    with exchange("scanner.serial", (None, b"]C110ABC\x1d17270101\r")) as scanner:
        assert scanner.read_symbol(0.1) == Symbol(b"10ABC\x1d17270101", "]C1")


def test_a_symbol_in_latin_1_is_data_where_the_aim_identifier_shows_that_the_scan_is_whole() -> None:
    with exchange("scanner.serial", (None, b"]Q1caf\xe9\rcaf\xe9\r")) as scanner:
        assert scanner.read_symbol(0.1) == Symbol(b"caf\xe9", "]Q1")
        with pytest.raises(ProtocolViolation):
            scanner.read_symbol(0.1)


@pytest.mark.parametrize("data", [b"]E0\r", b"x" * 5000, b"]Q1" + b"x" * 4097 + b"\r"])
def test_scans_without_data_and_endless_ones_are_refused(data: bytes) -> None:
    with exchange("scanner.serial", (None, data)) as scanner, pytest.raises(ProtocolViolation):
        for _ in range(3):
            scanner.read_symbol(0.1)


@pytest.mark.parametrize("count", [0, 3, len(EAN) - 1])
def test_an_unplugged_scanner_is_unavailable(count: int) -> None:
    transport = ScriptedTransport((None, EAN), through=lambda pipe: UnplugAfter(pipe, count))
    scanner = find("scanner.serial").build(transport)
    assert isinstance(scanner, Scanner)
    with pytest.raises(DeviceUnavailable):
        scanner.read_symbol(1.0)


@pytest.mark.parametrize(
    "options", [{"framing": "suffix"}, {"idle_ms": 0}, {"idle_ms": 5000}, {"framing": "maybe"}, {"baud": 9600}]
)
def test_contradictory_options_are_refused_with_a_sentence(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported, match=r"scanner\.serial"):
        find("scanner.serial").build(ScriptedTransport(), options)


@given(chunks=st.lists(st.binary(max_size=40), max_size=8), framing=st.sampled_from(["line", "idle", "suffix"]))
@example(chunks=[b"]", b"E", b"0", b"\r"], framing="line")
def test_noise_gives_symbols_or_typed_errors(chunks: list[bytes], framing: str) -> None:
    transport = ScriptedTransport(*((None, chunk) for chunk in chunks), through=OneByteAtATime)
    scanner = find("scanner.serial").build(transport, {"framing": framing, "suffix": "\x03", "idle_ms": 10})
    assert isinstance(scanner, Scanner)
    for _ in range(sum(map(len, chunks)) + 2):
        try:
            symbol = scanner.read_symbol(0.05)
        except DriverError:
            continue
        if symbol is None:
            break
        assert symbol.data


@pytest.mark.parametrize("place", range(len(EAN)))
def test_one_lost_byte_never_makes_another_product(place: int) -> None:
    damaged = EAN[:place] + EAN[place + 1 :]
    with exchange("scanner.serial", (None, damaged + EAN + EAN), options={"sends_aim": True}) as scanner:
        gtins = []
        for _ in range(3):
            with contextlib.suppress(ProtocolViolation):
                symbol = scanner.read_symbol(0.1)
                gtins.append(symbol and parse_symbol(symbol.data, symbol.aim).gtin14)
    assert gtins[-2:] == ["04006381333931", None] or gtins[-2:] == ["04006381333931", "04006381333931"]
    assert set(gtins) <= {"04006381333931", None}


def test_a_scanner_that_beeps_on_bel_gives_the_box_s_answer() -> None:
    with exchange("scanner.serial", (b"\x07", None), (b"\x07\x07\x07", None), options={"beeps_on_bel": True}) as scanner:
        scanner.signal(good=True)
        scanner.signal(good=False)


def test_a_scanner_that_was_not_configured_for_it_is_sent_nothing() -> None:
    with exchange("scanner.serial") as scanner:
        scanner.signal(good=True)


def test_a_signal_between_two_halves_of_a_scan_costs_it_nothing() -> None:
    transport = ScriptedTransport((None, b"]E0400638"), (b"\x07", b"1333931\r"))
    scanner = find("scanner.serial").build(transport, {"idle_ms": 1000, "beeps_on_bel": True})
    assert isinstance(scanner, SerialScanner)
    assert scanner.read_symbol(0.01) is None
    scanner.signal(good=True)
    assert scanner.read_symbol(0.01) == TEA
