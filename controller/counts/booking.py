"""What is accepted is booked as of the instant at which it was counted, and pinned there (docs/adr/0006, 0033)."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controller import db, events
from controller.counts.evaluating import counting
from controller.counts.expecting import BinCount, counts_of
from controller.counts.numbers import document
from controller.counts.policies import Key
from controller.counts.states import RowState
from controller.sites.models import LocationKind
from controller.sites.queries import special
from controller.stock.ledger import move
from controller.stock.marks import Counting, leave, pin, unwatch
from controller.stock.policies import NO_LOT, Move
from controller.stock.states import Reason

SYSTEM = "system"
"""Who decides what is within tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who decided, and why; None: it was within tolerance."""

    by: str
    reason: str | None = None
    note: str | None = None

    @property
    def approver(self) -> str | None:
        """As entries name people; None: nobody, it was within tolerance."""
        kind, _, who = self.by.partition(":")
        return (who or kind)[:512] if self.by != SYSTEM else None


async def book(site: str, rows: Sequence[db.Row], decision: Decision) -> None:
    """Accept rows that still wait, and book each difference as it is now.  With the locations held still, the session locked.

    Other lots of the same SKU that were accepted before are put right with it.
    """
    counts = {count.bin_id: count for count in await counts_of({row["bin_id"] for row in rows})}
    rows = [row for row in rows if counts[row["bin_id"]].round == row["round"]]
    whole = [*rows, *await _siblings(rows)]
    loss = await special(site, LocationKind.LOSS)
    people = await _people(counts)
    differences = [(row, _difference(counts[row["bin_id"]], row)) for row in whole]
    moves = [
        _move(counts[row["bin_id"]], row, difference, loss, people[row["bin_id"]]) for row, difference in differences if difference
    ]
    await move([replace(each, approved_by=decision.approver) for each in moves])
    wanted = {row["id"] for row in rows}
    await db.execute_many(
        "UPDATE count_row SET expected = counted - ?, variance = ?, booked = COALESCE(booked, 0) + ?, state = ?, reason = ?, "
        "note = ?, decided_at = ?, decided_by = ?, version = version + 1 WHERE id = ?",
        [
            (
                difference,
                difference,
                difference,
                RowState.ACCEPTED.value,
                decision.reason,
                decision.note,
                db.now(),
                decision.by,
                row["id"],
            )
            for row, difference in differences
            if row["id"] in wanted
        ],
    )
    await db.execute_many(
        "UPDATE count_row SET booked = booked + ? WHERE id = ?",
        [(difference, row["id"]) for row, difference in differences if row["id"] not in wanted and difference],
    )


def _difference(count: BinCount, row: db.Row) -> int:
    key: Key = (row["sku_id"], row["lot_id"])
    return count.counted(key) - count.expects(key)


async def _siblings(rows: Sequence[db.Row]) -> list[db.Row]:
    """Accepted rows of other lots of the same SKUs in the same bins and rounds."""
    lots = {(row["bin_id"], row["round"], row["sku_id"]) for row in rows if row["lot_id"] != 0}
    if not lots:
        return []
    found = await db.fetch(
        f"SELECT * FROM count_row WHERE {db.among('bin_id')} AND state = 'accepted' AND lot_id <> 0 ORDER BY id",
        db.listing(sorted({bin_id for bin_id, _, _ in lots})),
    )
    again = {(row["bin_id"], row["sku_id"], row["lot_id"]) for row in rows}
    latest = {
        (row["bin_id"], row["sku_id"], row["lot_id"]): row for row in found if (row["bin_id"], row["round"], row["sku_id"]) in lots
    }
    return [row for key, row in latest.items() if key not in again]


@dataclass(frozen=True, slots=True)
class _Counters:
    """Who counted a bin, with what."""

    people: str | None
    device: str


async def _people(counts: Mapping[int, BinCount]) -> dict[int, _Counters]:
    rows = await db.fetch(
        f"SELECT p.* FROM count_part p JOIN count_bin b ON b.id = p.bin_id AND b.round = p.round WHERE {db.among('p.bin_id')} "
        "AND p.state = 'counts' ORDER BY p.id",
        db.listing(sorted(counts)),
    )
    parts: dict[int, list[db.Row]] = defaultdict(list)
    for row in rows:
        parts[row["bin_id"]].append(row)
    return {
        bin_id: _Counters(
            people=", ".join(dict.fromkeys(row["person"] for row in found if row["person"]))[:512] or None,
            device=f"{found[-1]['box']}/{found[-1]['device'] or '_'}",
        )
        for bin_id, found in parts.items()
    }


def _move(count: BinCount, row: db.Row, difference: int, loss: int, who: _Counters) -> Move:
    place = count.location_id
    return Move(
        sku_id=row["sku_id"],
        from_location_id=loss if difference > 0 else place,
        to_location_id=place if difference > 0 else loss,
        quantity=abs(difference),
        reason=Reason.COUNTED,
        occurred_at=count.at(row["sku_id"]),
        document=document(count.session_id, count.round),
        fact_id=count.facts[-1] if count.facts else None,
        person=who.people,
        device=who.device,
        lot_id=0 if difference > 0 and row["lot_id"] == NO_LOT else row["lot_id"],
    )


async def pin_bins(counts: Iterable[BinCount]) -> None:
    """Say to the ledger what these bins' rows have come to: accepted SKUs are pinned, others left, and the rest was not there."""
    by_bin = {count.bin_id: count for count in counts}
    rows = await db.fetch(
        "SELECT bin_id, round, sku_id, lot_id, state FROM count_row "
        f"WHERE {db.among('bin_id')} AND state <> 'superseded' ORDER BY turn, id",
        db.listing(sorted(by_bin)),
    )
    latest: dict[tuple[int, int, int], str] = {}
    open_skus: dict[int, set[int]] = defaultdict(set)
    spoken: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        if row["round"] == by_bin[row["bin_id"]].round:
            latest[row["bin_id"], row["sku_id"], row["lot_id"]] = row["state"]
    for (bin_id, sku, _), state in latest.items():
        spoken[bin_id].add(sku)
        if state != RowState.ACCEPTED.value:
            open_skus[bin_id].add(sku)
    pins: list[tuple[Counting, dict[int, datetime]]] = []
    for bin_id, count in by_bin.items():
        accepted = spoken[bin_id] - open_skus[bin_id]
        pins.append((counting(count), {0: count.done_at} | {sku: count.at(sku) for sku in accepted}))
    await pin(pins)
    await leave([(counting(count), open_skus[bin_id]) for bin_id, count in by_bin.items()])


async def unwatch_decided(bin_ids: Collection[int]) -> None:
    """Bins of which nothing is to be decided any more are watched no longer."""
    rows = await db.fetch(
        f"SELECT b.session_id, b.location_id, b.round FROM count_bin b WHERE {db.among('b.id')} AND NOT EXISTS "
        "(SELECT 1 FROM count_row r WHERE r.bin_id = b.id AND r.round = b.round AND r.state IN ('open', 'recount'))",
        db.listing(sorted(bin_ids)),
    )
    by_document: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_document[document(row["session_id"], row["round"])].append(row["location_id"])
    for name, locations in by_document.items():
        await unwatch(name, locations)


async def reverse(row: db.Row) -> None:
    """Take back what an accepted row booked, and what late facts corrected because of it, each as of its own instant."""
    name = document(row["session_id"], row["round"])
    entries = await db.fetch(
        "SELECT * FROM stock_movement WHERE sku_id = ? AND document = ? AND (from_location_id = ? OR to_location_id = ?) "
        "AND reason IN ('counted', 'count_corrected', 'count_undone') ORDER BY id",
        *(row["sku_id"], name, row["location_id"], row["location_id"]),
    )
    net: dict[tuple[int, int, datetime, int], int] = defaultdict(int)
    for entry in entries:
        came = entry["to_location_id"] == row["location_id"]
        other = entry["from_location_id"] if came else entry["to_location_id"]
        net[other, entry["lot_id"], entry["occurred_at"], row["location_id"]] += entry["quantity"] if came else -entry["quantity"]
    who = events.actor().actor
    moves = [
        Move(
            sku_id=row["sku_id"],
            from_location_id=here if quantity > 0 else other,
            to_location_id=other if quantity > 0 else here,
            quantity=abs(quantity),
            reason=Reason.COUNT_UNDONE,
            occurred_at=at,
            document=name,
            person=who[:512],
            lot_id=lot,
        )
        for (other, lot, at, here), quantity in sorted(net.items())
        if quantity
    ]
    await move(moves)
