"""A printer that counts its paper, and all that goes wrong with one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness
from drivers.documents.model import Label, Receipt
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable
from edge_agent.printer_port import NothingSent

COPY_MARK = "COPY "


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """How bad a printer is: probabilities per step."""

    not_ready: float = 0
    before_first_byte: float = 0
    after_first_byte: float = 0
    silence: float = 0
    """At the proof: the paper is out, and the printer says nothing, or that it stopped."""
    crash: float = 0
    """Of the box, while it waits for its printer."""


FINE = Trouble()
SHOP_FLOOR = Trouble(not_ready=0.05, before_first_byte=0.05, after_first_byte=0.05, silence=0.05, crash=0.03)


@dataclass(frozen=True)
class Paper:
    """One sheet or label that lies in the printer's tray."""

    text: str
    is_copy: bool


class SimPrinter:
    """`edge_agent.spooler.PrinterPort`.  It outlives its box's processes: what was sent comes out, whoever is left to see it."""

    def __init__(self, random: Random, trouble: Callable[[], Trouble], crash: Callable[[], None]) -> None:
        self.papers: list[Paper] = []
        self._random = random
        self._trouble = trouble
        self._crash = crash
        self._ready_at = 0.0

    def shows(self, text: str) -> bool:
        """Whether it is on paper: what a person sees who goes there."""
        return any(text in paper.text for paper in self.papers)

    def with_text(self, text: str) -> list[Paper]:
        return [paper for paper in self.papers if text in paper.text]

    async def status(self) -> PrinterStatus:
        await self._step()
        if self._happens(self._trouble().not_ready):
            self._ready_at = asyncio.get_running_loop().time() + self._random.uniform(1, 20)
        if asyncio.get_running_loop().time() >= self._ready_at or self._trouble() is FINE:
            return PrinterStatus(Readiness.OK)
        return self._random.choice([PrinterStatus(Readiness.FAULT, ("paper_out",)), PrinterStatus(Readiness.UNKNOWN)])

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        await self._step()
        return Encoded(f"{COPY_MARK if copy_mark else ''}{document!r}".encode(), copies)

    async def send(self, encoded: Encoded) -> None:
        await self._step()
        if self._happens(self._trouble().before_first_byte):
            raise NothingSent("the cable is out")
        if self._happens(self._trouble().after_first_byte):
            if self._random.random() < 0.5:
                self._come_out(encoded)
            raise self._random.choice([DeviceUnavailable("gone in the middle"), DeviceTimeout("it takes no more")])
        self._come_out(encoded)
        await self._step()

    async def prove(self, _: Encoded, timeout: float) -> PrintProof:
        await self._step()
        if self._happens(self._trouble().silence):
            await asyncio.sleep(timeout)
            raise self._random.choice([DeviceTimeout("silence"), DeviceFault("it stopped", ("paper_out",))])
        return PrintProof.CONFIRMED

    def _come_out(self, encoded: Encoded) -> None:
        text = encoded.data.decode()
        self.papers += [Paper(text, text.startswith(COPY_MARK))] * encoded.copies

    async def _step(self) -> None:
        """Time goes by, and this is where a box may die."""
        await asyncio.sleep(self._random.uniform(0.01, 0.3))
        if self._happens(self._trouble().crash):
            self._crash()
            await asyncio.sleep(3600)

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability
