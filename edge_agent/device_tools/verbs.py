"""The verbs over `Devices`: the one implementation, for the agent that runs and for a process that looks without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta

from drivers.devices import PrintProof
from drivers.discovery import Candidate, candidates
from drivers.documents.errors import DocumentError
from drivers.errors import DriverError
from drivers.recording import Entry, Recording, dump_recording
from drivers.registry import Kind, find
from drivers.transports.opening import parse_address
from drivers.udev import Ports
from edge_agent.config import Config, DeviceConfig
from edge_agent.device_events import DeviceEvent, StateChanged, WeightChanged
from edge_agent.device_tools.request import MOST_RECORDED, SIDES, CannotDo, Item, Request
from edge_agent.device_tools.telling import told_candidate, told_device, told_event
from edge_agent.device_tools.test_paper import test_paper
from edge_agent.devices import PRINTERS, Devices
from edge_agent.printer_port import NothingSent
from edge_agent.stations.sheet import labels, receipt

NO_UDEV = "There is no libudev here: what is plugged in cannot be listed. Install the package libudev1."
NOT_RUNNING = "The agent does not run: how the devices are is not known. `read-weight`, `test-print` and `listen` ask one of them."
NOTHING_NEW = "Nothing is plugged in that is not configured already. Devices on the network are not looked for."
_TOLD_WITHIN = 5.0
"""Seconds until a device that is being opened has told its state."""
_COLLECT_EVERY = 0.25
LONGEST = 3600.0
_PROVEN = {
    PrintProof.CONFIRMED: "The printer says that it came out.",
    PrintProof.STATUS_OK: "After the last byte the printer reported no fault; it does not say more.",
    PrintProof.WRITTEN: "The bytes left the box; the printer says nothing back. Look whether it came out.",
}
_Verb = Callable[[Request], AsyncGenerator[Item, None]]


class Verbs:
    """`is_running`: the devices are in use, by the agent or for this request."""

    def __init__(self, configs: Sequence[DeviceConfig], devices: Devices, ports: Ports | None, *, is_running: bool) -> None:
        self._configs = {config.id: config for config in configs}
        self._devices = devices
        self._ports = ports
        self._is_running = is_running
        self._verbs: dict[str, _Verb] = {
            "list": self._list,
            "suggest": self._suggest,
            "test-print": self._test_print,
            "command-sheet": self._command_sheet,
            "read-weight": self._read_weight,
            "listen": self._listen,
            "show": self._show,
            "confirm": self._confirm,
            "record": self._record,
        }

    def learn(self, name: str, verb: _Verb) -> None:
        """Something else that can be asked of the running agent, about more than its devices."""
        self._verbs[name] = verb

    async def reconfigure(self, config: Config) -> None:
        self._configs = {device.id: device for device in config.devices}

    async def do(self, request: Request) -> AsyncGenerator[Item, None]:
        """What there is to tell, as it happens.  Raises CannotDo."""
        verb = self._verbs.get(request.do)
        if verb is None:
            raise CannotDo(f"{request.do!r} is none of: {', '.join(self._verbs)}")
        if not 0 <= request.seconds <= LONGEST:
            raise CannotDo(f"{request.seconds:g} seconds are not possible; expected 0 to {LONGEST:g}")
        if request.width not in SIDES or request.height not in SIDES:
            raise CannotDo(f"a label of {request.width} x {request.height} mm is not possible; expected {SIDES[0]} to {SIDES[-1]}")
        try:
            async for item in verb(request):
                yield item
        except (DriverError, DocumentError, NothingSent) as error:
            raise CannotDo(f"{request.device}: {error}") from error

    # --- looking -----------------------------------------------------------------------------------------------------------------

    async def _list(self, request: Request) -> AsyncGenerator[Item, None]:
        del request
        for config in self._configs.values():
            yield told_device(config, self._devices, is_running=self._is_running)
        for item in await self._unknown():
            yield item
        if self._ports is None:
            yield {"note": NO_UDEV}
        if not self._is_running:
            yield {"note": NOT_RUNNING}

    async def _suggest(self, request: Request) -> AsyncGenerator[Item, None]:
        del request
        if self._ports is None:
            raise CannotDo(NO_UDEV)
        found = await self._unknown()
        for item in found or [{"note": NOTHING_NEW}]:
            yield item

    async def _unknown(self) -> list[Item]:
        """What is plugged in and not configured."""
        found = await asyncio.to_thread(self._candidates)
        return [told_candidate(each, list(self._configs)) for each in found if each.device is None]

    def _candidates(self) -> list[Candidate]:
        if self._ports is None:
            return []
        standing = {config.id: self._ports.at(parse_address(config.address)) for config in self._configs.values()}
        return candidates(self._ports.all(), {device: seen.sys_path for device, seen in standing.items() if seen is not None})

    # --- trying ------------------------------------------------------------------------------------------------------------------

    async def _test_print(self, request: Request) -> AsyncGenerator[Item, None]:
        config = self._config(request.device, PRINTERS, "no printer")
        printer = self._devices.printer(config.id)
        await self._until_usable(config)
        if printer is not None:
            paper = test_paper(config, datetime.now(UTC), request.width, request.height)
            proof = await printer.print_once(paper)
            yield {"proof": proof.value, "message": _PROVEN[proof]}

    async def _command_sheet(self, request: Request) -> AsyncGenerator[Item, None]:
        """A receipt, or one label after the other."""
        if not request.device:
            raise CannotDo("name a label or receipt printer, or a file: -o commands.html")
        config = self._config(request.device, PRINTERS, "no printer")
        printer = self._devices.printer(config.id)
        await self._until_usable(config)
        if printer is None:
            return
        if config.kind is Kind.RECEIPT_PRINTER:
            proof = await printer.print_once(receipt(request.language))
            yield {"proof": proof.value, "message": _PROVEN[proof]}
            return
        sheet = labels(request.width, request.height, request.language)
        for number, label in enumerate(sheet, start=1):
            proof = await printer.print_once(label)
            yield {"proof": proof.value, "message": f"{number} of {len(sheet)}. {_PROVEN[proof]}"}

    async def _read_weight(self, request: Request) -> AsyncGenerator[Item, None]:
        config = self._config(request.device, (Kind.SCALE,), "no scale")
        with self._devices.listening() as events:
            await self._until_usable(config)
            last = self._devices.weight(config.id)
            if last is not None:
                yield told_event(last)
                return
            self._devices.weigh(config.id, by="read-weight")
            try:
                async with asyncio.timeout(request.seconds or _TOLD_WITHIN):
                    weighed = await self._next_weight(config, events)
            except TimeoutError as error:
                raise CannotDo(f"{config.id} tells no weight: put something on it, or take it off again") from error
            finally:
                self._devices.weigh(config.id, wanted=False, by="read-weight")
        yield told_event(weighed)

    async def _next_weight(self, config: DeviceConfig, events: asyncio.Queue[DeviceEvent]) -> DeviceEvent:
        """Raises CannotDo with the scale's own faults."""
        while True:
            event = await events.get()
            if event.device == config.id and isinstance(event.what, WeightChanged):
                return event
            if event.device == config.id and isinstance(event.what, StateChanged):
                self._refuse(config, event.what)

    async def _listen(self, request: Request) -> AsyncGenerator[Item, None]:
        config = self._config(request.device)
        with self._devices.listening() as events:
            if self._devices.is_told(config.id):
                yield told_event(DeviceEvent(config.id, 0, self._devices.state(config.id)))
            try:
                async with asyncio.timeout(request.seconds or LONGEST):
                    while True:
                        event = await events.get()
                        if event.device == config.id:
                            yield told_event(event)
            except TimeoutError:
                return

    async def _show(self, request: Request) -> AsyncGenerator[Item, None]:
        config = self._config(request.device, (Kind.LINE_DISPLAY,), "no line display")
        await self._until_usable(config)
        display = self._devices.display(config.id)
        if display is not None:
            shown = display.show(request.lines)
            if not await asyncio.to_thread(shown.wait, _TOLD_WITHIN):
                raise CannotDo(f"{config.id} took no text: is it on, are its settings right?")
            yield {"shown": list(request.lines)}

    # --- identity and recording --------------------------------------------------------------------------------------------------

    async def _confirm(self, request: Request) -> AsyncGenerator[Item, None]:
        config = self._config(request.device)
        seen = await asyncio.to_thread(self._devices.seen, config.id)
        if seen is None:
            raise CannotDo(f"{config.id}: nothing is plugged in at {config.address} whose identity could be told")
        await asyncio.to_thread(self._devices.confirm, config.id, seen)
        yield {"confirmed": str(seen)}

    async def _record(self, request: Request) -> AsyncGenerator[Item, None]:
        """What the ring holds, and what comes in `seconds` more; it ends early when that is too much for one answer."""
        config = self._config(request.device)
        ring = self._devices.ring(config.id)
        new, place = ring.since()
        entries: list[Entry] = list(new)
        loop = asyncio.get_running_loop()
        end = loop.time() + request.seconds
        room = MOST_RECORDED
        while (left := end - loop.time()) > 0 and room > 0:
            room -= sum(16 + each.size for each in new)
            await asyncio.sleep(min(left, _COLLECT_EVERY))
            new, place = ring.since(place)
            entries += new
        if not entries:
            raise CannotDo(f"{config.id}: nothing passed; use the device while it is recorded (--for SECONDS)")
        recording = Recording(
            device=config.id,
            model=config.model,
            over=find(config.model).over.value,
            options=self._devices.options(config.id),
            entries=tuple(entries),
            started_at=(datetime.now(UTC) - timedelta(seconds=time.monotonic() - entries[0].at)).isoformat(timespec="seconds"),
            descriptor=ring.descriptor,
        )
        yield {"recording": dump_recording(recording), "entries": len(entries)}

    # --- inside ------------------------------------------------------------------------------------------------------------------

    def _config(self, device: str, kinds: Sequence[Kind] = tuple(Kind), otherwise: str = "") -> DeviceConfig:
        config = self._configs.get(device)
        if config is None:
            raise CannotDo(f"there is no device {device!r} in the configuration; there are: {', '.join(self._configs) or 'none'}")
        if config.kind not in kinds:
            raise CannotDo(f"{device} is {otherwise}: it is a {config.kind}")
        return config

    async def _until_usable(self, config: DeviceConfig) -> None:
        """Raises CannotDo with the device's own faults."""
        with self._devices.listening() as events:
            if not self._devices.is_told(config.id):
                try:
                    async with asyncio.timeout(_TOLD_WITHIN):
                        while (event := await events.get()).device != config.id or not isinstance(event.what, StateChanged):
                            pass
                except TimeoutError as error:
                    raise CannotDo(f"{config.id} did not answer within {_TOLD_WITHIN:g} s") from error
        self._refuse(config, self._devices.state(config.id))

    def _refuse(self, config: DeviceConfig, told: StateChanged) -> None:
        if told.faults:
            raise CannotDo(f"{config.id}: {' '.join(each.message for each in told.faults)}")
