"""Labels that were put on shelves, as stations tell of them."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controller import db
from controller.catalog.reading import Read, read
from controller.facts import APPLIED, FactIn, Outcome
from controller.pricing.batches import refresh
from controller.pricing.states import BatchState
from edge_agent.wire.facts import Retracted
from edge_agent.wire.goods_facts import ShelfLabelled

Fact = FactIn[ShelfLabelled]


async def apply_shelf_labelled(facts: Sequence[Fact]) -> list[Outcome]:
    """Confirm each label; of several tellings the earliest holds.  A batch that nobody announced is made, a label of it too.

    An unknown symbol parks its fact.
    """
    readings = await read([(fact, fact.data, 1) for fact in facts])
    batches: set[int] = set()
    for fact, found in sorted(zip(facts, readings, strict=True), key=lambda pair: pair[0].data.batch):
        if isinstance(found, Read):
            batches.add(await _confirm(fact, found.sku_id))
    for batch in sorted(batches):
        await refresh(batch)
    return [APPLIED if isinstance(found, Read) else found for found in readings]


async def take_back_labelled(fact: FactIn[Retracted], data: ShelfLabelled, occurred_at: datetime) -> Outcome | None:
    """The label does not hang: it is open again, but for where somebody else confirmed it, too.  None: it confirmed nothing."""
    (found,) = await read([(fact, data, 1)])
    rows = await db.fetch("SELECT id FROM label_batch WHERE number = ?" + db.for_update(), data.batch)
    if not isinstance(found, Read) or not rows:
        return None
    await db.execute(
        "UPDATE label_line SET confirmed_at = NULL, confirmed_by = NULL WHERE batch_id = ? AND sku_id = ? AND confirmed_at = ?",
        *(rows[0]["id"], found.sku_id, db.utc(occurred_at)),
    )
    await refresh(int(rows[0]["id"]))
    return APPLIED


async def _confirm(fact: Fact, sku_id: int) -> int:
    rows = await db.fetch("SELECT id FROM label_batch WHERE number = ?" + db.for_update(), fact.data.batch)
    batch = int(rows[0]["id"]) if rows else await _announce(fact)
    await db.execute(
        "INSERT INTO label_line (batch_id, sku_id, confirmed_at, confirmed_by) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (batch_id, sku_id) DO UPDATE SET confirmed_at = excluded.confirmed_at, confirmed_by = excluded.confirmed_by "
        "WHERE label_line.confirmed_at IS NULL OR label_line.confirmed_at > excluded.confirmed_at",
        *(batch, sku_id, db.utc(fact.occurred_at), fact.person),
    )
    return batch


async def _announce(fact: Fact) -> int:
    rows = await db.fetch(
        "INSERT INTO label_batch (number, site_id, state, is_announced, created_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (number) DO UPDATE SET number = excluded.number RETURNING id",
        *(fact.data.batch[:64], fact.site_id, BatchState.PREPARED.value, False, db.now()),
    )
    return int(rows[0]["id"])
