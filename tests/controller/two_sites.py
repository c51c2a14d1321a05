"""A chain of two sites for tests: `s1` as in `OrderShop`, and `s2` with bin `B-1` and box `b2`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from controller import db
from controller.fulfilment import queries as fulfilment
from controller.fulfilment.states import PickListState
from controller.orders.policies import NewLine, NewOrder
from controller.orders.seams import Portion, SourceRequest
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import special
from controller.stock.operations import Move, move
from edge_agent.wire.facts import Fact
from tests.controller.boxes import WireBox, register
from tests.controller.goods import Shop
from tests.controller.orders_shop import OrderShop


@dataclass
class TwoSites(OrderShop):
    """Orders without a site are sourced by `from_both`: as much as there is from `s1`, the rest from `s2`."""

    box2: WireBox = field(default_factory=lambda: WireBox(box="b2", site="s2", random=Random(8)))
    bin2: int = 0
    supplier2: int = 0

    @classmethod
    async def open(cls) -> TwoSites:
        shop = cls(await Shop.open())
        await register("b1", "s1")
        await create_site("s2", name="Shop 2")
        await register("b2", "s2")
        shop.bin2 = await create_bin("s2", "B-1")
        shop.supplier2 = await special("s2", LocationKind.SUPPLIER)
        return shop

    def arrival2(self, sku: int, quantity: int) -> Move:
        return replace(self.shop.arrival(sku, quantity), from_location_id=self.supplier2, to_location_id=self.bin2)

    async def stocked(self, code: str, here: int, there: int) -> int:
        """A new SKU, so many of it at each site."""
        sku = await self.stock(code, here)
        if there:
            await move([self.arrival2(sku, there)])
        return sku

    def anywhere(self, *lines: tuple[str, int], reference: str | None = None) -> NewOrder:
        return replace(self.order(*lines, reference=reference), site=None)

    def line(self, code: str, quantity: int) -> NewLine:
        return NewLine(sku=code, quantity=quantity, unit_price_minor=250)

    async def report2(self, *facts: Fact) -> list[str]:
        """As `report`, from the box at `s2`."""
        mine, self.box = self.box, self.box2
        try:
            return await self.report(*facts)
        finally:
            self.box = mine

    async def lists(self, order: str) -> dict[str, str]:
        """The pick lists of an order that stand, by site."""
        return {one.site: one.no for one in await fulfilment.pick_lists_of(order) if one.state is not PickListState.WITHDRAWN}


async def levels(sku: int) -> dict[str, tuple[int, int, int]]:
    """On hand, reserved, allocated of a SKU, by site."""
    rows = await db.fetch("SELECT site_id, on_hand, reserved, allocated FROM availability WHERE sku_id = ? ORDER BY site_id", sku)
    return {row["site_id"]: (row["on_hand"], row["reserved"], row["allocated"]) for row in rows}


async def from_both(request: SourceRequest) -> Sequence[Portion]:
    """First `s1`, then `s2`, as far as there is something and they did not refuse."""
    found: list[Portion] = []
    free: dict[tuple[int, str], int] = {}
    for row in await db.fetch("SELECT sku_id, site_id, on_hand - reserved - allocated - quarantined AS free FROM availability"):
        free[row["sku_id"], row["site_id"]] = row["free"]
    for line in request.lines:
        missing = line.quantity
        for site in ("s1", "s2"):
            part = 0 if (line.sku_id, site) in request.refused else min(missing, free.get((line.sku_id, site), 0))
            if part:
                found.append(Portion(line.position, site, part))
                free[line.sku_id, site] -= part
                missing -= part
    return found
