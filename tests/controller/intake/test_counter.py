"""Orders of a counter, told by boxes through the real ingest: one order each, in whatever order, whatever is wrong."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from controller import db
from controller.catalog.operations import link_barcode
from controller.ingest import ingest
from controller.orders import queries
from controller.orders.flags import FlagKind, blocking
from controller.orders.presets import NewPreset, preset, save_preset
from controller.orders.states import OrderState
from controller.orders.templates import NewTemplate, TemplateLine, save_template, template
from controller.payments.numbers import REFUNDS
from controller.payments.refunds import confirm_by_hand, set_refund_limit
from controller.payments.stored import balances
from drivers.symbols.gtin import to_gtin14
from edge_agent.wire.facts import Retracted
from edge_agent.wire.messages import Envelope, Symbol
from edge_agent.wire.order_facts import CounterLine, CounterOrder, GivenBack, Goes, PayBy
from tests.controller.boxes import WireBox, register
from tests.controller.customers.keys import open_test_keys
from tests.controller.goods import numbers
from tests.controller.orders_shop import OrderShop, books_add_up, outcome, settle


@pytest.fixture
async def shop(database: str) -> AsyncIterator[OrderShop]:
    await open_test_keys()
    yield await OrderShop.open()


@pytest.fixture
async def other(shop: OrderShop) -> WireBox:
    """Another box of the same site."""
    await shop.stock("tea", 1000)
    await register("b3", "s1")
    return WireBox(box="b3", site="s1", random=Random(8))


def line(shop: OrderShop, code: str, quantity: int = 1, *, price: int = 250) -> CounterLine:
    text = shop.codes.get(code, code)
    return CounterLine(
        symbol=Symbol(text=text),
        gtin=to_gtin14(text),
        sku=code if code in shop.codes else None,
        quantity=quantity,
        price_minor=price,
        amount_minor=price * quantity,
    )


def order(*lines: CounterLine, number: int = 1, **more: object) -> CounterOrder:
    total = sum(each.amount_minor for each in lines)
    told = {"reference": f"b1-{number:06d}", "lines": list(lines), "currency": "CNY", "total_minor": total} | more
    return CounterOrder(**told)  # type: ignore[arg-type]  # fields by name


async def the_order(reference: str = "b1-000001") -> queries.StoredOrder:
    rows = await db.fetch("SELECT order_id FROM counter_order WHERE reference = ?", reference)
    assert len(rows) == 1, reference
    return await queries.order(f"SO-{100_000 + rows[0]['order_id']}")


async def tasks(kind: str) -> int:
    return int((await db.fetch("SELECT COUNT(*) AS n FROM task WHERE kind = ?", kind))[0]["n"])


async def test_what_is_taken_away_leaves_as_a_sale_and_the_order_is_closed_and_paid(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    assert await shop.report(order(line(shop, "tea", 3))) == ["applied"]
    found = await the_order()
    assert (found.state, found.channel, found.total_minor, found.site) == (OrderState.CLOSED, "counter", 750, "s1")
    assert (await numbers(tea))[0] == 7
    balance = (await balances([found.id]))[found.id]
    assert (balance.rest_minor, [each.means.value for each in balance.payments]) == (0, ["cash"])
    assert await blocking([found.id]) == {}
    sums = await db.fetch("SELECT sold, amount_minor FROM daily_sale WHERE sku_id = ?", tea)
    assert [(row["sold"], row["amount_minor"]) for row in sums] == [(3, 750)]
    assert await books_add_up()


async def test_goods_that_are_not_known_to_be_there_were_taken_all_the_same(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 1)
    assert await shop.report(order(line(shop, "tea", 3))) == ["applied"]
    assert ((await numbers(tea))[0], (await the_order()).state) == (0, OrderState.CLOSED)
    assert await books_add_up()


async def test_what_is_fetched_later_is_promised_and_stays_open(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    assert await shop.report(order(line(shop, "tea", 3), goes=Goes.LATER, pays=PayBy.CARD)) == ["applied"]
    found = await the_order()
    level = (await db.fetch("SELECT on_hand, reserved FROM availability WHERE sku_id = ?", tea))[0]
    assert (found.state, level["on_hand"], level["reserved"]) == (OrderState.APPROVED, 10, 3)
    assert (await balances([found.id]))[found.id].rest_minor == 0


async def test_stock_that_is_not_there_is_a_flag_and_a_task(shop: OrderShop) -> None:
    await shop.stock("tea", 1)
    await shop.report(order(line(shop, "tea", 3), goes=Goes.LATER))
    found = await the_order()
    assert (found.is_stock_short, (await blocking([found.id]))[found.id]) == (True, [FlagKind.STOCK_SHORT])
    assert await tasks("counter_short") == 1


async def test_what_is_shipped_waits_for_its_address_and_is_owed(shop: OrderShop) -> None:
    await shop.stock("tea", 5)
    await shop.report(order(line(shop, "tea"), goes=Goes.SHIPPED, pays=PayBy.ON_DELIVERY))
    found = await the_order()
    assert (found.delivery.value, (await blocking([found.id]))[found.id]) == ("shipping", [FlagKind.BAD_ADDRESS])
    assert ((await balances([found.id]))[found.id].rest_minor, await tasks("counter_address")) == (250, 1)


async def test_another_price_than_here_is_the_customers_and_a_task(shop: OrderShop) -> None:
    await shop.stock("tea", 5)
    await shop.report(order(line(shop, "tea", price=200)))
    found = await the_order()
    assert (found.total_minor, (await blocking([found.id]))[found.id]) == (200, [FlagKind.PRICE_ANOMALY])
    assert await tasks("counter_price") == 1


async def test_a_discount_given_by_hand_is_the_orders(shop: OrderShop) -> None:
    await shop.stock("tea", 5)
    await shop.report(order(line(shop, "tea", 2), discount_minor=50, discount_reason="damage", total_minor=450))
    found = await the_order()
    assert (found.total_minor, (await balances([found.id]))[found.id].rest_minor) == (450, 0)
    assert await blocking([found.id]) == {}


async def test_goods_that_nobody_knows_are_a_task_and_the_rest_is_the_order(shop: OrderShop) -> None:
    await shop.stock("tea", 5)
    assert await shop.report(order(line(shop, "tea"), line(shop, "WHAT?"))) == ["applied"]
    found = await the_order()
    assert [each.sku for each in (await queries.lines([found.id]))[found.id]] == ["tea"]
    assert (await tasks("counter_goods"), (await blocking([found.id]))[found.id]) == (1, [FlagKind.PRICE_ANOMALY])


async def test_an_order_of_which_nothing_is_known_waits_until_it_is(shop: OrderShop) -> None:
    await shop.stock("tea", 5)
    fact = order(line(shop, "9520000099994"))
    assert await shop.report(fact) == ["unknown_barcode"]
    await link_barcode("9520000099994", "tea", numerator=1)
    await settle()
    assert (await the_order()).state is OrderState.CLOSED


async def test_an_account_is_the_presets_customers_or_a_task(shop: OrderShop) -> None:
    await shop.stock("tea", 5)
    await shop.report(order(line(shop, "tea"), pays=PayBy.ACCOUNT))
    found = await the_order()
    assert ((await blocking([found.id]))[found.id], await tasks("counter_account")) == ([FlagKind.UNPAID], 1)


async def test_templates_and_presets_count_their_uses_and_unknown_ones_are_told(shop: OrderShop) -> None:
    await shop.stock("tea", 5)
    breakfast = await save_template(NewTemplate(title="Breakfast", lines=[TemplateLine("tea", 2)]))
    later = await save_preset(NewPreset(title="Later", pays=PayBy.CASH, goes=Goes.LATER))
    await shop.report(order(line(shop, "tea"), templates=[breakfast, "OT-999999"], preset=later))
    assert ((await template(breakfast)).uses, (await preset(later)).uses, await tasks("counter_template")) == (1, 1, 1)


async def test_a_box_that_counts_anew_makes_another_order_under_its_number(shop: OrderShop) -> None:
    await shop.stock("tea", 9)
    await shop.report(order(line(shop, "tea")), order(line(shop, "tea")), order(line(shop, "tea", 2)))
    rows = await db.fetch("SELECT reference FROM sales_order ORDER BY id")
    assert len({row["reference"] for row in rows}) == len(rows) == 3


@pytest.mark.parametrize("goes", [Goes.TAKEN, Goes.LATER])
async def test_an_order_taken_back_never_was_in_any_order(shop: OrderShop, goes: Goes) -> None:
    tea = await shop.stock("tea", 10)
    for number, turn in enumerate(itertools.permutations(range(3)), 1):
        wrong = shop.box.envelope(order(line(shop, "tea", 2), number=number, goes=goes))
        again = shop.box.envelope(order(line(shop, "tea"), number=number + 50, goes=goes))
        back = shop.box.envelope(Retracted(fact=wrong.id, kind=wrong.name))
        await tell(shop.box, [(wrong, again, back)[place] for place in turn])
        assert [await outcome(each.id) for each in (wrong, again, back)] == ["retracted", "applied", "applied"], turn
    level = (await db.fetch("SELECT on_hand, reserved FROM availability WHERE sku_id = ?", tea))[0]
    assert (level["on_hand"], level["reserved"]) == ((4, 0) if goes is Goes.TAKEN else (10, 6))
    states = await db.fetch("SELECT state, COUNT(*) AS n FROM sales_order GROUP BY state ORDER BY state")
    gone = {row["state"]: row["n"] for row in states if row["state"] != "cancelled"}
    assert gone == ({"closed": 6} if goes is Goes.TAKEN else {"approved": 6})
    assert await books_add_up()


async def test_the_money_of_an_order_taken_back_goes_back(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    envelope = shop.box.envelope(order(line(shop, "tea", 2)))
    await tell(shop.box, [envelope, shop.box.envelope(Retracted(fact=envelope.id, kind=envelope.name))])
    found = await the_order()
    rows = await db.fetch("SELECT amount_minor FROM payment_call WHERE action = 'refund'")
    assert (found.state, [row["amount_minor"] for row in rows]) == (OrderState.CANCELLED, [500])


async def tell(box: WireBox, envelopes: list[Envelope]) -> None:
    for envelope in envelopes:
        await ingest([box.message(envelope)])
        await settle()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.integers(0, 3), min_size=4, max_size=10), together=st.booleans())
async def test_however_often_and_in_whatever_order_two_boxes_tell_each_order_is_once(
    shop: OrderShop, other: WireBox, turns: list[int], together: bool
) -> None:
    before = (await db.fetch("SELECT COUNT(*) AS n FROM sales_order"))[0]["n"]
    first = int(before) + 1
    mine = [shop.box.envelope(order(line(shop, "tea"), number=first + each)) for each in range(2)]
    theirs = [other.envelope(order(line(shop, "tea"), reference=f"b3-{first + each}")) for each in range(2)]
    told = [(shop.box, mine[0]), (shop.box, mine[1]), (other, theirs[0]), (other, theirs[1])]
    messages = [told[turn][0].message(told[turn][1]) for turn in [*turns, 0, 1, 2, 3]]
    if together:
        await ingest(messages)
    else:
        for message in messages:
            await ingest([message])
    await settle()
    assert (await db.fetch("SELECT COUNT(*) AS n FROM sales_order"))[0]["n"] == before + 4


async def test_a_lot_and_a_serial_number_reach_the_ledger_and_come_back(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    code = shop.codes["tea"]
    plain = CounterLine(symbol=Symbol(text=code), sku="tea", price_minor=250, amount_minor=250)
    told = (replace(plain, lot="L1", serial="S1"), replace(plain, lot="L\n2" * 40, serial="S" * 100))
    envelope = shop.box.envelope(order(*told))
    await tell(shop.box, [envelope])
    moved = (
        "SELECT e.serial, l.code, e.quantity FROM stock_movement e LEFT JOIN lot l ON l.id = e.lot_id "
        "WHERE e.sku_id = ? AND e.reason = ? ORDER BY e.id"
    )
    rows = await db.fetch(moved, tea, "sold")
    assert sorted((row["serial"] or "", row["code"] or "") for row in rows) == [("", ""), ("S1", "L1")]
    gone = (await db.fetch("SELECT net FROM serial WHERE serial = 'S1'"))[0]["net"]
    await tell(shop.box, [shop.box.envelope(Retracted(fact=envelope.id, kind=envelope.name))])
    assert (gone, (await db.fetch("SELECT net FROM serial WHERE serial = 'S1'"))[0]["net"]) == (-1, 0)
    assert await books_add_up()


async def test_what_was_given_back_at_the_counter_is_booked_in_whatever_order_it_is_heard_of(shop: OrderShop) -> None:
    await shop.stock("tea", 30)
    for number, turn in enumerate(itertools.permutations(range(3)), 1):
        made = shop.box.envelope(order(line(shop, "tea", 2), number=number))
        back = shop.box.envelope(Retracted(fact=made.id, kind=made.name))
        paid = shop.box.envelope(GivenBack(order=made.id, amount_minor=500, currency="CNY"))
        await tell(shop.box, [(made, back, paid)[place] for place in turn])
        assert await outcome(paid.id) == "applied", turn
        # where it is taken back before it was ever booked, it never was: neither is its money
        rows = await db.fetch("SELECT order_id FROM counter_order WHERE fact_id = ?", made.id)
        kept = [(await balances([row["order_id"]]))[row["order_id"]].sums for row in rows]
        assert all((sums.captured, sums.refunded, sums.refunding) == (500, 500, 0) for sums in kept)
    assert (
        await tasks("counter_refund"),
        len(await db.fetch("SELECT id FROM task WHERE kind = 'refund_by_hand' AND closed_at IS NULL")),
    ) == (0, 0)


async def test_a_refund_above_the_limit_is_booked_and_a_second_person_is_asked(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    await set_refund_limit("CNY", 100)
    made = shop.box.envelope(order(line(shop, "tea", 2)))
    await tell(shop.box, [made, shop.box.envelope(Retracted(fact=made.id, kind=made.name))])
    found = await the_order()
    before = (await balances([found.id]))[found.id].sums
    await tell(shop.box, [shop.box.envelope(GivenBack(order=made.id, amount_minor=500, currency="CNY"))])
    after = (await balances([found.id]))[found.id].sums
    assert ((before.refunding, before.refunded), (after.refunding, after.refunded)) == ((500, 0), (0, 500))
    assert await tasks("counter_refund") == 1


async def test_the_office_and_the_counter_give_back_once(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    made = shop.box.envelope(order(line(shop, "tea", 2)))
    await tell(shop.box, [made, shop.box.envelope(Retracted(fact=made.id, kind=made.name))])
    (call,) = await db.fetch("SELECT id FROM payment_call WHERE action = 'refund'")
    paid = shop.box.envelope(GivenBack(order=made.id, amount_minor=500, currency="CNY"))
    await asyncio.gather(confirm_by_hand(REFUNDS.number(call["id"])), tell(shop.box, [paid]))
    rows = await db.fetch("SELECT amount_minor FROM payment_entry WHERE kind = 'refunded'")
    assert ([row["amount_minor"] for row in rows], await outcome(paid.id), await tasks("counter_refund")) == ([500], "applied", 0)
