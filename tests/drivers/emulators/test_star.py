"""The Star emulator against bytes that our encoder does not write, and as a process over a real pty and TCP connection."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import PrintProof, Readiness
from drivers.emulators.emulator import BadCommand
from drivers.registry import open_device
from tests.drivers.documents import samples
from tests.drivers.printers.paired import Paired, read_back
from tests.drivers.running import running_emulator

ASK = b"\x1b\x06\x01"


def pair() -> Paired:
    return Paired("star.line", protocol="star")


def test_the_emulator_reads_what_our_encoder_does_not_write() -> None:
    printer = pair()
    qr = b"\x1b\x1dyS0\x02\x1b\x1dyS2\x05\x1b\x1dyD1\x00\x03\x00abc\x1b\x1dyP"
    printer.emulator.on_bytes(b"\x1b\x1da\x01" + qr + b"\x1bb\x33\x02\x02\x504006381333931\x1e\n\x1b-1under\x1b-0\x0ewide\x14\n")
    printer.emulator.on_bytes(b"\x1b*rR\x1b*rA\x1b*rP0\x00" + b"b\x02\x00\xff\xff" * 8 + b"\x1b*rB\x1bk\x02\x00" + b"\xaa" * 48)
    printer.emulator.on_bytes(b"\x1bJ\x10\x1ba\x02\x1bd\x02")
    assert printer.emulator.unknown == []
    assert sorted(read_back(printer.papers[0])) == ["4006381333931", "abc"]


def test_an_etb_counted_at_once_shows_in_the_status_before_anything_is_printed() -> None:
    printer = pair()
    printer.emulator.on_command({"do": "configure", "counts_at_once": True})
    printer.fault("cover_open")
    assert printer.emulator.on_bytes(b"\x17" + ASK)[7] == 0x02


@pytest.mark.parametrize("kind", [b"\x03", b"3"])
def test_a_barcodes_kind_is_a_number_or_its_digit(kind: bytes) -> None:
    printer = pair()
    printer.emulator.on_bytes(b"\x1bb" + kind + b"\x02\x02\x504006381333931\x1e\x1bd\x02")
    assert read_back(printer.papers[0]) == ["4006381333931"]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_does_not_break_it(data: bytes) -> None:
    printer = pair()
    printer.emulator.on_bytes(data)
    printer.emulator.on_bytes(b"\n" * 8)


@pytest.mark.parametrize(
    "command",
    [
        {"do": "fault", "name": "fire"},
        {"do": "dance"},
        {"do": "paper"},
        {"do": "configure", "status_bytes": 3},
        {"do": "configure", "switch": "loose"},
    ],
)
def test_wrong_commands_are_refused(command: dict[str, object]) -> None:
    with pytest.raises(BadCommand):
        pair().emulator.on_command(command)


@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_a_receipt_comes_out_of_the_process(kind: str, tmp_path: Path) -> None:
    with (
        running_emulator("star", pty=tmp_path / "printer" if kind == "pty" else None) as running,
        closing(open_device("star.line", running.address)) as device,
    ):
        printer: Any = device.driver
        assert printer.status().readiness is Readiness.OK
        encoded = printer.encode_receipt(samples.receipt())
        printer.send(encoded)
        assert printer.prove(encoded, 5) is PrintProof.CONFIRMED
        assert running.next_report()["event"] == "paper"
        running.fault("silence")
        assert printer.status().readiness is Readiness.UNKNOWN


def test_a_cancelled_or_initialised_printer_forgets_its_modes_and_counts_from_zero() -> None:
    printer = pair()
    printer.emulator.on_bytes(b"\x17\x17\x1b4\x18")
    assert printer.emulator.on_bytes(ASK)[7] == 0
    printer.emulator.on_bytes(b"\x1bW1\x1bh1\x1b5\x1b@plain\r\x14\x1bI\x08\x1bd\x00")
    assert printer.copies == 1
    assert printer.emulator.unknown == []


def test_drawers_open_by_each_of_their_commands() -> None:
    for kick in (b"\x07", b"\x1c", b"\x19", b"\x1a"):
        printer = pair()
        printer.emulator.on_bytes(kick)
        assert printer.reports == [{"event": "drawer", "open": True}]
