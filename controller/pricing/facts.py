"""Labels that were put on shelves."""

from __future__ import annotations

from collections.abc import Sequence

from controller.catalog.reading import read
from controller.facts import APPLIED, FactIn, Outcome
from edge_agent.wire.goods_facts import ShelfLabelled


async def apply_shelf_labelled(facts: Sequence[FactIn[ShelfLabelled]]) -> list[Outcome]:
    """A label is where it belongs.  An unknown symbol parks its fact."""
    readings = await read([(fact, fact.data, 1) for fact in facts])
    return [APPLIED for _ in readings]
