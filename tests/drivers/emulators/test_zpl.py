"""The emulator against formats written by hand from Zebra's guide, and as a process over TCP."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import PrintProof, Readiness
from drivers.emulators.emulator import BadCommand, make_emulator
from drivers.emulators.zpl_symbols import unpacked
from drivers.registry import open_device
from tests.drivers.documents import samples
from tests.drivers.documents.symbol_data import symbols
from tests.drivers.printers.paired import Paired, ink, read_back
from tests.drivers.running import running_emulator

BY_HAND = b"""^XA
^FX A label as people write it.
^CF0,60 ^FO50,50^GB100,100,100^FS ^FO75,75^FR^GB100,100,100^FS
^FO220,50^FDIntershipping, Inc.^FS
^BY3,2,100^FO100,250^BC^FD12345678^FS
^FO100,420^BQN,2,5^FDQA,https://example.org^FS
^LL700^PQ2^XZ
"""


def test_a_label_written_by_hand_comes_out() -> None:
    pair = Paired("zpl")
    assert pair.emulator.on_bytes(BY_HAND) == b""
    assert pair.copies == 2
    assert pair.emulator.unknown == []
    assert sorted(read_back(pair.papers[0])) == ["12345678", "https://example.org"]
    assert pair.papers[0].size == (832, 700)


@pytest.mark.parametrize(
    ("field", "read"),
    [  # the guide's examples, or fields after its tables
        ("^BY3^BCN,100,N,N,N^FD>;>800123451234512345123^FS", ("]C1", "(00)123451234512345123")),
        ("^BY3^BCN,100,N,N,N^FD>;382436>6CODE128>5752375>68^FS", ("]C0", "382436CODE1287523758")),
        ("^BY3^BCN,100,N,N,N^FD>:A>0B><C>=D^FS", ("]C0", "A>B^C~D")),
        ("^BXN,6,200,,,,_^FD_1010950600013435210A__B_117270101^FS", ("]d2", "(01)09506000134352(10)A_B(17)270101")),
        ("^BXN,6,200,,,,|^FD|d065BC^FS", ("]d1", "ABC")),
        ("^BY3^B2N,100,N,N,N^FD15400141288763^FS", ("]I1", "15400141288763")),
        ("^BY2,2.0^B3N,N,100,N,N^FD12AB-%^FS", ("]A0", "12AB-%")),
        ("^BY3^B8N,100,N,N^FD9638507^FS", ("]E4", "96385074")),
        ("^BY3^BUN,100,N,N,N^FD03600029145^FS", ("]E0", "0036000291452")),
        ("^BY3^BEB,100,N,N^FD400638133393^FS", ("]E0", "4006381333931")),
        ("^BQN,2,5^FDQA,tea^FS", ("]Q1", "tea")),
    ],
)
def test_bar_codes_of_the_guide_are_read(field: str, read: tuple[str, str]) -> None:
    pair = Paired("zpl")
    pair.emulator.on_bytes(f"^XA^LL800^FO60,60{field}^XZ".encode())
    assert pair.emulator.unknown == []
    assert symbols(pair.papers[0]) == [read]


@pytest.mark.parametrize(
    ("data", "rows"),
    [  # the guide, alternative data compression scheme: M6 is 6 seven times, hB is B forty times
        ("FF,:", "FF00" * 2),
        ("F,", "F000"),
        ("!,", "FFFF0000"),
        ("J6", "6666"),
        ("H0HF", "00FF"),
        ("hB", "BBBB" * 10),
        ("gJC", "CCCC" * 6),
    ],
)
def test_packed_graphics_are_read(data: str, rows: str) -> None:
    unpacked_rows = unpacked(data.encode(), 2)
    assert unpacked_rows is not None
    assert unpacked_rows.hex().upper() == rows


@given(st.binary(max_size=200), st.integers(1, 40))
def test_no_graphic_breaks_the_reading(data: bytes, stride: int) -> None:
    rows = unpacked(data, stride)
    assert rows is None or len(rows) <= 4001 * stride


def test_reverse_print_turns_black_into_white() -> None:
    pair = Paired("zpl")
    pair.emulator.on_bytes(b"^XA^FO0,0^GB100,100,100^FS^FO0,0^FR^GB50,100,50^FS^XZ")
    assert ink(pair.papers[0], (0, 0, 50, 100)) == 0
    assert ink(pair.papers[0], (50, 0, 100, 100)) == 5000


def test_han_text_in_the_printers_own_font_prints_nothing() -> None:
    pair = Paired("zpl")
    pair.emulator.on_bytes("^XA^CI28^FO50,50^A0N,40,40^FD西湖龙井^FS^XZ".encode())
    assert ink(pair.papers[0], (0, 0, 832, 406)) == 0


def test_an_unknown_command_is_kept_for_who_asks() -> None:
    pair = Paired("zpl")
    pair.emulator.on_bytes(b"^XA^QQ1^XZ")
    assert pair.emulator.unknown == ["QQ"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_however_the_bytes_are_cut_the_answer_and_the_label_are_the_same(cuts: list[int]) -> None:
    data = BY_HAND + b"~HS" + BY_HAND + b"~HI"
    pair = Paired("zpl")
    ends = [*sorted(cuts), len(data)]
    answers = b"".join(pair.emulator.on_bytes(data[start:end]) for start, end in zip([0, *ends], ends, strict=False))
    assert answers.count(b"\x02") == 4
    assert pair.copies == 4


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="^~XAZFODGBCEQHSYPW,0123456789A\n_>", max_size=120))
def test_garbage_does_not_break_it(text: str) -> None:
    pair = Paired("zpl")
    pair.emulator.on_bytes(b"^XA" + text.encode() + b"^XZ")


def test_jobs_wait_while_it_is_stopped_and_are_counted() -> None:
    pair = Paired("zpl")
    pair.fault("head_open")
    pair.emulator.on_bytes(BY_HAND + BY_HAND)
    one, two, _ = pair.emulator.on_bytes(b"~HS").split(b"\r\n")[:3]
    assert one == b"\x02030,0,1,0700,001,0,0,0,000,0,0,0\x03"
    assert two == b"\x02000,0,1,0,0,2,4,0,00000002,1,000\x03"
    assert b"ERRORS:         1 00000000 00000004" in pair.emulator.on_bytes(b"~HQES")
    pair.fault("head_open", on=False)
    assert [report["id"] for report in pair.reports] == [1, 2]


def test_jobs_can_be_cancelled() -> None:
    pair = Paired("zpl")
    pair.fault("paused")
    pair.emulator.on_bytes(BY_HAND + b"~JA~PS")
    assert pair.copies == 0


@pytest.mark.parametrize(
    "command", [{"do": "fault", "name": "fire"}, {"do": "dance"}, {"do": "paper"}, {"do": "paper", "labels": -1}]
)
def test_wrong_commands_are_refused(command: dict) -> None:
    with pytest.raises(BadCommand):
        Paired("zpl").emulator.on_command(command)


def test_labels_come_out_of_the_process() -> None:
    with running_emulator("zpl") as running, closing(open_device("zpl", running.address)) as device:
        printer: Any = device.driver
        assert printer.status().readiness is Readiness.OK
        encoded = printer.encode_label(samples.label("shipping-label", samples.SHIPPING_DATA), copies=2)
        printer.send(encoded)
        assert printer.prove(encoded, 5) is PrintProof.CONFIRMED
        report = running.next_report()
        assert (report["event"], report["copies"]) == ("paper", 2)
        running.fault("paper_out")
        assert "paper_out" in printer.status().faults
        running.fault("silence")
        assert printer.status().readiness is Readiness.UNKNOWN


def test_bars_of_no_width_or_height_are_the_least_there_are() -> None:
    emulator = make_emulator("zpl", lambda _: None)
    assert emulator.on_bytes(b"^XA^FO9,9^BY0,3,0^BCN,0^FD>:A-1^FS^XZ") == b""
    assert emulator.on_bytes(b"~HI").startswith(b"\x02")
