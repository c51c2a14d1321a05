"""Every driver that speaks bytes, on a real tty: our code inside, its emulator (tests/drivers/every.py) at the far end of the line.

A new model needs nothing here, but a row in `LINES` where its line is not 9600 baud, 8N1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from drivers.devices import PrinterStatus, PrintProof, Readiness, Symbol, Weight
from drivers.errors import DriverError
from drivers.registry import Kind, find
from tests.device.guest import Guest, Held
from tests.device.peers import SerialPeer, serial_peer
from tests.drivers.every import CASES, GRAMS, SCANNED, TRIES, over_bytes

LINES: Mapping[str, str] = {
    "adam": "baud=4800",
    "and.standard": "baud=2400&bytesize=7&parity=E",
    "dialog.02": "baud=2400&bytesize=7&parity=O",
    "nci": "baud=9600&bytesize=7&parity=E",
    "toledo.8217": "baud=9600&bytesize=7&parity=E",
}


@pytest.fixture(scope="module")
def adapter(shared_guest: Guest) -> Iterator[tuple[str, Path]]:
    """The port in the guest, and the socket at its far end."""
    path = shared_guest.plug_serial("every")
    yield shared_guest.node("/dev/shelfwire/by-port/*-tty"), path
    shared_guest.unplug_all()


@pytest.mark.parametrize("name", over_bytes())
def test_a_driver_does_its_work_over_a_real_line(shared_guest: Guest, adapter: tuple[str, Path], name: str) -> None:
    (port, path), case = adapter, CASES[name]
    address = f"serial:{port}?{LINES.get(name, 'baud=9600')}"
    with serial_peer(case.emulator, path, case.before) as peer, shared_guest.held(name, address, case.options) as held:
        work = WORK[find(name).kind]
        assert any(succeeds(work, held, peer) for _ in range(TRIES)), peer.reports


def succeeds(work: Callable[[Held, SerialPeer], bool], held: Held, peer: SerialPeer) -> bool:
    """A scale may have to be asked twice; a wrong answer is an AssertionError."""
    try:
        return work(held, peer)
    except DriverError:
        return False


def weigh(held: Held, peer: SerialPeer) -> bool:
    peer.tell({"do": "remove"})
    peer.tell({"do": "put", "grams": str(GRAMS)})
    weights = (held.maybe(Weight, "read_weight") for _ in range(TRIES))
    return any(each is not None and each.stable and each.grams == GRAMS for each in weights)


def scan(held: Held, peer: SerialPeer) -> bool:
    peer.tell({"do": "scan", "text": SCANNED.decode(), "aim": "]E0"})
    return held.maybe(Symbol, "read_symbol", timeout=2.0) == Symbol(SCANNED, "]E0")


def print_one(held: Held, peer: SerialPeer) -> bool:
    assert held.call(PrinterStatus, "status").readiness is not Readiness.FAULT
    held.ask(bytes, "encode", lines=["A-1"])
    held.ask(object, "send")
    proof = held.ask(PrintProof, "prove", timeout=5.0)
    copies = sum(int(str(each.get("copies", 1))) for each in peer.reports if each.get("event") == "paper")
    assert copies == 1 or proof is not PrintProof.CONFIRMED
    return copies == 1


def show(held: Held, peer: SerialPeer) -> bool:
    held.call(object, "show", lines=["Tea", "4.50"])
    shown = [each["rows"] for each in peer.reports if each.get("event") == "display"]
    return bool(shown) and [str(row).rstrip() for row in list(shown[-1])[:2]] == ["Tea", "4.50"]  # type: ignore[call-overload]  # JSON


WORK = {
    Kind.SCALE: weigh,
    Kind.SCANNER: scan,
    Kind.RECEIPT_PRINTER: print_one,
    Kind.LABEL_PRINTER: print_one,
    Kind.LINE_DISPLAY: show,
}
