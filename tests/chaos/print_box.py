"""A box that prints, forked from a process that has everything loaded: it starts within some milliseconds, and can be killed often.

python -m tests.chaos.print_box        one life per JSON line in, one JSON line out with how it ended

    {"folder": …, "devices": [{"id": …, "kind": …, "model": …, "address": …, "stand_ins": […]}], "failpoints": {"print.…": "crash"},
     "kill_after": 0.05, "proof_seconds": 1}

In a life everything below the spooler is the product's own: journal, disk thread, devices' threads, drivers.  It ends with SIGKILL
(its own by a failpoint, or ours after `kill_after` seconds), or by itself once all that is left waits for a person.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from drivers.documents.templates import Template, load_template
from drivers.registry import Kind, find
from drivers.testing import ScriptedPipe
from drivers.transports.buffered import Buffered
from edge_agent import print_attempt, seams
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, StateChanged
from edge_agent.devices import Devices
from edge_agent.disk import ThreadDisk
from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.jobs import TERMINAL
from edge_agent.journal import Journal
from edge_agent.outbox import Identity, Outbox
from edge_agent.seams import SystemClock
from edge_agent.spooler import Spooler
from edge_agent.standing_in import StandIn
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Condition, JobRequest

STAND_IN_AFTER = 0.1
LIFE = 20.0
"""Seconds; a bound for one life, not a time that is waited."""
LABEL = b"""{"name": "label", "kind": "label", "width": "60", "height": "40",
  "fields": {"code": {"type": "text", "about": "The job's id"}},
  "elements": [{"type": "barcode", "x": "2", "y": "5", "width": "56", "height": "15", "symbology": "code128", "data": "{code}"}]}"""
RECEIPT = b"""{"name": "receipt", "kind": "receipt", "fields": {"code": {"type": "text", "about": "The job's id"}},
  "parts": [{"type": "line", "text": "{code}"}, {"type": "code", "symbology": "code128", "data": "{code}"}]}"""
BODIES = {"label": LABEL, "receipt": RECEIPT}


def request_for(job: str, kind: str, **more: Any) -> JobRequest:
    return JobRequest(template=kind, version=kind, data={"code": job}, **more)


async def template_of(name: str, _: str) -> Template:
    return load_template(BODIES[name])


def open_journal(folder: Path) -> Journal:
    """Raises FactsUnavailable.  The caller closes `journal._facts`."""
    facts = FactsDb(folder / "facts.db", FactsLimits(ballast_bytes=0))
    clock = SystemClock()
    return Journal(facts, Outbox(facts, Identity(site="s", box="b", boot="boot"), clock, Random(1)), clock)


async def live(folder: Path, devices: list[DeviceConfig]) -> None:
    """Until all that is left waits for a person."""
    clock, disk = SystemClock(), ThreadDisk()
    journal = await disk.run(lambda: open_journal(folder))

    def on_event(event: DeviceEvent) -> None:
        if isinstance(event.what, StateChanged):
            one_way = event.what.state is Condition.UNKNOWN and not event.what.faults
            spooler.told(event.device, event.what.state, is_one_way=one_way)

    rules = {device.id: StandIn(device.stand_ins, STAND_IN_AFTER) for device in devices if device.stand_ins}
    port = Devices(devices, on_event, clock, Random())
    spooler = Spooler(journal, disk, port.ports, template_of, clock, rules)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(port.run()), tasks.create_task(spooler.run())]
        while not await disk.run(lambda: _is_at_rest(journal)):
            await asyncio.sleep(0.005)
        for task in reversed(running):
            task.cancel()


def _is_at_rest(journal: Journal) -> bool:
    return all(job.state in (*TERMINAL, JobState.UNCERTAIN) for job in journal.unfinished())


def _child(wish: dict[str, Any]) -> None:
    """Never returns."""
    folder = Path(wish["folder"])
    with (folder / "box.log").open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)
    logging.basicConfig(level=logging.INFO, force=True)
    seams._ARMED.update(wish.get("failpoints", {}))
    print_attempt.PROOF_TIMEOUT = wish.get("proof_seconds", print_attempt.PROOF_TIMEOUT)
    devices = [
        DeviceConfig(**{**device, "kind": Kind(device["kind"]), "stand_ins": tuple(device.get("stand_ins", ()))})
        for device in wish["devices"]
    ]
    code = 1
    try:
        asyncio.run(live(folder, devices))
        code = 0
    finally:
        os._exit(code)


def _watch(child: int, kill_after: float | None) -> int:
    """How it ended, as `waitpid` has it: minus a signal's number, or its exit code."""
    deadline = time.monotonic() + (LIFE if kill_after is None else kill_after)
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _warm_up() -> None:
    """Load what the first job of a printer loads."""
    from drivers.documents.templates import fill  # noqa: PLC0415 -- only here

    for model, kind in (("zpl", "label"), ("escpos", "receipt")):
        document = fill(load_template(BODIES[kind]), {"code": "warm"})
        driver: Any = find(model).build(Buffered(ScriptedPipe(), "warm"), {})
        (driver.encode_label if kind == "label" else driver.encode_receipt)(document)


def main() -> None:
    _warm_up()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(wish)
        code = _watch(child, wish.get("kill_after"))
        print(json.dumps({"code": code, "seconds": time.monotonic() - began}), flush=True)


if __name__ == "__main__":
    main()
