"""What waits at a site: as much of each order as the rules ask of it, and why it cannot be released."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from controller import db
from controller.orders.operations import place
from controller.orders.states import Delivery
from controller.shipping.carriers import Kind, Offer, StoredCarrier, set_carrier, set_offer
from controller.shipping.choosing import Service
from controller.sites.operations import create_site
from controller.stock.presale import set_presale
from controller.waves.policies import Match, Out, Terms
from controller.waves.reading import waiting
from controller.waves.states import Shape
from tests.controller.orders_shop import OrderShop

DUE = datetime(2026, 12, 1, 12, tzinfo=UTC)
ALL = Terms(id=1, name="all")


async def test_lines_pieces_and_the_promised_instant(shop: OrderShop) -> None:
    await place(replace(shop.order(("tea", 1), ("milk", 3)), due_at=DUE))
    await place(shop.order(("tea", 2)))
    assert [(one.order, one.lines, one.units, one.shape) for one in await waiting("s1", [ALL])] == [
        ("SO-100001", 2, 4, Shape.MULTI_LINE),
        ("SO-100002", 1, 2, Shape.SINGLE_LINE),
    ]
    assert [one.due_at for one in await waiting("s1", [ALL])] == [DUE, None]
    began, until = DUE - timedelta(days=1), DUE + timedelta(hours=2)
    await db.execute(
        "INSERT INTO order_clock (order_id, site, kind, began_at, near_at, due_at, told, is_void) "
        "SELECT id, 's1', 'ship', ?, ?, ?, 0, ? FROM sales_order",
        *(began, began, until, False),
    )
    assert [one.due_at for one in await waiting("s1", [ALL])] == [DUE, until], "its own, else its clock's"
    await create_site("s2", name="Shop 2")
    assert await waiting("s2", [ALL]) == []


async def test_zones_are_those_where_each_article_lies(shop: OrderShop) -> None:
    await db.execute("UPDATE location SET zone = 'dry' WHERE code = 'A-1'")
    await shop.stock("gone", 0)
    await place(shop.order(("tea", 1), ("milk", 1)))
    (one,) = await waiting("s1", [replace(ALL, match=Match(zones=("dry",)))])
    assert one.zones == (frozenset({"dry"}), frozenset({"dry"}))
    assert (await waiting("s1", [ALL]))[0].zones == (), "read only where a rule asks"


async def test_by_whom_it_would_be_sent(shop: OrderShop) -> None:
    one = StoredCarrier(code="fast", name_en="Fast", name_zh="Fast", kind=Kind.MANUAL)
    await set_carrier(one, reason="contract")
    for code, price, most in (("small", 900, 250), ("large", 1500, None)):
        service = Service(carrier="fast", code=code, first_minor=price, days=2, max_grams=most)
        await set_offer(Offer(service=service, name_en=code, name_zh=code), reason="contract")
    for quantity in (2, 3):
        await place(replace(shop.order(("tea", quantity)), delivery=Delivery.SHIPPING))
    await place(shop.order(("tea", 1)))
    found = await waiting("s1", [replace(ALL, match=Match(services=("small",)))])
    assert [(each.carrier, each.service) for each in found] == [("fast", "small"), ("fast", "large"), ("", "")]


async def test_what_has_not_arrived_says_so(shop: OrderShop) -> None:
    sku = await shop.stock("new", 0)
    await set_presale(sku, "s1", 5)
    order = shop.order(("new", 2))
    await place(replace(order, lines=[replace(order.lines[0], presale=True)]))
    assert [one.blocked for one in await waiting("s1", [ALL])] == [Out.NOT_ARRIVED]
