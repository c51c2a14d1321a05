"""What was counted becomes rows: counted, expected, the difference and whose decision it is; brought up to date when more comes."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from controller import db
from controller.counts.costs import Goods, goods_of
from controller.counts.expecting import BinCount, counts_of
from controller.counts.limits import policies
from controller.counts.numbers import document
from controller.counts.policies import Found, Key, Policy, limits_of, needs
from controller.counts.states import RowState
from controller.stock.marks import Counting, watch

Numbers = dict[str, object]
"""Columns of a row."""
_WAITS = (RowState.OPEN.value, RowState.RECOUNT.value)
_DECIDED = (RowState.ACCEPTED.value, RowState.REJECTED.value, RowState.UNDONE.value)


async def evaluate(site: str, bin_ids: Collection[int]) -> list[BinCount]:
    """Bring the rows of these bins up to what is known now, and watch the bins.  With their locations held still."""
    counts = await counts_of(bin_ids)
    stored, said = await _stored(counts), await policies()
    skus = {sku for count in counts for sku, _ in (*count.spoken_of(), *stored[count.bin_id])}
    judge = Judge(await goods_of(skus, site), said, site)
    new: list[Numbers] = []
    changed: list[Numbers] = []
    gone: list[int] = []
    for count in counts:
        latest, wanted = stored[count.bin_id], count.spoken_of()
        decided = {key for key, row in latest.items() if row["state"] in _DECIDED and (key[1] != 0) == (key[0] in count.by_lot)}
        gone += [row["id"] for key, row in latest.items() if key not in wanted and row["state"] in _WAITS]
        for key in sorted(wanted | decided):
            row = latest.get(key)
            if row is None or row["state"] == RowState.SUPERSEDED.value or _says_more(count, key, row):
                new.append(judge.row(count, key) | {"turn": 1 + (row["turn"] if row else 0)})
            elif row["state"] in _WAITS:
                changed.append(judge.row(count, key) | {"id": row["id"]})
    await _insert(new)
    await _update(changed)
    await db.execute(f"UPDATE count_row SET state = 'superseded' WHERE {db.among('id')}", db.listing(gone))
    await db.execute(
        "UPDATE count_row SET state = 'superseded' WHERE state IN ('open', 'recount') AND EXISTS (SELECT 1 FROM count_bin b "
        f"WHERE b.id = count_row.bin_id AND b.round > count_row.round AND b.done_at IS NOT NULL AND {db.among('b.id')})",
        db.listing(sorted(count.bin_id for count in counts)),
    )
    await watch([counting(count) for count in counts])
    return counts


def counting(count: BinCount) -> Counting:
    """How the ledger knows a counted bin."""
    return Counting(
        location_id=count.location_id,
        document=document(count.session_id, count.round),
        until=count.done_at,
        fact_id=count.facts[-1] if count.facts else None,
    )


async def _stored(counts: Sequence[BinCount]) -> dict[int, dict[Key, db.Row]]:
    """The latest turn of each row in the round that counts, by bin."""
    rounds = {count.bin_id: count.round for count in counts}
    found: dict[int, dict[Key, db.Row]] = defaultdict(dict)
    sql = f"SELECT * FROM count_row WHERE {db.among('bin_id')} ORDER BY turn"
    for row in await db.fetch(sql, db.listing(sorted(rounds))):
        if row["round"] == rounds[row["bin_id"]]:
            found[row["bin_id"]][row["sku_id"], row["lot_id"]] = row
    return found


def _says_more(count: BinCount, key: Key, row: db.Row) -> bool:
    """Whether somebody counted more (or a symbol was linked) after the row was decided."""
    return row["state"] in _DECIDED and row["counted"] != count.counted(key)


@dataclass(frozen=True, slots=True)
class Judge:
    """What rows are judged by at a site."""

    goods: Mapping[int, Goods]
    said: Sequence[Policy]
    site: str

    def row(self, count: BinCount, key: Key) -> Numbers:
        sku, lot = key
        counted, expected = count.counted(key), count.expects(key)
        variance, of_sku = counted - expected, self.goods[sku]
        value = of_sku.cost.of(variance)
        doubtful = count.moved(sku) or not count.dated or (counted == 0 and count.unread)
        found = Found(variance=variance, value_minor=value, base_unit=of_sku.base_unit, doubtful=doubtful)
        return {
            "session_id": count.session_id,
            "bin_id": count.bin_id,
            "location_id": count.location_id,
            "round": count.round,
            "sku_id": sku,
            "lot_id": lot,
            "counted": counted,
            "expected": expected,
            "variance": variance,
            "value_minor": value,
            "weight": abs(value) or abs(variance),
            "at": count.at(sku),
            "moved": count.moved(sku),
            "dated": count.dated,
            "needs": needs(found, limits_of(self.said, self.site, of_sku.abc)).value,
        }


_NUMBERS = ("counted", "expected", "variance", "value_minor", "weight", "at", "moved", "dated", "needs")
_COLUMNS = ("session_id", "bin_id", "location_id", "round", "sku_id", "lot_id", "turn", *_NUMBERS)


async def _insert(rows: Sequence[Numbers]) -> None:
    columns = (*_COLUMNS, "state", "version")
    values = [(*(row[name] for name in _COLUMNS), RowState.OPEN.value, 1) for row in rows]
    await db.insert_many("count_row", columns, values)


async def _update(rows: Sequence[Numbers]) -> None:
    """`version` goes on only where something changed: whoever decides says which one they looked at."""
    assignments = ", ".join(f"{name} = ?" for name in _NUMBERS)
    await db.execute_many(
        f"UPDATE count_row SET {assignments}, version = version + CASE WHEN variance = ? THEN 0 ELSE 1 END "
        "WHERE id = ? AND state = 'open'",
        [(*(row[name] for name in _NUMBERS), row["variance"], row["id"]) for row in rows],
    )
