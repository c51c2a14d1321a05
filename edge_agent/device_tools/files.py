"""The verbs that need no device: the calibration sheet, rules, recordings."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from io import BytesIO
from pathlib import Path

from PIL import Image

from drivers.discovery import Candidate, candidates, local_rule
from drivers.documents.model import Barcode, Label, Symbology, Text
from drivers.documents.preview import label_png
from drivers.emulators.emulator import BadCommand
from drivers.emulators.lines import Line, PtyLine, TcpLine
from drivers.emulators.link import Link
from drivers.errors import Unsupported
from drivers.recording import Recording, load_recording
from drivers.regression import regression_test
from drivers.scanners.calibration import CALIBRATION_ELEMENTS
from drivers.transports.opening import parse_address
from drivers.udev import Ports
from edge_agent.config import Config
from edge_agent.device_tools.request import CannotDo
from edge_agent.stations.sheet_page import sheet_page

LOCAL_RULES = "/etc/udev/rules.d/69-shelfwire-local.rules"
_DPI = 300
_NOTHING = "nothing is plugged in that a shop uses"
_SHEET = (
    "Scan one of the two codes, once, with the scanner that the box is to learn.",
    "请用要设置的扫描枪扫描其中一个码，扫一次即可。",
    "The box then knows its keyboard layout, its prefix and suffix, and what it sends for FNC1.",
)


def write_calibration(out: Path) -> str:
    """A page with the calibration barcode, as PDF or PNG.  Raises CannotDo."""
    if out.suffix.lower() not in (".pdf", ".png"):
        raise CannotDo(f"{out} must end in .pdf or .png")
    with Image.open(BytesIO(label_png(calibration_sheet(), _DPI))) as image:
        _saved(out, image)
    return f"{out}: print it at its own size, then scan one of its two codes, once, with the scanner that the box is to learn"


def write_sheet(out: Path, language: str) -> str:
    """The command sheet as a page.  Raises CannotDo."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise CannotDo(f"{out} must end in .html")
    try:
        out.write_text(sheet_page(language), encoding="utf-8")
    except OSError as error:
        raise CannotDo(f"{out} cannot be written: {error.strerror}") from error
    return f"{out}: open it in a browser and print it at 100 %"


def calibration_sheet() -> Label:
    """As a DataMatrix, and as bars for scanners that read only these."""
    width = 150
    texts = tuple(
        Text(x=_mm(5), y=_mm(5 + 8 * index), width=_mm(width - 10), height=_mm(5), text=text, lines=2)
        for index, text in enumerate(_SHEET)
    )
    code = Barcode(
        x=_mm(60), y=_mm(30), width=_mm(30), height=_mm(30), symbology=Symbology.GS1_DATAMATRIX, data=CALIBRATION_ELEMENTS
    )
    bars = Barcode(
        x=_mm(5), y=_mm(75), width=_mm(width - 10), height=_mm(25), symbology=Symbology.GS1_128, data=CALIBRATION_ELEMENTS
    )
    return Label(width=_mm(width), height=_mm(110), elements=(*texts, code, bars))


def rules(config: Config | None, wanted: str, ports: Ports | None) -> str:
    """The local rule for a configured device or a device file; for everything that can be configured where nothing is named.

    Raises CannotDo.
    """
    if ports is None:
        raise CannotDo("there is no libudev here: the rule cannot be known. Install the package libudev1")
    node = wanted
    for device in config.devices if config is not None else ():
        if device.id == wanted:
            seen = ports.at(parse_address(device.address))
            if seen is None:
                raise CannotDo(f"{wanted}: nothing is plugged in at {device.address} that udev knows")
            node = seen.node
    found = [each for each in candidates(ports.all()) if not wanted or each.seen.node == os.path.realpath(node)]
    if not found:
        raise CannotDo(
            f"there is no device {wanted!r}: give its id in the configuration, or its device file" if wanted else _NOTHING
        )
    return "\n".join([f"# to {LOCAL_RULES}, then: udevadm control --reload && udevadm trigger", *map(_rule, found)])


def _rule(candidate: Candidate) -> str:
    return f"# {candidate.identity}\n{local_rule(candidate)}"


def play(file: Path, *, pty: Path | None, tcp: int | None, as_test: bool) -> int:
    """A recording as a device, until standard input ends or Ctrl+C; or as a test on standard output.  Raises CannotDo."""
    try:
        recording = _loaded(file)
        if as_test:
            print(regression_test(recording), end="")  # noqa: T201 -- a command's output
            return 0
        line: Line = PtyLine(pty) if pty is not None else TcpLine(tcp or 0)
        Link("recording", line, sys.stdin.fileno(), sys.stdout.fileno(), [{"do": "load", "file": str(file)}]).run()
    except (BadCommand, Unsupported) as error:
        raise CannotDo(str(error)) from error
    except OSError as error:
        raise CannotDo(
            f"{pty or f'port {tcp}'} cannot be made ({error.strerror or error}): take a path in a folder that is there, or a port "
            "that is free"
        ) from error
    return 0


def _loaded(file: Path) -> Recording:
    """Raises CannotDo, Unsupported."""
    try:
        return load_recording(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CannotDo(f"{file} cannot be read ({why}): name a file that `devices record` wrote") from error


def _saved(out: Path, image: Image.Image) -> None:
    try:
        image.save(out, resolution=_DPI, dpi=(_DPI, _DPI))
    except OSError as error:
        raise CannotDo(f"{out} cannot be written: {error}") from error


def _mm(value: int) -> Decimal:
    return Decimal(value)
