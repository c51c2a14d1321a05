"""Weighed goods: ordered as an estimate, picked as they weigh, charged for that and nothing else; up, down, and too much."""

from __future__ import annotations

import itertools
from dataclasses import replace

import msgspec
import pytest

from controller import db
from controller.catalog.models import BaseUnit
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.fulfilment import queries
from controller.fulfilment.ending import give_up_rest
from controller.fulfilment.operations import release
from controller.orders import queries as orders
from controller.orders.flags import FlagKind, flags
from controller.orders.money import flag_unpaid
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewOrder
from controller.orders.totals import kept_before, recount
from controller.payments.operations import Taking, take
from controller.payments.policies import Means, PayTerms
from controller.payments.stored import balance_of
from controller.stock.operations import move
from drivers.symbols.gtin import check_digit
from edge_agent.wire.facts import Picked
from edge_agent.wire.messages import Symbol
from edge_agent.wire.totals import Discount
from tests.controller.goods import numbers
from tests.controller.invoices.bills import open_bills
from tests.controller.orders_shop import OrderShop, books_add_up, told

CHEESE = "2100777"
PRICE = 333
"""Minor units for 100 g."""


@pytest.fixture
async def shop(database: str) -> OrderShop:
    shop = await open_bills()
    sku = await create_sku(
        NewSku(code="cheese", name_en="cheese", name_zh="奶酪", price_minor=PRICE, base_unit=BaseUnit.GRAM, weight_grams=1),
        [NewBarcode(barcode=f"{CHEESE}WWWWWC")],
    )
    shop.skus["cheese"] = sku
    await move([shop.shop.arrival(sku, 10_000)])
    await shop.stock("tea", 50)
    return shop


def weighed(pick_list: str, grams: int) -> Picked:
    """A piece with its weight in its barcode."""
    body = f"{CHEESE}{grams:05d}"
    text = body + check_digit(body)
    return Picked(pick_list=pick_list, symbol=Symbol(text=text), gtin=f"0{text}", quantity=1)


async def ordered(shop: OrderShop, *lines: tuple[str, int], terms: PayTerms = PayTerms.ON_DELIVERY) -> tuple[str, str]:
    """An order and its pick list."""
    new: NewOrder = shop.order(*lines)
    priced = [replace(line, unit_price_minor=PRICE if line.sku == "cheese" else 250) for line in new.lines]
    no = await place(replace(new, lines=priced, pay_terms=terms))
    if terms is PayTerms.PREPAID:
        await take(ORDERS.row_id(no), Taking(means=Means.CASH, amount_minor=await due(no)))
        await flag_unpaid(ORDERS.row_id(no))
    return no, (await release(no))[0]


async def due(no: str) -> int:
    return (await balance_of(ORDERS.row_id(no))).due_minor


@pytest.mark.parametrize(("grams", "minor"), [(523, 1742), (480, 1598), (500, 1665), (550, 1832), (450, 1499)])
async def test_what_is_charged_is_what_was_weighed(shop: OrderShop, grams: int, minor: int) -> None:
    no, pick_list = await ordered(shop, ("cheese", 500))
    assert await due(no) == 1665
    assert await shop.report(weighed(pick_list, grams), shop.packed(pick_list, grams + 50)) == ["applied", "applied"]
    assert await due(no) == minor
    total = await kept_before(ORDERS.row_id(no))
    assert total is not None and total.payable_minor == minor
    line = (await orders.lines([ORDERS.row_id(no)]))[ORDERS.row_id(no)][0]
    assert (line.quantity, line.charged) == (500, grams)
    parcel = (await queries.pick_list(pick_list)).parcel or ""
    await shop.report(shop.handed_over(parcel))
    found = await balance_of(ORDERS.row_id(no))
    assert (found.sums.captured, found.rest_minor) == (minor, 0), "cash on delivery is what it came to"
    assert (await numbers(shop.skus["cheese"]))[0] == 10_000 - grams
    assert await books_add_up()


async def test_weighed_less_than_was_paid_goes_back_to_the_cent(shop: OrderShop) -> None:
    no, pick_list = await ordered(shop, ("cheese", 500), ("tea", 2), terms=PayTerms.PREPAID)
    await shop.report(weighed(pick_list, 460), shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 700))
    assert await due(no) == 1532 + 500
    await shop.report(shop.handed_over((await queries.pick_list(pick_list)).parcel or ""))
    found = await balance_of(ORDERS.row_id(no))
    assert found.sums.refunding + found.sums.refunded == 1665 - 1532
    assert found.sums.captured - found.sums.refunding - found.sums.refunded == found.due_minor


async def test_discounts_and_taxes_are_counted_from_what_was_weighed(shop: OrderShop) -> None:
    no, pick_list = await ordered(shop, ("cheese", 500), ("tea", 1))
    await recount(ORDERS.row_id(no), discounts=[Discount(basis_points=1000, reason="10 %")])
    await shop.report(weighed(pick_list, 523), shop.picked(pick_list, "tea"), shop.packed(pick_list, 650))
    total = await kept_before(ORDERS.row_id(no))
    assert total is not None
    assert sum(line.amount_minor for line in total.lines) == 1742 + 250
    assert total.payable_minor == await due(no) == 1992 - 199
    assert total.net_minor + total.tax_minor == total.gross_minor


async def test_several_pieces_end_the_same_in_any_order(shop: OrderShop) -> None:
    for grams in itertools.permutations((190, 170, 160)):
        no, pick_list = await ordered(shop, ("cheese", 500))
        await shop.report(*(weighed(pick_list, each) for each in grams), shop.packed(pick_list, 540))
        assert await due(no) == 1732, grams
        lines = await db.fetch(
            "SELECT quantity, picked FROM pick_line WHERE pick_list_id = ?", (await queries.pick_list(pick_list)).id
        )
        assert [(line["quantity"], line["picked"]) for line in lines] == [(520, 520)]


async def test_more_than_may_be_is_refused_at_the_shelf(shop: OrderShop) -> None:
    _, pick_list = await ordered(shop, ("cheese", 500))
    assert await shop.report(weighed(pick_list, 551)) == ["over_pick"]
    assert await shop.report(weighed(pick_list, 300), weighed(pick_list, 260)) == ["applied", "over_pick"]


async def test_packs_of_goods_by_weight_are_counted_not_weighed(shop: OrderShop) -> None:
    """19 of 20 packs are near enough by weight, and yet one is missing."""
    text = "5449000000996"
    sku = await create_sku(
        NewSku(code="rice", name_en="rice", name_zh="米", price_minor=PRICE, base_unit=BaseUnit.GRAM, weight_grams=1),
        [NewBarcode(barcode=text, numerator=500)],
    )
    shop.skus["rice"], shop.codes["rice"] = sku, text
    await move([shop.shop.arrival(sku, 20_000)])
    _, pick_list = await ordered(shop, ("rice", 10_000))
    assert await shop.report(shop.picked(pick_list, "rice", 19), shop.packed(pick_list, 9600)) == ["applied", "not_picked"]
    assert await shop.report(shop.picked(pick_list, "rice", 2)) == ["over_pick"]


async def test_what_a_scale_or_a_person_told_is_booked_and_charged_whatever_the_symbol_counts(shop: OrderShop) -> None:
    no, pick_list = await ordered(shop, ("cheese", 500))
    told_by_scale = msgspec.structs.replace(weighed(pick_list, 200), measure=480)
    assert await shop.report(told_by_scale, shop.packed(pick_list, 500)) == ["applied", "applied"]
    (line,) = await queries.pick_lines((await queries.pick_list(pick_list)).id)
    assert (line.quantity, line.picked, await due(no)) == (480, 480, 1598)
    _, tea = await ordered(shop, ("tea", 2))
    assert await shop.report(msgspec.structs.replace(shop.picked(tea, "tea"), measure=2)) == ["bad_quantity"], (
        "nobody weighs pieces"
    )


async def test_what_a_picker_found_short_is_not_charged(shop: OrderShop) -> None:
    no, pick_list = await ordered(shop, ("tea", 3), ("cheese", 500), terms=PayTerms.PREPAID)
    await shop.report(
        shop.picked(pick_list, "tea", 2), weighed(pick_list, 500), shop.short(pick_list, "tea"), shop.packed(pick_list, 750)
    )
    assert await due(no) == 1665 + 500
    await shop.report(shop.handed_over((await queries.pick_list(pick_list)).parcel or ""))
    found = await balance_of(ORDERS.row_id(no))
    assert found.sums.refunding + found.sums.refunded == 250


async def test_more_than_was_agreed_waits_for_a_person(shop: OrderShop) -> None:
    """Its total may be more by ten in a hundred; an estimate that was lowered since makes it more."""
    no, pick_list = await ordered(shop, ("cheese", 500))
    order_id = ORDERS.row_id(no)
    await db.execute("UPDATE order_due SET tolerance_bp = 0 WHERE order_id = ?", order_id)
    await shop.report(weighed(pick_list, 540), shop.packed(pick_list, 590))
    assert await due(no) == 1665
    assert [flag.kind for flag in (await flags([order_id]))[order_id] if flag.is_set] == [FlagKind.PRICE_ANOMALY]
    assert await told("label_held") == 1


async def test_giving_up_the_rest_charges_what_is_out_with_its_discount(shop: OrderShop) -> None:
    no, pick_list = await ordered(shop, ("tea", 4), terms=PayTerms.PREPAID)
    order_id = ORDERS.row_id(no)
    await recount(order_id, discounts=[Discount(basis_points=1000, reason="10 %")])
    await shop.report(shop.picked(pick_list, "tea", 1), shop.short(pick_list), shop.packed(pick_list, 100))
    await shop.report(shop.handed_over((await queries.pick_list(pick_list)).parcel or ""))
    await give_up_rest(no, reason="no more")
    assert await due(no) == 225
