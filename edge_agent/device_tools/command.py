"""`shelfwire-agent devices …`: its arguments, who does it, and what is printed.

Exit status: 0 done; 1 it could not be done, with a sentence; 2 the configuration or the arguments are wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncGenerator
from importlib import import_module
from pathlib import Path

from edge_agent.config import BoxConfig, BrokerConfig, Config, load_config
from edge_agent.config_command import held
from edge_agent.device_tools.alone import do_alone, find_udev
from edge_agent.device_tools.ear import NobodyThere, ask
from edge_agent.device_tools.printing import shown
from edge_agent.device_tools.request import SIDES, CannotDo, Item, Request
from edge_agent.stations.model import LANGUAGES

CONFIG = Path("/etc/shelfwire/agent.toml")
FAILED = 1
_NOTHING_YET = Config(box=BoxConfig(id="", site="", state_dir=Path("/nonexistent")), broker=BrokerConfig(host="", port=1883))
"""For the first of all questions, what is plugged in: its answer is where a configuration begins."""
_FOR_ITS_OWNER = 0o600
"""A recording is business data."""
_VERBS = {
    "list": "what is configured, how it is, and what is plugged in besides",
    "suggest": "what is plugged in and not configured, as blocks to paste into the configuration",
    "test-print": "print a label or a receipt on a printer, and say what it proves",
    "read-weight": "what a scale shows now",
    "listen": "what a device tells as it happens; what is scanned meanwhile is booked as always if the agent runs",
    "show": "show a text on a line display",
    "confirm": "the device that stands there now takes over the name and the role",
    "rule": "the udev rule that lets the agent use a device, by its id or its device file; without one, of all that need one",
    "command-sheet": "the barcodes of all commands: on a printer, or with -o as a page for any printer",
    "calibration": "the sheet with the barcode that teaches a scanner its options",
    "record": "what passed between a device and the box, as a file",
    "replay": "play a recording's device on a pty or a TCP port, or print it as a regression test",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs and what each takes."""
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="PATH", help=f"the agent's configuration; default: {CONFIG}")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of text")
    verbs = parser.add_subparsers(dest="what", required=True, metavar="VERB")
    made = {name: verbs.add_parser(name, help=text, description=text) for name, text in _VERBS.items()}
    for name in ("test-print", "read-weight", "listen", "show", "confirm", "record"):
        made[name].add_argument("device", metavar="ID", help="the device's id in the configuration")
    made["test-print"].add_argument("--size", type=_size, default=(50, 25), metavar="WxH", help="of a label in mm; default: 50x25")
    made["show"].add_argument("text", nargs="+", metavar="TEXT", help="a line each")
    made["listen"].add_argument("--for", dest="seconds", type=float, default=0.0, metavar="SECONDS", help="default: until Ctrl+C")
    made["rule"].add_argument("device", nargs="?", default="", metavar="ID", help="a configured device, or a device file")
    made["calibration"].add_argument("-o", dest="out", type=Path, required=True, metavar="FILE", help="a .pdf or .png")
    sheet = made["command-sheet"]
    sheet.add_argument("device", nargs="?", default="", metavar="ID", help="a label or receipt printer (80 mm)")
    sheet.add_argument("-o", dest="out", type=Path, metavar="FILE", help="a .html file, to be printed from a browser")
    sheet.add_argument("--size", type=_size, default=(60, 30), metavar="WxH", help="of a label in mm; default: 60x30")
    sheet.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0])
    made["record"].add_argument(
        "--for", dest="seconds", type=float, default=0.0, metavar="SECONDS", help="what passed, and so much more"
    )
    made["record"].add_argument("-o", dest="out", type=Path, required=True, metavar="FILE", help="such as scale.jsonl")
    made["replay"].add_argument("file", type=Path, metavar="FILE")
    place = made["replay"].add_mutually_exclusive_group(required=True)
    place.add_argument("--pty", type=Path, metavar="LINK", help="a symlink to make, to be opened as serial:LINK")
    place.add_argument("--tcp", type=int, metavar="PORT", help="a port on 127.0.0.1; 0 for any free one")
    place.add_argument("--as-test", action="store_true", help="print a pytest test of what our driver makes of it")


def run(chosen: argparse.Namespace) -> int:
    """Raises ConfigErrors."""
    files = import_module("edge_agent.device_tools.files")  # by name: the agent, which runs this module too, needs no Pillow
    try:
        match chosen.what:
            case "calibration":
                print(files.write_calibration(chosen.out))  # noqa: T201 -- a command's output
            case "command-sheet" if chosen.out is not None:
                print(files.write_sheet(chosen.out, chosen.language))  # noqa: T201
            case "replay":
                return int(files.play(chosen.file, pty=chosen.pty, tcp=chosen.tcp, as_test=chosen.as_test))
            case "rule":
                config = held(load_config(chosen.config)) if chosen.config.exists() else None
                print(files.rules(config, chosen.device, find_udev()))  # noqa: T201
            case _:
                is_first = chosen.what == "suggest" and not chosen.config.exists()
                asyncio.run(_tell(_NOTHING_YET if is_first else held(load_config(chosen.config)), chosen))
    except CannotDo as error:
        print(error, file=sys.stderr)  # noqa: T201
        return FAILED
    except KeyboardInterrupt:
        return 0
    return 0


async def _tell(config: Config, chosen: argparse.Namespace) -> None:
    width, height = getattr(chosen, "size", (50, 25))
    request = Request(
        do=chosen.what,
        device=getattr(chosen, "device", ""),
        seconds=getattr(chosen, "seconds", 0.0),
        lines=tuple(getattr(chosen, "text", ())),
        width=width,
        height=height,
        language=getattr(chosen, "language", LANGUAGES[0]),
    )
    async with contextlib.aclosing(answers(config, request)) as items:
        async for item in items:
            if chosen.what == "record":
                item = store(chosen.out, item)  # noqa: PLW2901 -- what is told of it instead
            print(json.dumps(item, ensure_ascii=False) if chosen.json else shown(chosen.what, item), flush=True)  # noqa: T201


async def answers(config: Config, request: Request) -> AsyncGenerator[Item, None]:
    """From the agent if it runs, else from the devices themselves.  Raises CannotDo."""
    try:
        async with contextlib.aclosing(ask(config.box.state_dir, request)) as items:
            async for item in items:
                yield item
    except NobodyThere:
        async with contextlib.aclosing(do_alone(config, request)) as items:
            async for item in items:
                yield item


def store(out: Path, item: Item) -> Item:
    """Store a recording; what is told of it instead.  Raises CannotDo."""
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FOR_ITS_OWNER)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            if out.is_file():  # one that was there keeps its mode otherwise
                os.fchmod(descriptor, _FOR_ITS_OWNER)
            opened.write(str(item.get("recording", "")))
    except OSError as error:
        raise CannotDo(f"{out} cannot be written: {error.strerror}") from error
    return {"message": f"{out}: {item.get('entries')} entries. It holds what was scanned, weighed and printed.", "file": str(out)}


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) in SIDES and int(height) in SIDES):
        raise argparse.ArgumentTypeError(f"{text!r} is no size in mm between 10x10 and 300x300, such as 50x25")
    return int(width), int(height)
