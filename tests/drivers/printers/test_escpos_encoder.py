"""What is written for a receipt, and what an independent reading of the bytes puts on paper."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.devices import Encoded
from drivers.documents.model import Code, Line, Logo, Receipt, Rule, Symbology
from drivers.errors import Unsupported
from drivers.printers import escpos_encoder
from drivers.printers.escpos_options import PAGES
from drivers.testing import exchange
from tests.drivers.documents import samples
from tests.drivers.printers.paired import Paired, ink, read_back

RECEIPT = samples.receipt()


def encode(receipt: Receipt, *, copy_mark: bool = False, **options: object) -> Encoded:
    encoded: Encoded = Paired("escpos", options).driver.encode_receipt(receipt, copy_mark=copy_mark)
    return encoded


def png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def printed(receipt: Receipt, **options: object) -> Paired:
    """The receipt on paper; nothing of it was unknown to the printer."""
    pair = Paired("escpos", options)
    pair.driver.send(pair.driver.encode_receipt(receipt))
    assert pair.emulator.unknown == []
    return pair


def test_plain_text_goes_in_the_printers_own_font_in_its_code_page() -> None:
    data = encode(Receipt(parts=(Line(text="2 × Tea", right="€5"), Rule())), columns=32).data
    assert data.startswith(b"\x1b@\x1c.\x1bR\x00\x1da\x0f\x1b2\x1bt\x13")  # ESC @, FS ., ESC R 0, GS a 15, ESC 2, ESC t 19
    assert b"2 \x9e Tea" + b" " * 23 + b"\xd55\n" in data
    assert b"\xc4" * 32 + b"\n" in data
    assert data.endswith(b"\x1bd\x06\x1dV\x00")


def test_what_the_code_page_lacks_goes_as_a_picture() -> None:
    data = encode(Receipt(parts=(Line(text="茶"),))).data
    assert b"\x1dv0\x00\x48\x00\x18\x00" in data  # GS v 0, 72 bytes a row, 24 rows


def test_a_character_no_font_has_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="U\\+13000"):
        encode(Receipt(parts=(Line(text="𓀀"),)))


def test_a_barcode_wider_than_the_paper_is_refused() -> None:
    with pytest.raises(Unsupported, match="does not fit"):
        encode(Receipt(parts=(Code(symbology=Symbology.CODE128, data="x" * 40),)), columns=32)


def test_encoding_writes_nothing_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    encode(RECEIPT)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("pin", "command"), [(2, b"\x1bp\x00\x19\xfa"), (5, b"\x1bp\x01\x19\xfa")])
def test_the_drawer_opens_with_its_receipt_but_not_with_a_copy(pin: int, command: bytes) -> None:
    receipt = Receipt(parts=(Line(text="Sold"),), open_drawer=True)
    assert command in encode(receipt, drawer_pin=pin).data
    assert command not in encode(receipt, drawer_pin=pin, copy_mark=True).data


def test_open_drawer_is_one_pulse() -> None:
    with exchange("escpos", (b"\x1bp\x00\x19\xfa", None)) as printer:
        printer.open_drawer()


ANY_TEXT = st.text(
    alphabet=st.characters(max_codepoint=0x17F) | st.characters(min_codepoint=0x4E00, max_codepoint=0x8FFF), max_size=40
)
PARTS = st.one_of(
    st.builds(Line, text=ANY_TEXT, right=ANY_TEXT, bold=st.booleans(), double=st.booleans()),
    st.builds(Line, text=st.text(alphabet="\x10\x04\x14\x01\x1b\x1dpV茶@\x00", max_size=30)),
    st.builds(Code, symbology=st.just(Symbology.CODE128), data=st.text(alphabet="0124{6A", min_size=1, max_size=16).map(str.strip)),
    st.builds(
        Code,
        symbology=st.just(Symbology.QR),
        data=st.text(alphabet="a茶{^~ ", min_size=1, max_size=30).map(lambda text: text + "."),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=5), st.sampled_from(["raster", "gb18030"]), st.sampled_from(["native", "raster"]))
def test_no_data_can_command_the_printer(parts: list[Any], han: str, codes: str) -> None:
    """An independent reading of the bytes finds one paper, no drawer, no answer, and nothing unknown."""
    pair = Paired("escpos", {"announces": False, "han": han, "codes": codes})
    encoded = pair.driver.encode_receipt(Receipt(parts=(Line(text="x"), *parts)))
    assert pair.emulator.on_bytes(encoded.data) == b""
    assert [report["event"] for report in pair.reports] == ["paper"]
    assert pair.emulator.unknown == []


@pytest.mark.parametrize("data", ["160401", "1620010001", "160502"])
def test_digits_whose_pairs_would_be_a_real_time_command_command_nothing(data: str) -> None:
    pair = Paired("escpos", {"announces": False})
    encoded = pair.driver.encode_receipt(Receipt(parts=(Code(symbology=Symbology.CODE128, data=data),)))
    assert pair.emulator.on_bytes(encoded.data) == b""
    assert [report["event"] for report in pair.reports] == ["paper"]
    assert read_back(pair.papers[0]) == [data]


@pytest.mark.parametrize(
    ("data", "columns", "is_drawn"), [("S-0012", 48, False), ("1" * 30, 48, True), ("S-2026-000123", 32, True)]
)
def test_code_128_is_drawn_where_it_would_be_too_fine_without_pairs_of_digits(data: str, columns: int, *, is_drawn: bool) -> None:
    code = Code(symbology=Symbology.CODE128, data=data)
    encoded = encode(Receipt(parts=(code,)), columns=columns).data
    assert (b"\x1dv0" in encoded, b"\x1dk" in encoded) == (is_drawn, not is_drawn)
    assert read_back(printed(Receipt(parts=(code,)), columns=columns).papers[0]) == [data]


@pytest.mark.parametrize("command", [b"\x10\x04\x01", b"\x10\x05\x02", b"\x10\x14\x01\x00\x01"])
def test_a_picture_whose_dots_would_be_a_real_time_command_gets_a_dot_more(command: bytes) -> None:
    width, rows = 8 * len(command), 300
    picture = Image.frombytes("1", (width, rows), bytes(byte ^ 0xFF for byte in command) * rows).convert("L")
    data = b"".join(escpos_encoder.raster(picture))
    assert command[:2] not in data
    pair = Paired("escpos")
    assert pair.emulator.on_bytes(data + b"\x1dV\x00") == b""
    assert [report["event"] for report in pair.reports] == ["paper"]
    assert pair.emulator.unknown == []


# --- on paper ---


@pytest.mark.parametrize("columns", [32, 42, 48])
def test_a_receipt_comes_out_once_with_its_code_readable(columns: int) -> None:
    pair = Paired("escpos", {"columns": columns})
    pair.driver.send(pair.driver.encode_receipt(RECEIPT))
    assert pair.copies == 1
    assert read_back(pair.papers[0]) == ["S-2026-000123"]


def test_han_text_is_ink_on_the_paper() -> None:
    pair = Paired("escpos")
    for text in ("", "西湖龙井"):
        pair.driver.send(pair.driver.encode_receipt(Receipt(parts=(Line(text="-"), Line(text=text)))))
    without, with_han = pair.papers
    area = (20, 50, 20 + 4 * 24, 80)
    assert ink(without, area) == 0
    assert ink(with_han, area) > 300


@pytest.mark.parametrize(
    ("symbology", "data"),
    [(Symbology.EAN13, "4006381333931"), (Symbology.CODE128, "{a}B-00123456"), (Symbology.QR, "https://茶.example")],
)
def test_barcodes_read_back(symbology: Symbology, data: str) -> None:
    pair = Paired("escpos")
    pair.driver.send(pair.driver.encode_receipt(Receipt(parts=(Code(symbology=symbology, data=data),))))
    assert read_back(pair.papers[0]) == [data]


def test_a_copy_is_marked() -> None:
    pair = Paired("escpos")
    for copy_mark in (False, True):
        pair.driver.send(pair.driver.encode_receipt(RECEIPT, copy_mark=copy_mark))
    plain, marked = pair.papers
    assert marked.height == plain.height + 48
    assert b"*** COPY ***" in encode(RECEIPT, copy_mark=True).data


@pytest.mark.parametrize(
    ("code_page", "text"),
    [("cp852", "Łódź"), ("cp866", "Чай"), ("cp1251", "Чай"), ("cp1250", "Łódź"), ("iso8859-2", "Łódź"), ("cp1253", "τσάι")],
)
def test_code_pages_with_epsons_numbers(code_page: str, text: str) -> None:
    data = encode(Receipt(parts=(Line(text=text), Rule())), code_page=code_page).data
    assert bytes((0x1B, 0x74, PAGES[code_page])) in data
    assert text.encode(code_page) + b"\n" in data
    assert b"\x1dv0" not in data
    assert b"\x1bt\x49" in encode(Receipt(parts=()), code_page=code_page, page=73).data


@pytest.mark.parametrize("code_page", PAGES)
def test_every_code_page_shows_on_paper_as_the_letters_it_stands_for(code_page: str) -> None:
    letters = [bytes((byte,)).decode(code_page, "ignore") for byte in range(0xC0, 0x100)]
    text = "".join(letter for letter in letters if letter.isalpha())[:20]
    pages = [printed(Receipt(parts=(Line(text=text),)), code_page=each).papers[0] for each in (code_page, "cp437")]
    assert abs(ink(pages[0], (0, 0, *pages[0].size)) - ink(pages[1], (0, 0, *pages[1].size))) < 1500


def test_a_logo_is_a_picture_across_its_part_of_the_paper() -> None:
    logo = Image.new("L", (100, 50), 0)
    pair = printed(Receipt(parts=(Logo(png=png(logo), width=50), Line(text="Thank you"))))
    paper = pair.papers[0]
    assert ink(paper, (0, 0, paper.width, 20 + 144)) == 288 * 144
    assert b"\x1dv0\x00\x48\x00\x18\x00" in encode(Receipt(parts=(Logo(png=png(logo), width=50),))).data


def test_han_text_goes_in_the_printers_chinese_font_where_it_has_one() -> None:
    receipt = Receipt(parts=(Line(text="西湖龙井 100g", right="45.00"), Line(text="总计", bold=True, double=True)))
    data = encode(receipt, han="gb18030").data
    assert b"\x1c&" in data
    assert "西湖龙井 100g".encode("gb18030") in data
    assert b"\x1cW\x01" + "总计".encode("gb18030") + b"\n\x1cW\x00" in data
    assert b"\x1dv0" not in data
    drawn, own = (printed(receipt, han=han).papers[0] for han in ("raster", "gb18030"))
    assert abs(ink(drawn, (0, 0, *drawn.size)) - ink(own, (0, 0, *own.size))) < 600


@pytest.mark.parametrize("text", ["한", "naïve 茶", "茶…"])
def test_what_the_chinese_font_may_lack_or_draw_wider_stays_a_picture(text: str) -> None:
    data = encode(Receipt(parts=(Line(text=text),)), han="gb18030").data
    assert b"\x1c&" not in data
    assert b"\x1dv0" in data


@pytest.mark.parametrize(
    ("symbology", "data", "command"),
    [
        (Symbology.EAN8, "96385074", b"\x1dkD\x0896385074"),
        (Symbology.UPCA, "036000291452", b"\x1dkA\x0c036000291452"),
        (Symbology.ITF14, "09506000134352", b"\x1dkF\x0e09506000134352"),
        (Symbology.CODE39, "AB-12", b"\x1dkE\x05AB-12"),
        (Symbology.GS1_128, "(01)09506000134352(10)AB", b"\x1dkI\x18{B{1010950600013435210AB"),
    ],
)
def test_barcodes_in_the_printers_own_commands(symbology: Symbology, data: str, command: bytes) -> None:
    assert command in encode(Receipt(parts=(Code(symbology=symbology, data=data),))).data


@pytest.mark.parametrize("codes", ["native", "raster"])
@pytest.mark.parametrize(
    ("symbology", "data", "read"),
    [
        (Symbology.EAN8, "96385074", "96385074"),
        (Symbology.UPCA, "036000291452", "036000291452"),
        (Symbology.ITF14, "09506000134352", "09506000134352"),
        (Symbology.CODE39, "AB-12", "AB-12"),
        (Symbology.GS1_128, "(01)09506000134352(10)AB", "(01)09506000134352(10)AB"),
        (Symbology.DATAMATRIX, "ABC-12", "ABC-12"),
        (Symbology.GS1_DATAMATRIX, "(01)09506000134352", "(01)09506000134352"),
        (Symbology.QR, "https://茶.example", "https://茶.example"),
        (Symbology.GS1_QR, "(01)09506000134352", "(01)09506000134352"),
    ],
)
def test_every_symbology_reads_back(symbology: Symbology, data: str, read: str, codes: str) -> None:
    pair = printed(Receipt(parts=(Code(symbology=symbology, data=data),)), codes=codes)
    assert [text.replace("036000291452", "036000291452").lstrip("0") for text in read_back(pair.papers[0])] == [read.lstrip("0")]


@pytest.mark.parametrize(("pin", "command"), [(2, b"\x10\x14\x01\x00\x01"), (5, b"\x10\x14\x01\x01\x01")])
def test_a_drawer_may_be_opened_at_once(pin: int, command: bytes) -> None:
    options: dict[str, object] = {"drawer_pulse": "at_once", "drawer_pin": pin}
    assert command in encode(Receipt(parts=(Line(text="Sold"),), open_drawer=True), drawer_pulse="at_once", drawer_pin=pin).data
    with exchange("escpos", (command, None), options=options) as printer:
        printer.open_drawer()
    pair = Paired("escpos", options)
    pair.fault("paper_out")
    pair.driver.open_drawer()
    assert {"event": "drawer", "open": True} in pair.reports


ANY_BITS = st.lists(st.sampled_from([0x10, 0x04, 0x05, 0x14, 0x01, 0x00, 0x1B, 0x1D, 0xFF]), min_size=60, max_size=180)


@settings(max_examples=150, deadline=None)
@given(ANY_BITS, st.integers(1, 20))
def test_no_picture_is_a_real_time_command(dots: list[int], stride: int) -> None:
    rows = len(dots) // stride
    picture = Image.frombytes("1", (8 * stride, rows), bytes(byte ^ 0xFF for byte in dots[: rows * stride])).convert("L")
    data = b"".join(escpos_encoder.raster(picture))
    assert not any(command in data for command in (b"\x10\x04", b"\x10\x05", b"\x10\x14"))
    pair = Paired("escpos")
    assert pair.emulator.on_bytes(data + b"\x1dV\x00") == b""
    assert pair.emulator.unknown == []
    assert [report["event"] for report in pair.reports] == (["paper"] if rows else [])
