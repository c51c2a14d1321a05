"""The emulators of label printers against jobs written by hand from the manuals, and as processes over TCP and a pty."""

from __future__ import annotations

import base64
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.devices import PrintProof, Readiness
from drivers.emulators.emulator import BadCommand, make_emulator
from drivers.registry import open_device
from tests.drivers.printers.labels import SHELF
from tests.drivers.printers.paired import ink, read_back
from tests.drivers.running import running_emulator

TSPL = b"""SIZE 60 mm,40 mm\r\nGAP 2 mm,0 mm\r\nDIRECTION 1\r\nCLS\r\n
BAR 10, 10, 400, 4
BOX 10,20,400,60,3
TEXT 20,30,"3",0,1,1,"Tea \\["]Longjing\\["]"
BARCODE 40,80,"EAN13",60,0,0,2,2,"400638133393"
QRCODE 300,80,M,4,A,0,"https://example.org"
DMATRIX 40,180,100,100,x4,"A,B"
PRINT 1,2\r\n"""
EPL2 = b"""\nN\nq480\nQ320,24\nZT
LO10,10,400,4
X10,20,3,400,60
A20,30,0,3,1,1,N,"Tea \\"Longjing\\""
B40,80,0,E30,2,2,60,N,"400638133393"
B40,180,0,1,2,2,60,N,"A-1"
GW100,260,2,16,"""
EPL2_BOX = bytes.fromhex("0000" + "7ffe" * 14 + "0000")
"""The box of 16 x 16 dots in Zebra's "details related to the GW command"."""
BROTHER_ROW = b"g\x00\x5a" + b"\x00\x0f" + bytes(88)
BROTHER = (
    bytes(200)
    + b"\x1b@\x1bia\x01"
    + bytes.fromhex("1b697a 86 0a 3e 00 0a000000 00 00 1b694d40 1b694101 1b694b08 1b6964 2300")
    + 10 * BROTHER_ROW
)


class Bystander:
    """An emulator without a driver, and what is seen of it."""

    def __init__(self, protocol: str) -> None:
        self.reports: list[Any] = []
        self.emulator: Any = make_emulator(protocol, self.reports.append)

    @property
    def papers(self) -> list[Image.Image]:
        pngs = [base64.b64decode(report["png_b64"]) for report in self.reports if report["event"] == "paper"]
        return [Image.open(BytesIO(png)).convert("L") for png in pngs]

    @property
    def copies(self) -> int:
        return sum(report["copies"] for report in self.reports if report["event"] == "paper")


def test_a_tspl_job_written_by_hand_comes_out() -> None:
    seen = Bystander("tspl")
    assert seen.emulator.on_bytes(TSPL) == b""
    assert seen.copies == 2
    assert seen.emulator.unknown == []
    paper = seen.papers[0]
    assert paper.size == (480, 320)
    assert sorted(read_back(paper)) == ["4006381333931", "A,B", "https://example.org"]
    assert ink(paper, (10, 10, 410, 14)) == 1600
    assert ink(paper, (20, 30, 200, 58)) > 300


@pytest.mark.parametrize(("mode", "black"), [(b"0", 8), (b"1", 12), (b"2", 8)])
def test_the_modes_of_bitmap_overwrite_add_and_turn_around(mode: bytes, black: int) -> None:
    seen = Bystander("tspl")
    seen.emulator.on_bytes(b"SIZE 8 dot,8 dot\r\nCLS\r\nBAR 0,0,8,1\r\nBITMAP 0,0,1,2," + mode + b",\x0f\x0f\r\nPRINT 1\r\n")
    assert ink(seen.papers[0], (0, 0, 8, 8)) == black


def test_an_immediate_command_is_obeyed_inside_a_picture_and_is_no_part_of_it() -> None:
    seen = Bystander("tspl")
    head = b"SIZE 16 dot,8 dot\r\nCLS\r\nBITMAP 0,0,2,2,1,"
    assert seen.emulator.on_bytes(head + b"\xff\x1b!S\xff\xff\xff\r\nPRINT 1\r\n") == b"\x02@@@@\x03\r\n"
    assert seen.copies == 1
    assert ink(seen.papers[0], (0, 0, 16, 8)) == 0


def test_tspl_tells_what_stops_it_in_both_dialects_and_how_many_came_out() -> None:
    seen = Bystander("tspl")
    for name in ("paper_out", "head_open"):
        seen.emulator.on_command({"do": "fault", "name": name})
    assert seen.emulator.on_bytes(b"\x1b!?\x1b!S") == b"\x05\x02E@@a\x03\r\n"
    seen.emulator.on_bytes(TSPL)
    assert seen.emulator.on_bytes(b"OUT @LABEL\r\n") == b"0\r\n"
    for name in ("paper_out", "head_open"):
        seen.emulator.on_command({"do": "fault", "name": name, "on": False})
    assert seen.emulator.on_bytes(b"\x1b!S\x1b!?\x1b!SOUT @LABEL\r\n") == b"\x02P@@@\x03\r\n\x20\x02@@@@\x03\r\n2\r\n"


def test_tspl_can_be_paused_and_told_to_forget() -> None:
    seen = Bystander("tspl")
    assert seen.emulator.on_bytes(b"\x1b!P" + TSPL + b"\x1b!?") == b"\x10"
    seen.emulator.on_bytes(b"\x1b!.\x1b!O")
    assert seen.copies == 0


def test_an_epl2_job_written_by_hand_comes_out() -> None:
    seen = Bystander("epl2")
    assert seen.emulator.on_bytes(EPL2 + EPL2_BOX + b"\nP2\n") == b""
    assert seen.copies == 2
    assert seen.emulator.unknown == []
    paper = seen.papers[0]
    assert paper.size == (480, 320)
    assert sorted(read_back(paper)) == ["4006381333931", "A-1"]
    assert ink(paper, (100, 260, 116, 276)) == 16 * 16 - 14 * 14
    assert ink(paper, (101, 261, 115, 275)) == 0
    assert ink(paper, (10, 10, 410, 14)) == 1600


def test_epl2_answers_in_its_turn_and_tells_by_itself_when_it_was_set_to() -> None:
    seen = Bystander("epl2")
    assert seen.emulator.on_bytes(b"N\nP1\n^ee\n^ee\n") == b"50\r\n00\r\n"
    seen.emulator.on_command({"do": "fault", "name": "reports"})
    assert seen.emulator.on_command({"do": "paper", "labels": 2}) == b""
    assert seen.emulator.on_bytes(b"N\nP5\n") == b"\x1507P003\x13"
    assert seen.emulator.on_bytes(b"^ee\n") == b"07\r\n"
    assert seen.emulator.on_command({"do": "fault", "name": "paper_out", "on": False}) == b"\x11"
    assert seen.copies == 6


def test_a_brother_page_written_by_hand_comes_out_the_right_way_round() -> None:
    seen = Bystander("brother_ql")
    answers = seen.emulator.on_bytes(BROTHER + b"\x1a")
    assert [answers[at + 18 : at + 20] for at in range(0, len(answers), 32)] == [b"\x06\x01", b"\x01\x01", b"\x06\x00"]
    assert seen.emulator.unknown == []
    paper = seen.papers[0]
    assert paper.size == (696, 10)
    assert ink(paper, (692, 0, 696, 10)) == 40  # the first pin that reaches the paper is at its right edge
    assert ink(paper, (0, 0, 692, 10)) == 0


def test_a_brother_page_may_be_compressed_and_have_empty_lines() -> None:
    seen = Bystander("brother_ql")
    packed = b"g\x00\x06" + b"\x01\x00\x0f" + b"\xa9\x00" + b"\x80"
    rows = 8 * b"Z" + 2 * packed
    seen.emulator.on_bytes(BROTHER.replace(10 * BROTHER_ROW, b"M\x02" + rows) + b"\x0c")
    assert seen.emulator.unknown == []
    assert ink(seen.papers[0], (0, 0, 696, 10)) == 8


def test_brother_knows_its_media_and_notices_its_cover() -> None:
    seen = Bystander("brother_ql")
    seen.emulator.on_command({"do": "media", "width": 29, "length": 90})
    reply = seen.emulator.on_bytes(b"\x1biS")
    assert (reply[10], reply[11], reply[17], reply[18]) == (29, 0x0B, 90, 0)
    failed = seen.emulator.on_bytes(BROTHER + b"\x1a")
    assert (failed[9], failed[18]) == (0x01, 0x02)
    assert seen.copies == 0
    opened = seen.emulator.on_command({"do": "fault", "name": "cover_open"})
    assert (opened[18], opened[22]) == (0x05, 1)
    with pytest.raises(BadCommand, match="roll"):
        seen.emulator.on_command({"do": "media", "width": 63})


JOBS = {"tspl": TSPL, "epl2": EPL2 + EPL2_BOX + b"\nP2\n", "brother_ql": BROTHER + b"\x1a", "brother_pt": b"\x1biS"}


@settings(max_examples=25)
@given(st.sampled_from(sorted(JOBS)), st.lists(st.integers(0, 1200), max_size=6))
def test_however_the_bytes_are_cut_the_answers_and_the_labels_are_the_same(protocol: str, cuts: list[int]) -> None:
    whole, pieces = Bystander(protocol), Bystander(protocol)
    data = JOBS[protocol]
    ends = [*sorted(min(cut, len(data)) for cut in cuts), len(data)]
    answers = b"".join(pieces.emulator.on_bytes(data[start:end]) for start, end in zip([0, *ends], ends, strict=False))
    assert answers == whole.emulator.on_bytes(data)
    assert pieces.reports == whole.reports


@settings(max_examples=120)
@given(
    st.sampled_from(sorted(JOBS)),
    st.binary(max_size=80)
    | st.text(alphabet='BITMAPSIZEQCODXGWL0159,." \r\n^e\x1b!S@i\x0c\x1aZM', max_size=120).map(lambda text: text.encode("latin-1")),
)
def test_garbage_does_not_break_them(protocol: str, data: bytes) -> None:
    Bystander(protocol).emulator.on_bytes(data)


@pytest.mark.parametrize("protocol", sorted(JOBS))
@pytest.mark.parametrize(
    "command",
    [
        {"do": "fault", "name": "fire"},
        {"do": "dance"},
        {"do": "paper"},
        {"do": "paper", "labels": -1},
        {"do": "paper", "labels": True},
    ],
)
def test_wrong_commands_are_refused(protocol: str, command: dict) -> None:
    with pytest.raises(BadCommand):
        Bystander(protocol).emulator.on_command(command)


@pytest.mark.parametrize(
    ("model", "protocol", "options", "proof", "is_serial"),
    [
        ("tspl", "tspl", {}, PrintProof.CONFIRMED, False),
        ("epl2", "epl2", {}, PrintProof.STATUS_OK, True),
        ("brother.ql", "brother_ql", {"media": "62"}, PrintProof.CONFIRMED, True),
        ("escpos.label", "escpos", {}, PrintProof.CONFIRMED, False),
    ],
)
def test_labels_come_out_of_the_process(
    model: str, protocol: str, options: dict, proof: PrintProof, *, is_serial: bool, tmp_path: Path
) -> None:
    with (
        running_emulator(protocol, pty=tmp_path / "port" if is_serial else None) as running,
        closing(open_device(model, running.address, options)) as device,
    ):
        printer: Any = device.driver
        assert printer.status().readiness is Readiness.OK
        encoded = printer.encode_label(SHELF)
        printer.send(encoded)
        assert printer.prove(encoded, 5) is proof
        report = running.next_report()
        assert (report["event"], report["copies"]) == ("paper", 1)
        running.fault("paper_out")
        assert printer.status().readiness is Readiness.FAULT
        running.fault("silence")
        assert printer.status().readiness is Readiness.UNKNOWN
