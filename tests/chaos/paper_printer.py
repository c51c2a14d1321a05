"""Emulated printers on TCP ports whose paper is counted, in the test's own process: pulled out at any byte, and able to lie."""

from __future__ import annotations

import asyncio
import base64
import io
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import zxingcpp
from PIL import Image

from drivers.emulators.emulator import make_emulator
from tests.drivers.printers.paired import Paired

BARCODE_HEIGHT = 120
"""Dots."""

Lie = Callable[[bytes], bytes]
"""What a printer says instead of its answer."""


def honest(answer: bytes) -> bytes:
    return answer


class PaperPrinter:
    """One host at a time, as port 9100 of a printer has it; others wait.

    `cut_after`: so many bytes from now the cable is out, in their middle; `late`: seconds until it answers.
    """

    def __init__(self, protocol: str) -> None:
        self.port = 0
        self.pictures: list[tuple[bytes, int]] = []
        self.lie: Lie = honest
        self.late = 0.0
        self.cut_after: int | None = None
        self.at_cut: Callable[[], None] = lambda: None
        self.received = 0
        self.emulator: Any = make_emulator(protocol, self._reported)  # each has commands of its own
        self._server: asyncio.Server | None = None
        self._is_plugged = False
        self._lines: set[asyncio.StreamWriter] = set()
        self._speaks_to: asyncio.StreamWriter | None = None
        self._turn = asyncio.Lock()

    @property
    def address(self) -> str:
        return f"tcp:127.0.0.1:{self.port}"

    async def switch_on(self) -> None:
        """The port is its own from here on, also while nobody gets through."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def switch_off(self) -> None:
        await self.unplug()
        if self._server is not None:
            self._server.close()

    def plug(self) -> None:
        self._is_plugged = True

    async def unplug(self) -> None:
        self._is_plugged = False
        for line in list(self._lines):
            line.transport.abort()
        while self._lines:
            await asyncio.sleep(0)

    def do(self, what: str, **arguments: object) -> None:
        """A person does something at it."""
        self._say(self.emulator.on_command({"do": what, **arguments}))

    def fault(self, name: str, *, on: bool = True) -> None:
        self.do("fault", name=name, on=on)

    def copies(self) -> Counter[str]:
        """By the code on the paper."""
        found: Counter[str] = Counter()
        for picture, copies in self.pictures:
            for code in codes_on(picture):
                found[code] += copies
        return found

    def copies_like(self, picture: bytes) -> int:
        return sum(copies for each, copies in self.pictures if each == picture)

    def _reported(self, report: Mapping[str, object]) -> None:
        if report["event"] == "paper":
            self.pictures.append((base64.b64decode(str(report["png_b64"])), int(str(report["copies"]))))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_plugged:
            writer.transport.abort()
            return
        self._lines.add(writer)
        try:
            async with self._turn:
                await self._listen(reader, writer)
        except ConnectionError:
            return
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._speaks_to = writer
        while data := await reader.read(65536):
            is_cut = self.cut_after is not None and self.cut_after <= len(data)
            taken = data[: self.cut_after] if is_cut else data
            self.received += len(taken)
            self._say(self.emulator.on_bytes(taken))
            if is_cut:
                self.cut_after = None
                self._is_plugged = False
                self.at_cut()
                writer.transport.abort()
                return
            if self.cut_after is not None:
                self.cut_after -= len(data)

    def _say(self, answer: bytes) -> None:
        said = self.lie(answer) if answer else b""
        if said and self._speaks_to is not None:
            asyncio.get_running_loop().call_later(self.late, _write, self._speaks_to, said)


def _write(line: asyncio.StreamWriter, data: bytes) -> None:
    if not line.is_closing():
        line.write(data)


@cache
def codes_on(picture: bytes) -> tuple[str, ...]:
    """What the paper says in its barcodes: none on one that was torn, two where a torn receipt hangs on the next one.

    A reader may see one barcode twice, at nearly the same height.
    """
    found: list[tuple[str, int]] = []
    for symbol in zxingcpp.read_barcodes(Image.open(io.BytesIO(picture))):
        height = symbol.position.top_left.y
        if all(text != symbol.text or abs(other - height) > BARCODE_HEIGHT for text, other in found):
            found.append((symbol.text, height))
    return tuple(text for text, _ in found)


def picture_of(model: str, kind: str, document: Any, *, copy_mark: bool) -> bytes:
    """What this document looks like on the paper of this printer."""
    pair = Paired(model)
    encode = pair.driver.encode_label if kind == "label" else pair.driver.encode_receipt
    pair.driver.send(encode(document, copy_mark=copy_mark))
    return base64.b64decode(str(next(report["png_b64"] for report in pair.reports if report["event"] == "paper")))
