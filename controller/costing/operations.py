"""What goods of a receipt cost, told by purchasing; what had come already is corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller import bulk, db
from controller.costing.policies import Basis, Change, Pool
from controller.costing.pools import Booking, Spot, append, hold_bases, hold_pools, save_bases, save_pools

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

    @property
    def key(self) -> tuple[str, int, str]:
        return self.document, self.sku_id, self.site_id


async def set_costs(costs: Sequence[Cost]) -> None:
    """Say what goods cost, before they are booked or after.

    Of what was booked at another cost, the part whose goods may still be here is put right in the moving average, and the rest is
    booked as price difference.  A cost that was known does not become unknown again.
    """
    if not costs:
        return
    async with db.transaction():
        wanted = {cost.key: cost for cost in costs}
        await bulk.save(
            "cost_basis",
            ("document", "sku_id", "site_id", "minor", "units", "booked_units", "booked_minor", "booked_unknown"),
            [(*key, wanted[key].minor, wanted[key].units, 0, 0, 0) for key in sorted(wanted)],
            "ON CONFLICT (document, sku_id, site_id) DO NOTHING",
        )
        bases = await hold_bases(wanted)
        late = {key: wanted[key] for key, basis in bases.items() if _differs(basis, wanted[key])}
        pools = await hold_pools({(key[1], key[2]) for key in late})
        bookings = [booking for key in sorted(late) for booking in _put_right(late[key], bases, pools)]
        await save_bases({key: bases[key] for key in late})
        await save_pools(pools)
        await append(bookings)


def _differs(basis: Basis, cost: Cost) -> bool:
    return cost.minor is not None and (basis.minor, basis.units) != (cost.minor, cost.units)


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
