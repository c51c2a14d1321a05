"""What pages and their live regions show: the port's answers, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from edge_agent.floor.live import Watcher
from edge_agent.floor.port import DeviceShown, FloorPort, Goods, QueueShown, StationShown
from edge_agent.stations import Item

SEARCH_RESULTS = 20
MOST_JOBS = 50
"""Of one printer, on one page."""

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Figures:
    """What waits for a person."""

    uncertain: int
    waiting: int
    devices: int


def press_id(shown: StationShown, control: str, more: str = "") -> str:
    """The id that a button is drawn with: the same until the station is not as it was, so that a double click is one press."""
    return sha256(f"{shown.id}\0{shown.revision}\0{control}\0{more}".encode()).hexdigest()[:32]


class Shown:
    """Each method gives a template what it shows."""

    def __init__(self, port: FloorPort) -> None:
        self._port = port
        self.regions = {
            "strip": self.strip,
            "task": self.task,
            "tiles": self.tiles,
            "prints": self.prints,
            "scale": self.scale,
            "status": self.status,
        }

    async def strip(self, watcher: Watcher) -> Values:
        """The devices of the station, or all."""
        devices = list(self._port.devices())
        if watcher.station is not None:
            mine = set((await self._port.station(watcher.station)).devices.values())
            devices = [device for device in devices if device.id in mine]
        return {"devices": devices}

    async def task(self, watcher: Watcher) -> Values:
        return await self.station(watcher.station or "")

    async def station(self, station: str) -> Values:
        shown = await self._port.station(station)
        goods, image = await self._looked_up(shown)
        return {
            "station": shown,
            "goods": goods,
            "image": image,
            "press_id": lambda control, more="": press_id(shown, control, more),
        }

    async def _looked_up(self, shown: StationShown) -> tuple[Goods | None, str | None]:
        """The article that the lookup told of last, and its picture."""
        latest = shown.readings[0] if shown.readings and shown.task == "lookup" else None
        if latest is None or latest.goods is None:
            return None, None
        item = await self._port.look_up(latest.symbol)
        return latest.goods, item.image if isinstance(item, Item) else None

    async def tiles(self, watcher: Watcher) -> Values:
        stations = [await self._port.station(each) for each in self._port.stations()]
        mine = next((each for each in stations if each.id == watcher.station), None)
        queues = await self._port.queues()
        figures = Figures(
            uncertain=sum(job.state == "uncertain" for queue in queues for job in queue.jobs),
            waiting=sum(job.state != "uncertain" for queue in queues for job in queue.jobs),
            devices=sum(_needs_somebody(device) for device in self._port.devices()),
        )
        scales = any(device.kind == "scale" for device in self._port.devices())
        return {
            "stations": stations,
            "mine": mine,
            "figures": figures,
            "has_scale": scales,
            "has_printer": bool(queues),
            "press_id": lambda control, more="": press_id(mine, control, more) if mine else "",
        }

    async def prints(self, _: Watcher) -> Values:
        queues = await self._port.queues()
        return {
            "queues": [_shortened(queue) for queue in queues],
            "hidden": {q.printer.id: len(q.jobs) - MOST_JOBS for q in queues},
        }

    async def scale(self, _: Watcher) -> Values:
        scales = [device for device in self._port.devices() if device.kind == "scale"]
        return {"scales": scales, "weights": self._port.weights()}

    async def status(self, watcher: Watcher) -> Values:
        return {
            "box": await self._port.box(),
            "link": await self._port.link(),
            "devices": self._port.devices(),
            "lines": self._port.log_lines() if sees_log(watcher) else (),
            "may_see_log": sees_log(watcher),
        }


def sees_log(watcher: Watcher) -> bool:
    return not watcher.look.roles.isdisjoint(("it", "admin", "manager"))


def _needs_somebody(device: DeviceShown) -> bool:
    return device.state in ("fault", "unknown", "absent")


def _shortened(queue: QueueShown) -> QueueShown:
    return QueueShown(printer=queue.printer, jobs=queue.jobs[:MOST_JOBS])
