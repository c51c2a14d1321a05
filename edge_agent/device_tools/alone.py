"""The verbs without a running agent: this process opens the one device that it is about, and lets go of it afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from drivers.errors import Unsupported
from drivers.udev import Ports, Udev
from edge_agent.config import Config
from edge_agent.device_events import DeviceEvent
from edge_agent.device_tools.request import CannotDo, Item, Request
from edge_agent.device_tools.verbs import Verbs
from edge_agent.devices import Devices
from edge_agent.errors import FactsUnavailable, StateInUse
from edge_agent.known_devices import KnownDevices
from edge_agent.seams import SystemClock, system_random
from edge_agent.state_lock import StateLock

LOOKING = ("list", "suggest", "confirm")
"""Verbs that open no device."""


async def do_alone(config: Config, request: Request, ports: Ports | None = None) -> AsyncGenerator[Item, None]:
    """Raises CannotDo; among others if an agent runs that did not answer."""
    lock = _lock(config.box.state_dir)
    try:
        known = KnownDevices(config.box.state_dir if lock is not None else None)
        wanted = () if request.do in LOOKING else tuple(each for each in config.devices if each.id == request.device)
        configs = wanted or config.devices
        udev = ports or find_udev()
        devices = Devices(configs, _nobody_hears, SystemClock(), system_random(), known, udev)
        verbs = Verbs(configs, devices, udev, is_running=bool(wanted))
        running = asyncio.create_task(devices.run()) if wanted else None
        try:
            async for item in verbs.do(request):
                yield item
        finally:
            if running is not None:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    finally:
        if lock is not None:
            lock.release()


def find_udev() -> Udev | None:
    try:
        return Udev()
    except Unsupported:
        return None


def _lock(folder: Path) -> StateLock | None:
    """None where there is no state yet, or none that this user may write: then nothing is remembered."""
    if not folder.is_dir():
        return None
    try:
        return StateLock(folder)
    except StateInUse as error:
        raise CannotDo(f"the agent on {folder} does not answer: is it just starting or stopping?") from error
    except FactsUnavailable:
        return None


def _nobody_hears(event: DeviceEvent) -> None:
    del event
