"""From a request to paper: spooler, device thread, driver and an emulated printer together."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import msgspec
import pytest

from drivers.documents.model import Line, Receipt
from drivers.documents.templates import Template, load_template
from drivers.errors import DeviceFault
from drivers.registry import Kind
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, DrawerMoved, Reporter, StateChanged
from edge_agent.devices import Devices
from edge_agent.disk import ThreadDisk
from edge_agent.faults import fault
from edge_agent.jobs import Job
from edge_agent.journal import Journal
from edge_agent.outbox import Outbox
from edge_agent.printing import LOOK_EVERY, PIECE, PrinterThread, encode, pieces
from edge_agent.seams import SystemClock
from edge_agent.spooler import Spooler
from edge_agent.wire.facts import JobState, Proof
from edge_agent.wire.messages import Condition, JobRequest
from tests.drivers.printers.paired import Paired
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
    disk: ThreadDisk
    printer: Emulator
    ready: asyncio.Event
    devices: asyncio.Task[None]
    faults: list[tuple[str, ...]]
    drawers: list[bool]

    @classmethod
    @asynccontextmanager
    async def at(cls, link: Path, outbox: Outbox, protocol: str = "escpos") -> AsyncIterator[Till]:
        ready = asyncio.Event()
        told: list[tuple[str, ...]] = []
        drawers: list[bool] = []
        clock, disk = SystemClock(), ThreadDisk()
        journal = Journal(outbox._facts, outbox, clock)

        def on_event(event: DeviceEvent) -> None:
            if isinstance(event.what, DrawerMoved):
                drawers.append(event.what.is_open)
            if isinstance(event.what, StateChanged):
                told.append(tuple(fault.code for fault in event.what.faults))
                (ready.set if event.what.state is Condition.READY else ready.clear)()
                spooler.wake(event.device)

        devices = Devices([PRINTERS[protocol](link)], on_event, clock, Random(1))
        spooler = Spooler(journal, disk, devices.ports, template_of, clock)
        async with Emulator.on_pty(protocol, link) as printer:
            tasks = [asyncio.create_task(devices.run()), asyncio.create_task(spooler.run())]
            try:
                await asyncio.wait_for(ready.wait(), WITHIN)
                yield cls(spooler, journal, disk, printer, ready, tasks[0], told, drawers)
            finally:
                for task in reversed(tasks):
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                disk.close()

    async def until(self, job_id: str, *states: JobState) -> Job:
        async with asyncio.timeout(WITHIN):
            while True:
                job = await self.disk.run(lambda: self.journal.find(job_id))  # one thread has the connection (ADR 0002)
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


async def test_paper_that_ends_inside_the_job_delays_its_proof_until_the_rest_is_out(tmp_path: Path, outbox: Outbox) -> None:
    async with Till.at(tmp_path / "till", outbox) as till:
        await till.printer.do("paper", millimetres=1)
        await till.spooler.request("r1", "till", receipt("Milk 1 L"))
        await till.until("r1", JobState.SENT)
        while not till.faults or till.faults[-1] != ("paper_out",):
            await asyncio.sleep(0.01)
        assert await till.copies_on_paper() == 0
        await till.printer.fault("paper_out", on=False)  # what was in the printer's buffer comes out now
        job = await till.until("r1", JobState.PRINTED)
        assert job.proof is Proof.CONFIRMED
        assert await till.copies_on_paper() == 1


@pytest.mark.parametrize(("model", "protocol"), [("escpos", "escpos"), ("star.line", "star")])
async def test_a_printer_switched_off_and_on_inside_the_job_proves_nothing(model: str, protocol: str) -> None:
    pair = Paired(model, protocol=protocol)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def post(event: DeviceEvent) -> None:
        if event.what == StateChanged(Condition.FAULT, (fault("paper_out"),)):
            loop.call_soon_threadsafe(stopped.set)

    report = Reporter("till", post, SystemClock())
    printer = PrinterThread(report)
    thread = threading.Thread(target=printer.serve, args=(pair.driver,))
    thread.start()
    try:
        encoded = await printer.encode(Receipt(parts=(Line(text="Milk 1 L"),) * 9), copies=1, copy_mark=False)
        pair.emulator.on_command({"do": "paper", "millimetres": 1})
        await printer.send(encoded)
        proof = asyncio.create_task(printer.prove(encoded, 1))
        await asyncio.wait_for(stopped.wait(), WITHIN)
        pair.emulator.on_command({"do": "off_and_on"})
        pair.fault("paper_out", on=False)
        with pytest.raises(DeviceFault) as caught:
            await proof
        assert caught.value.faults == ("paper_out",)
        assert pair.copies == 0
    finally:
        report.stop.set()
        printer.look()
        thread.join()


async def test_what_a_printer_tells_by_itself_is_known_long_before_the_next_look(tmp_path: Path, outbox: Outbox) -> None:
    async with Till.at(tmp_path / "till", outbox) as till:
        await till.spooler.request("r1", "till", receipt("Milk 1 L"))
        await till.until("r1", JobState.PRINTED)
        await asyncio.wait_for(till.ready.wait(), WITHIN)
        async with asyncio.timeout(LOOK_EVERY / 2):
            await till.printer.fault("cover_open")
            while till.faults[-1] != ("cover_open",):
                await asyncio.sleep(0.01)
            await till.printer.do("drawer", open=True)
            while till.drawers != [True]:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("opens", [True, False])
async def test_the_drawer_opens_with_a_receipt_whose_request_says_so(tmp_path: Path, outbox: Outbox, opens: bool) -> None:
    async with Till.at(tmp_path / "till", outbox) as till:
        await till.spooler.request("r1", "till", msgspec.structs.replace(receipt("Milk 1 L"), open_drawer=opens))
        await till.until("r1", JobState.PRINTED)
        assert await till.copies_on_paper() == 1
        assert [event["event"] for event in till.printer.events].count("drawer") == int(opens)


def test_the_drawer_opens_once_however_many_copies_there_are() -> None:
    pair = Paired("escpos")
    encoded = encode(pair.driver, Receipt(parts=(Line(text="Sold"),), open_drawer=True), copies=3, copy_mark=False)
    assert encoded.copies == 3
    sent = list(pieces(encoded))
    assert b"".join(sent).count(b"\x1bp") == 1
    assert sent[0] == encoded.data[:1]
    for piece in sent:
        pair.driver.send(replace(encoded, data=piece))
    assert pair.copies == 3


def test_many_copies_take_no_more_memory_than_two() -> None:
    pair = Paired("escpos")
    long = Receipt(parts=(Line(text="Sold"),) * 400)
    two, hundred = (encode(pair.driver, long, copies=copies, copy_mark=False) for copies in (2, 100))
    assert len(hundred.data) + len(hundred.again) == len(two.data) + len(two.again)
    assert sum(map(len, pieces(hundred))) == len(hundred.data) + 99 * len(hundred.again)
    assert max(map(len, pieces(hundred))) <= PIECE


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
        await till.printer.fault("slow")  # so that its proof is not there at once
        await till.spooler.request("r1", "till", receipt("Milk 1 L"))
        await till.until("r1", JobState.SENDING, JobState.SENT)
        till.devices.cancel()
        await till.until("r1", JobState.PRINTED)
        assert await till.copies_on_paper() == 1
