"""Keeps facts and print jobs, for `tests/chaos/syscalls.py`: python -m tests.chaos.syscall_driver FOLDER [stops].

It says what it was promised as soon as it was: "kept ID" for a fact, "edge JOB STEP STATE" for a job; "refused CODE" when it was
told no.  With `stops` it ends at the first refusal, as if it were killed then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

from edge_agent.errors import AgentError
from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.inbox import Inbox
from edge_agent.jobs import Action
from edge_agent.journal import Journal
from edge_agent.outbox import Identity, Outbox
from edge_agent.seams import SystemClock
from edge_agent.wire.facts import FactDraft, Scan
from edge_agent.wire.messages import Ack, JobRequest, Stream, Symbol

ROUNDS = 10
WAY = (Action.SEND, Action.WROTE, Action.PROVE)


def say(*words: object) -> None:
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


def attempt(work: Callable[[], None]) -> None:
    """A refusal is an answer; anything else ends the program, and is not to happen."""
    try:
        work()
    except AgentError as error:
        say("refused", error.code)
        if "stops" in sys.argv:
            os._exit(0)


class Program:
    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.facts = FactsDb(folder / "facts.db", FactsLimits(max_bytes=4 << 20, ballast_bytes=0))
        self.outbox = Outbox(self.facts, Identity(site="s", box="b", boot="boot"), clock, Random())
        Inbox(self.facts, clock)
        self.journal = Journal(self.facts, self.outbox, clock)

    def keep(self, number: int) -> None:
        (envelope,) = self.outbox.append([FactDraft(data=Scan(symbol=Symbol(text=f"CODE-{number}")), device="scanner")])
        say("kept", envelope.id)

    def print_one(self, number: int) -> None:
        request = JobRequest(template="label", version="0" * 64, data={})
        job = self.journal.accept(f"job-{number}", "labels", request)
        say("edge", job.id, job.step, job.state)
        for action in WAY:
            job = self.journal.advance(job.id, action)
            say("edge", job.id, job.step, job.state)

    def take_ack(self, number: int) -> None:
        self.outbox.apply(Ack(epoch=self.outbox.epoch, stream=Stream.FACT, ranges=[(1, number)]))
        say("acked", number)


def main(folder: Path) -> None:
    program: list[Program] = []
    attempt(lambda: program.append(Program(folder)))
    if program:
        for number in range(1, ROUNDS + 1):
            attempt(lambda number=number: program[0].keep(number))  # type: ignore[misc]  # mypy and defaults
            attempt(lambda number=number: program[0].print_one(number))  # type: ignore[misc]  # mypy and defaults
            if number % 4 == 0:
                attempt(lambda number=number: program[0].take_ack(number - 2))  # type: ignore[misc]  # mypy and defaults
    say("done")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
