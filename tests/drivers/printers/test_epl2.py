from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import Encoded, LabelPrinter, PrintProof, Readiness
from drivers.documents.model import Symbology
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.testing import OneByteAtATime, Silent, UnplugAfter, exchange
from tests.drivers.printers.labels import CODED, HOSTILE, SHELF, SHIPPING, code, label_of, text
from tests.drivers.printers.paired import Paired, ink, read_back
from tests.drivers.printers.tokens import EPL2_GRAPHIC, lines_of

ASK = b"\r\n^ee\r\n"
OK, BUSY = b"00\r\n", b"50\r\n"
SET_UP = b"\r\n" * 1025
DOCUMENT = Encoded(b"\r\nN\r\nP2\r\n", copies=2)
OURS = rb"q\d+$|Q\d+,B?\d+$|Z[TB]$|N$|LO\d+,\d+,\d+,\d+$|GW\d+,\d+,\d+,\d+,$|P\d+$"


def encode(label: object, *, copies: int = 1, **options: object) -> bytes:
    encoded: Encoded = Paired("epl2", options).driver.encode_label(label, copies=copies)
    return encoded.data


# --- encoding ---


def test_a_label_is_its_size_its_ink_and_its_copies() -> None:
    lines, _ = lines_of(encode(label_of(code(Symbology.EAN13, "4006381333931")), copies=3), EPL2_GRAPHIC)
    assert lines[:4] == [b"q480", b"Q320,24", b"ZT", b"N"]
    bars = [line for line in lines if line.startswith(b"LO")]
    assert bars[0] == b"LO97,80,3,125"
    assert len(bars) == 30
    assert lines[-1] == b"P3"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"sensor": "mark", "gap": "4"}, b"Q320,B32"),
        ({"sensor": "continuous"}, b"Q320,0"),
        ({"direction": "bottom"}, b"ZB"),
        ({"dpi": 300}, b"Q472,35"),
    ],
)
def test_the_roll_is_as_configured(options: dict, line: bytes) -> None:
    assert line in encode(SHELF, **options).split(b"\r\n")


def test_white_is_one_as_the_manuals_have_it() -> None:
    _, pictures = lines_of(encode(label_of(text("茶"))), EPL2_GRAPHIC)
    assert sum(byte.bit_count() for byte in pictures[0]) > 4 * len(pictures[0])


@pytest.mark.parametrize("options", [{"media_width": "50"}, {"media_height": "30"}])
def test_a_label_larger_than_the_media_is_refused(options: dict) -> None:
    with pytest.raises(Unsupported, match="media"):
        encode(SHELF, **options)


@settings(max_examples=60)
@given(HOSTILE, CODED, st.sampled_from([Symbology.CODE128, Symbology.QR]))
def test_no_data_can_command_the_printer(content: str, data: str, symbology: Symbology) -> None:
    lines, pictures = lines_of(encode(label_of(text(content), code(symbology, data.strip()))), EPL2_GRAPHIC)
    assert all(re.match(OURS, line) for line in lines)
    assert [line[:1] for line in lines].count(b"P") == 1
    assert pictures


@settings(max_examples=30)
@given(CODED, st.sampled_from([Symbology.CODE128, Symbology.QR]))
def test_every_symbol_reads_back_as_it_was_given(data: str, symbology: Symbology) -> None:
    pair = Paired("epl2")
    pair.driver.send(pair.driver.encode_label(label_of(code(symbology, data.strip()))))
    assert read_back(pair.papers[0]) == [data.strip()]
    assert pair.emulator.unknown == []


# --- on paper ---


@pytest.mark.parametrize("cut_at", [20, 60, 400, 3000])
def test_a_label_that_broke_off_swallows_neither_the_next_nor_the_questions(cut_at: int) -> None:
    pair = Paired("epl2")
    pair.emulator.on_bytes(pair.driver.encode_label(SHELF).data[:cut_at])
    assert pair.driver.status().readiness is Readiness.OK
    pair.driver.send(pair.driver.encode_label(SHIPPING))
    assert [read_back(paper) for paper in pair.papers] == [["P-000123-1"]]


def test_no_picture_is_longer_than_what_is_sent_to_complete_it() -> None:
    _, pictures = lines_of(encode(SHIPPING), EPL2_GRAPHIC)
    assert max(map(len, pictures)) <= 2048


def test_labels_come_out_in_their_number_with_their_codes_readable() -> None:
    pair = Paired("epl2")
    for label, copies in ((SHELF, 1), (SHIPPING, 3)):
        pair.driver.send(pair.driver.encode_label(label, copies=copies))
    assert [report["copies"] for report in pair.reports] == [1, 3]
    assert [read_back(paper) for paper in pair.papers] == [["4006381333931"], ["P-000123-1"]]
    assert [paper.size for paper in pair.papers] == [(480, 320), (800, 559)]
    assert pair.emulator.unknown == []


def test_han_text_is_ink_on_the_label_and_nothing_else_is() -> None:
    pair = Paired("epl2")
    for content in ("", "西湖龙井"):
        pair.driver.send(pair.driver.encode_label(label_of(text(content))))
    without, with_han = pair.papers
    assert ink(without, (0, 0, 480, 320)) == 0
    assert ink(with_han, (16, 16, 180, 64)) > 1000
    assert ink(with_han, (0, 70, 480, 320)) == 0


# --- status ---


@pytest.mark.parametrize(
    ("answer", "faults"),
    [(OK, ()), (b"07\r\n", ("media_out",)), (b"11\r\n", ("head_open",)), (b"07,11\r\n", ("media_out", "head_open"))],
)
def test_status_is_the_answer_to_ee(answer: bytes, faults: tuple) -> None:
    with exchange("epl2", (SET_UP + ASK, answer), through=OneByteAtATime) as printer:
        status = printer.status()
    assert status.faults == faults
    assert (status.readiness is Readiness.OK) is (not faults)


@pytest.mark.parametrize("garbage", [b"\xff\xfe\n", b"0\r\n", b"\xff00\r\n"])
def test_an_unreadable_answer_is_unknown(garbage: bytes) -> None:
    with exchange("epl2", (SET_UP + ASK, garbage)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_silence_is_unknown() -> None:
    with exchange("epl2", (SET_UP + ASK, None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_a_connection_without_answers_is_not_asked() -> None:
    with exchange("epl2", (SET_UP + DOCUMENT.data, None), options={"answers": False}) as printer:
        assert printer.status().is_one_way
        printer.send(DOCUMENT)
        assert printer.prove(DOCUMENT, 1) is PrintProof.WRITTEN


def test_a_printer_pulled_out_is_unavailable() -> None:
    with pytest.raises(DeviceUnavailable), exchange("epl2", through=lambda pipe: UnplugAfter(pipe, 0)) as printer:
        printer.send(DOCUMENT)


@pytest.mark.parametrize(
    ("fault", "told"), [("paper_out", "media_out"), ("ribbon_out", "media_out"), ("head_open", "head_open"), ("paused", "paused")]
)
def test_the_emulators_faults_show(fault: str, told: str) -> None:
    pair = Paired("epl2")
    pair.fault(fault)
    assert pair.driver.status().faults == (told,)
    pair.fault(fault, on=False)
    assert pair.driver.status().readiness is Readiness.OK


# --- proof ---


def test_no_fault_and_no_work_twice_is_status_ok_and_never_more() -> None:
    with exchange("epl2", (ASK, BUSY), (ASK, OK), (ASK, OK)) as printer:
        assert printer.prove(DOCUMENT, 5) is PrintProof.STATUS_OK


def test_a_printer_that_is_silent_while_it_prints_is_asked_again() -> None:
    with exchange("epl2", (ASK, None), (ASK, OK), (ASK, OK)) as printer:
        assert printer.prove(DOCUMENT, 5) is PrintProof.STATUS_OK


def test_a_stop_in_the_middle_is_a_fault() -> None:
    with exchange("epl2", (ASK, BUSY), (ASK, b"07\r\n")) as printer, pytest.raises(DeviceFault) as caught:
        printer.prove(DOCUMENT, 5)
    assert caught.value.faults == ("media_out",)


def test_what_the_printer_says_by_itself_names_what_ran_out() -> None:
    with (
        exchange("epl2", (SET_UP + DOCUMENT.data, b"\x1507R001\x13"), (ASK, b"07\r\n")) as printer,
        pytest.raises(DeviceFault) as caught,
    ):
        printer.send(DOCUMENT)
        printer.prove(DOCUMENT, 5)
    assert caught.value.faults == ("ribbon_out",)


def test_busy_until_the_end_is_a_time_out() -> None:
    with exchange("epl2", (ASK, BUSY)) as printer, pytest.raises(DeviceTimeout):
        printer.prove(DOCUMENT, 0)


def test_silence_is_only_written() -> None:
    with exchange("epl2", through=Silent) as printer:
        assert printer.prove(DOCUMENT, 0.05) is PrintProof.WRITTEN


def test_silence_of_a_printer_that_answered_before_is_a_time_out() -> None:
    with exchange("epl2", (SET_UP + ASK, OK), (ASK, None)) as printer, pytest.raises(DeviceTimeout, match="2 labels"):
        printer.status()
        printer.prove(DOCUMENT, 0)


@pytest.mark.parametrize(("tells", "fault"), [(False, "media_out"), (True, "paper_out")])
def test_paper_that_ends_in_the_middle_is_a_fault_and_the_rest_comes_with_new_paper(tells: bool, fault: str) -> None:
    pair = Paired("epl2")
    pair.fault("reports", on=tells)
    pair.emulator.on_command({"do": "paper", "labels": 2})
    encoded = pair.driver.encode_label(SHELF, copies=5)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault) as caught:
        pair.driver.prove(encoded, 3)
    assert caught.value.faults == (fault,)
    assert pair.copies == 2
    pair.fault("paper_out", on=False)
    assert pair.copies == 5
    assert pair.driver.prove(encoded, 3) is PrintProof.STATUS_OK


def test_it_is_a_label_printer() -> None:
    assert isinstance(Paired("epl2").driver, LabelPrinter)
