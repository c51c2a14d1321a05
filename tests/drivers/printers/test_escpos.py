from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.devices import Encoded, POSPrinter, PrintProof, Readiness
from drivers.documents.model import Code, Line, Receipt, Rule, Symbology
from drivers.errors import DeviceFault, DeviceUnavailable, Unsupported
from drivers.printers import escpos_encoder
from drivers.testing import OneByteAtATime, Silent, UnplugAfter, exchange
from tests.drivers.documents import samples
from tests.drivers.printers.paired import Paired, ink, read_back

FINE = [(b"\x10\x04" + bytes((n,)), b"\x12") for n in (1, 2, 3, 4)]
RECEIPT = samples.receipt()


def encode(receipt: Receipt, *, copy_mark: bool = False, **options: object) -> Encoded:
    encoded: Encoded = Paired("escpos", options).driver.encode_receipt(receipt, copy_mark=copy_mark)
    return encoded


# --- encoding ---


def test_plain_text_goes_in_the_printers_own_font_in_its_code_page() -> None:
    data = encode(Receipt(parts=(Line(text="2 × Tea", right="€5"), Rule())), columns=32).data
    assert data.startswith(b"\x1b@\x1c.\x1b2\x1bt\x13")  # ESC @, FS ., ESC 2, ESC t 19
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
@given(st.lists(PARTS, max_size=5))
def test_no_data_can_command_the_printer(parts: list) -> None:
    """An independent reading of the bytes finds one paper, no drawer, no answer, and nothing unknown."""
    pair = Paired("escpos")
    encoded = pair.driver.encode_receipt(Receipt(parts=(Line(text="x"), *parts)))
    assert pair.emulator.on_bytes(encoded.data) == b""
    assert [report["event"] for report in pair.reports] == ["paper"]
    assert pair.emulator.unknown == []


@pytest.mark.parametrize("data", ["160401", "1620010001", "160502"])
def test_pairs_of_digits_are_not_packed_where_they_would_be_a_real_time_command(data: str) -> None:
    pair = Paired("escpos")
    encoded = pair.driver.encode_receipt(Receipt(parts=(Code(symbology=Symbology.CODE128, data=data),)))
    assert pair.emulator.on_bytes(encoded.data) == b""
    assert [report["event"] for report in pair.reports] == ["paper"]
    assert read_back(pair.papers[0]) == [data]


@pytest.mark.parametrize("command", [b"\x10\x04\x01", b"\x10\x05\x02", b"\x10\x14\x01\x00\x01"])
def test_a_picture_whose_dots_would_be_a_real_time_command_gets_a_dot_more(command: bytes) -> None:
    width, rows = 8 * len(command), 300
    picture = Image.frombytes("1", (width, rows), bytes(byte ^ 0xFF for byte in command) * rows).convert("L")
    data = b"".join(escpos_encoder._raster([picture]))
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


# --- status ---


def test_status_asks_four_times_and_reads_the_manuals_bytes() -> None:
    asked = [(b"\x10\x04\x01", b"\x1e"), (b"\x10\x04\x02", b"\x36"), (b"\x10\x04\x03", b"\x12"), (b"\x10\x04\x04", b"\x7e")]
    with exchange("escpos", *asked, through=OneByteAtATime) as printer:
        status = printer.status()
    assert (status.readiness, status.faults, status.drawer_open) == (Readiness.FAULT, ("cover_open", "paper_out"), True)


def test_silence_is_unknown() -> None:
    with exchange("escpos", (b"\x10\x04\x01", None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_silence_in_the_middle_is_unknown() -> None:
    with exchange("escpos", (b"\x10\x04\x01", b"\x12"), (b"\x10\x04\x02", None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_a_receipt_that_broke_off_inside_a_picture_does_not_swallow_the_next() -> None:
    pair = Paired("escpos")
    pair.emulator.on_bytes(pair.driver.encode_receipt(RECEIPT).data[:500])
    pair.driver.send(pair.driver.encode_receipt(RECEIPT))
    assert read_back(pair.papers[0]) == ["S-2026-000123"]
    assert pair.emulator.unknown == []


def test_garbage_before_an_answer_is_passed_over() -> None:
    with exchange("escpos", (b"\x10\x04\x01", b"\xff\x80\x12"), *FINE[1:]) as printer:
        assert printer.status().readiness is Readiness.OK


def test_a_printer_pulled_out_is_unavailable() -> None:
    pair = Paired("escpos")
    with pytest.raises(DeviceUnavailable), exchange("escpos", through=lambda pipe: UnplugAfter(pipe, 0)) as printer:
        printer.send(pair.driver.encode_receipt(RECEIPT))


@pytest.mark.parametrize("fault", ["paper_out", "cover_open", "cutter"])
def test_the_emulators_faults_show_in_the_status_and_go_again(fault: str) -> None:
    pair = Paired("escpos")
    pair.fault(fault)
    assert pair.driver.status().faults == (fault,)
    pair.fault(fault, on=False)
    assert pair.driver.status().readiness is Readiness.OK


def test_paper_near_its_end_is_a_warning() -> None:
    pair = Paired("escpos")
    pair.fault("paper_near_end")
    assert pair.driver.status().warnings == ("paper_low",)


def test_the_drawer_shows_in_the_status() -> None:
    pair = Paired("escpos")
    pair.driver.open_drawer()
    assert pair.driver.status().drawer_open
    pair.emulator.on_command({"do": "drawer", "open": False})
    assert not pair.driver.status().drawer_open
    assert [report["open"] for report in pair.reports] == [True, False]


# --- proof ---

DOCUMENT = Encoded(b"x\n")
ASK_MODEL = b"\x1dI\x43\x1dr\x01"  # with the barrier behind it
ASK_PRINTED = b"\x1d(H\x06\x0000"


def test_a_model_with_process_ids_confirms() -> None:
    steps = [(ASK_MODEL, b"\x5fTM-T20III\x00\x00"), (ASK_PRINTED + b"0001", b"\x37\x220001\x00")]
    with exchange("escpos", *steps, (ASK_PRINTED + b"0002", b"\x37\x220002\x00")) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.CONFIRMED
        assert printer.prove(DOCUMENT, 1) is PrintProof.CONFIRMED  # the model's name is asked for once


def test_anothers_process_id_proves_nothing() -> None:
    with exchange("escpos", (ASK_PRINTED + b"0001", b"\x37\x229999\x00"), *FINE, options={"proof": "process_id"}) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN


def test_a_model_without_them_passes_a_barrier() -> None:
    with exchange("escpos", (ASK_MODEL, b"\x5fTM-T88III\x00\x00"), *FINE, (b"\x1dr\x01", b"\x00"), *FINE) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK


def test_a_clone_that_does_not_tell_its_model_passes_the_barrier_behind_the_question() -> None:
    with exchange("escpos", (ASK_MODEL, b"\x00"), *FINE, (b"\x1dr\x01", b"\x00"), *FINE) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK


def test_a_printer_too_slow_to_answer_is_asked_again_next_time() -> None:
    with exchange(
        "escpos", (ASK_MODEL, None), *FINE, (ASK_MODEL, b"\x5fTM-M30\x00"), (ASK_PRINTED + b"0001", b"\x37\x220001\x00")
    ) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.CONFIRMED


def test_a_barrier_not_passed_is_only_written() -> None:
    with exchange("escpos", (b"\x1dr\x01", None), *FINE, options={"proof": "barrier"}) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN


def test_silence_is_only_written() -> None:
    with exchange("escpos", through=Silent) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN


def test_a_fault_told_by_automatic_status_while_waiting_stops_the_job() -> None:
    with (
        exchange("escpos", (ASK_PRINTED + b"0001", b"\x18\x00\x0c\x00"), options={"proof": "process_id"}) as printer,
        pytest.raises(DeviceFault) as caught,
    ):
        printer.prove(DOCUMENT, 1)
    assert caught.value.faults == ("paper_out",)


def test_paper_that_ends_in_the_middle_is_a_fault_and_the_rest_comes_with_new_paper() -> None:
    pair = Paired("escpos")
    pair.emulator.on_command({"do": "paper", "millimetres": 10})
    encoded = pair.driver.encode_receipt(RECEIPT)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault) as caught:
        pair.driver.prove(encoded, 3)
    assert caught.value.faults == ("paper_out",)
    assert pair.copies == 0
    pair.fault("paper_out", on=False)
    assert pair.copies == 1
    assert read_back(pair.papers[0]) == ["S-2026-000123"]


@pytest.mark.parametrize(("model", "proof"), [("TM-T20III", PrintProof.CONFIRMED), ("POS-80", PrintProof.STATUS_OK)])
def test_proofs_by_the_emulator(model: str, proof: PrintProof) -> None:
    pair = Paired("escpos")
    pair.emulator.on_command({"do": "model", "name": model})
    encoded = pair.driver.encode_receipt(RECEIPT)
    pair.driver.send(encoded)
    assert pair.driver.prove(encoded, 2) is proof


def test_it_is_a_pos_printer() -> None:
    assert isinstance(Paired("escpos").driver, POSPrinter)
