"""What a channel's goods are in ours; whoever waited for a mapping goes on when it is there."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from controller import events
from controller.catalog.policies import Found, SymbolKey
from controller.catalog.queries import resolve, skus_by_code
from controller.db import among, execute, fetch, listing, now, transaction
from controller.errors import NotFound, Rejected
from controller.intake.events import GoodsMapped
from controller.intake.states import RawState
from controller.tasks.operations import close_tasks
from drivers.symbols.gtin import to_gtin14
from edge_agent.wire.prices import price_per

MOST_UNITS = 10**6
MAX_GOODS = 100


class BadMapping(Rejected):
    code = "bad_mapping"


FILE = "file"
"""The channel of orders that people send as files: it calls goods as we do."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One of the channel's is `units` base units of `sku`, of which a price of ours is for `price_per`.

    What the channel asks is for `each` of its own.
    """

    sku: str
    units: int
    price_per: int
    each: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMapping:
    id: int
    channel: str
    goods: str
    sku: str
    units: int
    changed_at: datetime
    changed_by: str


async def mapped(channel: str, goods: Collection[str]) -> dict[str, Mapped]:
    """By the channel's name; what nobody mapped, or to a SKU that is gone, is left out.

    In files SKUs' codes and barcodes of the whole chain name goods, too, unless somebody mapped them to others.
    """
    rows = await fetch(
        f"SELECT goods, sku, units FROM goods_mapping WHERE channel = ? AND {among('goods')}", channel, listing(sorted(goods))
    )
    skus = await skus_by_code([row["sku"] for row in rows])
    found = {
        row["goods"]: Mapped(row["sku"], row["units"], price_per(skus[row["sku"]].base_unit)) for row in rows if row["sku"] in skus
    }
    return found if channel != FILE else await _our_own(set(goods) - found.keys()) | found


async def _our_own(goods: Collection[str]) -> dict[str, Mapped]:
    """By a SKU's code, a price as the catalogue has it; or by a barcode, a price of one scan."""
    skus = await skus_by_code(sorted(goods))
    found = {code: Mapped(code, 1, price_per(sku.base_unit), price_per(sku.base_unit)) for code, sku in skus.items()}
    codes = sorted(set(goods) - found.keys())
    meanings = dict(zip(codes, await resolve([SymbolKey(code, to_gtin14(code)) for code in codes], site_id=""), strict=True))
    scanned = {code: (one, units) for code, one in meanings.items() if isinstance(one, Found) and (units := one.base_units(1))}
    bases = await skus_by_code(sorted({one.sku for one, _ in scanned.values()}))
    return found | {code: Mapped(one.sku, units, price_per(bases[one.sku].base_unit)) for code, (one, units) in scanned.items()}


async def map_goods(channel: str, goods: str, sku: str, *, units: int = 1) -> int:
    """From now on these goods of a channel are so many base units of a SKU; how many raw orders go on for it.

    Records GoodsMapped.  Raises BadMapping, NotFound (the SKU).
    """
    if not 1 <= units <= MOST_UNITS or not 0 < len(goods) <= MAX_GOODS:
        raise BadMapping(f"1 to {MOST_UNITS} units, and goods of 1 to {MAX_GOODS} characters")
    if sku not in await skus_by_code([sku]):
        raise NotFound("SKU", sku)
    async with transaction():
        await execute(
            "INSERT INTO goods_mapping (channel, goods, sku, units, changed_at, changed_by) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (channel, goods) DO UPDATE SET sku = excluded.sku, units = excluded.units, "
            "changed_at = excluded.changed_at, changed_by = excluded.changed_by",
            *(channel, goods, sku, units, now(), events.actor().actor),
        )
        resumed = await _resume(channel, goods)
        await close_tasks(f"goods:{channel}/{goods}")
        event = GoodsMapped(channel=channel, sku=sku, units=units, resumed=resumed)
        await events.record(event, subject=f"goods:{channel}/{goods}")
    return resumed


async def _resume(channel: str, goods: str) -> int:
    """Those that waited for this and for nothing else wait to be taken."""
    rows = await fetch("DELETE FROM raw_missing WHERE channel = ? AND goods = ? RETURNING raw_order_id", channel, goods)
    return await execute(
        f"UPDATE raw_order SET state = ?, code = NULL, detail = NULL, changed_at = ? WHERE {among('id')} AND state = ? "
        "AND NOT EXISTS (SELECT 1 FROM raw_missing m WHERE m.raw_order_id = raw_order.id)",
        *(RawState.WAITING.value, now(), listing(row["raw_order_id"] for row in rows), RawState.UNMAPPED.value),
    )


async def mappings(*, channel: str, after: int, limit: int) -> list[StoredMapping]:
    some, values = ("AND channel = ?", [channel]) if channel else ("", [])
    rows = await fetch(f"SELECT * FROM goods_mapping WHERE id > ? {some} ORDER BY id LIMIT ?", after, *values, limit)
    return [StoredMapping(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Missing:
    """Goods that nobody mapped, and how many raw orders wait for them."""

    channel: str
    goods: str
    waiting: int


async def missing(*, limit: int) -> list[Missing]:
    """What most orders wait for comes first."""
    rows = await fetch(
        "SELECT m.channel, m.goods, COUNT(*) AS n FROM raw_missing m JOIN raw_order r ON r.id = m.raw_order_id "
        "WHERE r.state = ? GROUP BY m.channel, m.goods ORDER BY n DESC, m.channel, m.goods LIMIT ?",
        *(RawState.UNMAPPED.value, limit),
    )
    return [Missing(row["channel"], row["goods"], row["n"]) for row in rows]
