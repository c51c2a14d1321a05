"""A pick that comes after its line was found short and sourced elsewhere: what nobody waits for any more is put back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from controller.db import among, fetch, listing
from controller.fulfilment.lists import PickListNow
from controller.fulfilment.policies import PickLine


async def still_promised(now: Iterable[PickListNow]) -> Counter[str]:
    """Base units that short lines of these lists may still add, by the keys of their promises: what went elsewhere is not in it."""
    short = [line for one in now for line in one.lines if line.is_short]
    if not short:
        return Counter()
    keys = listing(sorted({line.line_key for line in short}))
    rows = await fetch(f"SELECT line_key, quantity FROM order_allocation WHERE NOT is_ended AND {among('line_key')}", keys)  # noqa: S608 -- ours
    left: Counter[str] = Counter({row["line_key"]: int(row["quantity"]) for row in rows})
    for line in (line for one in now for line in one.lines if line.line_key in {each.line_key for each in short}):
        left[line.line_key] -= line.picked
    return left


def too_late(line: PickLine, part: int, left: Counter[str]) -> int:
    """Base units of a pick that nobody waits for; the others are taken off what is left."""
    if not line.is_short:
        return 0
    late = part - max(0, min(part, left[line.line_key]))
    left[line.line_key] -= part - late
    return late
