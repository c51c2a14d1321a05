"""Which place goods are taken from when nobody says which: a SKU's shelf at a site."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller import db
from controller.errors import NotFound
from controller.sites.models import LocationKind
from controller.sites.queries import bins, specials
from controller.stock.ledger import move
from controller.stock.policies import Move
from controller.stock.states import Reason

Stocked = tuple[int, str]
"""A SKU at a site."""
_TAKEN = (Reason.SOLD, Reason.RETURNED, Reason.TRANSFER_SENT)
SETTLED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Shelf:
    """`is_bin` is false while no bin holds the SKU: it is the receiving place then."""

    id: int
    sku_id: int
    site_id: str
    location_id: int
    is_bin: bool


async def shelves(wanted: Iterable[Stocked]) -> dict[Stocked, int]:
    """The location that each SKU at a site is taken from, in the caller's transaction.

    It is the bin that held most when it was first asked for, and stays the same until a person chooses another.
    """
    keys = sorted(set(wanted))
    found = await _read(keys)
    missing = [key for key in keys if key not in found]
    if missing:
        await _choose(missing)
        found |= await _read(missing)
    unknown = [shelf for shelf in found.values() if not shelf.is_bin]
    if unknown and await settle(unknown):
        found |= await _read([(shelf.sku_id, shelf.site_id) for shelf in unknown])
    return {key: shelf.location_id for key, shelf in found.items()}


async def choose_shelf(sku_id: int, site_id: str, code: str) -> int:
    """From now on a SKU is taken from this bin; its location id.  What was taken before stays.  Raises NotFound (bin)."""
    async with db.transaction():
        place = (await bins(site_id, [code])).get(code)
        if place is None:
            raise NotFound("bin", code)
        await shelves([(sku_id, site_id)])
        await db.execute(
            "UPDATE shelf SET location_id = ?, is_bin = ?, is_chosen = ? WHERE sku_id = ? AND site_id = ?",
            *(place.id, place.kind is LocationKind.BIN, True, sku_id, site_id),
        )
    return place.id


async def unsettled(limit: int = SETTLED_AT_ONCE) -> list[Shelf]:
    """Shelves that were not known when goods were taken, and can be by now."""
    rows = await db.fetch(
        "SELECT s.* FROM shelf s WHERE NOT s.is_bin AND EXISTS (SELECT 1 FROM balance b JOIN location l ON l.id = b.location_id "
        "WHERE b.sku_id = s.sku_id AND l.site_id = s.site_id AND l.kind = 'bin' AND b.on_hand > 0) ORDER BY s.id LIMIT ?",
        limit,
    )
    return [_shelf(row) for row in rows]


async def settle(unknown: Sequence[Shelf]) -> int:
    """Where a bin holds the SKU by now it is its shelf, and what was taken from the receiving place meanwhile was taken from there.

    In the caller's transaction; how many shelves became known.
    """
    best = await _fullest([(shelf.sku_id, shelf.site_id) for shelf in unknown])
    moves: list[Move] = []
    known = 0
    for shelf in unknown:
        place = best.get((shelf.sku_id, shelf.site_id))
        if place is None:
            continue
        changed = await db.execute(
            "UPDATE shelf SET location_id = ?, is_bin = ? WHERE id = ? AND NOT is_bin", *(place, True, shelf.id)
        )
        if changed:
            known += 1
            moves += [_from(place, each, shelf.location_id) for each in await _taken(shelf)]
    await move(moves)
    return known


def _from(place: int, taken: Move, receiving: int) -> Move:
    """The same goods, as of the same time, between the shelf and the receiving place: so that they were the shelf's."""
    went = taken.from_location_id == receiving
    return Move(
        sku_id=taken.sku_id,
        from_location_id=place if went else receiving,
        to_location_id=receiving if went else place,
        quantity=taken.quantity,
        reason=Reason.RELOCATED,
        occurred_at=taken.occurred_at,
        document=taken.document,
    )


async def _taken(shelf: Shelf) -> list[Move]:
    """What sales and transfers took from the receiving place, and brought back to it."""
    reasons = ", ".join(f"'{reason.value}'" for reason in _TAKEN)
    rows = await db.fetch(
        "SELECT sku_id, from_location_id, to_location_id, quantity, reason, occurred_at, document FROM stock_movement "
        f"WHERE sku_id = ? AND (from_location_id = ? OR to_location_id = ?) AND reason IN ({reasons}) ORDER BY id",
        *(shelf.sku_id, shelf.location_id, shelf.location_id),
    )
    return [Move(**{**row, "reason": Reason(row["reason"])}) for row in rows]


async def _choose(missing: Sequence[Stocked]) -> None:
    best = await _fullest(missing)
    special = await specials({site for _, site in missing})
    await db.execute_many(
        "INSERT INTO shelf (sku_id, site_id, location_id, is_bin, is_chosen) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (sku_id, site_id) DO NOTHING",
        [
            (sku, site, best.get((sku, site), special[site, LocationKind.RECEIVING]), (sku, site) in best, False)
            for sku, site in missing
        ],
    )


async def _fullest(wanted: Iterable[Stocked]) -> dict[Stocked, int]:
    """The bin that holds most of each SKU at each site; of equal ones the oldest."""
    by_site: dict[str, list[int]] = defaultdict(list)
    for sku, site in wanted:
        by_site[site].append(sku)
    best: dict[Stocked, int] = {}
    for site, skus in by_site.items():
        rows = await db.fetch(
            "SELECT b.sku_id, b.location_id, SUM(b.on_hand) AS held FROM balance b JOIN location l ON l.id = b.location_id "
            f"WHERE l.site_id = ? AND l.kind = 'bin' AND {db.among('b.sku_id')} GROUP BY b.sku_id, b.location_id "
            "HAVING SUM(b.on_hand) > 0 ORDER BY held DESC, b.location_id",
            site,
            db.listing(skus),
        )
        for row in rows:
            best.setdefault((row["sku_id"], site), row["location_id"])
    return best


async def _read(keys: Sequence[Stocked]) -> dict[Stocked, Shelf]:
    by_site: dict[str, list[int]] = defaultdict(list)
    for sku, site in keys:
        by_site[site].append(sku)
    found: dict[Stocked, Shelf] = {}
    for site, skus in by_site.items():
        rows = await db.fetch(f"SELECT * FROM shelf WHERE site_id = ? AND {db.among('sku_id')}", site, db.listing(skus))
        found.update(((row["sku_id"], site), _shelf(row)) for row in rows)
    return found


def _shelf(row: db.Row) -> Shelf:
    return Shelf(row["id"], row["sku_id"], row["site_id"], row["location_id"], bool(row["is_bin"]))
