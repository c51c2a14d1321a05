"""The ledger valued: receipts at their price, sales at the average, transfers with their cost; what comes to light later."""

from __future__ import annotations

import itertools
from uuid import uuid4

import pytest

from controller import db
from controller.costing.operations import Cost, set_costs
from controller.costing.policies import Pool
from controller.costing.queries import cost_of, costs_of, entries, stock_costs, stock_value, unreconciled
from controller.costing.valuing import catch_up
from controller.facts import FactIn
from controller.purchasing import costs
from controller.purchasing.costs import InvoiceLine, LandedCosts
from controller.purchasing.errors import BadCosts
from controller.purchasing.facts import apply_received, take_back_received
from controller.purchasing.policies import Spread
from controller.purchasing.receipt_queries import receipt, receipt_lines
from controller.sites.models import LocationKind
from controller.sites.operations import create_site
from controller.sites.queries import special
from controller.stock.operations import Move, Reason, move
from edge_agent.wire.facts import Received, Retracted
from tests.controller.goods import at
from tests.controller.purchasing.buying import BuyingShop

MINUTES = itertools.count()


async def pool_of(shop: BuyingShop, sku: str, site: str = "s1") -> Pool:
    await catch_up()
    assert await unreconciled() == []
    return (await costs_of([shop.skus[sku]], site)).get(shop.skus[sku], Pool())


async def come(shop: BuyingShop, no: str | None, sku: str, units: int, *, lot: str | None = None) -> FactIn[Received]:
    fact = FactIn(id=uuid4(), box="b1", site_id="s1", data=shop.received(no, sku, units, lot=lot), occurred_at=at(next(MINUTES)))
    await apply_received([fact])
    return fact


async def go(shop: BuyingShop, sku: str, units: int, target: int | None = None, reason: Reason = Reason.SHIPPED) -> None:
    sold = Move(
        sku_id=shop.skus[sku],
        from_location_id=shop.shop.receiving,
        to_location_id=target or shop.shop.customer,
        quantity=units,
        reason=reason,
        occurred_at=at(next(MINUTES)),
    )
    await move([sold])


async def test_a_receipt_has_its_order_s_price_and_a_sale_takes_the_average(database: str) -> None:
    shop = await BuyingShop.open("milk")
    first = await shop.ordered(("milk", 1))
    await come(shop, first, "milk", 5)
    await come(shop, first, "milk", 7)
    assert await pool_of(shop, "milk") == Pool(12, 1200)
    await go(shop, "milk", 6)
    assert await pool_of(shop, "milk") == Pool(6, 600)
    assert await cost_of(shop.skus["milk"], "s1", 3) == 300
    assert await stock_value() == {"s1": (600, 0)}
    (row,) = await stock_costs(site="s1")
    assert (row.sku, row.quantity, row.value_minor, row.currency) == ("milk", 6, 600, "CNY")
    newest = (await entries(shop.skus["milk"], "s1"))[0]
    assert (newest.reason, newest.quantity, newest.value_minor) == ("shipped", -6, -600)


async def test_freight_is_spread_and_lots_keep_what_they_cost(database: str) -> None:
    shop = await BuyingShop.open("milk", "tea")
    no = await shop.ordered(("milk", 1), ("tea", 2))
    await come(shop, no, "milk", 12, lot="L1")
    await come(shop, no, "tea", 24)
    await costs.set_landed_costs("RC-100001", LandedCosts(freight_minor=1000, spread=Spread.VALUE))
    lines = {line.sku: line for line in await receipt_lines((await receipt("RC-100001")).id)}
    assert {sku: (line.landed_minor, line.cost_minor) for sku, line in lines.items()} == {"milk": (333, 1533), "tea": (667, 3067)}
    assert (await pool_of(shop, "milk"), await pool_of(shop, "tea")) == (Pool(12, 1533), Pool(24, 3067))
    lot = (await db.fetch("SELECT cost_minor, cost_quantity FROM lot"))[0]
    assert (lot["cost_minor"], lot["cost_quantity"]) == (1533, 12)
    await costs.set_landed_costs("RC-100001", LandedCosts())
    assert (await pool_of(shop, "milk"), await pool_of(shop, "tea")) == (Pool(12, 1200), Pool(24, 2400))
    with pytest.raises(BadCosts):
        await costs.set_landed_costs("RC-100001", LandedCosts(duty_minor=-1))


async def test_an_invoice_that_comes_later_corrects_the_stock_and_books_the_rest_as_difference(database: str) -> None:
    shop = await BuyingShop.open("milk")
    no = await shop.ordered(("milk", 1))
    await come(shop, no, "milk", 12)
    await go(shop, "milk", 9)
    assert await pool_of(shop, "milk") == Pool(3, 300)
    await costs.take_invoice("RC-100001", [InvoiceLine(sku="milk", minor=1320, units=12)])
    assert await pool_of(shop, "milk") == Pool(3, 330)
    assert (await entries(shop.skus["milk"], "s1"))[0].difference_minor == 90
    await costs.take_invoice("RC-100001", [InvoiceLine(sku="milk", minor=1320, units=12)])
    assert await pool_of(shop, "milk") == Pool(3, 330), "told twice it is once"


async def test_goods_without_a_price_are_unknown_until_it_comes(database: str) -> None:
    shop = await BuyingShop.open("milk")
    await come(shop, None, "milk", 10)
    assert await pool_of(shop, "milk") == Pool(0, 0, 10)
    assert await cost_of(shop.skus["milk"], "s1", 1) is None
    await go(shop, "milk", 4)
    assert await stock_value() == {"s1": (0, 10)}
    assert await pool_of(shop, "milk") == Pool(0, 0, 6)
    await costs.take_invoice("RC-100001", [InvoiceLine(sku="milk", minor=1000, units=10)])
    assert await pool_of(shop, "milk") == Pool(6, 600)
    assert (await entries(shop.skus["milk"], "s1"))[0].difference_minor == 400


async def test_what_was_received_by_mistake_leaves_at_what_it_came_for(database: str) -> None:
    shop = await BuyingShop.open("milk")
    await come(shop, await shop.ordered(("milk", 10)), "milk", 60)
    dear = await come(shop, await shop.ordered(("milk", 1)), "milk", 12)
    await costs.take_invoice("RC-100002", [InvoiceLine(sku="milk", minor=2400, units=12)])
    assert await pool_of(shop, "milk") == Pool(72, 8400)
    back = FactIn(id=uuid4(), box="b1", site_id="s1", data=Retracted(fact=dear.id, kind="received"), occurred_at=at(next(MINUTES)))
    await take_back_received(back, dear.data, dear.occurred_at)
    assert await pool_of(shop, "milk") == Pool(60, 6000)


async def test_a_sale_before_its_goods_are_known_ends_right(database: str) -> None:
    """Facts took more than was known: it is lent at a cost that nobody knows, and paid back by what comes in."""
    shop = await BuyingShop.open("milk")
    await go(shop, "milk", 5)
    assert await pool_of(shop, "milk") == Pool()
    await come(shop, await shop.ordered(("milk", 1)), "milk", 12)
    assert await pool_of(shop, "milk") == Pool(7, 700)


async def test_a_transfer_takes_its_cost_to_the_other_site(database: str) -> None:
    shop = await BuyingShop.open("milk")
    await create_site("s2", name="Shop 2")
    await come(shop, await shop.ordered(("milk", 1)), "milk", 12)
    await come(shop, None, "milk", 2)
    await go(shop, "milk", 13, await special("s2", LocationKind.TRANSIT), Reason.RELOCATED)
    assert await pool_of(shop, "milk") == Pool(0, 0, 1)
    assert await pool_of(shop, "milk", "s2") == Pool(12, 1200, 1)


async def test_a_cost_told_before_and_after_gives_the_same(database: str) -> None:
    shop = await BuyingShop.open("milk")
    await set_costs([Cost(document="X", sku_id=shop.skus["milk"], site_id="s1", minor=100, units=3)])
    arrival = Move(
        sku_id=shop.skus["milk"], from_location_id=shop.shop.supplier, to_location_id=shop.shop.bin, quantity=2,
        reason=Reason.RECEIVED, occurred_at=at(next(MINUTES)), document="X",
    )  # fmt: skip
    await move([arrival, arrival])
    assert await pool_of(shop, "milk") == Pool(4, 133)
