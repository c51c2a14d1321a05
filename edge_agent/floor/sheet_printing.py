"""The command sheet from a button: on a receipt printer as one receipt, on a label printer label after label."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from drivers.documents.errors import DocumentError
from drivers.documents.model import Label, Receipt
from drivers.errors import DriverError
from drivers.registry import Kind
from edge_agent.config import DeviceConfig
from edge_agent.devices import PRINTERS, Devices
from edge_agent.floor.port import CannotPrint
from edge_agent.printer_port import NothingSent
from edge_agent.printing import PrinterThread
from edge_agent.stations.sheet import labels, receipt

_log = logging.getLogger(__name__)


class SheetPrinting:
    """One sheet at a time for each printer: who presses again gets the one that is being printed."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._running: dict[str, asyncio.Task[None]] = {}

    async def print(self, config: DeviceConfig | None, language: str) -> None:
        """Returns with the first paper.  Raises CannotPrint."""
        printer = self._devices.printer(config.id) if config is not None and config.kind in PRINTERS else None
        if config is None or printer is None or self._devices.state(config.id).faults:
            raise CannotPrint("" if config is None else config.id)
        running = self._running.get(config.id)
        if running is not None and not running.done():
            return
        first, *others = [receipt(language)] if config.kind is Kind.RECEIPT_PRINTER else labels(language=language)
        try:
            await printer.print_once(first)
        except (DriverError, DocumentError, NothingSent) as error:
            _log.warning("the command sheet could not be printed: %s", error, extra={"device": config.id})
            raise CannotPrint(config.id) from error
        if others:
            self._running[config.id] = asyncio.create_task(_rest(printer, config.id, others), name=f"floor.sheet.{config.id}")


async def _rest(printer: PrinterThread, device: str, papers: Sequence[Label | Receipt]) -> None:
    try:
        for paper in papers:
            await printer.print_once(paper)
    except (DriverError, DocumentError, NothingSent) as error:
        _log.warning("the command sheet ended early: %s", error, extra={"device": device})
