from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import Encoded, LabelPrinter, PrintProof, Readiness, Resumes
from drivers.documents.model import Label, Symbology
from drivers.errors import DeviceFault, Unsupported
from drivers.printers.escpos_codes import REAL_TIME
from drivers.registry import find
from drivers.transports.buffered import Buffered
from tests.drivers.every import Case, EmulatedPipe
from tests.drivers.printers.labels import CODED, HOSTILE, SHELF, code, label_of, text
from tests.drivers.printers.paired import Paired, ink, read_back


class Pair(Paired):
    def __init__(self, **options: object) -> None:
        self.pipe = EmulatedPipe(Case("escpos"))
        self.reports = self.pipe.reports
        self.emulator: Any = self.pipe.emulator
        self.driver: Any = find("escpos.label").build(Buffered(self.pipe, "pair"), options)


def commands(data: bytes) -> list[bytes]:
    """What an ESC/POS printer would take for commands; fails on anything that is none of ours."""
    found: list[bytes] = []
    while data:
        if data.startswith(b"\x1dv0\x00"):
            size = 8 + int.from_bytes(data[4:6], "little") * int.from_bytes(data[6:8], "little")
        elif data.startswith((b"\x1dVA", b"\x1dVB")):
            size = 4
        else:
            assert data.startswith(b"\x1b@"), data[:10]
            size = 2
        found.append(data[: min(size, 4)])
        data = data[size:]
    return found


def encode(label: Label, *, copies: int = 1, **options: object) -> Encoded:
    encoded: Encoded = Pair(**options).driver.encode_label(label, copies=copies)
    return encoded


def test_each_copy_is_raster_and_a_cut() -> None:
    found = commands(encode(SHELF, copies=2).data)
    assert found == 2 * [b"\x1b@", *14 * [b"\x1dv0\x00"], b"\x1dVA\x00"]


@pytest.mark.parametrize(("cut", "end"), [("full", b"\x1dVA\x00"), ("partial", b"\x1dVB\x00")])
def test_it_is_fed_to_the_knife_and_cut(cut: str, end: bytes) -> None:
    assert encode(SHELF, cut=cut).data.endswith(end)


def test_without_a_knife_blank_paper_follows() -> None:
    rows = [len(commands(encode(SHELF, cut="none", feed=feed).data)) for feed in (0, 15)]
    assert rows == [1 + 14, 1 + 19]


@pytest.mark.parametrize(("options", "left"), [({"align": "left"}, 0), ({}, 48)])
def test_a_narrower_label_stands_where_it_should(options: dict, left: int) -> None:
    pair = Pair(**options)
    box = replace(code(Symbology.QR, "A"), x=Decimal(0))
    pair.driver.send(pair.driver.encode_label(label_of(box)))
    paper = pair.papers[0]
    assert ink(paper, (0, 0, left, paper.height)) == 0
    assert read_back(paper) == ["A"]


def test_a_label_wider_than_the_head_is_refused() -> None:
    label = Label(width=Decimal(73), height=Decimal(20), elements=())
    with pytest.raises(Unsupported, match=r"72\.1"):
        encode(label)
    assert encode(label, width=640)


@settings(max_examples=40)
@given(HOSTILE, CODED, st.sampled_from([Symbology.CODE128, Symbology.QR]))
def test_no_data_can_command_the_printer(content: str, data: str, symbology: Symbology) -> None:
    sent = encode(label_of(text(content), code(symbology, data.strip()))).data
    assert commands(sent)[-1] == b"\x1dVA\x00"
    assert not any(command in sent for command in REAL_TIME)


def test_labels_come_out_one_by_one_and_are_confirmed() -> None:
    pair = Pair()
    assert pair.driver.status().readiness is Readiness.OK
    encoded = pair.driver.encode_label(SHELF, copies=3)
    pair.driver.send(encoded)
    assert pair.driver.prove(encoded, 3) is PrintProof.CONFIRMED
    assert pair.copies == 3
    assert [read_back(paper) for paper in pair.papers] == 3 * [["4006381333931"]]


def test_paper_that_ends_in_the_middle_is_a_fault_and_the_proof_comes_with_new_paper() -> None:
    pair = Pair()
    pair.emulator.on_command({"do": "paper", "millimetres": 60})
    encoded = pair.driver.encode_label(SHELF, copies=3)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault, match="paper_out"):
        pair.driver.prove(encoded, 3)
    pair.pipe.do({"do": "fault", "name": "paper_out", "on": False})  # it answers what it was asked meanwhile
    assert pair.driver.resume_proof(3) is PrintProof.CONFIRMED


def test_a_connection_without_answers_is_known_as_one() -> None:
    pair = Pair(answers=False)
    assert pair.driver.status().is_one_way
    encoded = pair.driver.encode_label(SHELF)
    pair.driver.send(encoded)
    assert pair.driver.prove(encoded, 1) is PrintProof.WRITTEN


def test_a_copy_is_marked_and_still_scans() -> None:
    pair = Pair()
    for is_copy in (False, True):
        pair.driver.send(pair.driver.encode_label(SHELF, copy_mark=is_copy))
    plain, marked = pair.papers
    assert ink(marked, (0, 0, *marked.size)) > ink(plain, (0, 0, *plain.size)) + 300
    assert read_back(marked) == ["4006381333931"]


def test_it_is_a_label_printer_that_can_go_on_with_a_proof() -> None:
    assert isinstance(Pair().driver, LabelPrinter)
    assert isinstance(Pair().driver, Resumes)
