"""From a request to paper: spooler, device thread, driver and an emulated printer together."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from drivers.documents.templates import Template, load_template
from drivers.registry import Kind
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, StateChanged
from edge_agent.devices import Devices
from edge_agent.disk import ThreadDisk
from edge_agent.jobs import Job, Journal
from edge_agent.outbox import Outbox
from edge_agent.seams import SystemClock
from edge_agent.spooler import Resolution, Spooler
from edge_agent.wire.facts import JobState, Proof
from edge_agent.wire.messages import Condition, JobRequest
from tests.edge_agent.paper import TEMPLATE, request_for
from tests.edge_agent.test_devices import WITHIN, Emulator, printer_at

BODY = b"""{"name": "receipt", "kind": "receipt", "fields": {"text": {"type": "text", "about": "What is printed"}},
  "parts": [{"type": "line", "text": "{text}"}]}"""


def label_printer_at(link: Path) -> DeviceConfig:
    return DeviceConfig(id="till", kind=Kind.LABEL_PRINTER, model="zpl", address=f"serial:{link}")


PRINTERS = {"escpos": printer_at, "zpl": label_printer_at}


async def template_of(name: str, _version: str) -> Template:
    return load_template(TEMPLATE if name == "shelf-label" else BODY)


def receipt(text: str) -> JobRequest:
    return JobRequest(template="receipt", version=hashlib.sha256(BODY).hexdigest(), data={"text": text})


@dataclass
class Till:
    spooler: Spooler
    journal: Journal
    printer: Emulator
    ready: asyncio.Event
    devices: asyncio.Task[None]

    @classmethod
    @asynccontextmanager
    async def at(cls, link: Path, outbox: Outbox, protocol: str = "escpos") -> AsyncIterator[Till]:
        ready = asyncio.Event()
        clock, disk = SystemClock(), ThreadDisk()
        journal = Journal(outbox._facts, outbox, clock)

        def on_event(event: DeviceEvent) -> None:
            if isinstance(event.what, StateChanged):
                (ready.set if event.what.state is Condition.READY else ready.clear)()
                spooler.wake(event.device)

        devices = Devices([PRINTERS[protocol](link)], on_event, clock, Random(1))
        spooler = Spooler(journal, disk, devices.ports, template_of, clock)
        async with Emulator.on_pty(protocol, link) as printer:
            tasks = [asyncio.create_task(devices.run()), asyncio.create_task(spooler.run())]
            try:
                await asyncio.wait_for(ready.wait(), WITHIN)
                yield cls(spooler, journal, printer, ready, tasks[0])
            finally:
                for task in reversed(tasks):
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                disk.close()

    async def until(self, job_id: str, *states: JobState) -> Job:
        async with asyncio.timeout(WITHIN):
            while True:
                job = self.journal.find(job_id)
                if job is not None and job.state in states:
                    return job
                await asyncio.sleep(0.01)

    async def copies_on_paper(self) -> int:
        await self.printer.fault("mute", on=False)  # its answer comes after all that was printed before
        return sum(event["event"] == "paper" for event in self.printer.events)


async def test_a_receipt_is_printed_and_confirmed(tmp_path: Path, outbox: Outbox) -> None:
    async with Till.at(tmp_path / "till", outbox) as till:
        await till.spooler.request("r1", "till", receipt("Milk 1 L"))
        job = await till.until("r1", JobState.PRINTED)
        assert job.proof is Proof.CONFIRMED
        assert await till.copies_on_paper() == 1


async def test_without_paper_it_waits_and_is_printed_once_when_paper_is_there(tmp_path: Path, outbox: Outbox) -> None:
    async with Till.at(tmp_path / "till", outbox) as till:
        await till.printer.fault("paper_out")
        await till.spooler.request("r1", "till", receipt("Milk 1 L"))
        while (job := await till.until("r1", JobState.QUEUED)).fault is None:
            await asyncio.sleep(0.01)
        assert job.fault.code == "paper_out"
        await till.printer.fault("paper_out", on=False)
        await till.until("r1", JobState.PRINTED)
        assert await till.copies_on_paper() == 1


async def test_paper_that_ends_inside_the_job_makes_it_uncertain(tmp_path: Path, outbox: Outbox) -> None:
    async with Till.at(tmp_path / "till", outbox) as till:
        await till.printer.do("paper", millimetres=1)
        await till.spooler.request("r1", "till", receipt("Milk 1 L"))
        job = await till.until("r1", JobState.UNCERTAIN)
        assert job.fault is not None
        assert job.fault.code == "paper_out"
        await till.printer.fault("paper_out", on=False)  # what was in the printer's buffer comes out now
        await till.spooler.resolve("r1", Resolution.PRINTED)
        assert await till.copies_on_paper() == 1


async def test_a_printer_pulled_out_keeps_its_job_until_it_is_back(tmp_path: Path, outbox: Outbox) -> None:
    async with Till.at(tmp_path / "till", outbox) as till:
        await till.printer.fault("unplug")
        await till.spooler.request("r1", "till", receipt("Milk 1 L"))
        while (await till.until("r1", JobState.QUEUED)).fault is None:
            await asyncio.sleep(0.01)
        await till.printer.fault("unplug", on=False)
        await till.until("r1", JobState.PRINTED)
        assert await till.copies_on_paper() == 1


async def test_a_label_is_printed_and_confirmed(tmp_path: Path, outbox: Outbox) -> None:
    async with Till.at(tmp_path / "label", outbox, "zpl") as till:
        await till.spooler.request("l1", "till", request_for("Milk 1 L"))
        assert (await till.until("l1", JobState.PRINTED)).proof is Proof.CONFIRMED
        assert await till.copies_on_paper() == 1


async def test_a_stop_in_the_middle_of_a_job_waits_for_its_proof(tmp_path: Path, outbox: Outbox) -> None:
    async with Till.at(tmp_path / "till", outbox) as till:
        await till.spooler.request("r1", "till", receipt("Milk 1 L"))
        await till.until("r1", JobState.SENDING, JobState.SENT)
        till.devices.cancel()
        await till.until("r1", JobState.PRINTED)
        assert await till.copies_on_paper() == 1
