"""A USB printer of class 7, through the kernel's usblp and through libusb."""

from __future__ import annotations

import pytest

from drivers.devices import PrinterStatus, PrintProof, Readiness
from drivers.errors import DeviceUnavailable
from tests.device.guest import Guest
from tests.device.peers import usb_printer

LP = "/dev/shelfwire/by-port/*-lp"
USBLP = f"file:{LP}"
PYUSB = "usb:04b8:0e15"
LINES = [f"{number:3d} Äpfel, Gewürze {'=' * (number % 20)}" for number in range(300)]  # the guest has no fonts for pictures

through = pytest.mark.parametrize("address", [USBLP, PYUSB], ids=["usblp", "pyusb"])


def plugged(guest: Guest, address: str) -> str:
    """The address, with the kernel's file in it, once the printer is there."""
    return address.replace(LP, guest.node(LP))


@through
def test_a_receipt_arrives_byte_for_byte_and_is_confirmed(guest: Guest, address: str) -> None:
    printer = usb_printer(guest.usbip, "escpos")
    guest.plug(printer)
    with guest.held("escpos", plugged(guest, address)) as held:
        assert held.call(PrinterStatus, "status").readiness is Readiness.OK
        receipt = held.ask(bytes, "encode", lines=LINES)
        before = len(printer.printed)
        held.ask(object, "send")
        printed = printer.wait_printed(before + len(receipt), 20)[before:]
        assert printed.lstrip(b"\0").startswith(receipt.lstrip(b"\0"))
        assert held.ask(PrintProof, "prove", timeout=10.0) is PrintProof.CONFIRMED


@through
def test_paper_out_and_an_open_cover_are_told_and_so_is_their_end(guest: Guest, address: str) -> None:
    printer = usb_printer(guest.usbip, "escpos")
    guest.plug(printer)
    with guest.held("escpos", plugged(guest, address)) as held:
        for fault in ("paper_out", "cover_open"):
            printer.tell({"do": "fault", "name": fault, "on": True})
            status = held.call(PrinterStatus, "status")
            assert (status.readiness, fault in status.faults) == (Readiness.FAULT, True)
            printer.tell({"do": "fault", "name": fault, "on": False})
            assert held.call(PrinterStatus, "status").readiness is Readiness.OK


@through
def test_a_printer_pulled_in_the_middle_is_unavailable_and_usable_when_it_is_back(guest: Guest, address: str) -> None:
    printer = usb_printer(guest.usbip, "escpos")
    guest.plug(printer)
    with guest.held("escpos", plugged(guest, address)) as held:
        receipt = held.ask(bytes, "encode", lines=LINES)
        printer.unplug_after(len(receipt) // 2)
        with pytest.raises(DeviceUnavailable):
            held.ask(object, "send")
            held.ask(object, "prove", timeout=5.0)  # usblp takes what its buffer holds before the plug is felt
        with pytest.raises(DeviceUnavailable):
            held.call(PrinterStatus, "status")
    guest.wait_for(f"! ls {LP} >/dev/null 2>&1")
    printer.printed.clear()
    guest.plug(printer)
    with guest.held("escpos", plugged(guest, address)) as held:
        receipt = held.ask(bytes, "encode", lines=["again"])
        held.ask(object, "send")
        assert held.ask(PrintProof, "prove", timeout=10.0) is PrintProof.CONFIRMED
        assert receipt in printer.printed


def test_the_kernels_driver_is_given_back_when_the_usb_address_is_closed(guest: Guest) -> None:
    guest.plug(usb_printer(guest.usbip, "escpos"))
    path = guest.node(LP)
    for _ in range(2):
        with guest.held("escpos", PYUSB) as held:
            held.call(PrinterStatus, "status")
            assert guest.shell(f"ls {LP} 2>/dev/null || true") == ""
            with pytest.raises(DeviceUnavailable, match="another program"), guest.held("escpos", PYUSB):
                pass
        guest.wait_for(f"[ -e {path} ]")
    with guest.held("escpos", f"file:{path}") as held:
        assert held.call(PrinterStatus, "status").readiness is Readiness.OK


def test_a_printer_that_usblp_holds_open_for_another_program_is_busy(guest: Guest) -> None:
    guest.plug(usb_printer(guest.usbip, "escpos"))
    path = guest.node(LP)
    with (
        guest.held("escpos", f"file:{path}"),
        pytest.raises(DeviceUnavailable, match="another program"),
        guest.held("escpos", f"file:{path}"),
    ):
        pass


def test_two_identical_printers_are_told_apart_by_their_serial_numbers(guest: Guest) -> None:
    printers = {serial: usb_printer(guest.usbip, "escpos", serial=serial) for serial in ("A1", "A2")}
    for printer in printers.values():
        guest.plug(printer)
    guest.wait_for(f"[ $(ls {LP} | wc -l) = 2 ]")
    with pytest.raises(DeviceUnavailable, match="serial number"), guest.held("escpos", PYUSB):
        pass
    for serial, printer in printers.items():
        with guest.held("escpos", f"{PYUSB}:{serial}") as held:
            receipt = held.ask(bytes, "encode", lines=[serial])
            held.ask(object, "send")
            printer.wait_printed(len(receipt))
            assert held.ask(PrintProof, "prove", timeout=10.0) is PrintProof.CONFIRMED
        assert [each for each, one in printers.items() if receipt in one.printed] == [serial]
