"""A printer port that prints on a file, and a spooler around it; run as a module it prints one job, and dies where it is told to.

python -m tests.edge_agent.paper <folder> <job> [test]        with SHELFWIRE_FAILPOINTS in the environment
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness
from drivers.documents.model import Label, Receipt
from drivers.documents.templates import Template, load_template
from drivers.errors import DriverError
from edge_agent.disk import InlineDisk
from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.journal import Journal
from edge_agent.outbox import Identity, Outbox
from edge_agent.printer_port import NothingSent
from edge_agent.seams import SystemClock, failpoint
from edge_agent.spooler import Spooler
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import JobRequest

TEMPLATE = b"""{"name": "shelf-label", "kind": "label", "width": "60", "height": "40",
  "fields": {"name": {"type": "text", "about": "Name of the product"}},
  "elements": [{"type": "text", "x": "2", "y": "2", "width": "56", "height": "8", "text": "{name}"}]}"""
VERSION = hashlib.sha256(TEMPLATE).hexdigest()
READY = PrinterStatus(Readiness.OK)


def request_for(name: str, *, test: bool = False) -> JobRequest:
    return JobRequest(template="shelf-label", version=VERSION, data={"name": name}, test=test)


async def template_of(_name: str, _version: str) -> Template:
    return load_template(TEMPLATE)


@dataclass
class PaperPort:
    """`paper` is a file with a line for each copy that came out.  Errors are raised once each, in the order given."""

    paper: Path
    ready: PrinterStatus = READY
    proof: PrintProof = PrintProof.CONFIRMED
    send_errors: list[Exception] = field(default_factory=list)
    prove_errors: list[DriverError] = field(default_factory=list)
    encode_errors: list[Exception] = field(default_factory=list)
    asked: int = 0
    breaks_at_send: PrinterStatus | None = None
    """So it is, once, when a job is to be sent; not a byte of that leaves."""

    async def status(self) -> PrinterStatus:
        self.asked += 1
        await asyncio.sleep(0)
        return self.ready

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        if self.encode_errors:
            raise self.encode_errors.pop(0)
        assert isinstance(document, Label)
        (text,) = document.elements
        return Encoded(f"{getattr(text, 'text', '')}{' COPY' if copy_mark else ''}\n".encode() * copies, copies)

    async def send(self, encoded: Encoded) -> None:
        if self.breaks_at_send is not None:
            self.ready, self.breaks_at_send = self.breaks_at_send, None
            raise NothingSent("unplugged in that instant")
        if self.send_errors:
            raise self.send_errors.pop(0)
        await asyncio.sleep(0)
        with self.paper.open("ab", buffering=0) as out:
            out.write(encoded.data[:1])
            failpoint("print.after_first_byte")
            out.write(encoded.data[1:])

    async def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        del encoded, timeout
        await asyncio.sleep(0)
        if self.prove_errors:
            raise self.prove_errors.pop(0)
        return self.proof

    def printed(self) -> list[str]:
        return self.paper.read_text().splitlines() if self.paper.exists() else []


def open_journal(folder: Path) -> Journal:
    facts = FactsDb(folder / "facts.db", FactsLimits(ballast_bytes=0))
    clock = SystemClock()
    return Journal(facts, Outbox(facts, Identity(site="sh-01", box="b1", boot="boot"), clock, Random(1)), clock)


async def _main(folder: Path, job_id: str, *, test: bool) -> None:
    journal = open_journal(folder)
    spooler = Spooler(journal, InlineDisk(), {"label": PaperPort(folder / "paper")}, template_of, SystemClock())
    running = asyncio.create_task(spooler.run())
    job = await spooler.request(job_id, "label", request_for("Milk", test=test))
    while job.state is not JobState.PRINTED:
        await asyncio.sleep(0.01)
        job = journal.find(job_id) or job
    running.cancel()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], test="test" in sys.argv[3:]))
