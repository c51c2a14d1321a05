"""The emulator against an encoder that is not ours (python-escpos), and as a process over a real pty and TCP connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from escpos.printer import Dummy
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from drivers.devices import PrintProof, Readiness
from drivers.emulators.emulator import BadCommand, make_emulator
from drivers.registry import open_device
from tests.drivers.documents import samples
from tests.drivers.printers.paired import Paired, ink, read_back
from tests.drivers.running import RunningEmulator, running_emulator


def foreign() -> Dummy:
    return Dummy(profile="TM-T88V")


def printed(printer: Dummy) -> Paired:
    pair = Paired("escpos")
    pair.emulator.on_bytes(printer.output)
    assert pair.emulator.unknown == []
    return pair


def test_codes_of_another_encoder_read_back() -> None:
    printer = foreign()
    printer.barcode("4006381333931", "EAN13", 64, 2)
    printer.barcode("{BAB-12", "CODE128", 64, 2, function_type="B")
    printer.qr("https://example.org/1", native=True, size=6)
    printer.cut()
    assert sorted(read_back(printed(printer).papers[0])) == ["4006381333931", "AB-12", "https://example.org/1"]


@pytest.mark.parametrize("impl", ["bitImageRaster", "bitImageColumn", "graphics"])
def test_pictures_of_all_three_kinds_come_out_alike(impl: str) -> None:
    picture = Image.new("1", (200, 48), 1)
    ImageDraw.Draw(picture).rectangle((10, 10, 99, 19), fill=0)
    printer = foreign()
    printer.image(picture, impl=impl)
    printer.cut()
    paper = printed(printer).papers[0]
    assert ink(paper, (0, 0, *paper.size)) == 900


def test_signs_of_other_code_pages_are_drawn() -> None:
    printer = foreign()
    printer.textln("€ ž Ж α")
    printer.cut()
    paper = printed(printer).papers[0]
    assert all(ink(paper, (20 + 24 * index, 20, 32 + 24 * index, 48)) > 20 for index in range(4))


def test_modes_show() -> None:
    inks = []
    for modes in ({}, {"bold": True}, {"invert": True}, {"underline": 1}, {"double_width": True, "double_height": True}):
        printer = foreign()
        printer.set(**modes)
        printer.textln("modes")
        printer.cut()
        paper = printed(printer).papers[0]
        inks.append(ink(paper, (0, 0, *paper.size)))
    assert min(inks) == inks[0]
    assert len(set(inks)) == 5


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5000), max_size=6))
def test_however_the_bytes_are_cut_the_paper_is_the_same(cuts: list[int]) -> None:
    data = RECEIPT
    pair = Paired("escpos")
    ends = [*sorted(cut % len(data) for cut in cuts), len(data)]
    for start, end in zip([0, *ends], ends, strict=False):
        pair.emulator.on_bytes(data[start:end])
    assert [report["png_b64"] for report in pair.reports] == [WHOLE]


RECEIPT = Paired("escpos").driver.encode_receipt(samples.receipt()).data


def _whole() -> object:
    pair = Paired("escpos")
    pair.emulator.on_bytes(RECEIPT)
    return pair.reports[0]["png_b64"]


WHOLE = _whole()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_does_not_break_it(data: bytes) -> None:
    pair = Paired("escpos")
    pair.emulator.on_bytes(data)
    pair.emulator.on_bytes(b"\n" * 8)


def test_automatic_status_tells_each_change() -> None:
    emulator = Paired("escpos").emulator
    assert emulator.on_bytes(b"\x1da\xff") == b"\x10\x00\x00\x00"
    assert emulator.on_command({"do": "fault", "name": "paper_out", "on": True}) == b"\x18\x00\x0f\x00"
    assert emulator.on_command({"do": "fault", "name": "paper_out", "on": False}) == b"\x10\x00\x00\x00"
    assert emulator.on_command({"do": "drawer", "open": True}) == b"\x14\x00\x00\x00"


def test_a_stopped_printer_answers_real_time_questions_only() -> None:
    pair = Paired("escpos")
    pair.fault("cover_open")
    assert pair.emulator.on_bytes(b"\x1dr\x01\x10\x04\x01") == b"\x1a"
    assert pair.emulator.on_command({"do": "fault", "name": "cover_open", "on": False}) == b"\x00"


def test_a_real_time_question_split_over_two_reads_is_heard_once() -> None:
    emulator = Paired("escpos").emulator
    assert emulator.on_bytes(b"\x10\x04") == b""
    assert emulator.on_bytes(b"\x01") == b"\x12"
    assert emulator.on_bytes(b"\x01") == b""


def test_paper_torn_off_without_a_cut_is_reported() -> None:
    pair = Paired("escpos")
    pair.emulator.on_bytes(b"hello\n")
    pair.emulator.on_command({"do": "tear"})
    pair.emulator.on_command({"do": "tear"})
    assert pair.copies == 1


@pytest.mark.parametrize(
    "command",
    [
        {"do": "fault", "name": "fire"},
        {"do": "dance"},
        {"do": "paper"},
        {"do": "paper", "millimetres": -1},
        {"do": "drawer", "open": 1},
        {"do": "wiring", "open": "sideways"},
    ],
)
def test_wrong_commands_are_refused(command: dict) -> None:
    with pytest.raises(BadCommand):
        Paired("escpos").emulator.on_command(command)


def test_paper_that_ends_by_itself_is_told_and_so_is_a_new_roll() -> None:
    pair = Paired("escpos")
    pair.emulator.on_command({"do": "paper", "millimetres": 1})
    pair.emulator.on_bytes(b"much too long\n" * 20)
    pair.emulator.on_command({"do": "paper", "millimetres": 500})
    told = [report for report in pair.reports if report["event"] == "fault"]
    assert told == [{"event": "fault", "name": "paper_out", "on": on} for on in (True, False)]


def test_a_cutters_error_is_cleared_with_or_without_what_waits() -> None:
    for request, papers in ((b"\x10\x05\x01", 1), (b"\x10\x05\x02", 0)):
        pair = Paired("escpos")
        pair.fault("cutter")
        pair.emulator.on_bytes(b"receipt\n\x1dV\x00" + request)
        assert pair.copies == papers


def test_only_models_that_have_them_know_process_ids() -> None:
    ask = b"\x1d(H\x06\x00000001"
    for model, answer in (("TM-M30II", b"\x37\x220001\x00"), ("TM-T88III", b""), ("TM-U220", b""), ("POS-80", b"")):
        pair = Paired("escpos")
        pair.emulator.on_command({"do": "model", "name": model})
        assert pair.emulator.on_bytes(ask) == answer
        assert pair.emulator.unknown == []


def test_what_waits_is_lost_when_it_is_switched_off() -> None:
    pair = Paired("escpos")
    pair.fault("cover_open")
    pair.emulator.on_bytes(b"lost\n")
    pair.emulator.on_command({"do": "off_and_on"})
    pair.fault("cover_open", on=False)
    pair.emulator.on_command({"do": "tear"})
    assert pair.copies == 0


def test_chinese_characters_may_come_in_halves_and_have_sizes_of_their_own() -> None:
    text = "茶a" * 3
    inks = []
    for size in (b"", b"\x1cW\x01", b"\x1d!\x11", b"\x1c!\x0c"):
        pair = Paired("escpos")
        for byte in b"\x1b@\x1c&" + size + text.encode("gb18030") + b"\n\x1dV\x00":
            pair.emulator.on_bytes(bytes((byte,)))
        assert pair.emulator.unknown == []
        inks.append(ink(pair.papers[0], (0, 0, *pair.papers[0].size)))
    single, quadruple, all_double, by_modes = inks
    assert 1.5 * single < quadruple == by_modes < all_double


# --- as a process ---


@pytest.fixture(params=["pty", "tcp"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningEmulator]:
    with running_emulator("escpos", pty=tmp_path / "printer" if request.param == "pty" else None) as emulator:
        yield emulator


def test_a_receipt_comes_out_of_the_process(running: RunningEmulator) -> None:
    with closing(open_device("escpos", running.address)) as device:
        printer: Any = device.driver
        assert printer.status().readiness is Readiness.OK
        encoded = printer.encode_receipt(samples.receipt())
        printer.send(encoded)
        assert printer.prove(encoded, 5) is PrintProof.CONFIRMED
        assert running.next_report()["event"] == "paper"
        running.fault("paper_out")
        assert printer.status().faults == ("paper_out",)
        running.fault("silence")
        assert printer.status().readiness is Readiness.UNKNOWN


def test_a_cut_that_nobody_knows_is_passed_over() -> None:
    emulator = make_emulator("escpos", lambda _: None)
    assert emulator.on_bytes(b"\x1dV\x80") == b""
    assert emulator.on_bytes(b"\x10\x04\x01") == b"\x12"
