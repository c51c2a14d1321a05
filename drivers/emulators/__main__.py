"""``python -m drivers.emulators <protocol> (--pty LINK | --tcp PORT)``: one emulated device, see `drivers.emulators.link`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from drivers.emulators.emulator import PROTOCOLS, BadCommand
from drivers.emulators.lines import Line, PtyLine, TcpLine
from drivers.emulators.link import Link


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m drivers.emulators", description="An emulated device on a pty or a TCP port.")
    parser.add_argument("protocol", choices=sorted(PROTOCOLS))
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--pty", type=Path, metavar="LINK", help="a symlink to make, to be opened as serial:LINK")
    place.add_argument("--tcp", type=int, metavar="PORT", help="a port on 127.0.0.1; 0 for any free one")
    parser.add_argument("--file", type=Path, metavar="FILE", help="what the protocol `recording` plays")
    arguments = parser.parse_args()
    line: Line = PtyLine(arguments.pty) if arguments.pty else TcpLine(arguments.tcp)
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


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
