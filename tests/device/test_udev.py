"""systemd/udev/70-shelfwire.rules under a real udev.  That they give enough rights, all other tests here show: none has more."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drivers.errors import DeviceUnavailable
from tests.device.guest import AS_AGENT, Guest
from tests.device.peers import usb_printer

_EVENT = re.compile(r"^(KERNEL|UDEV) *\[([0-9.]+)\] add +(\S+) \(\w+\)$", re.MULTILINE)


def wedge(guest: Guest, serial: str) -> None:
    guest.plug(guest.usbip.KeyboardScanner(0x05E0, 0x1200, serial=serial))


def hid_scale(guest: Guest, serial: str) -> None:
    guest.plug(guest.usbip.HidScale(serial=serial))


def hid_pos(guest: Guest, serial: str) -> None:
    guest.plug(guest.usbip.HidPosScanner(serial=serial))


def virtual_com(guest: Guest, serial: str) -> None:
    guest.plug(guest.usbip.CdcAcm(serial=serial))


def printer(guest: Guest, serial: str) -> None:
    guest.plug(usb_printer(guest.usbip, "escpos", serial=serial))


def ftdi(guest: Guest, serial: str) -> None:
    guest.plug_serial(serial.lower())


@dataclass(frozen=True)
class Kind:
    plug: Callable[[Guest, str], None]
    links: str
    ids: str


KINDS = [
    Kind(wedge, "kbd", "05e0-1200"),
    Kind(hid_scale, "hidraw", "0922-8003"),
    Kind(hid_pos, "hidraw", "0c2e-0b6a"),
    Kind(virtual_com, "tty", "05f9-4204"),
    Kind(printer, "lp", "04b8-0e15"),
    Kind(ftdi, "tty", "0403-6001"),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plug.__name__)


@each_kind
def test_names_by_port_and_by_serial_number_come_within_a_second_and_go(guest: Guest, kind: Kind) -> None:
    monitor = guest.vm.spawn(
        "exec udevadm monitor --kernel --udev --subsystem-match=tty --subsystem-match=usbmisc "
        "--subsystem-match=hidraw --subsystem-match=input"
    )
    monitor.line()
    kind.plug(guest, "SN0001")
    by_port = guest.node(f"/dev/shelfwire/by-port/*-{kind.links}")
    by_serial = guest.node(f"/dev/shelfwire/by-serial/{kind.ids}-SN0001-if00-{kind.links}")
    assert guest.shell(f"realpath {by_port}") == guest.shell(f"realpath {by_serial}")
    guest.shell(f"{AS_AGENT} test -r {by_port} -a -w {by_port}")
    monitor.kill()
    log = monitor.wait().out
    seen = {(who, path): float(at) for who, at, path in _EVENT.findall(log)}
    took = [at - seen["KERNEL", path] for (who, path), at in seen.items() if who == "UDEV"]
    assert took, log
    assert max(took) <= 1
    guest.unplug_all()
    guest.wait_for(f"[ ! -L {by_port} ] && [ ! -L {by_serial} ]")


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[3], KINDS[4]], ids=lambda kind: kind.plug.__name__)
def test_two_identical_devices_have_names_of_their_own(guest: Guest, kind: Kind) -> None:
    kind.plug(guest, "SN0001")
    kind.plug(guest, "SN0002")
    guest.wait_for(f"[ $(ls /dev/shelfwire/by-port/*-{kind.links} | wc -l) = 2 ]")
    nodes = guest.shell(f"udevadm settle; realpath /dev/shelfwire/by-port/*-{kind.links}").split()
    assert len(set(nodes)) == 2
    named = guest.shell(f"realpath /dev/shelfwire/by-serial/{kind.ids}-SN000[12]-if00-{kind.links}").split()
    assert set(named) == set(nodes)


def test_two_with_one_serial_number_are_still_two_ports(guest: Guest) -> None:
    wedge(guest, "CLONE")
    wedge(guest, "CLONE")
    guest.wait_for("[ $(ls /dev/shelfwire/by-port/*-kbd | wc -l) = 2 ]")
    assert len(set(guest.shell("udevadm settle; realpath /dev/shelfwire/by-port/*-kbd").split())) == 2


def test_a_keyboard_that_is_no_scanner_stays_out_of_reach(guest: Guest) -> None:
    guest.plug(guest.usbip.KeyboardScanner(0x046D, 0xC31C, "Office Keyboard"))
    path = guest.node("/dev/input/by-path/*-event-kbd")
    assert guest.shell("ls /dev/shelfwire/by-port 2>/dev/null || true") == ""
    with pytest.raises(DeviceUnavailable, match="permission"), guest.held("scanner.wedge", f"evdev:{path}"):
        pass
