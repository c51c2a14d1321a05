from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import Encoded, LabelPrinter, PrinterStatus, PrintProof, Readiness
from drivers.documents.bitmap import Bitmap, paint_label
from drivers.documents.layout import lay_out_label
from drivers.documents.model import Barcode, Box, Element, Label, Picture, Rotation, Symbology, Text
from drivers.emulators.zpl_symbols import unpacked
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.printers.zpl_pictures import packed
from drivers.testing import OneByteAtATime, Silent, UnplugAfter, exchange
from tests.drivers.documents import samples
from tests.drivers.documents.symbol_data import DATA, expected, symbols
from tests.drivers.documents.test_pictures import disc
from tests.drivers.printers.paired import Paired, ink, read_back
from tests.drivers.printers.test_zpl_replies import LINE_1, LINE_2, errors_answer

SHELF = samples.label("shelf-label", samples.SHELF_DATA)
SHIPPING = samples.label("shipping-label", samples.SHIPPING_DATA)
LINE_3 = b"\x021234,0\x03\r\n"
HOST = LINE_1 + LINE_2 + LINE_3
STOPPED = b"\x02030,1,1,1245,000,0,0,0,000,0,0,0\x03\r\n" + b"\x02000,0,0,0,0,2,4,1,00000002,1,000\x03\r\n" + LINE_3
WORKING = LINE_1 + b"\x02000,0,0,0,0,2,4,1,00000002,1,000\x03\r\n" + LINE_3
NO_ERRORS = errors_answer(b"0 00000000 00000000")
IDENTITY = b"\x02ZD421-203dpi,V84.20.18Z,8,8176KB\x03\r\n"
DOCUMENT = Encoded(b"^XA^XZ", copies=2)


def label_of(*elements: Element) -> Label:
    return Label(width=Decimal(60), height=Decimal(40), elements=elements)


def text(content: str, *, bold: bool = False) -> Text:
    return Text(x=Decimal(2), y=Decimal(2), width=Decimal(56), height=Decimal(6), text=content, bold=bold)


def code(symbology: Symbology, data: str) -> Barcode:
    return Barcode(x=Decimal(2), y=Decimal(10), width=Decimal(56), height=Decimal(20), symbology=symbology, data=data)


def encode(label: Label, *, copies: int = 1, **options: object) -> str:
    encoded: Encoded = Paired("zpl", options).driver.encode_label(label, copies=copies)
    return encoded.data.decode("ascii")


# --- encoding ---


def test_a_label_in_plain_ascii_needs_no_picture() -> None:
    box = Box(x=Decimal(0), y=Decimal(9), width=Decimal(60), height=Decimal("0.25"), thickness=Decimal("0.25"))
    assert encode(label_of(text("Tea"), box, code(Symbology.CODE39, "TEA-1")), copies=3).split("\n") == [
        "^XA^CI28^PW480^LL320^LH0,0",
        "^FO16,16^A0N,40,40^FB448,1,0,L,0^FH_^FDTea^FS",
        "^FO0,72^GB480,2,2^FS",
        "^FO73,80^BY3,3.0^B3N,N,125,N,N^FH_^FDTEA-1^FS",
        "^FO16,208^A0N,26,26^FB448,1,0,C,0^FH_^FDTEA-1^FS",
        "^PQ3",
        "^XZ",
        "",
    ]


def test_han_text_goes_as_a_picture() -> None:
    zpl = encode(label_of(text("茶")))
    assert re.search(r"\^FO\d+,\d+\^GFA,(\d+),\1,\d+,[0-9A-Zg-z,:!]+\^FS", zpl)
    assert "^FD" not in zpl


@pytest.mark.parametrize(("dpi", "size"), [(203, "^PW480^LL320"), (300, "^PW709^LL472")])
def test_the_label_is_as_large_in_dots_as_the_head_needs(dpi: int, size: str) -> None:
    assert size in encode(SHELF, dpi=dpi)


@pytest.mark.parametrize("options", [{"media_width": "50"}, {"media_height": "30"}])
def test_a_label_larger_than_the_media_is_refused(options: dict) -> None:
    with pytest.raises(Unsupported, match="media"):
        encode(SHELF, **options)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(Unsupported, match="U\\+13000"):
        encode(label_of(text("𓀀")))
    with pytest.raises(Unsupported, match="check digit"):
        encode(label_of(code(Symbology.EAN13, "4006381333932")))


def test_cut_text_is_told() -> None:
    encoded = Paired("zpl").driver.encode_label(label_of(text("a very long text " * 9)))
    assert encoded.warnings
    assert encoded.warnings[0].startswith("cut to fit")


OURS = {"XA", "XZ", "CI", "PW", "LL", "LH", "FO", "A0", "FB", "FH", "FD", "FS", "GF", "GB", "BY", "BC", "B2", "B3", "PQ"}
NASTY = st.text(alphabet="^~_\\>&XZFDGBC~JA019 ,\"'茶é\n\r\x10\x1b\x02\x03\u202e", max_size=24)


def tokens(zpl: bytes) -> list[tuple[str, bytes]]:
    """The commands as a printer takes them: a byte ^ or ~ begins one wherever it stands, two letters name it, the rest is its own.

    Written from the guide's first chapter (caret and tilde are seen in field data too; control characters are none of ours).
    """
    assert not set(zpl) & {0x10, 0x1B, 0x02, 0x03, 0x7F}
    head, *pieces = re.split(rb"(?=[\^~])", zpl)
    assert head == b""
    return [(piece[:1].decode() + piece[1:3].decode("latin-1"), piece[3:]) for piece in pieces]


def field_text(arguments: bytes) -> str:
    """What ^FD holds after ^FH has read its hexadecimal."""
    return re.sub(rb"_([0-9A-F]{2})", lambda match: bytes.fromhex(match[1].decode()), arguments).decode()


@settings(max_examples=120, deadline=None)
@given(NASTY, NASTY, st.sampled_from(list(Symbology)), st.data())
def test_no_data_can_command_the_printer(content: str, mark: str, symbology: Symbology, data: st.DataObject) -> None:
    element = replace(code(symbology, data.draw(DATA[symbology])), width=Decimal(96))
    driver = Paired("zpl", {"copy_text": mark}).driver
    commands = tokens(driver.encode_label(replace(label_of(text(content), element), width=Decimal(100)), copy_mark=True).data)
    names = [name for name, _ in commands]
    assert {name[0] for name in names} == {"^"}
    assert {name[1:] for name in names} <= OURS
    assert names[0] == "^XA"
    assert names[-1] == "^XZ"
    assert names.count("^XA") == names.count("^XZ") == 1
    assert all("\\" not in field_text(arguments) for name, arguments in commands if name == "^FD" and "^BC" not in names)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="^~_\\>&XZ\"';:!{}`@09aZ ", min_size=1, max_size=12).map(str.strip).filter(lambda data: len(data) > 2))
def test_bars_hold_the_nasty_characters_as_they_are(data: str) -> None:
    pair = Paired("zpl")
    pair.driver.send(pair.driver.encode_label(label_of(code(Symbology.CODE128, data))))
    assert symbols(pair.papers[0]) == expected(Symbology.CODE128, data)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(list(Symbology)), st.sampled_from([0, 90, 180, 270]), st.sampled_from([203, 300, 600]), st.data())
def test_every_symbol_reads_back_as_it_was_given(symbology: Symbology, rotation: Rotation, dpi: int, data: st.DataObject) -> None:
    content = data.draw(DATA[symbology])
    pair = Paired("zpl", {"dpi": dpi, "media_width": "200"})
    side = Decimal(80)
    element = replace(code(symbology, content), width=side, height=side, y=Decimal(2), rotation=rotation)
    pair.driver.send(pair.driver.encode_label(Label(width=Decimal(84), height=Decimal(84), elements=(element,))))
    assert symbols(pair.papers[0]) == expected(symbology, content)
    assert pair.emulator.unknown == []


@pytest.mark.parametrize("symbology", list(Symbology))
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_symbol_stands_where_the_preview_has_it(symbology: Symbology, rotation: Rotation) -> None:
    element = replace(code(symbology, samples.CODES[symbology]), width=Decimal(76), height=Decimal(76), human_readable=False)
    label = Label(width=Decimal(80), height=Decimal(88), elements=(replace(element, rotation=rotation),))
    pair = Paired("zpl")
    pair.driver.send(pair.driver.encode_label(label))
    assert pair.papers[0].tobytes() == paint_label(lay_out_label(label, 203)).tobytes()


def test_gs1_128_and_its_neighbours_are_native() -> None:
    def field(symbology: Symbology) -> str:
        return next(line for line in encode(label_of(code(symbology, samples.CODES[symbology]))).split("\n") if "^BY" in line)

    # The guide's example for ^BC: start in set C with >;, FNC1 is >8
    assert field(Symbology.GS1_128).endswith("^BCN,125,N,N,N^FH_^FD>;>8010950600013435210>6ABC^FS")
    assert field(Symbology.ITF14).endswith("^B2N,117,N,N,N^FH_^FD15400141288763^FS")
    assert field(Symbology.CODE39).endswith("^B3N,N,125,N,N^FH_^FDA-12 $/+%.^FS")


@given(st.integers(1, 40), st.binary(min_size=1, max_size=400))
def test_packed_pictures_unpack_to_what_they_were(stride: int, noise: bytes) -> None:
    whole = (noise + b"\x00" * stride * 2 + b"\xff" * stride * 2 + noise * 2)[: 40 * stride]
    rows = whole[: len(whole) // stride * stride]
    picture = Bitmap(8 * stride, len(rows) // stride, rows)
    assert unpacked(packed(picture).encode(), stride) == rows


def test_a_picture_is_on_the_label_as_in_the_preview() -> None:
    element = Picture(x=Decimal(4), y=Decimal(4), width=Decimal(30), height=Decimal(30), png=disc())
    pair = Paired("zpl")
    pair.driver.send(pair.driver.encode_label(label_of(element)))
    assert pair.papers[0].tobytes() == paint_label(lay_out_label(label_of(element), 203)).tobytes()


# --- on paper ---


def test_labels_come_out_in_their_number_with_their_codes_readable() -> None:
    pair = Paired("zpl")
    for label, copies in ((SHELF, 1), (SHIPPING, 3)):
        pair.driver.send(pair.driver.encode_label(label, copies=copies))
    assert [report["copies"] for report in pair.reports] == [1, 3]
    assert [read_back(paper) for paper in pair.papers] == [["4006381333931"], ["P-000123-1"]]
    assert [paper.size for paper in pair.papers] == [(480, 320), (799, 559)]


def test_han_text_is_ink_on_the_label() -> None:
    pair = Paired("zpl")
    for content in ("", "西湖龙井"):
        pair.driver.send(pair.driver.encode_label(label_of(text(content))))
    without, with_han = pair.papers
    assert ink(without, (0, 0, 480, 320)) == 0
    assert ink(with_han, (16, 16, 180, 64)) > 1000


def test_bold_text_has_more_ink() -> None:
    pair = Paired("zpl")
    for bold in (False, True):
        pair.driver.send(pair.driver.encode_label(label_of(text("Longjing", bold=bold))))
    thin, thick = (ink(paper, (0, 0, 480, 80)) for paper in pair.papers)
    assert thick > 1.2 * thin


def test_a_copy_is_marked_and_still_scans() -> None:
    pair = Paired("zpl", {"copy_text": "副本"})
    pair.driver.send(pair.driver.encode_label(SHIPPING))
    pair.driver.send(pair.driver.encode_label(SHIPPING, copy_mark=True))
    plain, marked = pair.papers
    whole = (0, 0, *plain.size)
    assert ink(marked, whole) > ink(plain, whole) + 300
    assert read_back(marked) == ["P-000123-1"]


def test_stretched_labels_of_300_dpi_read_back() -> None:
    pair = Paired("zpl", {"dpi": 300})
    pair.driver.send(pair.driver.encode_label(SHELF))
    assert read_back(pair.papers[0]) == ["4006381333931"]


# --- status ---


def test_status_asks_for_errors_then_for_the_host_status_then_once_who_it_is() -> None:
    steps = [(b"~HQES", NO_ERRORS), (b"~HS", HOST)]
    with exchange("zpl", *steps, (b"~HI", IDENTITY), *steps, through=OneByteAtATime) as printer:
        assert printer.status().readiness is Readiness.OK
        assert printer.status().readiness is Readiness.OK


def test_faults_of_both_answers_count() -> None:
    with exchange("zpl", (b"~HQES", errors_answer(b"1 00000000 00000004")), (b"~HS", STOPPED)) as printer:
        assert printer.status().faults == ("head_open", "paper_out", "paused")


def test_a_printer_that_answers_only_host_status_is_believed() -> None:
    with exchange("zpl", (b"~HQES", None), (b"~HS", HOST), (b"~HI", IDENTITY)) as printer:
        assert printer.status().readiness is Readiness.OK


def test_no_host_status_is_unknown_even_if_no_error_is_named() -> None:
    with exchange("zpl", (b"~HQES", NO_ERRORS), (b"~HS", None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_silence_is_unknown() -> None:
    with exchange("zpl", (b"~HQES", None), (b"~HS", None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x03\r\n" * 3, b"\x02030,0\x03\r\n" * 3])
def test_an_unreadable_answer_is_unknown(garbage: bytes) -> None:
    with exchange("zpl", (b"~HQES", None), (b"~HS", garbage)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_a_head_of_another_resolution_is_a_fault_before_a_label_is_wasted() -> None:
    pair = Paired("zpl", {"dpi": 300})
    assert pair.driver.status().faults == ("wrong_resolution",)


def test_a_printer_pulled_out_is_unavailable() -> None:
    with pytest.raises(DeviceUnavailable), exchange("zpl", through=lambda pipe: UnplugAfter(pipe, 0)) as printer:
        printer.send(DOCUMENT)


@pytest.mark.parametrize("is_quiet", [False, True])
@pytest.mark.parametrize("fault", ["paper_out", "ribbon_out", "head_open"])
def test_the_emulators_faults_show_whether_or_not_it_answers_host_status_then(fault: str, is_quiet: bool) -> None:
    pair = Paired("zpl")
    pair.fault("quiet", on=is_quiet)
    pair.fault(fault)
    assert fault in pair.driver.status().faults
    pair.fault(fault, on=False)
    assert pair.driver.status().readiness is Readiness.OK


# --- proof ---


def test_no_label_remaining_twice_is_confirmed() -> None:
    with exchange("zpl", (b"~HS", HOST), (b"~HS", WORKING), (b"~HS", HOST), (b"~HS", HOST)) as printer:
        assert printer.prove(DOCUMENT, 5) is PrintProof.CONFIRMED


def test_a_stop_in_the_middle_is_a_fault() -> None:
    with exchange("zpl", (b"~HS", WORKING), (b"~HS", STOPPED)) as printer, pytest.raises(DeviceFault) as caught:
        printer.prove(DOCUMENT, 5)
    assert caught.value.faults == ("paper_out", "paused")


def test_labels_that_remain_without_a_reason_are_a_time_out() -> None:
    with exchange("zpl", (b"~HS", WORKING)) as printer, pytest.raises(DeviceTimeout, match="2 labels of 2"):
        printer.prove(DOCUMENT, 0)


def test_errors_explain_a_host_status_that_is_not_answered() -> None:
    with (
        exchange("zpl", (b"~HS", None), (b"~HQES", errors_answer(b"1 00000000 00000001"))) as printer,
        pytest.raises(DeviceFault, match="paper_out"),
    ):
        printer.prove(DOCUMENT, 1)


def test_no_host_status_and_no_errors_is_status_ok() -> None:
    with exchange("zpl", (b"~HS", None), (b"~HQES", NO_ERRORS)) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK


def test_a_printer_without_a_way_back_is_never_asked() -> None:
    with exchange("zpl", (DOCUMENT.data, None), options={"answers": False}) as printer:
        assert printer.status() == PrinterStatus(Readiness.UNKNOWN, is_one_way=True)
        printer.send(DOCUMENT)
        assert printer.prove(DOCUMENT, 5) is PrintProof.WRITTEN


def test_silence_is_only_written() -> None:
    with exchange("zpl", through=Silent) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.WRITTEN


def test_paper_that_ends_in_the_middle_is_a_fault_and_the_rest_comes_with_new_paper() -> None:
    pair = Paired("zpl")
    pair.emulator.on_command({"do": "paper", "labels": 2})
    encoded = pair.driver.encode_label(SHELF, copies=5)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault) as caught:
        pair.driver.prove(encoded, 3)
    assert "paper_out" in caught.value.faults
    assert pair.copies == 2
    pair.fault("paper_out", on=False)
    assert pair.copies == 5
    assert pair.driver.prove(encoded, 3) is PrintProof.CONFIRMED


def test_it_is_a_label_printer() -> None:
    assert isinstance(Paired("zpl").driver, LabelPrinter)


def test_the_same_label_encodes_to_the_same_bytes() -> None:
    assert encode(SHELF) == encode(replace(SHELF))


def test_a_label_that_broke_off_does_not_swallow_the_next() -> None:
    pair = Paired("zpl")
    pair.emulator.on_bytes(pair.driver.encode_label(SHELF).data[:700])
    pair.driver.send(pair.driver.encode_label(SHIPPING))
    assert [read_back(paper) for paper in pair.papers] == [["P-000123-1"]]
