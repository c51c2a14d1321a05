"""What the lines of a count say: which SKU, how many base units, which lot.  What nobody knows yet waits by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from controller import db
from controller.catalog.operations import note_unknown, sighting, waiting_for
from controller.catalog.policies import Found, SymbolKey, Unknown
from controller.catalog.queries import resolve
from controller.counts.policies import instant_of_line
from controller.counts.states import LineState
from controller.facts import FactIn, Parked
from controller.stock.lots import code_told, lot_told, lots_of
from edge_agent.wire.facts import Counted, CountLine

Fact = FactIn[Counted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which part of which bin, session and round."""

    part_id: int
    session_id: int
    bin_id: int
    round: int


async def store_lines(fact: Fact, place: Place) -> bool:
    """Keep each line once, by its own id; whether each instant could be trusted."""
    trusted, rows = True, []
    for index, line in enumerate(fact.data.lines):
        at, is_sure = instant_of_line(line.at, fact.told_at, fact.occurred_at)
        trusted &= is_sure
        rows.append(
            (
                *(line.id or line_id(fact.id, index), place.part_id, place.session_id, place.bin_id, place.round),
                *(LineState.UNKNOWN.value, line.symbol.text, line.gtin, line.quantity, 0, 0),
                *(line.lot, line.expiry, code_told(line.serial), at),
            )
        )
    await db.execute_many(
        "INSERT INTO count_line (line_id, part_id, session_id, bin_id, round, state, symbol, gtin, quantity, units, lot_id, "
        "lot, expiry, serial, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (line_id) DO NOTHING",
        rows,
    )
    return trusted


def line_id(fact: UUID, index: int) -> UUID:
    """The id of a line that has none of its own."""
    return uuid5(fact, str(index))


async def read_lines(fact: Fact, part_id: int) -> Parked | None:
    """Match the lines of a part that were not matched yet; the first that nobody knows is what the fact waits for."""
    rows = await db.fetch("SELECT * FROM count_line WHERE part_id = ? AND state IN ('unknown', 'bad') ORDER BY id", part_id)
    if not rows:
        return None
    meanings = await resolve([SymbolKey(row["symbol"], row["gtin"]) for row in rows], site_id=fact.site_id)
    known = [(row, meaning) for row, meaning in zip(rows, meanings, strict=True) if isinstance(meaning, Found)]
    lots = await lots_of([lot_told(meaning.sku_id, row["lot"], row["expiry"]) for row, meaning in known], site=fact.site_id)
    matched = []
    for (row, meaning), lot in zip(known, lots, strict=True):
        units = meaning.base_units(row["quantity"])
        state = LineState.BAD if units is None else LineState.KNOWN
        matched.append((state.value, meaning.sku_id, units or 0, lot, row["id"]))
    await db.execute_many("UPDATE count_line SET state = ?, sku_id = ?, units = ?, lot_id = ? WHERE id = ?", matched)
    unread = [(row, meaning) for row, meaning in zip(rows, meanings, strict=True) if not isinstance(meaning, Found)]
    await _note(fact, [row["symbol"] for row, meaning in unread if isinstance(meaning, Unknown)])
    if not unread:
        return None
    first, why = unread[0]
    return Parked("unknown_barcode" if isinstance(why, Unknown) else "ambiguous_barcode", waiting_for(first["symbol"]))


async def _note(fact: Fact, symbols: Iterable[str]) -> None:
    """So that somebody links them."""
    wanted = set(symbols)
    lines: Sequence[CountLine] = [line for line in fact.data.lines if line.symbol.text in wanted]
    await note_unknown([sighting(fact, line.symbol, line.gtin) for line in lines])
