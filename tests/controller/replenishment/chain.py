"""A small chain for tests: sites, SKUs, suppliers, and sales of many days, straight into the table that the follower keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from controller import db
from controller.purchasing.suppliers import ItemData, SupplierData, put_item, put_supplier
from controller.replenishment import night, runs
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import special
from controller.stock.operations import Move, Reason, move
from tests.controller.goods import add_sku


def today() -> int:
    return datetime.now(UTC).toordinal()


class Chain:
    """Sites s1, s2, …, all in UTC, with a bin each."""

    def __init__(self) -> None:
        self.bins: dict[str, int] = {}
        self.suppliers: dict[str, int] = {}
        self.customers: dict[str, int] = {}

    @classmethod
    async def open(cls, sites: int = 1) -> Chain:
        chain = cls()
        for number in range(1, sites + 1):
            site = f"s{number}"
            await create_site(site, name=f"Shop {number}", time_zone="UTC")
            chain.bins[site] = await create_bin(site, "A-1")
            chain.suppliers[site] = await special(site, LocationKind.SUPPLIER)
            chain.customers[site] = await special(site, LocationKind.CUSTOMER)
        return chain

    async def goods(self, code: str, **on_hand: int) -> int:
        """A SKU with so much of it at sites."""
        sku = await add_sku(code)
        for site, quantity in on_hand.items():
            await self.arrive(sku, site, quantity)
        return sku

    async def arrive(self, sku: int, site: str, quantity: int) -> None:
        await move([self._moved(sku, self.suppliers[site], self.bins[site], quantity, Reason.RECEIVED)])

    async def sell(self, sku: int, site: str, quantity: int) -> None:
        await move([self._moved(sku, self.bins[site], self.customers[site], quantity, Reason.SHIPPED)])

    def _moved(self, sku: int, source: int, target: int, quantity: int, reason: Reason) -> Move:
        return Move(
            sku_id=sku, from_location_id=source, to_location_id=target, quantity=quantity, reason=reason, occurred_at=db.now()
        )

    async def sold(self, sku: int, site: str, by_day: Sequence[int]) -> None:
        """Sales of the days that end with yesterday, of goods that were there though the books knew of none."""
        first = today() - len(by_day)
        await db.execute_many(
            "INSERT INTO demand_day (site_id, sku_id, day, sold, returned, net, found) VALUES (?, ?, ?, ?, 0, 0, ?) "
            "ON CONFLICT (site_id, sku_id, day) DO UPDATE SET sold = excluded.sold",
            [(site, sku, first + place, quantity, quantity) for place, quantity in enumerate(by_day) if quantity],
        )


async def supplier(code: str, *skus: str, minimum: int = 0, lead: int = 3, pack: int = 1) -> int:
    """A supplier of SKUs at 0.50 a pack; its id."""
    await put_supplier(code, SupplierData(name=code, lead_days=lead, minimum_minor=minimum))
    for sku in skus:
        await put_item(code, sku, ItemData(price_minor=50, pack_numerator=pack))
    return int((await db.fetch("SELECT id FROM supplier WHERE code = ?", code))[0]["id"])


async def run(*sites: str) -> None:
    for site in sites:
        await runs.ask(site)
    await night.work_off()


async def proposals(**wanted: object) -> list[db.Row]:
    rows = await db.fetch("SELECT * FROM replenishment_proposal ORDER BY id")
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]
