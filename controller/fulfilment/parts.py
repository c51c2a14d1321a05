"""An order and its parts: what all of its pick lists together say.  Derived from what they are now, in whatever order that came."""

# ruff: noqa: S608 -- what is put into the texts is column names and states of ours; values are parameters
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from controller.db import among, fetch, listing
from controller.fulfilment.lists import PickListNow

_HANDED_OVER = "COALESCE(p.state, '') = 'handed_over'"
_OF_THE_LIST = "SELECT 1 FROM pick_line x WHERE x.pick_list_id = l.id AND"
_TO_COME = (
    f"l.state <> 'withdrawn' AND NOT ({_HANDED_OVER} AND NOT EXISTS ({_OF_THE_LIST} x.picked < x.quantity AND NOT x.is_short)) "
    f"AND NOT (p.id IS NULL AND NOT EXISTS ({_OF_THE_LIST} (x.picked > 0 OR NOT x.is_short)))"
)
"""A list of which more is to come: not out whole, and not declared short whole."""
_LISTS = "SELECT 1 FROM pick_list l LEFT JOIN parcel p ON p.pick_list_id = l.id WHERE l.order_id = o.id AND"
_WHOLE = (
    f"EXISTS ({_LISTS} {_HANDED_OVER} AND l.state <> 'withdrawn') AND NOT EXISTS ({_LISTS} {_TO_COME}) "
    "AND NOT EXISTS (SELECT 1 FROM order_line n WHERE n.order_id = o.id AND n.wanting > 0 AND NOT n.is_removed) "
    "AND NOT EXISTS (SELECT 1 FROM order_allocation a WHERE a.order_id = o.id AND NOT a.is_ended AND NOT a.is_released)"
)


async def whole(order_ids: Collection[int]) -> list[int]:
    """Those of some orders of which nothing more can come: each part is handed over or declared short, and one is handed over.

    In the caller's transaction, with the orders locked and their lists written.
    """
    if not order_ids:
        return []
    rows = await fetch(f"SELECT o.id FROM sales_order o WHERE {among('o.id')} AND {_WHOLE} ORDER BY o.id", listing(order_ids))
    return [row["id"] for row in rows]


async def missing_of(touched: Iterable[PickListNow]) -> Counter[int]:
    """Base units missing, by order line id, of the lines of lists with one that was declared short; 0 where a late pick filled it.

    A line may be fetched from several sites: what is missing of it is the sum over its lists.  Call it when they are written.
    """
    line_ids = {line.order_line_id for one in touched if any(line.is_short for line in one.lines) for line in one.lines}
    if not line_ids:
        return Counter()
    rows = await fetch(
        "SELECT p.order_line_id, CAST(SUM(CASE WHEN p.is_short THEN p.quantity - p.picked ELSE 0 END) AS BIGINT) AS missing "
        f"FROM pick_line p JOIN pick_list l ON l.id = p.pick_list_id WHERE {among('p.order_line_id')} AND l.state <> 'withdrawn' "
        "GROUP BY p.order_line_id ORDER BY p.order_line_id",
        listing(sorted(line_ids)),
    )
    return Counter({row["order_line_id"]: int(row["missing"]) for row in rows})
