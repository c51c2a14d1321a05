"""Plays seeds, some processes at a time: each seed on a loop and in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.sim.mutants import MUTANTS
from tests.sim.plan import HEALTHY, Mutant
from tests.sim.vloop import VirtualLoop
from tests.sim.world import World, make_template

RAM = Path("/dev/shm")  # noqa: S108 -- fsync costs nothing there
SHARE = 25
"""Seeds that a process is given at once."""

Found = tuple[int, list[str]]
"""A seed and what did not hold in it."""


def play(seed: int, template: Path, mutant: Mutant = HEALTHY) -> list[str]:
    """Run one seed; what was violated, in words."""
    with (
        tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as folder,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        return runner.run(World(seed, Path(folder), template, mutant).play())


def write_template(path: Path) -> Path:
    """The database that each world begins with."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(make_template(path))
    return path


def play_all(seeds: Sequence[int], template: Path, mutant: Mutant = HEALTHY) -> Iterator[Found]:
    """Each seed's result, as they come, by as many processes as there are processors."""
    shares = [list(seeds[first : first + SHARE]) for first in range(0, len(seeds), SHARE)]
    with ProcessPoolExecutor(max_workers=processors(), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_play_share, share, template, mutant.name) for share in shares]
        try:
            for done in as_completed(running):
                yield from done.result()
        finally:
            for each in running:
                each.cancel()


def processors() -> int:
    return min(4, len(os.sched_getaffinity(0)))


def first_noticed(mutant: Mutant, template: Path, seeds: Sequence[int]) -> int | None:
    """How many seeds it took until a missing rule was noticed; None if it was not."""
    return next((count for count, seed in enumerate(seeds, 1) if _played(seed, template, mutant)), None)


def notice_all(mutants: Sequence[Mutant], template: Path, seeds: Sequence[int]) -> dict[str, int | None]:
    """For each missing rule, after how many seeds it was noticed."""
    with ProcessPoolExecutor(max_workers=processors(), mp_context=get_context("spawn")) as pool:
        running = {mutant.name: pool.submit(_notice, mutant.name, template, list(seeds)) for mutant in mutants}
        return {name: each.result() for name, each in running.items()}


def _named(name: str) -> Mutant:
    return next((mutant for mutant in MUTANTS if mutant.name == name), HEALTHY)


def _play_share(seeds: Sequence[int], template: Path, mutant: str) -> list[Found]:
    return [(seed, _played(seed, template, _named(mutant))) for seed in seeds]


def _played(seed: int, template: Path, mutant: Mutant) -> list[str]:
    """What broke is told as a text: not every exception travels between processes."""
    try:
        return play(seed, template, mutant)
    except Exception:
        return [traceback.format_exc()]


def _notice(mutant: str, template: Path, seeds: Sequence[int]) -> int | None:
    return first_noticed(_named(mutant), template, seeds)
