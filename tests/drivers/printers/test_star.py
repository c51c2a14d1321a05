"""Bytes from the Star Line Mode Command Specifications, 3.3 and Appendix 2."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.devices import Announces, Encoded, POSPrinter, PrintProof, Readiness, Resumes
from drivers.documents.model import Code, Line, Logo, Receipt, Rule, Symbology
from drivers.errors import DeviceFault, DeviceUnavailable, Unsupported
from drivers.testing import GarbageFirst, OneByteAtATime, Silent, UnplugAfter, exchange
from tests.drivers.documents import samples
from tests.drivers.printers.paired import Paired, ink, read_back

ASK = b"\x1b\x06\x01"
FINE = bytes.fromhex("23 06 00 00 00 00 00 00 00")
COVER_OPEN = bytes.fromhex("23 06 28 00 00 00 00 00 00")
RECEIPT = samples.receipt()
LOGO = BytesIO()
Image.new("1", (40, 20)).save(LOGO, "PNG")


def pair(**options: object) -> Paired:
    return Paired("star.line", options, protocol="star")


def encode(receipt: Receipt, *, copy_mark: bool = False, **options: object) -> Encoded:
    encoded: Encoded = pair(**options).driver.encode_receipt(receipt, copy_mark=copy_mark)
    return encoded


# --- encoding ---


def test_plain_text_goes_in_the_printers_own_font_in_its_code_page() -> None:
    data = encode(Receipt(parts=(Line(text="2 × Tea", right="€5"), Rule())), columns=32, announces=False).data
    text = b"2 \x9e Tea" + b" " * 23 + b"\xd55\n" + b"\xc4" * 32 + b"\n"
    assert data == b"\x1b@\x1bR\x00\x1b$\x00\x1b\x1dt\x04\x1bz\x01" + text + b"\x1bd\x03"


@pytest.mark.parametrize(
    ("code_page", "table", "text"),
    [("cp866", 10, "Чай"), ("cp1251", 34, "Чай"), ("cp852", 5, "Łódź"), ("cp1250", 33, "Łódź"), ("cp737", 15, "τσάι")],
)
def test_code_pages(code_page: str, table: int, text: str) -> None:
    data = encode(Receipt(parts=(Line(text=text), Rule())), code_page=code_page).data
    assert bytes((0x1B, 0x1D, 0x74, table)) in data
    assert text.encode(code_page) + b"\n" in data
    assert b"\x1bX" not in data


def test_what_the_code_page_lacks_goes_as_a_picture() -> None:
    data = encode(Receipt(parts=(Line(text="茶"),))).data
    assert data.count(b"\x1b0\x1bX\x40\x02") == 1  # ESC 0, ESC X 576
    assert b"\n\x1bz\x01" in data


@pytest.mark.parametrize(("cut", "end"), [("full", b"\x1bd\x02"), ("partial", b"\x1bd\x03"), ("none", b"\n" * 6)])
def test_cuts(cut: str, end: bytes) -> None:
    assert encode(Receipt(parts=(Line(text="x"),)), cut=cut).data.endswith(b"x\n" + end)


@pytest.mark.parametrize(("drawer", "pulse"), [(1, b"\x1b\x07\x14\x14\x07"), (2, b"\x19")])
def test_the_drawer_opens_with_its_receipt_but_not_with_a_copy(drawer: int, pulse: bytes) -> None:
    receipt = Receipt(parts=(Line(text="Sold"),), open_drawer=True)
    assert pulse in encode(receipt, drawer=drawer).data
    assert pulse not in encode(receipt, drawer=drawer, copy_mark=True).data
    with exchange("star.line", (pulse, None), options={"drawer": drawer}) as printer:
        printer.open_drawer()


def test_a_barcode_wider_than_the_paper_and_a_character_no_font_has_are_refused() -> None:
    for part in (Code(symbology=Symbology.CODE128, data="x" * 40), Line(text="𓀀")):
        with pytest.raises(Unsupported):
            encode(Receipt(parts=(part,)), columns=32)


ANY_TEXT = st.text(
    alphabet=st.characters(max_codepoint=0x17F) | st.characters(min_codepoint=0x4E00, max_codepoint=0x8FFF), max_size=40
)
PARTS = st.one_of(
    st.builds(Line, text=ANY_TEXT, right=ANY_TEXT, bold=st.booleans(), double=st.booleans()),
    st.builds(Line, text=st.text(alphabet="\x07\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x06\x01dX茶@\x00", max_size=30)),
    st.builds(
        Code, symbology=st.just(Symbology.QR), data=st.text(alphabet="a茶{^~ ", min_size=1, max_size=30).map(lambda t: t + ".")
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=5))
def test_no_data_can_command_the_printer(parts: list[Any]) -> None:
    """An independent reading of the bytes finds one paper, no drawer, no answer, and nothing unknown."""
    printer = pair(announces=False)
    encoded = printer.driver.encode_receipt(Receipt(parts=(Line(text="x"), *parts)))
    assert printer.emulator.on_bytes(encoded.data) == b""
    assert [report["event"] for report in printer.reports] == ["paper"]
    assert printer.emulator.unknown == []


# --- on paper ---


@pytest.mark.parametrize("columns", [32, 42, 48])
def test_a_receipt_comes_out_once_with_its_code_readable(columns: int) -> None:
    printer = pair(columns=columns)
    printer.driver.send(printer.driver.encode_receipt(RECEIPT))
    assert printer.copies == 1
    assert read_back(printer.papers[0]) == ["S-2026-000123"]
    assert printer.emulator.unknown == []


@pytest.mark.parametrize(
    ("symbology", "data"),
    [
        (Symbology.EAN13, "4006381333931"),
        (Symbology.EAN8, "96385074"),
        (Symbology.QR, "https://茶.example"),
        (Symbology.DATAMATRIX, "ABC-1"),
    ],
)
def test_barcodes_read_back(symbology: Symbology, data: str) -> None:
    printer = pair()
    printer.driver.send(printer.driver.encode_receipt(Receipt(parts=(Code(symbology=symbology, data=data),))))
    assert read_back(printer.papers[0]) == [data]


def test_han_text_and_a_logo_are_ink_on_the_paper() -> None:
    printer = pair()
    for text in ("-", "西湖龙井"):
        printer.driver.send(printer.driver.encode_receipt(Receipt(parts=(Line(text=text),))))
    printer.driver.send(printer.driver.encode_receipt(Receipt(parts=(Logo(png=LOGO.getvalue(), width=50),))))
    without, with_han, logo = (ink(paper, (0, 0, *paper.size)) for paper in printer.papers)
    assert with_han > without + 300
    assert logo > 100


# --- status ---


def test_status_asks_and_then_has_changes_told() -> None:
    setup = bytes(3 * 576 + 4) + b"\x1b\x1ea\x01"
    with exchange("star.line", (ASK, FINE), (setup, COVER_OPEN), through=OneByteAtATime) as printer:
        assert printer.status().readiness is Readiness.OK
        for _ in range(9):
            told = printer.announced()
        assert told.faults == ("cover_open",)
        assert printer.announced() is None
        assert isinstance(printer, POSPrinter)
        assert isinstance(printer, Announces)
        assert isinstance(printer, Resumes)


def test_silence_is_unknown_and_nothing_else_is_asked() -> None:
    with exchange("star.line", (ASK, None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_garbage_before_the_answer_is_passed_over() -> None:
    with exchange("star.line", (ASK, COVER_OPEN), through=GarbageFirst) as printer:
        assert printer.status().faults == ("cover_open",)


def test_a_printer_that_answers_nothing_is_one_way_by_configuration() -> None:
    with exchange("star.line", (bytes(1732), None), (b"x\n", None), options={"answers": False}) as printer:
        assert printer.status().is_one_way
        printer.send(Encoded(b"x\n"))
        assert printer.prove(Encoded(b"x\n"), 1) is PrintProof.WRITTEN
        assert printer.announced() is None


@pytest.mark.parametrize("fault", ["paper_out", "cover_open", "cutter", "head_hot"])
@pytest.mark.parametrize("network", [False, True])
def test_the_emulators_faults_show_at_once_and_go_again(fault: str, network: bool) -> None:
    printer = pair()
    printer.do("configure", network=network)
    assert printer.driver.status().readiness is Readiness.OK
    printer.driver.announced()
    printer.fault(fault)
    assert printer.driver.announced().faults == (fault,)
    assert printer.driver.status().faults == (fault,)
    printer.fault(fault, on=False)
    assert printer.driver.status().readiness is Readiness.OK


@pytest.mark.parametrize("switch", ["high", "low"])
def test_the_drawer_shows_with_either_wiring(switch: str) -> None:
    printer = pair(drawer_open=switch)
    printer.do("configure", switch=switch)
    assert printer.driver.status().drawer_open is False
    printer.driver.open_drawer()
    assert printer.driver.status().drawer_open is True
    printer.do("drawer", open=False)
    assert printer.driver.status().drawer_open is False


def test_a_receipt_that_broke_off_inside_a_picture_does_not_swallow_the_next() -> None:
    printer = pair()
    printer.emulator.on_bytes(encode(Receipt(parts=(Line(text="茶" * 10),))).data[:500])
    printer.driver.send(printer.driver.encode_receipt(RECEIPT))
    assert read_back(printer.papers[0]) == ["S-2026-000123"]
    assert printer.emulator.unknown == []


def test_a_printer_pulled_out_is_unavailable() -> None:
    with pytest.raises(DeviceUnavailable), exchange("star.line", through=lambda pipe: UnplugAfter(pipe, 0)) as printer:
        printer.send(encode(RECEIPT))


# --- proof ---


def counted(count: int) -> bytes:
    return FINE[:7] + bytes(((count & 7) << 1 | (count >> 3) << 5, 0))


def proving(printer: Any, *, timeout: float = 2) -> PrintProof:
    encoded = printer.driver.encode_receipt(RECEIPT)
    printer.driver.send(encoded)
    proof: PrintProof = printer.driver.prove(encoded, timeout)
    return proof


def test_the_counter_confirms_job_after_job() -> None:
    printer = pair()
    for count in range(1, 6):
        assert proving(printer) is PrintProof.CONFIRMED
        assert printer.copies == count


def test_a_status_without_counter_is_a_barrier() -> None:
    printer = pair()
    printer.do("configure", status_bytes=7)
    assert proving(printer) is PrintProof.STATUS_OK


def test_a_model_that_counts_too_early_is_used_as_a_barrier_by_configuration() -> None:
    assert proving(pair(proof="barrier")) is PrintProof.STATUS_OK


def test_silence_is_only_written() -> None:
    with exchange("star.line", through=Silent) as printer:
        assert printer.prove(Encoded(b""), 0.5) is PrintProof.WRITTEN


def test_paper_that_ends_in_the_middle_is_a_fault_and_confirmed_when_the_rest_came_out() -> None:
    printer = pair()
    printer.do("paper", millimetres=10)
    with pytest.raises(DeviceFault) as caught:
        proving(printer)
    assert caught.value.faults == ("paper_out",)
    assert printer.copies == 0
    with pytest.raises(DeviceFault):
        printer.driver.resume_proof(1)
    printer.do("paper", millimetres=3000)
    assert printer.driver.resume_proof(1) is PrintProof.CONFIRMED
    assert printer.copies == 1


def test_a_printer_switched_off_and_on_meanwhile_confirms_nothing() -> None:
    printer = pair()
    printer.do("paper", millimetres=10)
    with pytest.raises(DeviceFault):
        proving(printer)
    printer.do("off_and_on")
    printer.fault("paper_out", on=False)
    assert printer.driver.resume_proof(1) is None
    assert printer.copies == 0
    assert proving(printer) is PrintProof.CONFIRMED
    assert printer.driver.resume_proof(1) is None  # nothing is open any more


def test_a_buffer_that_overflowed_is_a_fault_for_good() -> None:
    lost = FINE[:4] + b"\x40" + FINE[5:]
    with exchange("star.line", (ASK, FINE), (b"\x17", lost), options={"proof": "barrier"}) as printer:
        with pytest.raises(DeviceFault) as caught:
            printer.prove(Encoded(b""), 1)
        assert caught.value.faults == ("printer_error",)
        assert printer.resume_proof(1) is None
