"""A scanner that types, as the kernel's usbhid and evdev see it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from drivers.devices import Symbol
from drivers.errors import DeviceUnavailable, ProtocolViolation
from tests.device.guest import Guest, Held

EVENTS = "/dev/shelfwire/by-port/*-kbd"
CODE = "4006381333931"


@contextmanager
def reading(guest: Guest, path: str) -> Iterator[Held]:
    """The driver, after the pause that it wants before it trusts a scan to be whole."""
    with guest.held("scanner.wedge", f"evdev:{path}") as held:
        assert held.call(object, "read_symbol", timeout=0.5) is None
        yield held


def read_while_scanning(held: Held, scanner: Any, text: str, interval: float = 0.010) -> Symbol | None:
    held.start("call", method="read_symbol", arguments={"timeout": 20})
    scanner.scan(text, interval=interval)
    return held.finish_maybe(Symbol)


def scanned_again(held: Held, scanner: Any, text: str) -> Symbol | None:
    """As a person does it: what was refused is scanned once more.  A guest that stands still for 100 ms loses keys, and says so."""
    for _ in range(3):
        with contextlib.suppress(ProtocolViolation):
            return read_while_scanning(held, scanner, text + "\n")
    return read_while_scanning(held, scanner, text + "\n")


def test_scans_are_decoded_exactly_and_reach_nobody_else(guest: Guest) -> None:
    scanner = guest.usbip.KeyboardScanner(0x05E0, 0x1200)
    guest.plug(scanner)
    path = guest.node(EVENTS)
    texts = (CODE, "ABC-123xyz", "]E04006381333931", "a" * 200)
    with reading(guest, path) as held:
        read = [scanned_again(held, scanner, text) for text in texts]
        with pytest.raises(DeviceUnavailable, match="another program"), reading(guest, path):
            pass
    assert read == [Symbol(CODE.encode()), Symbol(b"ABC-123xyz"), Symbol(CODE.encode(), "]E0"), Symbol(b"a" * 200)]


def test_keys_that_the_kernel_dropped_are_a_refused_scan_and_the_next_one_is_right(guest: Guest) -> None:
    scanner = guest.usbip.KeyboardScanner(0x05E0, 0x1200)
    guest.plug(scanner)
    with reading(guest, guest.node(EVENTS)) as held:
        for _ in range(2):
            scanner.scan(CODE + "\n", interval=0)  # nobody reads: 84 events do not fit into evdev's queue of 64
            guest.shell("true")
            with pytest.raises(ProtocolViolation, match="dropped"):
                held.call(object, "read_symbol", timeout=5)
            assert scanned_again(held, scanner, CODE) == Symbol(CODE.encode())


def test_a_scan_that_began_before_the_driver_was_there_is_never_read_as_its_second_half(guest: Guest) -> None:
    scanner = guest.usbip.KeyboardScanner(0x05E0, 0x1200)
    guest.plug(scanner)
    path = guest.node(EVENTS)
    for _ in range(2):
        is_open = threading.Event()
        typing = threading.Thread(target=type_until, args=(scanner, is_open))
        typing.start()
        with guest.held("scanner.wedge", f"evdev:{path}", {"idle_ms": 1000}) as held:  # longer than a busy host stands still
            held.start("call", method="read_symbol", arguments={"timeout": 5})
            is_open.set()
            # Refused; or, if it came to its end before it was asked for, nothing; or, where this host stood still for longer than
            # `idle_ms`, what came after that pause, whole.  Never another piece.  (Without a host in between: test_hid_wedge.py.)
            with contextlib.suppress(ProtocolViolation):
                assert held.finish_maybe(Symbol) in (None, Symbol(CODE.encode()))
            typing.join()
            assert scanned_again(held, scanner, CODE) == Symbol(CODE.encode())


def type_until(scanner: Any, is_open: threading.Event) -> None:
    """A scan that lasts from before the driver is there until it reads."""
    while not is_open.is_set():
        scanner.scan("7", interval=0.03)
    scanner.scan(CODE + "\n", interval=0.01)


def test_a_burst_while_it_is_read_is_right_or_refused_but_never_wrong(guest: Guest) -> None:
    scanner = guest.usbip.KeyboardScanner(0x05E0, 0x1200)
    guest.plug(scanner)
    codes = [f"{number:04d}-{'X' * 30}-{number:04d}" for number in range(8)]
    outcomes: list[bytes | None] = []
    with reading(guest, guest.node(EVENTS)) as held:
        for code in codes:
            try:
                symbol = read_while_scanning(held, scanner, code + "\n", interval=0)
                outcomes.append(symbol.data if symbol else None)
            except ProtocolViolation:
                outcomes.append(None)
        assert scanned_again(held, scanner, CODE) == Symbol(CODE.encode())
    assert all(read in (None, code.encode()) for read, code in zip(outcomes, codes, strict=True))


def test_a_scanner_pulled_in_the_middle_of_a_scan_leaves_no_half_code_behind(guest: Guest) -> None:
    scanner = guest.usbip.KeyboardScanner(0x05E0, 0x1200)
    guest.plug(scanner)
    path = guest.node(EVENTS)
    with reading(guest, path) as held:
        held.start("call", method="read_symbol", arguments={"timeout": 10})
        scanner.scan(CODE[:7], interval=0.004)
        scanner.unplug()
        with pytest.raises(DeviceUnavailable, match="plug"):
            refused_or_gone(held)
    guest.wait_for(f"[ ! -e {path} ]")
    with pytest.raises(DeviceUnavailable, match="plug the scanner in"), reading(guest, path):
        pass
    guest.plug(scanner)
    assert scanned_after_plugging(guest, scanner) == Symbol(CODE.encode())


def scanned_after_plugging(guest: Guest, scanner: Any) -> Symbol | None:
    """A busy guest may end a plug that it has just made, with what is left of the one before: then it is plugged in once more."""
    for _ in range(2):
        with contextlib.suppress(DeviceUnavailable), reading(guest, guest.node(EVENTS)) as held:
            return scanned_again(held, scanner, CODE)
        guest.wait_for('[ -z "$(ls -d /dev/input/by-path/* 2>/dev/null)" ]')
        guest.plug(scanner)
    with reading(guest, guest.node(EVENTS)) as held:
        return scanned_again(held, scanner, CODE)


def refused_or_gone(held: Held) -> None:
    """On a busy machine the pause is noticed before the plug."""
    try:
        held.finish(object)
    except ProtocolViolation:
        held.call(object, "read_symbol", timeout=10)


def test_two_identical_scanners_are_kept_apart_by_their_ports(guest: Guest) -> None:
    scanners = [guest.usbip.KeyboardScanner(0x05E0, 0x1200) for _ in range(2)]
    paths: list[str] = []
    read: list[bool] = []
    for scanner in scanners:
        known = set(paths)
        guest.plug(scanner)
        guest.wait_for(f"[ $(ls {EVENTS} | wc -l) = {len(known) + 1} ]")
        (path,) = set(guest.shell(f"udevadm settle; ls {EVENTS}").split()) - known
        paths.append(path)
    with reading(guest, paths[0]) as one, reading(guest, paths[1]) as two:
        for round_ in range(3):
            for held in (one, two):
                held.start("call", method="read_symbol", arguments={"timeout": 20})
            typing = [
                threading.Thread(target=scanner.scan, args=(f"{name}{round_}-{CODE}\n",))
                for name, scanner in zip("AB", scanners, strict=True)
            ]
            for each in typing:
                each.start()
            for each in typing:
                each.join()
            read += [own_or_refused(one, f"A{round_}-{CODE}"), own_or_refused(two, f"B{round_}-{CODE}")]
    assert any(read)


def own_or_refused(held: Held, text: str) -> bool:
    """A guest that stands still may refuse a scan; it may not mix two."""
    with contextlib.suppress(ProtocolViolation):
        assert held.finish(Symbol) == Symbol(text.encode())
        return True
    return False
