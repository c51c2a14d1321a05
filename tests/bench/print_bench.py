"""A print job: from its publishing on the box's topic to its first byte at the printer, every edge on disk before it happens.

Real Mosquitto, the controller and the agent as processes; the printer is a TCP port that answers the driver's questions and notes
when the first byte of a job comes.  The first jobs are not counted: with them the agent loads Pillow and python-escpos, once.
Beside each job, in turn, two raw writes with an fdatasync each: a job takes two commits until then (taken in and queued; sending).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from msgspec.structs import replace

from edge_agent.wire.codec import encode
from edge_agent.wire.messages import Priority
from tests.bench import chain
from tests.bench.agent import agent, job_topic, receipt
from tests.bench.raw_file import RawFile
from tests.bench.report import Row, percentile, row

JOBS = 300
STACK = 500
LEAST_PER_SECOND = 30
"""Of a stack that is printed as fast as it goes; a label printer makes some three labels a second."""
WARM_UP = 5
LIMIT_MS = 20.0
EDGES = 5
"""Facts of one job: accepted, queued, sending, sent, printed."""
COMMITS = 2
COMMITS_TO_THE_END = 4
"""Taken in and queued; sending; sent; printed."""
COMMIT_BYTES = 8 * 4096
"""About what an edge with its fact puts into the WAL."""
PRINTER = "receipts"


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, chain.broker(folder) as broker:
        url = f"sqlite://{folder}/controller.db"
        asyncio.run(chain.prepare(url))
        jobs, raw, stack = asyncio.run(_samples(folder, url, broker.port))
    value, limit = percentile(jobs, 99), percentile(raw, 99)
    name, target = "job received -> first byte at the printer (p99)", f"<= {LIMIT_MS:g} ms"
    yield row(name, value, "ms", limit=limit, target=target, ok=value <= LIMIT_MS)
    rate, bare = STACK / stack, 1000 * COMMITS / COMMITS_TO_THE_END / (sum(raw) / len(raw))
    name, target = f"a stack of {STACK} print jobs, to the last proof", f">= {LEAST_PER_SECOND}/s"
    yield row(name, rate, "jobs/s", limit=bare, target=target, ok=rate >= LEAST_PER_SECOND)


async def _samples(folder: Path, url: str, port: int) -> tuple[list[float], list[float], float]:
    """Milliseconds of each job, and of as many raw commits as it waits for; seconds of a stack."""
    printer = Printer()
    server = await asyncio.start_server(printer.serve, "127.0.0.1", 0)
    address = f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"
    devices = [
        {"id": PRINTER, "kind": "receipt_printer", "model": "escpos", "address": address},
        {"id": "scanner", "kind": "scanner", "model": "scanner.serial", "address": "tcp:127.0.0.1:9"},
    ]
    controller = chain.controller(folder, "controller", url, port)
    box = agent(folder, port, devices, {"id": "desk", "scanner": "scanner", "receipt_printer": PRINTER})
    async with chain.listening(port) as listener, server:
        try:
            await chain.started(controller, listener)
            await box.start()
            await listener.until(lambda: listener.is_ready(PRINTER))
            for number in range(WARM_UP):
                await _print(listener, printer, number)
            with RawFile(folder / "raw", COMMIT_BYTES) as raw:
                pairs = [
                    (await _print(listener, printer, number), sum(raw.write() for _ in range(COMMITS)))
                    for number in range(WARM_UP, WARM_UP + JOBS)
                ]
            stack = await _print_stack(listener)
        finally:
            await box.stop()
            await controller.stop()
    return [job for job, _ in pairs], [writes for _, writes in pairs], stack


async def _print_stack(listener: chain.Listener) -> float:
    """Seconds from the first request to the last acked edge."""
    first = WARM_UP + JOBS
    requests = [
        (job_topic(PRINTER, f"job-{number}"), encode(replace(receipt(number), priority=Priority.BULK.value)))
        for number in range(first, first + STACK)
    ]
    began = perf_counter()
    await listener.publish(requests)
    await listener.until_acked(EDGES * (first + STACK))
    return perf_counter() - began


async def _print(listener: chain.Listener, printer: Printer, number: int) -> float:
    """Ends when the controller knows all of it, so that the next job finds everything at rest."""
    request = encode(receipt(number))
    first_byte = printer.expect()
    began = perf_counter()
    await listener.publish([(job_topic(PRINTER, f"job-{number}"), request)])
    elapsed = (await asyncio.wait_for(first_byte, chain.WAIT_SECONDS) - began) * 1000
    await listener.until_acked(EDGES * (number + 1))
    return elapsed


class Printer:
    """Answers as a TM-T20III with paper does.  Source: Epson ESC/POS command reference, DLE EOT, GS I, GS ( H, GS r."""

    _QUESTION = re.compile(rb"\x10\x04[\x01-\x04]|\x1dIC|\x1dr\x01|\x1d\(H\x06\x0000(....)", re.DOTALL)

    def __init__(self) -> None:
        self._first: asyncio.Future[float] | None = None

    def expect(self) -> asyncio.Future[float]:
        """When the first byte of the next job comes."""
        self._first = asyncio.get_running_loop().create_future()
        return self._first

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            now = perf_counter()
            if self._QUESTION.sub(b"", data) and self._first is not None and not self._first.done():
                self._first.set_result(now)
            for question in self._QUESTION.finditer(data):
                writer.write(self._answer(question))
            await writer.drain()
        writer.close()

    def _answer(self, question: re.Match[bytes]) -> bytes:
        if question[1] is not None:
            return b"\x37\x22" + question[1] + b"\x00"
        match question[0]:
            case b"\x1dIC":
                return b"\x5fTM-T20III\x00"
            case b"\x1dr\x01":
                return b"\x00"
            case _:
                return b"\x12"
