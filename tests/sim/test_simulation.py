"""Seeds of a hostile world.  A failing one is printed and replays: `SHELFWIRE_SEED=123 pytest tests/sim`."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from tests.sim.mutants import MUTANTS
from tests.sim.run import RAM, notice_all, play, play_all, write_template
from tests.sim.vloop import VirtualLoop
from tests.sim.world import World

SEEDS = 500
MUTANT_SEEDS = 200


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
    return write_template(tmp_path_factory.mktemp("sim") / "controller.db")


def test_nothing_is_lost_and_nothing_counts_twice(template: Path) -> None:
    one = os.environ.get("SHELFWIRE_SEED")
    results = [(int(one), play(int(one), template))] if one else play_all(range(SEEDS), template)
    for seed, violations in results:
        assert not violations, f"SHELFWIRE_SEED={seed}: {violations}"


def test_the_simulation_notices_each_missing_rule(template: Path) -> None:
    noticed = notice_all(MUTANTS, template, range(MUTANT_SEEDS))
    print("\n".join(f"{name}: noticed after {seeds} seeds" for name, seeds in noticed.items()))
    missed = [name for name, seeds in noticed.items() if seeds is None]
    assert not missed, f"{MUTANT_SEEDS} seeds did not notice: {missed}"


def test_a_seed_gives_the_same_run_twice(template: Path) -> None:
    for seed in (7, 42):
        first, second = (fingerprint(seed, template) for _ in range(2))
        assert first == second
