"""A printer as the spooler uses it; in life the device's thread is behind it (`edge_agent/printing.py`)."""

from __future__ import annotations

from typing import Protocol

from drivers.devices import Encoded, PrinterStatus, PrintProof
from drivers.documents.model import Label, Receipt


class NothingSent(Exception):
    """Not a byte of the job has left the box: it may be sent again as if nothing had happened."""


class PrinterPort(Protocol):
    """All raise DriverErrors."""

    async def status(self) -> PrinterStatus: ...

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        """Raises Unsupported (this printer can never print that), DocumentError."""
        ...

    async def send(self, encoded: Encoded) -> None:
        """Raises NothingSent when it is sure that no byte left."""
        ...

    async def prove(self, encoded: Encoded, timeout: float) -> PrintProof: ...  # noqa: ASYNC109 -- the device's own limit
