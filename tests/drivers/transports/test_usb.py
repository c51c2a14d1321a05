"""The USB transport through pyusb, with a backend of our own below it (pyusb's `IBackend` is its seam for that)."""

# The methods of `Backend` have the arguments that pyusb calls them with.
# ruff: noqa: ARG002, N803

from __future__ import annotations

import array
import errno
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import usb.core
from usb.backend import IBackend

from drivers.errors import DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.transports.usb import UsbPipe, open_pipe

PRINTER = "04b8:0202"
BULK, INTERRUPT = 2, 3


@dataclass
class FakeDevice:
    """A device with one interface; `endpoints` are (address, type)."""

    serial: str = "J5KF"
    endpoints: tuple[tuple[int, int], ...] = ((0x01, BULK), (0x82, BULK))
    to_host: list[bytes] = field(default_factory=list)
    from_host: bytes = b""
    claimed: int = 0
    has_kernel_driver: bool = True
    fails: int | None = None  # errno of every transfer
    takes: int = 4096
    ports: tuple[int, ...] = (1,)


class Backend(IBackend):  # type: ignore[misc]  # pyusb has no types
    """Descriptors by the USB 2.0 specification, section 9.6, as far as pyusb reads them."""

    def __init__(self, *devices: FakeDevice, open_fails: int | None = None) -> None:
        self.devices = devices
        self.open_fails = open_fails

    def enumerate_devices(self) -> Any:
        return iter(self.devices)

    def get_device_descriptor(self, dev: FakeDevice) -> Any:
        ids = {
            "idVendor": 0x04B8,
            "idProduct": 0x0202,
            "iSerialNumber": 3,
            "iManufacturer": 1,
            "iProduct": 2,
            "bNumConfigurations": 1,
        }
        fixed = {
            "bLength": 18,
            "bDescriptorType": 1,
            "bcdUSB": 0x200,
            "bDeviceClass": 0,
            "bDeviceSubClass": 0,
            "bDeviceProtocol": 0,
        }
        place = {
            "bMaxPacketSize0": 64,
            "bcdDevice": 0x100,
            "address": 1,
            "bus": 1,
            "port_number": 1,
            "port_numbers": dev.ports,
            "speed": 3,
        }
        return SimpleNamespace(**ids, **fixed, **place)

    def get_configuration_descriptor(self, dev: FakeDevice, config: int) -> Any:
        known = {"bLength": 9, "bDescriptorType": 2, "wTotalLength": 32, "bNumInterfaces": 1, "bConfigurationValue": 1}
        return SimpleNamespace(**known, iConfiguration=0, bmAttributes=0x80, bMaxPower=50, extra_descriptors=())

    def get_interface_descriptor(self, dev: FakeDevice, intf: int, alt: int, config: int) -> Any:
        if (intf, alt) != (0, 0):
            raise IndexError
        known = {
            "bLength": 9,
            "bDescriptorType": 4,
            "bInterfaceNumber": 0,
            "bAlternateSetting": 0,
            "bNumEndpoints": len(dev.endpoints),
        }
        kind = {"bInterfaceClass": 7, "bInterfaceSubClass": 1, "bInterfaceProtocol": 2, "iInterface": 0, "extra_descriptors": ()}
        return SimpleNamespace(**known, **kind)

    def get_endpoint_descriptor(self, dev: FakeDevice, ep: int, intf: int, alt: int, config: int) -> Any:
        address, kind = dev.endpoints[ep]
        known = {"bLength": 7, "bDescriptorType": 5, "bEndpointAddress": address, "bmAttributes": kind, "wMaxPacketSize": 64}
        return SimpleNamespace(**known, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=())

    def open_device(self, dev: FakeDevice) -> FakeDevice:
        if self.open_fails is not None:
            raise usb.core.USBError("open", None, self.open_fails)
        return dev

    def close_device(self, dev_handle: FakeDevice) -> None: ...

    def get_configuration(self, dev_handle: FakeDevice) -> int:
        return 1

    def claim_interface(self, dev_handle: FakeDevice, intf: int) -> None:
        if dev_handle.claimed:
            raise usb.core.USBError("claim", None, errno.EBUSY)
        dev_handle.claimed += 1

    def release_interface(self, dev_handle: FakeDevice, intf: int) -> None:
        dev_handle.claimed -= 1

    def is_kernel_driver_active(self, dev_handle: FakeDevice, intf: int) -> bool:
        return dev_handle.has_kernel_driver

    def detach_kernel_driver(self, dev_handle: FakeDevice, intf: int) -> None:
        dev_handle.has_kernel_driver = False

    def attach_kernel_driver(self, dev_handle: FakeDevice, intf: int) -> None:
        if dev_handle.claimed:
            raise usb.core.USBError("attach", None, errno.EBUSY)
        if dev_handle.fails is not None:
            raise usb.core.USBError("attach", None, dev_handle.fails)
        dev_handle.has_kernel_driver = True

    def bulk_write(self, dev_handle: FakeDevice, ep: int, intf: int, data: Any, timeout: int) -> int:
        if dev_handle.fails is not None:
            raise usb.core.USBError("write", None, dev_handle.fails)
        if not dev_handle.takes:
            raise usb.core.USBTimeoutError("write", None, errno.ETIMEDOUT)
        taken = bytes(data)[: dev_handle.takes]
        dev_handle.from_host += taken
        return len(taken)

    def bulk_read(self, dev_handle: FakeDevice, ep: int, intf: int, buff: Any, timeout: int) -> int:
        assert 0 < timeout <= 1000
        if dev_handle.fails is not None:
            raise usb.core.USBError("read", None, dev_handle.fails)
        if not dev_handle.to_host:
            raise usb.core.USBTimeoutError("read", None, errno.ETIMEDOUT)
        data = dev_handle.to_host.pop(0)
        buff[: len(data)] = array.array("B", data)
        return len(data)

    def ctrl_transfer(
        self,
        dev_handle: FakeDevice,
        bmRequestType: int,
        bRequest: int,
        wValue: int,
        wIndex: int,
        data: Any,
        timeout: int,
    ) -> int:
        """String descriptors: USB 2.0, section 9.6.7."""
        text = b"\x04\x03\x09\x04" if wValue & 0xFF == 0 else dev_handle.serial.encode("utf-16-le")
        reply = text if wValue & 0xFF == 0 else bytes((len(text) + 2, 3)) + text
        data[: len(reply)] = array.array("B", reply)
        return len(reply)


def _open(*devices: FakeDevice, where: str = PRINTER, open_fails: int | None = None) -> UsbPipe:
    return open_pipe(where, {}, Backend(*devices, open_fails=open_fails))


def test_bytes_go_both_ways_and_a_short_write_is_continued() -> None:
    device = FakeDevice(to_host=[b"\x16", b"\x12"], takes=1000)
    pipe = _open(device)
    pipe.send(b"x" * 9000)
    assert (len(device.from_host), device.has_kernel_driver, device.claimed) == (9000, False, 1)
    assert [pipe.receive(0.5), pipe.receive(0), pipe.receive(0)] == [b"\x16", b"\x12", b""]
    pipe.close()
    assert device.claimed == 0


@pytest.mark.parametrize("had_one", [True, False])
def test_the_kernels_driver_gets_back_on_close_what_it_had(had_one: bool) -> None:
    device = FakeDevice(has_kernel_driver=had_one)
    pipe = _open(device)
    assert not device.has_kernel_driver
    pipe.close()
    assert (device.has_kernel_driver, device.claimed) == (had_one, 0)


def test_closing_an_unplugged_device_is_quiet() -> None:
    device = FakeDevice()
    pipe = _open(device)
    device.fails = errno.ENODEV
    pipe.close()
    assert device.claimed == 0


def test_two_identical_printers_are_told_apart_by_their_serial_numbers() -> None:
    one, two = FakeDevice(serial="A1"), FakeDevice(serial="A2")
    _open(one, two, where=f"{PRINTER}:A2").send(b"x")
    assert (one.from_host, two.from_host) == (b"", b"x")
    with pytest.raises(DeviceUnavailable, match="add the serial number"):
        _open(one, two)
    with pytest.raises(DeviceUnavailable, match="A3"):
        _open(one, two, where=f"{PRINTER}:A3")


def test_two_identical_printers_without_serial_numbers_are_told_apart_by_their_ports() -> None:
    one, two = FakeDevice(serial="", ports=(1, 2)), FakeDevice(serial="", ports=(1, 3))
    _open(one, two, where=f"{PRINTER}@1-1.3").send(b"x")
    assert (one.from_host, two.from_host) == (b"", b"x")
    with pytest.raises(DeviceUnavailable, match=r"@1-1\.2, @1-1\.3"):
        _open(one, two)
    with pytest.raises(DeviceUnavailable, match=r"at port 2-1"):
        _open(one, two, where=f"{PRINTER}@2-1")


def test_serial_number_and_port_together_mean_both() -> None:
    one = FakeDevice(serial="A1", ports=(4,))
    _open(one, where=f"{PRINTER}:A1@1-4").send(b"x")
    assert one.from_host == b"x"
    with pytest.raises(DeviceUnavailable, match="A1 at port 1-5"):
        _open(one, where=f"{PRINTER}:A1@1-5")


def test_a_printer_that_only_listens_is_silent() -> None:
    assert _open(FakeDevice(endpoints=((0x01, BULK),))).receive(0.1) == b""


def test_a_device_that_tells_no_serial_number_is_not_the_one_that_is_meant() -> None:
    with pytest.raises(DeviceUnavailable, match="A1"):
        _open(FakeDevice(serial=""), where=f"{PRINTER}:A1")


def test_a_device_without_a_bulk_endpoint_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="bulk"):
        _open(FakeDevice(endpoints=((0x81, INTERRUPT),)))


@pytest.mark.parametrize(
    ("number", "advice"), [(errno.EACCES, "group lp"), (errno.EBUSY, "another program"), (errno.ENODEV, "plug")]
)
def test_a_device_that_cannot_be_opened_says_what_to_do(number: int, advice: str) -> None:
    with pytest.raises(DeviceUnavailable, match=advice):
        _open(FakeDevice(), open_fails=number)


def test_a_missing_and_a_claimed_device_are_unavailable() -> None:
    with pytest.raises(DeviceUnavailable, match="plug"):
        _open()
    with pytest.raises(DeviceUnavailable, match="another program"):
        _open(FakeDevice(claimed=1))


def test_a_device_unplugged_in_the_middle_is_unavailable_and_one_that_takes_nothing_times_out() -> None:
    device = FakeDevice()
    pipe = _open(device)
    device.takes = 0
    with pytest.raises(DeviceTimeout):
        pipe.send(b"x")
    device.fails = errno.ENODEV
    with pytest.raises(DeviceUnavailable):
        pipe.send(b"x")
    with pytest.raises(DeviceUnavailable):
        pipe.receive(0.1)


@pytest.mark.parametrize("where", ["", "4b8:202", "xxxx:0202", "04b8", "04b8:0202:"])
def test_malformed_usb_addresses_are_refused(where: str) -> None:
    with pytest.raises(Unsupported, match="hex"):
        _open(where=where)
