"""The office changes what boxes are to be, while everything breaks; in the end each box is what was wanted last (I8)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from controller import db
from controller.errors import StaleVersion
from controller.fleet import twin
from edge_agent.box import Box
from edge_agent.desired import document_of, read_desired
from edge_agent.twin import Twin
from edge_agent.twin_store import TwinStore
from edge_agent.wire.messages import TwinDesired, TwinReported
from tests.sim.plan import Mutant
from tests.sim.swapping import Undo, swap

if TYPE_CHECKING:
    from tests.sim.world import World

UNSETTLED = (
    "EXISTS (SELECT 1 FROM box_twin WHERE document IS NOT NULL AND (coalesce(reported_version, 0) <> version "
    "OR coalesce(applied_version, 0) <> version))"
)
"""A box is not yet what it is to be, or has not said so."""


class Twins:
    """What boxes told of themselves, life by life, and who changes them."""

    def __init__(self) -> None:
        self.told: dict[str, list[int]] = defaultdict(list)
        """By box: the versions that it said it works by."""
        self._boxes: dict[str, Box] = {}

    def watch(self, box_id: str, box: Box) -> None:
        """A box began a life."""
        report = box.twin.report

        def note(reported: TwinReported) -> None:
            self.told[box_id].append(reported.applied_version)
            report(reported)

        box.twin.report = note
        self._boxes[box_id] = box

    async def edit(self, world: World, box_id: str) -> None:
        """A person in the office changes one box, now and then."""
        for _ in range(world.random.randint(0, 3)):
            await asyncio.sleep(world.random.uniform(0, 20))
            box = self._boxes[box_id]
            rows = await db.fetch("SELECT version FROM box_twin WHERE box = ?", box_id)
            with contextlib.suppress(StaleVersion):  # the box was faster: it told of a version that was not known here
                await twin.desire(box_id, _changed(world, document_of(box.twin.config)), version=rows[0]["version"] if rows else 0)

    async def violations(self, world: World) -> list[str]:
        """I8: each box is what was wanted last, says so, and never worked by an older version than before."""
        found = []
        for row in await db.fetch("SELECT * FROM box_twin WHERE document IS NOT NULL ORDER BY box"):
            if not row["version"] == row["reported_version"] == row["applied_version"]:
                found.append(
                    f"I8: {row['box']} is to be {row['version']}, says {row['reported_version']}, works by {row['applied_version']}"
                )
            config = self._boxes[row["box"]].twin.config
            wanted = read_desired(msgspec.json.decode(row["document"]), config, config)
            if wanted.errors or wanted.config != config:
                found.append(f"I8: {row['box']} is not what version {row['version']} says: {wanted.errors}")
        put_back = world.boxes[-1].id if world.plan.restores else None
        for box_id, told in self.told.items():
            if told != sorted(told) and box_id != put_back:
                found.append(f"I8: {box_id} went back to an older version: {told}")
        return found


def _changed(world: World, document: dict[str, Any]) -> dict[str, Any]:
    """In one place, in a way that people at work do not notice."""
    for device in document["device"]:
        if device["id"] == "scale":
            device["options"] = {"unit": "kg"}  # it has no default
    match world.random.choice(["address", "replica", "station", "symbols"]):
        case "address":
            world.random.choice(document["device"])["address"] = f"tcp:127.0.0.1:{world.random.randint(1, 9)}"
        case "replica":
            document["settings"]["replica_seconds"] = world.random.randint(1, 600)
        case "station":
            document["station"][0]["double_read_ms"] = world.random.randint(250, 300)  # all below a person's pace
        case "symbols":
            document["symbols"] = {"own_prefixes": [str(world.random.randint(20, 29))]}
    return document


# --- rules taken out ------------------------------------------------------------------------------------------------------------


def _older_taken() -> Undo:
    """A box takes whatever configuration comes, also an older one."""
    keep, take = TwinStore.keep, Twin.take

    def keep_any(self: TwinStore, desired: TwinDesired) -> bool:
        self._facts.write(lambda database: database.execute("UPDATE twin SET version = 0"))
        return keep(self, desired)

    async def take_any(self: Twin, desired: TwinDesired) -> None:
        if desired.version < self._stored.version:
            self._stored = replace(self._stored, version=0)
        await take(self, desired)

    undo = [swap(TwinStore, "keep", keep_any), swap(Twin, "take", take_any)]

    def put_back() -> None:
        for back in undo:
            back()

    return put_back


def _applied_not_stored() -> Undo:
    """After a start a box works by its file again, until it has applied everything anew."""
    return swap(TwinStore, "applied", lambda *_: None)


TWIN_MUTANTS = (
    Mutant(name="older twin taken", arm=_older_taken),
    Mutant(name="applied twin not stored", arm=_applied_not_stored),
)
