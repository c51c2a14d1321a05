"""What counts leave at a location, so that facts that come late are right (docs/adr/0006, 0033).

A count holds the location still, books what differed, and marks what it says: of one SKU, of all others, of none.
"""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from controller import db
from controller.stock.states import MarkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """A bin that was done at `until`, under the `document` that its adjustments name."""

    location_id: int
    document: str
    until: datetime
    fact_id: UUID | None = None


async def hold_still(location_ids: Iterable[int]) -> None:
    """Until this transaction ends nothing moves at these locations: a count begins with it."""
    await db.fetch(
        f"SELECT id FROM location WHERE {db.among('id')} ORDER BY id" + db.for_update(), db.listing(sorted(location_ids))
    )


async def mark_counted(location_id: int, counted_at: datetime, *, document: str, fact_id: UUID | None = None) -> None:
    """Pin a location, whole, to what a count found there; after the count's adjustments are moved, in the same transaction."""
    await pin([(Counting(location_id=location_id, document=document, until=counted_at, fact_id=fact_id), {0: counted_at})])


async def pin(found: Sequence[tuple[Counting, Mapping[int, datetime]]]) -> None:
    """Pin SKUs (0: all of which the document has no mark of their own) to what was found at their instants."""
    rows = [(count, sku, at) for count, instants in found for sku, at in sorted(instants.items())]
    await _forget([(count.location_id, count.document, sku) for count, sku, _ in rows])
    await _save(MarkKind.PINS, rows)


async def leave(counts: Sequence[tuple[Counting, Iterable[int]]]) -> None:
    """The document says nothing of these SKUs (not yet, or not any more): late facts about them are no business of it."""
    rows = [(count, sku, count.until) for count, skus in counts for sku in sorted(skus)]
    await _forget([(count.location_id, count.document, sku) for count, sku, _ in rows])
    await _save(MarkKind.LEAVES, rows)


async def watch(counts: Iterable[Counting]) -> None:
    """These were counted and are not booked: `touched` tells of which of them movements from before came since."""
    waiting = list(counts)
    await db.execute_many(
        "DELETE FROM count_mark WHERE location_id = ? AND document = ? AND kind = 'watch'",
        [(count.location_id, count.document) for count in waiting],
    )
    await _save(MarkKind.WATCH, [(count, 0, count.until) for count in waiting])


async def unwatch(document: str, location_ids: Iterable[int]) -> None:
    where = f"document = ? AND kind = 'watch' AND {db.among('location_id')}"
    await db.execute(f"DELETE FROM count_mark WHERE {where}", document, db.listing(sorted(location_ids)))


async def touched(documents: Iterable[str]) -> set[tuple[str, int]]:
    """What is watched and has changed since, by document and location."""
    rows = await db.fetch(
        f"SELECT document, location_id FROM count_mark WHERE {db.among('document')} AND kind = 'watch' AND touched = ?",
        *(db.listing(sorted(documents)), True),
    )
    return {(row["document"], row["location_id"]) for row in rows}


async def _forget(marks: Sequence[tuple[int, str, int]]) -> None:
    await db.execute_many("DELETE FROM count_mark WHERE location_id = ? AND document = ? AND sku_id = ? AND kind <> 'watch'", marks)


async def _save(kind: MarkKind, rows: Sequence[tuple[Counting, int, datetime]]) -> None:
    columns = ("location_id", "sku_id", "kind", "counted_at", "until", "document", "fact_id", "touched")
    await db.insert_many(
        "count_mark",
        columns,
        [(c.location_id, sku, kind.value, at, max(at, c.until), c.document, c.fact_id, False) for c, sku, at in rows],
    )
