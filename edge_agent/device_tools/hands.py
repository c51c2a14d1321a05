"""What commands do to devices, in the running agent."""

from __future__ import annotations

from edge_agent.device_tools.request import CannotDo, Request
from edge_agent.device_tools.verbs import Verbs
from edge_agent.devices import Devices
from edge_agent.effects import DeviceRefused, NoSuchDevice


class DeviceHands:
    """`edge_agent.effects.Hands`."""

    def __init__(self, devices: Devices, verbs: Verbs) -> None:
        self._devices = devices
        self._verbs = verbs

    async def restart(self, device: str) -> None:
        if not await self._devices.restart(device):
            raise NoSuchDevice(f"this box has no device {device!r}")

    async def test_paper(self, printer: str) -> str:
        if self._devices.printer(printer) is None:
            raise NoSuchDevice(f"this box has no printer {printer!r}")
        try:
            told = [str(item["message"]) async for item in self._verbs.do(Request(do="test-print", device=printer))]
        except CannotDo as error:
            raise DeviceRefused(str(error)) from error
        return " ".join(told)
