"""What goods of a receipt cost, told by purchasing; what had come already is corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller import db
from controller.costing.policies import Basis, Change, Pool
from controller.costing.pools import Booking, Spot, append, hold_bases, hold_pools, make_bases, save_bases, save_pools

CORRECTED = "cost_corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Goods of a SKU that came at a site under `document` cost `minor` for `units` base units; None: nobody knows.

    Minor units of the site's currency, landed: with their part of freight and duty.
    """

    document: str
    sku_id: int
    site_id: str
    minor: int | None
    units: int = 1
    is_first: bool = False
    """Nothing of these goods came before what this very transaction books."""

    @property
    def key(self) -> tuple[str, int, str]:
        return self.document, self.sku_id, self.site_id


async def set_costs(costs: Sequence[Cost]) -> None:
    """Say what goods cost, before they are booked or after.

    Of what was booked at another cost, the part whose goods may still be here is put right in the moving average, and the rest is
    booked as price difference.  A cost that was known does not become unknown again.
    """
    wanted = {cost.key: cost for cost in costs if cost.minor is not None}  # nobody's knowledge is no row
    if not wanted:
        return
    async with db.transaction():
        await make_bases(wanted, (key for key, cost in wanted.items() if not cost.is_first))
        bases = await hold_bases(wanted)
        late = {key: wanted[key] for key, basis in bases.items() if _differs(basis, wanted[key])}
        pools = await hold_pools({(key[1], key[2]) for key in late})
        bookings = [booking for key in sorted(late) for booking in _put_right(late[key], bases, pools)]
        await save_bases({key: bases[key] for key in late})
        await save_pools(pools)
        await append(bookings)


def _differs(basis: Basis, cost: Cost) -> bool:
    return (basis.minor, basis.units) != (cost.minor, cost.units)


def _put_right(cost: Cost, bases: dict[tuple[str, int, str], Basis], pools: dict[Spot, Pool]) -> list[Booking]:
    """Change basis and pool to what is known now; what to enter."""
    old, minor = bases[cost.key], cost.minor or 0
    units = old.booked_units + old.booked_unknown
    total = Basis(minor, cost.units).value_of(units) or 0
    of_known = Basis(minor, cost.units).value_of(old.booked_units) or 0
    bases[cost.key] = Basis(minor, cost.units, units, total, 0)
    spot = (cost.sku_id, cost.site_id)
    changes: Mapping[str, Change] = {
        "known": pools[spot].corrected(old.booked_units, of_known - old.booked_minor),
        "unknown": pools[spot].priced(old.booked_unknown, total - of_known),
    }
    found = []
    for change in changes.values():
        if change != Change():
            pools[spot] = pools[spot].after(change)
            found.append(Booking(spot, change, CORRECTED, cost.document, None))
    return found
