from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.devices import Encoded, LabelPrinter, PrintProof, Readiness
from drivers.documents.model import Label, Picture, Symbology
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.testing import GarbageFirst, OneByteAtATime, Silent, UnplugAfter, exchange
from tests.drivers.printers.labels import CODED, HOSTILE, SHELF, SHIPPING, code, label_of, text
from tests.drivers.printers.paired import Paired, ink, read_back
from tests.drivers.printers.tokens import TSPL_BITMAP, lines_of

LONG, BYTE, COUNT = b"\x1b!S", b"\x1b!?", b"OUT @LABEL\r\n"
IDLE, WORKING, STOPPED = b"\x02@@@@\x03\r\n", b"\x02P@@@\x03\r\n", b"\x02E@@A\x03\r\n"
SET_UP = b"\r\n" * 1025
DOCUMENT = Encoded(b"\r\nSIZE 1 mm,1 mm\r\nPRINT 1,2\r\n", copies=2)
OURS = rb"SIZE |GAP |BLINE |DIRECTION |REFERENCE 0,0$|CLS$|BAR |BITMAP |PRINT 1,"


def encode(label: object, *, copies: int = 1, **options: object) -> bytes:
    encoded: Encoded = Paired("tspl", options).driver.encode_label(label, copies=copies)
    return encoded.data


# --- encoding ---


def test_a_label_is_its_size_its_ink_and_its_copies() -> None:
    lines, _ = lines_of(encode(label_of(code(Symbology.EAN13, "4006381333931")), copies=3), TSPL_BITMAP)
    assert lines[:5] == [b"SIZE 60 mm,40 mm", b"GAP 2 mm,0 mm", b"DIRECTION 0", b"REFERENCE 0,0", b"CLS"]
    bars = [line for line in lines if line.startswith(b"BAR ")]
    assert bars[0] == b"BAR 97,80,3,125"
    assert len(bars) == 30
    assert lines[-1] == b"PRINT 1,3"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"sensor": "mark", "gap": "4.5"}, b"BLINE 4.5 mm,0 mm"),
        ({"sensor": "continuous"}, b"GAP 0 mm,0 mm"),
        ({"direction": 1}, b"DIRECTION 1"),
    ],
)
def test_the_roll_is_as_configured(options: dict, line: bytes) -> None:
    assert line in encode(SHELF, **options).split(b"\r\n")


def test_white_is_one_as_the_manual_has_it() -> None:
    _, pictures = lines_of(encode(label_of(text("茶"))), TSPL_BITMAP)
    ones = sum(byte.bit_count() for byte in pictures[0])
    assert ones > 4 * len(pictures[0])  # most of a picture of text is white


@pytest.mark.parametrize("options", [{"media_width": "50"}, {"media_height": "30"}])
def test_a_label_larger_than_the_media_is_refused(options: dict) -> None:
    with pytest.raises(Unsupported, match="media"):
        encode(SHELF, **options)


def test_cut_text_is_told() -> None:
    encoded = Paired("tspl").driver.encode_label(label_of(text("a very long text " * 9)))
    assert encoded.warnings[0].startswith("cut to fit")


@settings(max_examples=60)
@given(HOSTILE, CODED, st.sampled_from([Symbology.CODE128, Symbology.QR]), st.booleans())
def test_no_data_can_command_the_printer(content: str, data: str, symbology: Symbology, is_whole: bool) -> None:
    sent = encode(label_of(text(content), code(symbology, data.strip())), whole=is_whole)
    lines, pictures = lines_of(sent, TSPL_BITMAP)
    assert all(re.match(OURS, line) for line in lines)
    assert [line[:5] for line in lines].count(b"PRINT") == 1
    assert not any(mark in line for line in lines for mark in (b'"', b"~", b"\x1b", b"\\", b"\x00"))
    assert not any(command in sent for command in (b"\x1b!", b"~!"))
    assert pictures


@pytest.mark.parametrize("command", [b"\x1b!R", b"~!D"])
def test_a_picture_never_holds_an_immediate_command(command: bytes) -> None:
    dots = Image.frombytes("1", (24, 1), command)  # black is 0 in both
    png = BytesIO()
    dots.resize((24, 2), Image.Resampling.NEAREST).save(png, "PNG")
    two = Decimal(2)
    picture_of = Picture(x=two, y=two, width=Decimal(3), height=Decimal("0.25"), png=png.getvalue())
    sent = encode(Label(width=Decimal(60), height=Decimal(40), elements=(picture_of,)))
    _, (picture,) = lines_of(sent, TSPL_BITMAP)
    assert command[:2] not in picture
    assert picture[:1] + picture[2:3] == command[:1] + command[2:]
    assert picture[1] == 0x20  # one dot more is black


@settings(max_examples=30)
@given(CODED, st.sampled_from([Symbology.CODE128, Symbology.QR]))
def test_every_symbol_reads_back_as_it_was_given(data: str, symbology: Symbology) -> None:
    pair = Paired("tspl")
    pair.driver.send(pair.driver.encode_label(label_of(code(symbology, data.strip()))))
    assert read_back(pair.papers[0]) == [data.strip()]
    assert pair.emulator.unknown == []


# --- on paper ---


@pytest.mark.parametrize("cut_at", [40, 120, 400, 3000])
def test_a_label_that_broke_off_does_not_swallow_the_next(cut_at: int) -> None:
    pair = Paired("tspl", {"whole": True})
    pair.emulator.on_bytes(pair.driver.encode_label(SHELF).data[:cut_at])
    pair.driver.send(pair.driver.encode_label(SHIPPING))
    assert [read_back(paper) for paper in pair.papers] == [["P-000123-1"]]


def test_no_picture_is_longer_than_what_is_sent_to_complete_it() -> None:
    _, pictures = lines_of(encode(SHIPPING, whole=True), TSPL_BITMAP)
    assert max(map(len, pictures)) <= 2048


@pytest.mark.parametrize("is_whole", [False, True])
def test_labels_come_out_in_their_number_with_their_codes_readable(is_whole: bool) -> None:
    pair = Paired("tspl", {"whole": is_whole})
    for label, copies in ((SHELF, 1), (SHIPPING, 3)):
        pair.driver.send(pair.driver.encode_label(label, copies=copies))
    assert [report["copies"] for report in pair.reports] == [1, 3]
    assert [read_back(paper) for paper in pair.papers] == [["4006381333931"], ["P-000123-1"]]
    assert [paper.size for paper in pair.papers] == [(480, 320), (799, 559)]
    assert pair.emulator.unknown == []


def test_han_text_is_ink_on_the_label_and_nothing_else_is() -> None:
    pair = Paired("tspl")
    for content in ("", "西湖龙井"):
        pair.driver.send(pair.driver.encode_label(label_of(text(content))))
    without, with_han = pair.papers
    assert ink(without, (0, 0, 480, 320)) == 0
    assert ink(with_han, (16, 16, 180, 64)) > 1000
    assert ink(with_han, (0, 70, 480, 320)) == 0


def test_a_copy_is_marked_and_still_scans() -> None:
    pair = Paired("tspl", {"copy_text": "副本"})
    pair.driver.send(pair.driver.encode_label(SHIPPING))
    pair.driver.send(pair.driver.encode_label(SHIPPING, copy_mark=True))
    plain, marked = pair.papers
    whole = (0, 0, *plain.size)
    assert ink(marked, whole) > ink(plain, whole) + 300
    assert read_back(marked) == ["P-000123-1"]


# --- status ---


def test_status_is_the_long_one_where_the_printer_has_it() -> None:
    with exchange("tspl", (LONG, IDLE), (LONG, STOPPED), through=OneByteAtATime) as printer:
        assert printer.status().readiness is Readiness.OK
        assert printer.status().faults == ("paper_out",)


def test_older_firmware_is_asked_for_its_byte_twice_and_from_then_on_at_once() -> None:
    with exchange("tspl", (LONG, None), (BYTE, b"\x00"), (BYTE, b"\x00"), (BYTE, b"\x05"), (BYTE, b"\x05")) as printer:
        assert printer.status().readiness is Readiness.OK
        assert printer.status().faults == ("head_open", "paper_out")


def test_one_byte_of_noise_is_not_ready() -> None:
    with exchange("tspl", (LONG, None), (BYTE, b"\x00"), (BYTE, None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_noise_before_the_frame_does_not_matter() -> None:
    with exchange("tspl", (LONG, STOPPED), through=GarbageFirst) as printer:
        assert printer.status().faults == ("paper_out",)


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x03\r\n", b"\x02@@\x03\r\n", b"\x02ZZZZ\x03\r\n"])
def test_an_unreadable_answer_is_unknown(garbage: bytes) -> None:
    with exchange("tspl", (LONG, garbage), (BYTE, None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_silence_is_unknown() -> None:
    with exchange("tspl", through=Silent) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN
        assert not printer.status().is_one_way


def test_a_connection_without_answers_is_not_asked() -> None:
    with exchange("tspl", (SET_UP + DOCUMENT.data, None), options={"answers": False}) as printer:
        assert printer.status().is_one_way
        printer.send(DOCUMENT)
        assert printer.prove(DOCUMENT, 1) is PrintProof.WRITTEN


def test_a_printer_pulled_out_is_unavailable() -> None:
    with pytest.raises(DeviceUnavailable), exchange("tspl", through=lambda pipe: UnplugAfter(pipe, 0)) as printer:
        printer.send(DOCUMENT)


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("fault", ["paper_out", "ribbon_out", "head_open", "paper_jam", "paused"])
def test_the_emulators_faults_show_in_both_dialects(fault: str, is_old: bool) -> None:
    pair = Paired("tspl")
    pair.fault("old", on=is_old)
    pair.fault(fault)
    assert pair.driver.status().faults == (fault,)
    pair.fault(fault, on=False)
    assert pair.driver.status().readiness is Readiness.OK


# --- proof ---


def test_seen_at_work_and_then_idle_twice_is_confirmed() -> None:
    with exchange("tspl", (LONG, IDLE), (LONG, WORKING), (LONG, IDLE), (LONG, IDLE)) as printer:
        assert printer.prove(DOCUMENT, 5) is PrintProof.CONFIRMED


def test_a_printer_that_still_worked_on_an_earlier_job_confirms_nothing() -> None:
    with exchange("tspl", (LONG, WORKING), (LONG, WORKING), (LONG, IDLE), (LONG, IDLE)) as printer:
        assert printer.status().readiness is Readiness.OK
        assert printer.prove(DOCUMENT, 5) is PrintProof.STATUS_OK


def test_a_job_that_begins_late_is_waited_for() -> None:
    with exchange("tspl", *[(LONG, IDLE)] * 4, (LONG, WORKING), (LONG, IDLE), (LONG, IDLE)) as printer:
        assert printer.prove(DOCUMENT, 5) is PrintProof.CONFIRMED


def test_on_a_slow_line_the_answer_comes_only_after_the_job() -> None:
    steps = [(LONG, IDLE), *[(LONG, None)] * 4, (LONG, WORKING), (LONG, IDLE), (LONG, IDLE)]
    with exchange("tspl", *steps) as printer:
        printer.status()
        assert printer.prove(DOCUMENT, 5) is PrintProof.CONFIRMED


def test_idle_without_having_been_seen_at_work_is_only_status_ok() -> None:
    with exchange("tspl", (LONG, IDLE), (LONG, IDLE)) as printer:
        assert printer.prove(DOCUMENT, 0) is PrintProof.STATUS_OK


def test_the_byte_of_older_firmware_confirms_nothing() -> None:
    steps = [(BYTE, b"\x20"), (BYTE, b"\x20"), *[(BYTE, b"\x00")] * 4]
    with exchange("tspl", (LONG, None), *steps) as printer:
        assert printer.prove(DOCUMENT, 5) is PrintProof.STATUS_OK


def test_a_stop_in_the_middle_is_a_fault() -> None:
    with exchange("tspl", (LONG, WORKING), (LONG, STOPPED)) as printer, pytest.raises(DeviceFault) as caught:
        printer.prove(DOCUMENT, 5)
    assert caught.value.faults == ("paper_out",)


def test_still_at_work_at_the_end_is_a_time_out() -> None:
    with exchange("tspl", (LONG, WORKING)) as printer, pytest.raises(DeviceTimeout, match="still at work"):
        printer.prove(DOCUMENT, 0)


def test_a_printer_that_falls_silent_while_it_prints_proves_nothing_after_it() -> None:
    with exchange("tspl", (LONG, WORKING), (LONG, None), (LONG, None)) as printer, pytest.raises(DeviceTimeout, match="not known"):
        printer.prove(DOCUMENT, 5)


def test_silence_is_only_written() -> None:
    with exchange("tspl", through=Silent) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.WRITTEN


def test_the_printers_own_count_confirms_each_label() -> None:
    steps = [(SET_UP + COUNT, b"117\r\n"), (DOCUMENT.data, None), (COUNT, b"118\r\n"), (LONG, WORKING), (COUNT, b"119")]
    with exchange("tspl", *steps, options={"counter": True}) as printer:
        printer.send(DOCUMENT)
        assert printer.prove(DOCUMENT, 5) is PrintProof.CONFIRMED


def test_a_count_that_does_not_grow_is_no_proof() -> None:
    steps = [(SET_UP + COUNT, b"117\r\n"), (DOCUMENT.data, None), (COUNT, b"118\r\n"), (LONG, IDLE)]
    with exchange("tspl", *steps, options={"counter": True}) as printer, pytest.raises(DeviceTimeout, match="1 labels of 2"):
        printer.send(DOCUMENT)
        printer.prove(DOCUMENT, 0)


def test_without_an_answer_to_the_count_the_status_decides() -> None:
    steps = [(SET_UP + COUNT, None), (DOCUMENT.data, None), (LONG, WORKING), (LONG, IDLE), (LONG, IDLE)]
    with exchange("tspl", *steps, options={"counter": True}) as printer:
        printer.send(DOCUMENT)
        assert printer.prove(DOCUMENT, 5) is PrintProof.CONFIRMED


@pytest.mark.parametrize("has_counter", [False, True])
def test_paper_that_ends_in_the_middle_is_a_fault_and_the_rest_comes_with_new_paper(has_counter: bool) -> None:
    pair = Paired("tspl", {"counter": has_counter})
    pair.emulator.on_command({"do": "paper", "labels": 2})
    encoded = pair.driver.encode_label(SHELF, copies=5)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault, match="paper_out"):
        pair.driver.prove(encoded, 3)
    assert pair.copies == 2
    pair.fault("paper_out", on=False)
    assert pair.copies == 5
    assert pair.driver.prove(encoded, 3) is PrintProof.CONFIRMED


def test_it_is_a_label_printer() -> None:
    assert isinstance(Paired("tspl").driver, LabelPrinter)
