"""Where a line's goods are promised from, row by row.  In the caller's transaction, with the order locked.

The stock's hold carries the allocation's key.  A key is used once: `SO-100001/2` is line 2's first one,
`SO-100001/2-3` its third.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller import bulk, db
from controller.orders.numbers import ORDERS
from controller.stock import operations as stock
from controller.stock.handing_on import HandOn, hand_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """`quantity` base units of a line are promised from `site`; `position`, `sku_id`, `sku` are the line's."""

    id: int
    order_id: int
    order_line_id: int
    position: int
    sku_id: int
    sku: str
    site: str
    quantity: int
    line_key: str
    is_released: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A line that gets allocations."""

    order_id: int
    line_id: int
    position: int


def first_key(order_id: int, position: int) -> str:
    """The name under which `stock` holds the first goods of a line: `SO-100001/1`."""
    return f"{ORDERS.number(order_id)}/{position}"


_ROWS = (
    "SELECT a.id, a.order_id, a.order_line_id, l.position, l.sku_id, l.sku, a.site, a.quantity, a.line_key, a.is_released "
    "FROM order_allocation a JOIN order_line l ON l.id = a.order_line_id"
)


async def open_allocations(order_ids: Iterable[int]) -> list[Allocation]:
    """What is promised for some orders now, in order of their lines."""
    rows = await db.fetch(
        f"{_ROWS} WHERE {db.among('a.order_id')} AND NOT a.is_ended ORDER BY a.order_id, l.position, a.id",
        db.listing(set(order_ids)),
    )
    return [_allocation(row) for row in rows]


async def by_key(line_keys: Iterable[str]) -> dict[str, Allocation]:
    """Open or ended."""
    rows = await db.fetch(f"{_ROWS} WHERE {db.among('a.line_key')}", db.listing(set(line_keys)))
    return {row["line_key"]: _allocation(row) for row in rows}


def _allocation(row: db.Row) -> Allocation:
    return Allocation(**{**row, "is_released": bool(row["is_released"])})


async def write(rows: Sequence[tuple[Target, str, int]], orders: Mapping[int, tuple[str, str]] | None = None) -> list[str]:
    """New allocations of lines: (line, site, base units) each; their keys.  What holds their goods is the caller's.

    `orders`: channel and state of each of their orders, where the caller knows them.
    """
    if not rows:
        return []
    keys = await _new_keys([target for target, _, _ in rows])
    values = [
        (target.order_id, target.line_id, site, quantity, key, False)
        for (target, site, quantity), key in zip(rows, keys, strict=True)
    ]
    await _insert(values, orders)
    return keys


async def write_first(rows: Sequence[tuple[Target, str, int]], *, channel: str, state: str) -> list[str]:
    """The same for lines that never had one, of orders of this channel in this state."""
    seen: Counter[int] = Counter()
    keys = []
    for target, _, _ in rows:
        keys.append(_key(target, seen[target.line_id] + 1))
        seen[target.line_id] += 1
    await db.insert_many(
        "order_allocation",
        _COLUMNS,
        [
            (target.order_id, target.line_id, site, quantity, key, False)
            for (target, site, quantity), key in zip(rows, keys, strict=True)
        ],
    )
    await db.put(_NOTE_SITE, [(*pair, channel, state) for pair in sorted({(site, target.order_id) for target, site, _ in rows})])
    return keys


_SITE_COLUMNS = ("site", "order_id", "channel", "state")
_NOTE_SITE = "INSERT INTO order_site (site, order_id, channel, state) VALUES (?, ?, ?, ?) ON CONFLICT (site, order_id) DO NOTHING"
_COLUMNS = ("order_id", "order_line_id", "site", "quantity", "line_key", "is_ended")


async def _insert(values: Sequence[Sequence[object]], orders: Mapping[int, tuple[str, str]] | None) -> None:
    if len(values) >= db.COPIED_FROM:
        await db.insert_many("order_allocation", _COLUMNS, values)
    else:
        marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(values))
        await db.execute(
            f"INSERT INTO order_allocation ({', '.join(_COLUMNS)}) VALUES {marks}", *(value for row in values for value in row)
        )
    pairs = sorted({(str(row[2]), int(str(row[0]))) for row in values})
    if orders is None:
        await note_sites(pairs)
    else:
        known = [(site, order_id, *orders[order_id]) for site, order_id in pairs]
        await bulk.save("order_site", _SITE_COLUMNS, known, "ON CONFLICT (site, order_id) DO NOTHING")


async def note_sites(pairs: Sequence[tuple[str, int]]) -> None:
    """These sites (and order ids) have to do with each other from now on."""
    source, params = bulk.wanted({"site": "text", "order_id": "bigint"}, pairs)
    await db.execute(
        "INSERT INTO order_site (site, order_id, channel, state) "
        f"SELECT w.site, o.id, o.channel, o.state FROM {source} CROSS JOIN sales_order o WHERE o.id = w.order_id "
        "ON CONFLICT (site, order_id) DO NOTHING",
        *params,
    )


async def _new_keys(targets: Sequence[Target]) -> list[str]:
    rows = await db.fetch(
        f"SELECT order_line_id, COUNT(*) AS n FROM order_allocation WHERE {db.among('order_line_id')} GROUP BY order_line_id",
        db.listing({target.line_id for target in targets}),
    )
    used = Counter({row["order_line_id"]: int(row["n"]) for row in rows})
    keys = []
    for target in targets:
        used[target.line_id] += 1
        keys.append(_key(target, used[target.line_id]))
    return keys


def _key(target: Target, number: int) -> str:
    first = first_key(target.order_id, target.position)
    return first if number == 1 else f"{first}-{number}"


async def end(allocations: Iterable[Allocation]) -> None:
    """What they hold is free again."""
    ended = list(allocations)
    await stock.release([one.line_key for one in ended])
    await mark_ended([one.id for one in ended])


async def mark_released(line_keys: Iterable[str], *, is_released: bool = True) -> None:
    """They are on a pick list that stands, or not any more."""
    await db.execute(
        f"UPDATE order_allocation SET is_released = ? WHERE {db.among('line_key')}", is_released, db.listing(sorted(set(line_keys)))
    )


async def mark_ended(ids: Collection[int]) -> None:
    if ids:
        await db.execute(f"UPDATE order_allocation SET is_ended = ? WHERE {db.among('id')}", True, db.listing(ids))


async def hand_over(moves: Sequence[tuple[Allocation, Target, int]]) -> list[str]:
    """So many base units of what a line is promised are another line's, from the same site; the keys there.  Raises NotHandedOn."""
    if not moves:
        return []
    keys = await write([(target, allocation.site, quantity) for allocation, target, quantity in moves])
    await hand_on([HandOn(allocation.line_key, key, quantity) for (allocation, _, quantity), key in zip(moves, keys, strict=True)])
    left = {allocation.id: allocation.quantity for allocation, _, _ in moves}
    for allocation, _, quantity in moves:
        left[allocation.id] -= quantity
    await mark_ended([one for one, quantity in left.items() if not quantity])
    await db.execute_many(
        "UPDATE order_allocation SET quantity = ? WHERE id = ?", [(quantity, one) for one, quantity in left.items() if quantity]
    )
    return keys


async def give_up(allocations: Sequence[Allocation], quantity: int) -> None:
    """So many base units of what a line is promised are free again: of the latest of its promises first."""
    parts = take_from(allocations, quantity)
    whole = [one for one, part in parts if part == one.quantity]
    for one, part in parts:
        if part < one.quantity:
            (key,) = await hand_over([(one, Target(one.order_id, one.order_line_id, one.position), part)])
            whole += (await by_key([key])).values()
    await end(whole)


def take_from(allocations: Sequence[Allocation], quantity: int) -> list[tuple[Allocation, int]]:
    """Which parts of a line's allocations make up so many base units: the latest first.  Less when they hold less."""
    parts: list[tuple[Allocation, int]] = []
    for one in sorted(allocations, key=lambda one: -one.id):
        part = min(quantity, one.quantity)
        if part:
            parts.append((one, part))
            quantity -= part
    return parts
