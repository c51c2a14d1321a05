"""Seeds of a hostile world.  A failing one is printed and replays: `SHELFWIRE_SEED=123 pytest tests/sim`."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from tests.sim.mutants import MUTANTS
from tests.sim.plan import HEALTHY, Mutant
from tests.sim.vloop import VirtualLoop
from tests.sim.world import World, make_template

SEEDS = 500
MUTANT_SEEDS = 200
RAM = Path("/dev/shm")  # noqa: S108 -- fsync costs nothing there


def play(seed: int, template: Path, mutant: Mutant = HEALTHY) -> list[str]:
    """Run one seed on a loop of its own."""
    with (
        tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as folder,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        return runner.run(World(seed, Path(folder), template, mutant).play())


def fingerprint(seed: int, template: Path) -> tuple[object, ...]:
    """What two runs of a seed must have in common."""
    with (
        tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as folder,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        world = World(seed, Path(folder), template)
        violations = runner.run(world.play())
        boxes = [
            (box.scans, box.beeps, box.identified, [printer.papers for printer in box.printers.values()]) for box in world.boxes
        ]
        return runner.get_loop().time(), violations, boxes, world.random.getstate()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sim") / "controller.db"
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(make_template(path))
    return path


def chosen_seeds() -> list[int]:
    one = os.environ.get("SHELFWIRE_SEED")
    return [int(one)] if one else list(range(SEEDS))


def test_nothing_is_lost_and_nothing_counts_twice(template: Path) -> None:
    for seed in chosen_seeds():
        violations = play(seed, template)
        assert not violations, f"SHELFWIRE_SEED={seed}: {violations}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_simulation_notices_a_missing_rule(mutant: Mutant, template: Path) -> None:
    caught = next((seed for seed in range(MUTANT_SEEDS) if play(seed, template, mutant)), None)
    assert caught is not None, f"{MUTANT_SEEDS} seeds did not notice: {mutant.name}"


def test_a_seed_gives_the_same_run_twice(template: Path) -> None:
    for seed in (7, 42):
        first, second = (fingerprint(seed, template) for _ in range(2))
        assert first == second
