"""Each kind of line on a real one: a pty, a TCP connection on loopback, a character device."""

from __future__ import annotations

import os
import pty
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from drivers.devices import Transport
from drivers.errors import DeviceTimeout, DeviceUnavailable, ProtocolViolation
from drivers.transports.opening import open_transport


@dataclass
class Wire:
    """Both ends: ours, and the device's as two functions; `unplug` pulls it."""

    ours: Transport
    say: Callable[[bytes], object]
    hear: Callable[[int], bytes]
    unplug: Callable[[], None]


@pytest.fixture(params=["serial", "file", "tcp"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    if request.param == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = open_transport(f"tcp:127.0.0.1:{listener.getsockname()[1]}")
            theirs, _ = listener.accept()
            yield Wire(ours, theirs.sendall, theirs.recv, theirs.close)
            theirs.close()
    else:
        master, slave = pty.openpty()
        tty.setraw(slave)
        ours = open_transport(f"{request.param}:{os.ttyname(slave)}")
        ends = [master, slave]

        def unplug() -> None:
            while ends:
                os.close(ends.pop())

        yield Wire(ours, lambda data: os.write(master, data), lambda size: os.read(master, size), unplug)
        unplug()
    ours.close()


def test_bytes_go_both_ways_unchanged(wire: Wire) -> None:
    data = bytes(range(256))
    wire.ours.write(data)
    assert _hear_all(wire, 256) == data
    wire.say(data)
    read = b""
    while len(read) < 256:
        got = wire.ours.read(256 - len(read), 1.0)
        assert got
        read += got
    assert read == data


def test_read_until_stops_at_its_terminator_and_keeps_the_rest(wire: Wire) -> None:
    wire.say(b"one\rtwo\rthr")
    assert [wire.ours.read_until(b"\r", 1.0), wire.ours.read_until(b"\r", 1.0)] == [b"one\r", b"two\r"]
    with pytest.raises(DeviceTimeout, match="thr"):
        wire.ours.read_until(b"\r", 0.05)
    wire.say(b"ee\r")
    assert wire.ours.read_until(b"\r", 1.0) == b"ee\r"


def test_silence_is_no_bytes(wire: Wire) -> None:
    assert wire.ours.read(10, 0.01) == b""


def test_an_endless_answer_is_a_violation(wire: Wire) -> None:
    wire.say(b"x" * 200)
    with pytest.raises(ProtocolViolation):
        wire.ours.read_until(b"\r", 1.0, limit=100)


def test_discarded_input_is_gone(wire: Wire) -> None:
    wire.say(b"late\r")
    assert wire.ours.read(1, 1.0) == b"l"
    wire.ours.discard_input()
    wire.say(b"new\r")
    assert wire.ours.read_until(b"\r", 1.0) == b"new\r"


def test_an_unplugged_line_is_unavailable(wire: Wire) -> None:
    wire.unplug()
    with pytest.raises(DeviceUnavailable, match="plug"):
        wire.ours.read(1, 1.0)
    with pytest.raises(DeviceUnavailable):
        for _ in range(100):  # TCP notices a write to a closed end with the second one
            wire.ours.write(b"x")
    wire.ours.close()


def test_a_slow_device_that_takes_its_bytes_is_no_timeout(wire: Wire) -> None:
    data = bytes(range(256)) * 4000
    heard = bytearray()

    def hear_slowly() -> None:
        while len(heard) < len(data):
            heard.extend(wire.hear(50_000))

    thread = threading.Thread(target=hear_slowly)
    thread.start()
    wire.ours.write(data)
    thread.join(10)
    assert heard == data


def test_a_device_that_takes_nothing_is_a_timeout(wire: Wire) -> None:
    with pytest.raises(DeviceTimeout, match="no more bytes"):
        wire.ours.write(b"x" * 20_000_000)


def test_a_closed_line_is_unavailable_and_closing_twice_is_fine(wire: Wire) -> None:
    wire.ours.close()
    wire.ours.close()
    with pytest.raises(DeviceUnavailable):
        wire.ours.write(b"x")
    with pytest.raises(DeviceUnavailable):
        wire.ours.read(1, 0.01)


@pytest.mark.parametrize("scheme", ["serial", "file"])
def test_a_port_in_use_is_unavailable_with_what_to_do(scheme: str) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    first = open_transport(f"{scheme}:{os.ttyname(slave)}")
    with pytest.raises(DeviceUnavailable, match="in use by another program"):
        open_transport(f"{scheme}:{os.ttyname(slave)}")
    first.close()
    open_transport(f"{scheme}:{os.ttyname(slave)}").close()
    os.close(master)
    os.close(slave)


def test_a_pty_is_opened_again_and_again_with_the_settings_of_a_real_line() -> None:
    master, slave = pty.openpty()
    for _ in range(3):  # the kernel takes 7E1 on a pty once, and gives EINVAL from then on
        open_transport(f"serial:{os.ttyname(slave)}?bytesize=7&parity=E").close()
    os.close(master)
    os.close(slave)


def _hear_all(wire: Wire, size: int) -> bytes:
    heard = bytearray()

    def hear() -> None:
        while len(heard) < size:
            heard.extend(wire.hear(size - len(heard)))

    thread = threading.Thread(target=hear)
    thread.start()
    thread.join(5)
    return bytes(heard)
