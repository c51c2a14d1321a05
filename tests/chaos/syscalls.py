"""The Nth call of the kernel fails: for each N, what the box was promised is on disk afterwards, and nothing else.

strace(1) makes the Nth fdatasync, fsync, pwrite64 or ftruncate to facts.db and its WAL fail with EIO or ENOSPC; the program that
keeps facts and print jobs is small, so that all N can be tried.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.facts import FactsDb, FactsLimits
from tests.shopday.programs import ROOT

CALLS = "fdatasync,fsync,pwrite64,ftruncate"
SECONDS = 20.0
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Failing:
    """The Nth of the calls fails with this error; the program goes on, or stops at its first refusal."""

    error: str
    nth: int
    stops: bool

    def __str__(self) -> str:
        return f"{self.error} at {self.nth}{', then stopped' if self.stops else ''}"


@dataclass
class Report:
    """What came of all runs: how many, how often the program was told no, and what was wrong."""

    runs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def every(up_to: int, *, step: int = 1) -> Iterator[Failing]:
    for nth, error, stops in itertools.product(range(1, up_to + 1, step), ("EIO", "ENOSPC"), (False, True)):
        yield Failing(error, nth, stops)


async def try_all(folder: Path, plan: Sequence[Failing]) -> Report:
    """Two at a time."""
    report = Report()
    waiting = iter(enumerate(plan))

    async def work() -> None:
        for number, failing in waiting:
            place = folder / str(number)
            place.mkdir()
            try:
                said = await _run(place, failing)
                report.runs += 1
                report.refused.update(line.split()[1] for line in said if line.startswith("refused "))
                report.wrong += [f"{failing}: {what}" for what in judge(place / "box", said, failing)]
            finally:
                shutil.rmtree(place)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(work())
    return report


async def _run(place: Path, failing: Failing) -> list[str]:
    box = place / "box"
    only = [word for suffix in ("", "-wal") for word in ("-P", str(box / f"facts.db{suffix}"))]
    program = (sys.executable, "-m", "tests.chaos.syscall_driver", str(box), *(["stops"] if failing.stops else []))
    process = await asyncio.create_subprocess_exec(
        "strace", "-f", "-qq", "-o", str(place / "strace"), "-e", f"trace={CALLS}",
        "-e", f"inject={CALLS}:error={failing.error}:when={failing.nth}", *only, *program,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ["broke: it hung"]
    said = out.decode().splitlines()
    if b"Traceback" in err:
        said.append(f"broke: {err.decode().splitlines()[-1]}")
    return said


def judge(box: Path, said: Sequence[str], failing: Failing) -> list[str]:
    """What does not hold, once the box has started again."""
    wrong = [line for line in said if line.startswith("broke: ")]
    if not failing.stops and "done" not in said:
        wrong.append("it ended without a word")
    kept = {line.split()[1] for line in said if line.startswith("kept ")}
    edges = {words[1]: words[3] for line in said if (words := line.split())[0] == "edge"}
    if not (box / "facts.db").exists():
        return wrong + [f"{len(kept)} facts and {len(edges)} jobs, and no file"] * bool(kept or edges)
    FactsDb(box / "facts.db", FactsLimits(ballast_bytes=0)).close()  # starts as an agent does: what is damaged is set aside
    if list(box.glob("*.quarantined-*")):
        wrong.append("the file was damaged by it")
    with closing(sqlite3.connect(box / "facts.db")) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'print_job'").fetchone():
            return wrong + [f"{len(kept)} facts, and no tables"] * bool(kept)
        there = {row[0] for row in db.execute("SELECT id FROM outbox WHERE name = 'scan'")}
        jobs = dict(db.execute("SELECT job, state FROM print_job"))
    wrong += [f"fact {fact} was kept and is not there" for fact in kept - there]
    wrong += [f"fact {fact} was refused and is there" for fact in there - kept]
    wrong += [f"{job} is {jobs.get(job)}, said {state}" for job, state in edges.items() if jobs.get(job) != state]
    return wrong + [f"{job} was refused and is {jobs[job]}" for job in jobs.keys() - edges.keys()]
