"""For those who look after the box from elsewhere: what it measures, its log's warnings, its bundle."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from edge_agent.box import Box
from edge_agent.config import Config
from edge_agent.controller_link import Controller
from edge_agent.device_tools.request import Item, Request
from edge_agent.devices import Devices
from edge_agent.diagnostics import Part, Told, as_json, make_bundle, parts_of, recording_of, secrets_of
from edge_agent.diagnostics_sending import BundleSender
from edge_agent.liveness import CHANGE_MS, Beats
from edge_agent.log_forwarding import LogForwarder, LogTail
from edge_agent.machine import machine_state
from edge_agent.masking import Masker
from edge_agent.print_queue import PrinterQueue
from edge_agent.replica_parts import PEOPLE
from edge_agent.replica_pull import ReplicaKeeper
from edge_agent.seams import uuid4
from edge_agent.spooler import Spooler
from edge_agent.stations import Missing
from edge_agent.stores import Seams, Stores
from edge_agent.wire.replica import ReplicaPerson
from edge_agent.wire.telemetry import ReplicaState
from edge_agent.wire.topics import BoxTopic, Family

_REJECTED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked after, and what it is made of."""

    config: Config
    box: Box
    controller: Controller
    devices: Devices
    keeper: ReplicaKeeper
    spooler: Spooler
    stores: Stores
    seams: Seams


class Care:
    """`forwarder` and `sender` are to be run; the log is heard from here on."""

    def __init__(self, looked: Looked) -> None:
        box, seams, config = looked.box, looked.seams, looked.config
        self._looked = looked
        self._names: list[str] = []
        self._secrets = secrets_of(config)
        self.tail = LogTail()
        logging.getLogger().addHandler(self.tail)
        topic = str(BoxTopic(site=config.box.site, box=config.box.id, family=Family.LOG))
        start = uuid4(seams.random).hex
        self.forwarder = LogForwarder(self.tail, seams.session, topic, start, self.masker)
        self.sender = BundleSender(config.box.state_dir, looked.controller, self.bundle, seams.random)
        self.sender.watching = looked.keeper.watching = lambda name: box.beats.once(name, CHANGE_MS)
        looked.devices.beats, looked.devices.count = box.beats, box.measuring.statistics.add
        box.measuring.machine, box.measuring.replica = machine_state, self._replica
        box.collect = self.sender.collect
        looked.keeper.follow(PEOPLE, self._know)

    def runs(self) -> list[tuple[str, LogForwarder | BundleSender | Beats]]:
        """What is to be run, by name."""
        return [("log", self.forwarder), ("diagnostics", self.sender), ("liveness", self._looked.box.beats)]

    def close(self) -> None:
        logging.getLogger().removeHandler(self.tail)

    def masker(self) -> Masker:
        """With hashes of its own."""
        return Masker(self._secrets, self._names, uuid4(self._looked.seams.random).bytes)

    async def bundle(self) -> bytes:
        at = self._looked.seams.clock.now()
        parts = parts_of(self._looked.box.twin.config, at)
        return await make_bundle([*parts, *self._live_parts()], self.masker(), at)

    async def at_the_box(self, request: Request) -> AsyncGenerator[Item, None]:
        """For `shelfwire-agent diagnostics`: the bundle in hexadecimal."""
        del request
        yield {"bundle": (await self.bundle()).hex()}

    async def _replica(self) -> ReplicaState | None:
        found = await self._looked.keeper.state()
        if isinstance(found, Missing):
            return None
        version, age_ms = found
        return ReplicaState(version=version[:64], age=None if age_ms is None else age_ms // 1000)

    async def _know(self, people: Sequence[ReplicaPerson]) -> bool:
        self._names = [person.name for person in people]
        return True

    # --- what only the running agent knows --------------------------------------------------------------------------------------

    def _live_parts(self) -> list[Part]:
        box, spooler = self._looked.box, self._looked.spooler

        async def measured() -> Told:
            return as_json(await box.measuring.measure())

        async def liveness() -> Told:
            return {"loops": box.beats.names(), "over_limit_ms": box.beats.stuck(), "loaded_modules": len(sys.modules)}

        async def queues() -> Told:
            return [_without_content(queue) for queue in await spooler.queues()]

        async def log() -> Told:
            return "".join(f"{line}\n" for line in self.tail.lines())

        return [
            ("telemetry.json", measured),
            ("liveness.json", liveness),
            ("devices.json", self._tell_devices),
            ("queues.json", queues),
            ("outbox.json", self._tell_outbox),
            ("log.txt", log),
            *((f"recordings/{device.id}.jsonl", self._recording(device.id)) for device in box.twin.config.devices),
        ]

    async def _tell_devices(self) -> Told:
        devices = self._looked.devices
        return {
            config.id: {
                "kind": config.kind.value,
                "model": config.model,
                "address": config.address,
                "state": as_json(devices.state(config.id).state),
                "faults": as_json(list(devices.state(config.id).faults)),
                "options": dict(devices.options(config.id)),
                "stood_there": str(devices.identity(config.id) or ""),
            }
            for config in self._looked.box.twin.config.devices
            if devices.config(config.id) is not None
        }

    async def _tell_outbox(self) -> Told:
        outbox, disk = self._looked.stores.outbox, self._looked.seams.disk
        backlog, rejected = await disk.run(lambda: (outbox.backlog(), outbox.rejected(_REJECTED_SHOWN)))
        return {
            "epoch": str(outbox.epoch),
            "waiting": {stream.value: count for stream, count in backlog.streams.items()},
            "oldest_at": backlog.oldest_at,
            "linked": self._looked.box.delivery.is_linked,
            "rejected": [{"name": row.name, "seq": row.seq, "code": code} for row, code in rejected],
        }

    def _recording(self, device: str) -> Callable[[], Awaitable[Told]]:
        async def told() -> Told:
            devices = self._looked.devices
            config = devices.config(device)
            return "" if config is None else recording_of(config.kind, devices.ring(device))

        return told


def _without_content(queue: PrinterQueue) -> dict[str, object]:
    """What waits, without what is on the paper and whom it is for."""
    jobs = [*queue.jobs, *queue.uncertain]
    return {
        "printer": queue.printer,
        "waiting": queue.waiting,
        "oldest_at": queue.oldest_at,
        "reason": None if queue.reason is None else queue.reason.code,
        "jobs": [{"id": job.id, "state": job.state.value, "template": job.template, "since": job.since} for job in jobs],
    }
