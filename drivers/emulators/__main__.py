"""``python -m drivers.emulators <protocol> (--pty LINK | --tcp PORT | --usbip PORT)``: one emulated device.

What it is told and tells: `drivers.emulators.link`.  ``--list`` says which there are, with their commands and faults.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from drivers.emulators.emulator import LINE_FAULTS, PROTOCOLS, BadCommand, about
from drivers.emulators.lines import Line, PtyLine, TcpLine
from drivers.emulators.link import Link
from drivers.emulators.usbip import UsbipLine
from drivers.emulators.usbip_shapes import SHAPES, shape_of


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m drivers.emulators", description="An emulated device on a pty or a TCP port.")
    parser.add_argument("protocol", choices=sorted(PROTOCOLS))
    parser.add_argument("--list", action=_List, nargs=0, help="every protocol with its commands and faults, a line each")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--pty", type=Path, metavar="LINK", help="a symlink to make, to be opened as serial:LINK")
    place.add_argument("--tcp", type=int, metavar="PORT", help="a port on 127.0.0.1; 0 for any free one")
    place.add_argument("--usbip", type=int, metavar="PORT", help="a USB device on 127.0.0.1, to be attached by a kernel's vhci_hcd")
    parser.add_argument("--usb-ids", default="", metavar="VVVV:PPPP", help="with --usbip: other vendor and product ids, in hex")
    parser.add_argument("--usb-serial", default="", metavar="TEXT", help="with --usbip: another serial number")
    parser.add_argument("--file", type=Path, metavar="FILE", help="what the protocol `recording` plays")
    arguments = parser.parse_args()
    try:
        line = _line(arguments)
    except BadCommand as error:
        sys.exit(str(error))
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    try:
        first = [{"do": "load", "file": str(arguments.file)}] if arguments.file else []
        Link(arguments.protocol, line, sys.stdin.fileno(), sys.stdout.fileno(), first).run()
    except BadCommand as error:
        sys.exit(str(error))
    except BrokenPipeError:
        sys.exit(0)  # whoever started us is gone
    except OSError as error:
        sys.exit(f"cannot be plugged in at {line.address}: {error}")


def _line(arguments: argparse.Namespace) -> Line:
    """Where it is to be plugged in.  Raises BadCommand."""
    if arguments.usbip is not None:
        return UsbipLine(shape_of(arguments.protocol, arguments.usb_ids, arguments.usb_serial), arguments.usbip)
    if arguments.protocol in SHAPES and SHAPES[arguments.protocol].is_hid:
        raise BadCommand(f"{arguments.protocol} speaks in USB reports, which no serial or network line carries: use --usbip PORT")
    return PtyLine(arguments.pty) if arguments.pty else TcpLine(arguments.tcp)


class _List(argparse.Action):
    """Print what there is, and leave; the faults that all lines have stand on the last line."""

    def __call__(self, *_: object) -> None:
        widest = max(map(len, PROTOCOLS))
        for protocol in sorted(PROTOCOLS):
            what = about(protocol)
            faults = f"  faults: {' '.join(what.faults)}" if what.faults else ""
            print(f"{protocol:{widest}}  {what.kind or 'any':15}  commands: {' '.join(what.commands)}{faults}")
        print(f"{'every one':{widest}}  {'':15}  faults: {' '.join(LINE_FAULTS)}")
        sys.exit(0)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
