"""A counter's sum with tax is the controller's: counted at the box by what it is told, for any basket, also of an earlier day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from controller import db
from controller.orders import queries
from controller.orders.flags import blocking
from controller.payments.stored import balances
from controller.taxes.schedule import schedule
from controller.taxes.settings import NewRate, percent, set_class, set_rate, set_region, set_site_region
from controller.taxes.stored import Region
from edge_agent.stations import Rules
from edge_agent.stations.model import Known
from edge_agent.wire.order_facts import CounterOrder
from edge_agent.wire.rounding import Mode
from edge_agent.wire.taxes import SiteTaxes
from edge_agent.wire.totals import Level
from tests.controller.customers.keys import open_test_keys
from tests.controller.orders_shop import OrderShop
from tests.edge_agent.stations.worker import ITEM, Worker

LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
CLASSES = {"tea": "standard", "rice": "grain", "salt": "free"}


@pytest.fixture
async def shop(database: str) -> AsyncIterator[OrderShop]:
    await open_test_keys()
    yield await OrderShop.open()


async def taxed(**terms: object) -> None:
    """Site s1 levies 8.875 % in two rates, on grain 2.5 %, on salt nothing."""
    told: dict[str, object] = {"is_inclusive": False, "level": Level.LINE, "mode": Mode.HALF_UP, "step": 1, **terms}
    await set_region(Region(code="NY", name="New York", parent=None, **told))  # type: ignore[arg-type]  # of each its own type
    await set_site_region("s1", "NY")
    for tax_class, code, value in (
        ("standard", "state", "4"),
        ("standard", "city", "4.875"),
        ("grain", "state", "2.5"),
        ("free", "state", "0"),
    ):
        await set_rate(NewRate(region="NY", code=code, tax_class=tax_class, value=percent(value), effective_from=LONG_AGO))


async def goods(shop: OrderShop) -> None:
    for code, tax_class in CLASSES.items():
        await shop.stock(code, 1_000_000)
        await set_class(code, tax_class)


def at_box(taxes: Sequence[SiteTaxes], lines: Sequence[tuple[str, int]], number: int, percent_off: int = 0) -> CounterOrder:
    """An order as a box makes it that was told these taxes; each thing costs 2.50."""
    worker = Worker(Rules(box="b1", orders=number - 1))
    worker.known = Known(taxes=tuple(taxes))
    worker.scans("ORDER")
    for code, quantity in lines:
        item = replace(ITEM, sku=code, price_minor=250, tax_class=CLASSES[code])
        worker.presses("quantity", quantity)
        worker.scans(code, item=item)
    if percent_off:
        worker.presses("percent", percent_off)
        worker.scans("INHOUSE")
    worker.scans("DONE")
    (order,) = [fact for fact in worker.booked if isinstance(fact, CounterOrder)]
    return order


async def stored(order: CounterOrder) -> queries.StoredOrder:
    (row,) = await db.fetch("SELECT order_id FROM counter_order WHERE reference = ?", order.reference)
    return await queries.order(f"SO-{100_000 + row['order_id']}")


async def test_an_order_with_tax_on_top_is_paid_whole_and_nobody_is_asked(shop: OrderShop) -> None:
    await goods(shop)
    await taxed()
    told = at_box(await schedule("s1", db.now()), [("tea", 3), ("rice", 2)], 1)
    assert (told.tax_minor, told.total_minor) == (80, 1330)  # 7.50: 0.665625; 5.00: 0.125
    assert await shop.report(told) == ["applied"]
    found = await stored(told)
    assert (found.total_minor, await blocking([found.id])) == (1330, {})
    assert (await balances([found.id]))[found.id].rest_minor == 0
    assert await db.fetch("SELECT kind FROM task WHERE kind LIKE 'counter%'") == []


async def test_an_order_from_before_a_change_is_taxed_as_it_was_then(shop: OrderShop) -> None:
    await goods(shop)
    await taxed()
    occurred = shop.box.clock.now()
    told = at_box(await schedule("s1", db.now()), [("tea", 4)], 1)
    await set_rate(NewRate(region="NY", code="state", value=percent("14"), effective_from=occurred + timedelta(seconds=1)))
    assert await shop.report(told) == ["applied"]
    found = await stored(told)
    assert (found.total_minor, found.placed_at, await blocking([found.id])) == (told.total_minor, occurred, {})


async def test_a_sum_that_does_not_add_up_with_its_tax_is_looked_at(shop: OrderShop) -> None:
    await goods(shop)
    await taxed()
    told = at_box(await schedule("s1", db.now()), [("tea", 3)], 1)
    await shop.report(replace(told, tax_minor=told.tax_minor + 1))
    assert len(await db.fetch("SELECT kind FROM task WHERE kind = 'counter_price'")) == 1


BASKETS = st.lists(st.tuples(st.sampled_from(sorted(CLASSES)), st.integers(1, 300)), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    lines=BASKETS,
    is_inclusive=st.booleans(),
    level=st.sampled_from(Level),
    mode=st.sampled_from(Mode),
    step=st.sampled_from([1, 5, 100]),
    percent_off=st.integers(0, 10),
)
async def test_any_basket_comes_to_the_same_at_the_box_and_at_the_controller(
    shop: OrderShop, lines: list[tuple[str, int]], is_inclusive: bool, level: Level, mode: Mode, step: int, percent_off: int
) -> None:
    if not shop.codes:
        await goods(shop)
    await taxed(is_inclusive=is_inclusive, level=level, mode=mode, step=step)
    number = int((await db.fetch("SELECT COUNT(*) AS n FROM counter_order"))[0]["n"]) + 1
    told = at_box(await schedule("s1", db.now()), lines, number, percent_off)
    assert await shop.report(told) == ["applied"]
    found = await stored(told)
    assert (found.total_minor, await blocking([found.id])) == (told.total_minor, {})
