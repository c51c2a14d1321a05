"""Lines, or parts of them, go from one order to another with what is promised for them.  The orders are locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.customers.order_addresses import address_of, set_address, stored_address
from controller.db import Row, execute, fetch, now
from controller.errors import NotFound
from controller.orders import allocations
from controller.orders.allocations import Allocation, Target, note_sites, open_allocations, take_from
from controller.orders.errors import NotUndoable
from controller.orders.flags import FlagKind, blocking, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.placing import pickup_code
from edge_agent.wire.prices import line_amount

_ORDER = (
    "site", "region", "channel", "currency", "state", "delivery", "customer_id", "due_at", "min_remaining_days",
)  # fmt: skip
_LINE = ("sku_id", "sku", "name_zh", "name_en", "base_unit", "unit_price_minor", "price_per", "presale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """`quantity` base units of a line's row become a line of another order; `is_copy`: the line stays, unpromised."""

    line: Row
    quantity: int
    to_order: int
    to_position: int
    is_copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What went, between rows of `order_line`; `amount_minor` of what it costs went along."""

    from_line: int
    to_line: int
    quantity: int
    amount_minor: int


async def order_row(order_id: int) -> Row:
    """Raises NotFound."""
    rows = await fetch("SELECT * FROM sales_order WHERE id = ?", order_id)
    if not rows:
        raise NotFound(ORDERS.what, ORDERS.number(order_id))
    return rows[0]


async def lines_of(order_id: int) -> list[Row]:
    """Those that were not removed."""
    return await fetch("SELECT * FROM order_line WHERE order_id = ? AND NOT is_removed ORDER BY position", order_id)


async def last_position(order_id: int) -> int:
    rows = await fetch("SELECT COALESCE(MAX(position), 0) AS last FROM order_line WHERE order_id = ?", order_id)
    return int(rows[0]["last"])


async def free_reference(order: Row) -> str:
    """The next one after an order's own: `A-1~1`, `A-1~2`."""
    stem = order["reference"][:56]
    number = 1
    while await fetch("SELECT id FROM sales_order WHERE channel = ? AND reference = ?", order["channel"], f"{stem}~{number}"):
        number += 1
    return f"{stem}~{number}"


async def copy_order(order: Row, *, reference: str) -> int:
    """An order like it, without lines: for whom it is, where it goes, what it goes by; its id."""
    rows = await fetch(
        f"INSERT INTO sales_order ({', '.join(_ORDER)}, reference, pickup_code, total_minor, placed_at) "  # noqa: S608 -- names of ours
        f"VALUES ({', '.join('?' * len(_ORDER))}, ?, ?, 0, ?) RETURNING id",
        *(order[name] for name in _ORDER),
        *(reference, pickup_code(), now()),
    )
    child = int(rows[0]["id"])
    if order["site"] is not None:
        await note_sites([(order["site"], child)])
    known = await stored_address(order["id"])
    if known is not None:
        await set_address(child, await address_of(order["id"]), customer_id=known.customer_id, site=order["site"])
    return child


async def copy_flags(from_order: int, to_order: int) -> None:
    """What holds up the one holds up the other; what is short is told where it is."""
    for kind in (await blocking([from_order])).get(from_order, []):
        if kind is not FlagKind.STOCK_SHORT or await _wants(to_order):
            await set_flag(to_order, kind, f"as {ORDERS.number(from_order)}")


async def _wants(order_id: int) -> bool:
    return bool(await fetch("SELECT id FROM order_line WHERE order_id = ? AND wanting > 0 LIMIT 1", order_id))


async def move_lines(movements: Sequence[Movement]) -> list[Moved]:
    """All of them; each becomes a line of its own there.  What the orders come to then is the caller's to count."""
    if not movements:
        return []
    promised = await _by_line({one.line["order_id"] for one in movements})
    found, handed = [], list[tuple[Allocation, Target, int]]()
    for one in movements:
        row, from_wanting = one.line, min(one.line["wanting"], one.quantity)
        amount = _part(row, one.quantity)
        to_line = await _insert_line(one, amount, from_wanting)
        target = Target(one.to_order, to_line, one.to_position)
        parts = take_from(promised.get(row["id"], []), one.quantity - from_wanting)
        handed += [(allocation, target, part) for allocation, part in parts]
        found.append(Moved(from_line=row["id"], to_line=to_line, quantity=one.quantity, amount_minor=amount))
        if one.is_copy:
            await execute("UPDATE order_line SET wanting = 0 WHERE id = ?", row["id"])
        else:
            await _take_off(row["id"], one.quantity, amount, from_wanting)
            await _changed(row["order_id"])
        await _changed(one.to_order)
    await allocations.hand_over(handed)
    return found


def _part(row: Row, quantity: int) -> int:
    """What a part of a line costs: the two parts together cost what the line did."""
    if quantity == row["quantity"]:
        return int(row["amount_minor"])
    stays = line_amount(row["quantity"] - quantity, row["unit_price_minor"], row["price_per"])
    return max(int(row["amount_minor"]) - stays, 0)


async def _by_line(order_ids: set[int]) -> dict[int, list[Allocation]]:
    found: dict[int, list[Allocation]] = {}
    for one in await open_allocations(order_ids):
        found.setdefault(one.order_line_id, []).append(one)
    return found


async def _insert_line(one: Movement, amount: int, wanting: int) -> int:
    rows = await fetch(
        f"INSERT INTO order_line (order_id, position, {', '.join(_LINE)}, quantity, amount_minor, wanting, is_short) "  # noqa: S608
        f"VALUES (?, ?, {', '.join('?' * len(_LINE))}, ?, ?, ?, ?) RETURNING id",
        *(one.to_order, one.to_position),
        *(one.line[name] for name in _LINE),
        *(one.quantity, amount, wanting, False),
    )
    return int(rows[0]["id"])


async def _take_off(line_id: int, quantity: int, amount: int, wanting: int) -> None:
    """A line that gave all it had is removed, and keeps its numbers to be seen."""
    left = await execute(
        "UPDATE order_line SET quantity = quantity - ?, amount_minor = amount_minor - ?, wanting = wanting - ? "
        "WHERE id = ? AND quantity > ?",
        *(quantity, amount, wanting, line_id, quantity),
    )
    if not left:
        await execute("UPDATE order_line SET is_removed = ?, wanting = 0 WHERE id = ?", True, line_id)


async def _changed(order_id: int) -> None:
    await execute("UPDATE sales_order SET version = version + 1 WHERE id = ?", order_id)


async def move_back(parts: Sequence[Row], ends: tuple[str, str]) -> None:
    """What `order_link_line` says went goes back.  Raises NotUndoable (it is not what it was)."""
    promised = await _by_line({ORDERS.row_id(ends[1])})
    handed: list[tuple[Allocation, Target, int]] = []
    for part in parts:
        went = await _line(part["to_line_id"])
        home = await _line(part["from_line_id"])
        if went["is_removed"] or went["quantity"] != part["quantity"] or went["amount_minor"] != part["amount_minor"]:
            raise NotUndoable(*ends, why=f"line {went['position']} of {ends[1]} was changed since")
        target = Target(home["order_id"], home["id"], home["position"])
        back = take_from(promised.get(went["id"], []), went["quantity"] - went["wanting"])
        if sum(quantity for _, quantity in back) != went["quantity"] - went["wanting"] and went["state"] != "draft":
            raise NotUndoable(*ends, why=f"line {went['position']} of {ends[1]} is not promised as it was")
        handed += [(allocation, target, quantity) for allocation, quantity in back]
        await execute("UPDATE order_line SET is_removed = ?, wanting = 0 WHERE id = ?", True, went["id"])
        await _put_home(home, went)
        await _changed(went["order_id"])
    await allocations.hand_over(handed)


async def _put_home(home: Row, went: Row) -> None:
    """A line that was copied has its numbers still; one that was taken off gets them back."""
    if home["state"] == "cancelled":
        await execute("UPDATE order_line SET wanting = ? WHERE id = ?", went["wanting"], home["id"])
        return
    kept = 0 if home["is_removed"] else 1
    await execute(
        "UPDATE order_line SET quantity = quantity * ? + ?, amount_minor = amount_minor * ? + ?, wanting = wanting + ?, "
        "is_removed = ? WHERE id = ?",
        *(kept, went["quantity"], kept, went["amount_minor"], went["wanting"], False, home["id"]),
    )
    await _changed(home["order_id"])


async def _line(line_id: int) -> Row:
    rows = await fetch("SELECT l.*, o.state FROM order_line l JOIN sales_order o ON o.id = l.order_id WHERE l.id = ?", line_id)
    return rows[0]
