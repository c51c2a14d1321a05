"""A chain of sites for tests: each with a bin, all of one currency."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

from controller import db
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.orders.states import WhenShort
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import special
from controller.stock.operations import Move, Reason, move
from tests.controller.goods import add_sku, at


@dataclass
class Chain:
    """`bins` and `suppliers` are locations by site."""

    bins: dict[str, int] = field(default_factory=dict)
    suppliers: dict[str, int] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)
    references: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def open(cls, *sites: str) -> Chain:
        chain = cls()
        for site in sites:
            await create_site(site, name=f"Shop {site}")
            chain.bins[site] = await create_bin(site, "A-1")
            chain.suppliers[site] = await special(site, LocationKind.SUPPLIER)
        return chain

    async def stock(self, code: str, **there: int) -> int:
        """So much of a SKU (a new one, if it is) at each of these sites."""
        if code not in self.skus:
            self.skus[code] = await add_sku(code)
        for site, quantity in there.items():
            await move([self.arrival(code, site, quantity)])
        return self.skus[code]

    def arrival(self, code: str, site: str, quantity: int, *, lot: int = 0) -> Move:
        return Move(
            sku_id=self.skus[code],
            from_location_id=self.suppliers[site],
            to_location_id=self.bins[site],
            quantity=quantity,
            reason=Reason.RECEIVED,
            occurred_at=at(0),
            document="delivery 1",
            lot_id=lot,
        )

    def order(self, *lines: tuple[str, int], region: str | None = None, channel: str = "web") -> NewOrder:
        return NewOrder(
            channel=channel,
            reference=f"r{next(self.references)}",
            currency="CNY",
            lines=[NewLine(sku=sku, quantity=quantity, unit_price_minor=250) for sku, quantity in lines],
            region=region,
        )

    async def placed(self, *lines: tuple[str, int]) -> str:
        return await place(self.order(*lines))

    async def waiting(self, *lines: tuple[str, int]) -> str:
        """One that is taken although goods are short."""
        return await place(replace(self.order(*lines), when_short=WhenShort.ACCEPT))


async def promised(order_no: str) -> list[tuple[int, str, int]]:
    """Position, site and base units of what is promised for an order."""
    rows = await db.fetch(
        "SELECT l.position, a.site, a.quantity FROM order_allocation a JOIN order_line l ON l.id = a.order_line_id "
        "WHERE a.order_id = ? AND NOT a.is_ended ORDER BY l.position, a.id",
        order_id(order_no),
    )
    return [(row["position"], row["site"], row["quantity"]) for row in rows]


async def wanting(order_no: str) -> list[int]:
    """What each line waits for."""
    rows = await db.fetch("SELECT wanting FROM order_line WHERE order_id = ? ORDER BY position", order_id(order_no))
    return [row["wanting"] for row in rows]


def order_id(order_no: str) -> int:
    return ORDERS.row_id(order_no)
