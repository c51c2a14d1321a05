"""The rows of cost, held and written: what a receipt's goods cost first, then the pools, each in order of its key."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller import db
from controller.costing.policies import Basis, Change, Pool

Spot = tuple[int, str]
"""A SKU at a site."""
BasisKey = tuple[str, int, str]
"""A document, a SKU, a site."""
_BASIS = "document, sku_id, site_id, minor, units, booked_units, booked_minor, booked_unknown"


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
    wanted = set(keys)
    if not wanted:
        return {}
    rows = await db.fetch(
        f"SELECT {_BASIS} FROM cost_basis WHERE {db.among('document')} AND {db.among('sku_id')} "
        "ORDER BY document, sku_id, site_id" + db.for_update(),
        *(db.listing(sorted({key[0] for key in wanted})), db.listing(sorted({key[1] for key in wanted}))),
    )
    found = {(row["document"], row["sku_id"], row["site_id"]): row for row in rows}
    numbers = ("minor", "units", "booked_units", "booked_minor", "booked_unknown")
    return {key: Basis(*(row[name] for name in numbers)) for key, row in found.items() if key in wanted}


async def save_bases(bases: Mapping[BasisKey, Basis]) -> None:
    await db.execute_many(
        "UPDATE cost_basis SET minor = ?, units = ?, booked_units = ?, booked_minor = ?, booked_unknown = ? "
        "WHERE document = ? AND sku_id = ? AND site_id = ?",
        [(each.minor, each.units, each.booked_units, each.booked_minor, each.booked_unknown, *key) for key, each in bases.items()],
    )


async def hold_pools(spots: Collection[Spot]) -> dict[Spot, Pool]:
    """All of them, made where there are none, until the transaction ends."""
    if not spots:
        return {}
    await db.execute_many(
        "INSERT INTO sku_cost (sku_id, site_id, quantity, value_minor, unknown) VALUES (?, ?, 0, 0, 0) "
        "ON CONFLICT (sku_id, site_id) DO NOTHING",
        sorted(spots),
    )
    rows = await db.fetch(
        f"SELECT * FROM sku_cost WHERE {db.among('sku_id')} AND {db.among('site_id')} ORDER BY sku_id, site_id" + db.for_update(),
        *(db.listing(sorted({sku for sku, _ in spots})), db.listing(sorted({site for _, site in spots}))),
    )
    found = {(row["sku_id"], row["site_id"]): Pool(row["quantity"], row["value_minor"], row["unknown"]) for row in rows}
    return {spot: found[spot] for spot in spots}


async def save_pools(pools: Mapping[Spot, Pool]) -> None:
    await db.execute_many(
        "UPDATE sku_cost SET quantity = ?, value_minor = ?, unknown = ? WHERE sku_id = ? AND site_id = ?",
        [(pool.quantity, pool.value, pool.unknown, *spot) for spot, pool in sorted(pools.items())],
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
