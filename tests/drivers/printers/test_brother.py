from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import Encoded, LabelPrinter, PrintProof, Readiness
from drivers.documents.model import Label, Symbology, Text
from drivers.emulators.brother_commands import Page, RasterReader
from drivers.emulators.emulator import make_emulator
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.registry import find
from drivers.testing import GarbageFirst, OneByteAtATime, Silent, UnplugAfter, exchange
from tests.drivers.printers.labels import CODED, HOSTILE, SHELF, SHIPPING, code, label_of, text
from tests.drivers.printers.paired import Paired, ink, read_back
from tests.drivers.printers.test_brother_replies import frame

ASK = b"\x1biS"
FLUSH = bytes(400) + b"\x1b@" + ASK
READY = frame()
PRINTING, COMPLETED, RECEIVING = frame(said=6, phase=1), frame(said=1, phase=1), frame(said=6)
FAILED = frame(said=2, errors=(0x02, 0))
ONE = Encoded(b"job")
TWO = Encoded(b"job", copies=2)
QL = {"media": "62"}


def pair_of(model: str, options: Mapping[str, object]) -> Paired:
    return Paired(model, options, model.replace(".", "_"))


def encode(label: Label, *, model: str = "brother.ql", copies: int = 1, **options: object) -> bytes:
    encoded: Encoded = pair_of(model, {"media": "62", **options}).driver.encode_label(label, copies=copies)
    return encoded.data


def pages(data: bytes, *, pins: int = 720, is_pt: bool = False) -> tuple[list[Page], list[str]]:
    reader = RasterReader(pins, is_pt=is_pt)
    return [each for each in reader.read(data) if isinstance(each, Page)], reader.unknown


# --- encoding ---


def test_a_page_begins_as_the_manual_has_it() -> None:
    data = encode(label_of(text("Tea")))
    head, _, rest = data.partition(b"g\x00\x5a")
    assert head == bytes(400) + b"\x1b@" + bytes.fromhex(
        "1b 69 61 01  1b 69 21 00  1b 69 7a 86 0a 3e 00 d8 01 00 00 00 00  1b 69 4d 40  1b 69 41 01  1b 69 4b 08  1b 69 64 23 00"
    )
    assert data.endswith(b"\x1a")
    assert len(rest) == 90 + 471 * 93 + 1


def test_a_die_cut_label_is_named_and_has_the_rows_of_the_manual() -> None:
    label = Label(width=Decimal(29), height=Decimal(90), elements=())
    data = encode(label, media="29x90")
    assert bytes.fromhex("1b 69 7a 8e 0b 1d 5a df 03 00 00 00 00") in data  # v6.0, 3.1: 29 x 90 mm has 991 lines
    assert bytes.fromhex("1b 69 64 00 00") in data


def test_older_models_are_not_told_to_be_in_raster_mode() -> None:
    assert b"\x1bia" not in encode(SHELF, older=True)


def test_without_a_cutter_nothing_is_cut() -> None:
    data = encode(SHELF, cut=False)
    assert b"\x1biM\x00" in data
    assert b"\x1biK\x00" in data
    assert b"\x1biA" not in data


def test_each_copy_is_a_page_and_only_the_last_is_fed_out() -> None:
    found, unknown = pages(encode(SHELF, copies=3))
    assert [page.is_last for page in found] == [False, False, True]
    assert len({page.lines for page in found}) == 1
    assert unknown == []


@pytest.mark.parametrize(
    ("size", "media", "match"),
    [
        (("63", "40"), "29", "29 mm wide"),
        (("62", "30"), "62x29", "29 mm long"),
        (("1200", "63"), "62", "62 mm wide"),
    ],
)
def test_a_label_that_fits_neither_way_is_refused(size: tuple[str, str], media: str, match: str) -> None:
    with pytest.raises(Unsupported, match=match):
        encode(label_of(width=size[0], height=size[1]), media=media)


def test_ink_that_the_head_does_not_reach_is_refused() -> None:
    at_the_edge = replace(text("Tea"), x=Decimal(0))
    with pytest.raises(Unsupported, match=r"1\.\d mm beyond"):
        encode(Label(width=Decimal(62), height=Decimal(40), elements=(at_the_edge,)))
    assert encode(Label(width=Decimal(58), height=Decimal(40), elements=(at_the_edge,)))


def test_a_label_turns_where_it_fits_only_so_and_along_a_tape() -> None:
    wide = label_of(text("Tea"), width="90", height="29")
    assert [len(page.lines) for page in pages(encode(wide))[0]] == [1063]
    with pytest.raises(Unsupported):
        encode(wide, turn="no")
    small = label_of(Text(x=Decimal(2), y=Decimal(4), width=Decimal(16), height=Decimal(6), text="Tea"), width="20", height="14")
    along, _ = pages(encode(small, model="brother.pt", media="24"), pins=128, is_pt=True)
    across, _ = pages(encode(small, model="brother.pt", media="24", turn="no"), pins=128, is_pt=True)
    assert (len(along[0].lines), len(across[0].lines)) == (142, 99)


def test_a_label_shorter_than_the_printer_feeds_is_made_as_long() -> None:
    label = Label(width=Decimal(60), height=Decimal(5), elements=())
    assert len(pages(encode(label))[0][0].lines) == 150


@settings(max_examples=40)
@given(HOSTILE, CODED, st.sampled_from([Symbology.CODE128, Symbology.QR]))
def test_no_data_can_command_the_printer(content: str, data: str, symbology: Symbology) -> None:
    found, unknown = pages(encode(label_of(text(content), code(symbology, data.strip()))))
    assert unknown == []
    assert [(page.announced, len(page.lines), page.is_last) for page in found] == [(472, 472, True)]


@settings(max_examples=20)
@given(CODED, st.sampled_from([Symbology.CODE128, Symbology.QR]))
def test_every_symbol_reads_back_as_it_was_given(data: str, symbology: Symbology) -> None:
    pair = pair_of("brother.ql", QL)
    pair.driver.send(pair.driver.encode_label(label_of(code(symbology, data.strip()))))
    assert read_back(pair.papers[0]) == [data.strip()]
    assert pair.emulator.unknown == []


# --- on paper ---


def test_labels_come_out_upright_and_in_their_number() -> None:
    pair = pair_of("brother.ql", QL)
    encoded = pair.driver.encode_label(SHELF, copies=2)
    pair.driver.send(encoded)
    assert pair.copies == 2
    assert pair.emulator.unknown == []
    paper = pair.papers[0]
    assert paper.size == (696, 472)
    assert read_back(paper) == ["4006381333931"]
    left, right = (ink(paper, area) for area in ((0, 0, 348, 100), (348, 0, 696, 100)))
    assert left > right  # the name of the goods begins at the left: it is not mirrored


def test_a_long_label_is_turned_and_reads_on_die_cut_paper() -> None:
    pair = pair_of("brother.ql", {"media": "62x100"})
    pair.emulator.on_command({"do": "media", "width": 62, "length": 100})
    label = label_of(code(Symbology.QR, "P-000123-1"), width="100", height="62")
    pair.driver.send(pair.driver.encode_label(label))
    assert pair.papers[0].size == (696, 1109)
    assert read_back(pair.papers[0]) == ["P-000123-1"]
    with pytest.raises(Unsupported, match="beyond"):  # it is 70 mm high
        pair.driver.encode_label(replace(SHIPPING, width=Decimal(100), height=Decimal(62)))


def test_a_tape_takes_its_label_along() -> None:
    pair = pair_of("brother.pt", {"media": "24"})
    box = replace(code(Symbology.CODE128, "A-1"), y=Decimal(4), height=Decimal(14))
    pair.driver.send(pair.driver.encode_label(label_of(box, height="24")))
    assert pair.papers[0].size == (128, 425)
    assert read_back(pair.papers[0]) == ["A-1"]
    assert pair.emulator.unknown == []


@pytest.mark.parametrize("turn", ["no", "auto"])
def test_a_copy_of_a_label_full_to_the_edges_is_marked_where_the_head_reaches(turn: str) -> None:
    size = ("29", "62") if turn == "auto" else ("62", "29")
    pair = pair_of("brother.ql", {"media": "62x29", "turn": turn})
    pair.emulator.on_command({"do": "media", "width": 62, "length": 29})
    pair.driver.send(pair.driver.encode_label(label_of(width=size[0], height=size[1]), copy_mark=True))
    assert ink(pair.papers[0], (0, 0, 696, 271)) > 300
    assert pair.emulator.unknown == []


def test_a_copy_is_marked_and_still_scans() -> None:
    pair = pair_of("brother.ql", QL)
    for is_copy in (False, True):
        pair.driver.send(pair.driver.encode_label(SHELF, copy_mark=is_copy))
    plain, marked = pair.papers
    assert ink(marked, (0, 0, *marked.size)) > ink(plain, (0, 0, *plain.size)) + 300
    assert read_back(marked) == ["4006381333931"]


# --- status ---


def test_status_is_the_reply_whatever_is_said_before_it() -> None:
    with exchange("brother.ql", (ASK, frame(said=5) + READY), options=QL, through=OneByteAtATime) as printer:
        assert printer.status().readiness is Readiness.OK


@pytest.mark.parametrize("media", [(29, 0, 0x0A), (62, 29, 0x0B)])
def test_other_media_than_configured_is_a_fault_before_a_label_is_wasted(media: tuple[int, int, int]) -> None:
    with exchange("brother.ql", (ASK, frame(media=media)), options=QL) as printer:
        assert printer.status().faults == ("wrong_media",)


def test_a_named_error_goes_before_the_media() -> None:
    with exchange("brother.ql", (ASK, frame(errors=(0, 0x10), media=(0, 0, 0))), options=QL) as printer:
        assert printer.status().faults == ("cover_open",)


def test_after_silence_a_job_that_broke_off_is_flushed_and_it_is_asked_again() -> None:
    with exchange("brother.ql", (ASK, None), (FLUSH, READY), options=QL) as printer:
        assert printer.status().readiness is Readiness.OK


def test_silence_is_unknown() -> None:
    with exchange("brother.ql", (ASK, None), (FLUSH, None), options=QL) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_noise_before_the_reply_does_not_matter_and_an_unreadable_one_is_unknown() -> None:
    with exchange("brother.ql", (ASK, READY), options=QL, through=GarbageFirst) as printer:
        assert printer.status().readiness is Readiness.OK
    with exchange("brother.ql", (ASK, READY[:20]), (FLUSH, frame(said=9)), options=QL) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_a_connection_without_answers_is_not_asked() -> None:
    with exchange("brother.ql", (b"job", None), options={**QL, "answers": False}) as printer:
        assert printer.status().is_one_way
        printer.send(ONE)
        assert printer.prove(ONE, 1) is PrintProof.WRITTEN


def test_a_printer_pulled_out_is_unavailable() -> None:
    with pytest.raises(DeviceUnavailable), exchange("brother.ql", options=QL, through=lambda pipe: UnplugAfter(pipe, 0)) as printer:
        printer.send(ONE)


def test_the_media_must_be_told() -> None:
    for model in ("brother.ql", "brother.pt"):
        with pytest.raises(Unsupported, match="media"):
            find(model).check_options({})


# --- proof ---


def test_each_label_told_to_be_completed_is_confirmed_and_nothing_is_asked_while_it_prints() -> None:
    told = PRINTING + COMPLETED + RECEIVING + PRINTING + COMPLETED + RECEIVING
    with exchange("brother.ql", (b"job", told), (ASK, READY), options=QL, through=OneByteAtATime) as printer:
        printer.send(TWO)
        assert printer.prove(TWO, 5) is PrintProof.CONFIRMED


def test_fewer_than_wanted_is_a_time_out() -> None:
    with (
        exchange("brother.ql", (b"job", PRINTING + COMPLETED + RECEIVING), options=QL) as printer,
        pytest.raises(DeviceTimeout, match="1 labels of 2"),
    ):
        printer.send(TWO)
        printer.prove(TWO, 0.05)


def test_an_error_in_the_middle_is_a_fault() -> None:
    with exchange("brother.ql", (b"job", PRINTING + FAILED), options=QL) as printer, pytest.raises(DeviceFault) as caught:
        printer.send(ONE)
        printer.prove(ONE, 5)
    assert caught.value.faults == ("paper_out",)


@pytest.mark.parametrize("is_told", [True, False])
def test_an_error_after_the_last_label_was_told_is_a_fault_too(is_told: bool) -> None:
    told = PRINTING + COMPLETED + RECEIVING
    late = frame(said=2, errors=(0x04, 0)) if is_told else b""
    steps = [(b"job", told + late)] + ([] if is_told else [(ASK, frame(errors=(0x04, 0)))])
    with exchange("brother.ql", *steps, options=QL) as printer, pytest.raises(DeviceFault, match="cutter"):
        printer.send(ONE)
        printer.prove(ONE, 5)


def test_silence_is_only_written_and_a_time_out_where_it_used_to_answer() -> None:
    with exchange("brother.ql", through=Silent, options=QL) as printer:
        assert printer.prove(ONE, 0.01) is PrintProof.WRITTEN
    with exchange("brother.ql", (ASK, READY), options=QL) as printer, pytest.raises(DeviceTimeout):
        printer.status()
        printer.prove(ONE, 0.01)


def test_paper_that_ends_in_the_middle_is_a_fault_and_the_rest_is_forgotten() -> None:
    pair = pair_of("brother.ql", QL)
    pair.emulator.on_command({"do": "paper", "labels": 2})
    encoded = pair.driver.encode_label(SHELF, copies=5)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault, match="paper_out"):
        pair.driver.prove(encoded, 3)
    assert pair.driver.status().faults == ("paper_out",)
    pair.fault("paper_out", on=False)
    assert pair.copies == 2
    pair.driver.send(encoded)
    assert pair.driver.prove(encoded, 3) is PrintProof.CONFIRMED
    assert pair.copies == 7


def test_a_job_for_other_paper_prints_nothing() -> None:
    pair = pair_of("brother.ql", QL)
    pair.emulator.on_command({"do": "media", "width": 29, "length": 0})
    encoded = pair.driver.encode_label(SHELF)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault, match="wrong_media"):
        pair.driver.prove(encoded, 3)
    assert pair.copies == 0


def test_a_cutter_that_fails_late_is_found_out() -> None:
    pair = pair_of("brother.ql", QL)
    pair.fault("late")
    encoded = pair.driver.encode_label(SHELF)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault, match="cutter"):
        pair.driver.prove(encoded, 3)


def test_they_are_label_printers() -> None:
    assert isinstance(pair_of("brother.ql", QL).driver, LabelPrinter)
    assert make_emulator("brother_pt", lambda _: None)
