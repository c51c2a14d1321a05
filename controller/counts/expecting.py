"""What the ledger expected in bins that were counted: one statement for any number of lines and bins."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from controller import db
from controller.counts.policies import Key, Read, Tally, tallies
from controller.stock.policies import NO_LOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Base units as of the instant of a SKU's count, by lot, and whether it moved since the counting of the bin began."""

    by_lot: Mapping[int, int]
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BinCount:
    """What was found in a bin in the round that counts, and what was expected there."""

    bin_id: int
    session_id: int
    location_id: int
    round: int
    began_at: datetime
    done_at: datetime
    found: Mapping[Key, Tally]
    expected: Mapping[int, Expected]
    dated: bool
    unread: bool
    facts: list[UUID] = field(default_factory=list)

    @property
    def by_lot(self) -> set[int]:
        """SKUs that were counted by lots."""
        return {sku for sku, lot in self.found if lot != 0}

    def spoken_of(self) -> set[Key]:
        """What there is to say: each lot of a SKU that was counted by lots, each other SKU as a whole."""
        by_lot = self.by_lot
        lots = {(sku, lot or NO_LOT) for sku in by_lot for lot, there in self.expected_of(sku).items() if there}
        others = {(sku, 0) for sku, said in self.expected.items() if sku not in by_lot and sum(said.by_lot.values()) != 0}
        return set(self.found) | lots | others

    def expected_of(self, sku: int) -> Mapping[int, int]:
        said = self.expected.get(sku)
        return said.by_lot if said else {}

    def expects(self, key: Key) -> int:
        sku, lot = key
        by_lot = self.expected_of(sku)
        return sum(by_lot.values()) if lot == 0 else by_lot.get(max(lot, 0), 0)

    def counted(self, key: Key) -> int:
        tally = self.found.get(key)
        return tally.counted if tally else 0

    def at(self, sku: int) -> datetime:
        """The instant of the SKU's last scan; of one that was not there, when the bin was done."""
        return next((tally.at for (found, _), tally in self.found.items() if found == sku), self.done_at)

    def moved(self, sku: int) -> bool:
        said = self.expected.get(sku)
        return said.moved if said else False


async def counts_of(bin_ids: Collection[int]) -> list[BinCount]:
    """Bins of which something was counted in the round that counts."""
    wanted = db.listing(sorted(bin_ids))
    bins = await db.fetch(f"SELECT * FROM count_bin WHERE {db.among('id')} AND done_at IS NOT NULL ORDER BY id", wanted)
    parts = await _parts(bin_ids)
    lines = await _lines(bin_ids)
    expected = await _expected(bin_ids)
    return [
        BinCount(
            bin_id=row["id"],
            session_id=row["session_id"],
            location_id=row["location_id"],
            round=row["round"],
            began_at=row["began_at"],
            done_at=row["done_at"],
            found=tallies(lines[row["id"]].read),
            expected=expected[row["id"]],
            dated=all(part["dated"] for part in parts[row["id"]]),
            unread=lines[row["id"]].unread,
            facts=[part["fact_id"] for part in parts[row["id"]]],
        )
        for row in bins
    ]


@dataclass(slots=True)
class _Lines:
    read: list[Read] = field(default_factory=list)
    unread: bool = False


_IN_ROUND = "JOIN count_bin b ON b.id = {0}.bin_id AND b.round = {0}.round"


async def _parts(bin_ids: Iterable[int]) -> dict[int, list[db.Row]]:
    found: dict[int, list[db.Row]] = defaultdict(list)
    sql = f"SELECT p.* FROM count_part p {_IN_ROUND.format('p')} WHERE {db.among('p.bin_id')} AND p.state = 'counts' ORDER BY p.id"
    for row in await db.fetch(sql, db.listing(sorted(bin_ids))):
        found[row["bin_id"]].append(row)
    return found


async def _lines(bin_ids: Iterable[int]) -> dict[int, _Lines]:
    found: dict[int, _Lines] = defaultdict(_Lines)
    sql = (
        f"SELECT l.* FROM count_line l {_IN_ROUND.format('l')} JOIN count_part p ON p.id = l.part_id AND p.state = 'counts' "
        f"WHERE {db.among('l.bin_id')} AND l.state <> 'set_aside' ORDER BY l.id"
    )
    for row in await db.fetch(sql, db.listing(sorted(bin_ids))):
        lines = found[row["bin_id"]]
        if row["state"] != "known":
            lines.unread = True
            continue
        lines.read.append(
            Read(
                sku_id=row["sku_id"],
                units=row["units"],
                lot_id=row["lot_id"],
                serial=row["serial"],
                at=row["at"],
                id=row["line_id"],
            )
        )
    return found


def _moved_in(column: str, sign: str) -> str:
    return (
        f"SELECT b.id AS bin_id, b.began_at, b.done_at, m.sku_id, m.lot_id, {sign}m.quantity AS quantity, m.occurred_at, m.reason "
        f"FROM count_bin b JOIN stock_movement m ON m.{column} = b.location_id AND m.occurred_at <= b.done_at "
        f"WHERE {db.among('b.id')} AND m.reason <> 'unexplained'"
    )


async def _expected(bin_ids: Iterable[int]) -> dict[int, dict[int, Expected]]:
    """Each SKU as of its last scan in its bin, or as of when the bin was done."""
    wanted = db.listing(sorted(bin_ids))
    rows = await db.fetch(
        "WITH seen AS (SELECT l.bin_id, l.sku_id, MAX(l.at) AS at FROM count_line l "
        f"{_IN_ROUND.format('l')} JOIN count_part p ON p.id = l.part_id AND p.state = 'counts' "
        f"WHERE {db.among('l.bin_id')} AND l.state = 'known' GROUP BY l.bin_id, l.sku_id), "
        f"moved AS ({_moved_in('to_location_id', '')} UNION ALL {_moved_in('from_location_id', '-')}) "
        "SELECT e.bin_id, e.sku_id, e.lot_id, SUM(CASE WHEN e.occurred_at <= COALESCE(s.at, e.done_at) THEN e.quantity ELSE 0 END) "
        "AS net, SUM(CASE WHEN e.occurred_at > e.began_at AND e.occurred_at <= COALESCE(s.at, e.done_at) "
        "AND e.reason NOT IN ('counted', 'count_corrected', 'count_undone', 'lot_corrected') THEN 1 ELSE 0 END) AS meanwhile "
        "FROM moved e LEFT JOIN seen s ON s.bin_id = e.bin_id AND s.sku_id = e.sku_id GROUP BY e.bin_id, e.sku_id, e.lot_id",
        *(wanted, wanted, wanted),
    )
    lots: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    meanwhile: dict[tuple[int, int], bool] = defaultdict(bool)
    for row in rows:
        spot = (row["bin_id"], row["sku_id"])
        lots[spot][row["lot_id"]] = int(row["net"])
        meanwhile[spot] |= bool(row["meanwhile"])
    found: dict[int, dict[int, Expected]] = defaultdict(dict)
    for (bin_id, sku), by_lot in lots.items():
        found[bin_id][sku] = Expected(by_lot=by_lot, moved=meanwhile[bin_id, sku])
    return found
