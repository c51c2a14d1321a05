"""A printer's driver on its emulator, without a process: what one writes, the other reads."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import zxingcpp
from PIL import Image

from drivers.emulators.emulator import Emulator, make_emulator
from drivers.registry import find
from drivers.transports.buffered import Buffered


class _Wire:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.answers = b""

    def send(self, data: bytes) -> None:
        self.answers += self._emulator.on_bytes(data)

    def receive(self, timeout: float) -> bytes:
        del timeout
        answers, self.answers = self.answers, b""
        return answers

    def close(self) -> None:
        self.answers = b""


class Paired:
    """`driver`, `emulator`, and what a bystander saw."""

    def __init__(self, model: str, options: Mapping[str, object] | None = None, protocol: str | None = None) -> None:
        self.reports: list[Mapping[str, object]] = []
        self.emulator: Any = make_emulator(protocol or model, self.reports.append)  # tests look at `unknown` too
        self._model, self._options = model, options
        self.reconnect()

    def reconnect(self) -> None:
        """A new driver on a new connection to the same printer."""
        self._wire = _Wire(self.emulator)
        self.driver: Any = find(self._model).build(Buffered(self._wire, "pair"), self._options)

    def do(self, what: str, **arguments: object) -> None:
        """A person does something at the printer; what it says to that is on the line."""
        self._wire.answers += self.emulator.on_command({"do": what, **arguments})

    def fault(self, name: str, *, on: bool = True) -> None:
        self.do("fault", name=name, on=on)

    @property
    def papers(self) -> list[Image.Image]:
        return [
            Image.open(BytesIO(base64.b64decode(str(report["png_b64"])))).convert("L")
            for report in self.reports
            if report["event"] == "paper"
        ]

    @property
    def copies(self) -> int:
        return sum(int(str(report["copies"])) for report in self.reports if report["event"] == "paper")


def read_back(image: Image.Image) -> list[str]:
    """The texts of all symbols on a picture, dot by dot: of half the dots, a bar of three is read as one of two or of four."""
    return [symbol.text for symbol in zxingcpp.read_barcodes(image, try_downscale=False)]


def ink(image: Image.Image, area: tuple[int, int, int, int]) -> int:
    """Black dots in an area (left, top, right, bottom)."""
    return image.crop(area).histogram()[0]
