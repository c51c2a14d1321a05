"""Scales behind an FTDI adapter: the kernel's ftdi_sio and tty layer between the driver and our emulator.

A scale of another protocol is one row of `SCALES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest

from drivers.devices import Weight
from drivers.errors import DeviceTimeout, DeviceUnavailable
from tests.device.guest import Guest, Held
from tests.device.peers import SerialPeer, serial_peer

PORTS = "/dev/shelfwire/by-port/*-tty"


@dataclass(frozen=True)
class ScaleUnderTest:
    """`emulator` as in `drivers.emulators`; `line`: the settings of its address, `stty`: what the kernel then says of the port."""

    model: str
    emulator: str
    line: str
    stty: str
    options: Mapping[str, object]


SCALES = [
    ScaleUnderTest(
        "toledo.8217", "toledo_8217", "baud=9600&bytesize=7&parity=E", "speed 9600 baud; parenb -parodd; cs7", {"unit": "kg"}
    ),
]
TOLEDO = SCALES[0]


@contextmanager
def weighing(guest: Guest, scale: ScaleUnderTest, port: str) -> Iterator[Held]:
    with guest.held(scale.model, f"serial:{port}?{scale.line}", scale.options) as held:
        yield held


def grams(held: Held) -> Decimal:
    return held.call(Weight, "read_weight").grams


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.model)
def test_a_scale_weighs_and_is_usable_again_after_it_was_pulled_in_the_middle(guest: Guest, scale: ScaleUnderTest) -> None:
    with serial_peer(scale.emulator, guest.plug_serial("scale")) as peer:
        port = guest.node(PORTS)
        with weighing(guest, scale, port) as held:
            for value in ("1234", "15", "1234", "9999"):
                peer.tell({"do": "put", "grams": value})
                assert grams(held) == Decimal(value)
            settings = guest.shell(f"stty -a -F {port}; true")  # a session's leader would take the port along when it ends
            assert all(word in settings for word in scale.stty.split("; ")), settings
            pull_while_asked(guest, peer, held)
    guest.wait_for(f"[ ! -e {port} ]")
    with serial_peer(scale.emulator, guest.plug_serial("scale")) as peer:
        port = guest.node(PORTS)
        peer.tell({"do": "put", "grams": "500"})
        with weighing(guest, scale, port) as held:
            assert grams(held) == Decimal(500)


def pull_while_asked(guest: Guest, peer: SerialPeer, held: Held) -> None:
    """The driver has asked, the scale has sent the first byte of its answer, the plug is pulled."""
    peer.tell({"do": "fault", "name": "mute", "on": True})
    peer.asked.clear()
    held.start("call", method="read_weight", arguments={})
    assert peer.asked.wait(10)
    peer.send(b"\x02")
    guest.unplug_serial("scale")
    with pytest.raises(DeviceUnavailable, match="plug the device in"):
        held.finish(object)


def test_a_silent_scale_times_out_within_its_second(guest: Guest) -> None:
    with serial_peer(TOLEDO.emulator, guest.plug_serial("scale")) as peer, weighing(guest, TOLEDO, guest.node(PORTS)) as held:
        peer.tell({"do": "fault", "name": "mute", "on": True})
        with pytest.raises(DeviceTimeout):
            held.call(object, "read_weight")
        assert held.took < 2
        peer.tell({"do": "fault", "name": "mute", "on": False})
        peer.tell({"do": "put", "grams": "321"})
        assert grams(held) == Decimal(321)


def test_two_identical_adapters_are_kept_apart_by_their_ports(guest: Guest) -> None:
    with serial_peer(TOLEDO.emulator, guest.plug_serial("one")) as one:
        first = guest.node(PORTS)
        with serial_peer(TOLEDO.emulator, guest.plug_serial("two")) as two:
            guest.wait_for(f"[ $(ls {PORTS} | wc -l) = 2 ]")
            (second,) = set(guest.shell(f"udevadm settle; ls {PORTS}").split()) - {first}
            one.tell({"do": "put", "grams": "111"})
            two.tell({"do": "put", "grams": "222"})
            with weighing(guest, TOLEDO, first) as a, weighing(guest, TOLEDO, second) as b:
                assert (grams(a), grams(b)) == (Decimal(111), Decimal(222))
                with pytest.raises(DeviceUnavailable, match="in use"), weighing(guest, TOLEDO, first):
                    pass
                guest.unplug_serial("one")
                with pytest.raises(DeviceUnavailable):
                    grams(a)
                assert grams(b) == Decimal(222)
