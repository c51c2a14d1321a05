"""The rows of cost, held and written: what a receipt's goods cost first, then the pools, each in order of its key."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller import bulk, db
from controller.costing.policies import Basis, Change, Pool
from controller.stock.states import Reason

Spot = tuple[int, str]
"""A SKU at a site."""
BasisKey = tuple[str, int, str]
"""A document, a SKU, a site."""
_NUMBERS = ("minor", "units", "booked_units", "booked_minor", "booked_unknown")
_BOUGHT = f"b.reason IN ('{Reason.RECEIVED.value}', '{Reason.RETRACTED.value}')"
_EACH = "GROUP BY b.document, b.sku_id, b.site_id"


@dataclass(frozen=True, slots=True)
class Booking:
    """What is entered for a pool; `movement` None: a correction."""

    spot: Spot
    change: Change
    reason: str
    document: str | None
    movement: int | None


async def hold_bases(keys: Iterable[BasisKey]) -> dict[BasisKey, Basis]:
    """Those that are there, until the transaction ends."""
    rows = await _with_keys(keys, "".join(f", b.{name}" for name in _NUMBERS), of="cost_basis b", hold=True)
    return {_key(row): Basis(*(row[name] for name in _NUMBERS)) for row in rows}


async def make_bases(keys: Iterable[BasisKey], late: Iterable[BasisKey]) -> None:
    """Make those that are not there, at a cost that nobody knows.

    `late`: goods of these may be in the books: how many is the sum of their entries.  What is valued meanwhile waits.
    """
    wanted = set(keys)
    wanted -= {_key(row) for row in await _with_keys(wanted, of="cost_basis b")}
    before = wanted.intersection(late)
    booked: dict[BasisKey, int] = {}
    if before:
        await db.fetch(f"SELECT movement_id FROM cost_cursor WHERE id = 1{db.for_update()}")
        sums = await _with_keys(
            before,
            ", SUM(b.quantity + b.unknown) AS units",
            of="cost_entry b",
            also=f"b.movement_id IS NOT NULL AND {_BOUGHT} {_EACH}",
        )
        booked = {_key(row): max(int(row["units"]), 0) for row in sums}
    await bulk.save(
        "cost_basis",
        ("document", "sku_id", "site_id", "units", "booked_units", "booked_minor", "booked_unknown"),
        [(*key, 1, 0, 0, booked.get(key, 0)) for key in sorted(wanted)],
        "ON CONFLICT (document, sku_id, site_id) DO NOTHING",
    )


async def _with_keys(keys: Iterable[BasisKey], columns: str = "", *, of: str, also: str = "", hold: bool = False) -> list[db.Row]:
    wanted = sorted(set(keys))
    if not wanted:
        return []
    source, params = bulk.wanted({"document": "text", "sku_id": "bigint", "site_id": "text"}, wanted)
    order = " ORDER BY b.document, b.sku_id, b.site_id" if not also else ""
    return await db.fetch(
        f"SELECT b.document, b.sku_id, b.site_id{columns} FROM {source} CROSS JOIN {of} WHERE b.document = w.document "
        f"AND b.sku_id = w.sku_id AND b.site_id = w.site_id{' AND ' + also if also else ''}{order}"
        + (db.for_update("b") if hold else ""),
        *params,
    )


def _key(row: db.Row) -> BasisKey:
    return row["document"], row["sku_id"], row["site_id"]


async def save_bases(bases: Mapping[BasisKey, Basis]) -> None:
    """Write those that were held."""
    await bulk.save(
        "cost_basis",
        ("document", "sku_id", "site_id", *_NUMBERS),
        [
            (*key, each.minor, each.units, each.booked_units, each.booked_minor, each.booked_unknown)
            for key, each in sorted(bases.items())
        ],
        f"ON CONFLICT (document, sku_id, site_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _NUMBERS)}",
    )


async def hold_pools(spots: Collection[Spot]) -> dict[Spot, Pool]:
    """All of them, made where there are none, until the transaction ends."""
    if not spots:
        return {}
    found = await _held(spots)
    if missing := sorted(spot for spot in spots if spot not in found):
        await bulk.save(
            "sku_cost",
            ("sku_id", "site_id", "quantity", "value_minor", "unknown"),
            [(*spot, 0, 0, 0) for spot in missing],
            "ON CONFLICT (sku_id, site_id) DO NOTHING",
        )
        found |= await _held(missing)
    return {spot: found[spot] for spot in spots}


async def _held(spots: Collection[Spot]) -> dict[Spot, Pool]:
    source, params = bulk.wanted({"sku_id": "bigint", "site_id": "text"}, sorted(spots))
    rows = await db.fetch(
        f"SELECT b.* FROM {source} CROSS JOIN sku_cost b WHERE b.sku_id = w.sku_id AND b.site_id = w.site_id "
        "ORDER BY b.sku_id, b.site_id" + db.for_update("b"),
        *params,
    )
    return {(row["sku_id"], row["site_id"]): Pool(row["quantity"], row["value_minor"], row["unknown"]) for row in rows}


async def save_pools(pools: Mapping[Spot, Pool]) -> None:
    """Write those that were held."""
    await bulk.save(
        "sku_cost",
        ("sku_id", "site_id", "quantity", "value_minor", "unknown"),
        [(*spot, pool.quantity, pool.value, pool.unknown) for spot, pool in sorted(pools.items())],
        "ON CONFLICT (sku_id, site_id) DO UPDATE SET quantity = excluded.quantity, value_minor = excluded.value_minor, "
        "unknown = excluded.unknown",
    )


async def append(bookings: Sequence[Booking]) -> None:
    instant = db.now()
    columns = (
        "sku_id", "site_id", "movement_id", "reason", "document", "quantity", "value_minor", "unknown", "difference_minor",
        "recorded_at",
    )  # fmt: skip
    rows = [
        (
            *each.spot,
            each.movement,
            each.reason,
            each.document,
            each.change.quantity,
            each.change.value,
            each.change.unknown,
            each.change.difference,
            instant,
        )
        for each in bookings
    ]
    await db.insert_many("cost_entry", columns, rows)
