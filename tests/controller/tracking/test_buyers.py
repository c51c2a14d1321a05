"""A buyer without a record is forgotten by an order and the telephone or e-mail address it was made with; nobody else is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from controller import db
from controller.customers import key_file, resealing, rotation, sealing
from controller.customers.errors import BadCustomer, BuyerIsCustomer, BuyerUnderWay, NoSuchBuyer
from controller.customers.order_addresses import orders_by_phone, stored_addresses
from controller.errors import NotFound
from controller.fulfilment.operations import cancel
from controller.intake import importing
from controller.intake.queries import raw_order
from controller.intake.taking import body_of, receive
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.tracking.buyers import forget_buyer
from tests.controller.customers.keys import MASTER
from tests.controller.intake.sent import document
from tests.controller.tracking.shop import HOME, PHONE, PersonShop

OTHER = "13900001111"
FILE = "reference,sku,quantity,site,phone,price,currency\nF-1,tea,1,s1,{},2.50,CNY\nF-2,tea,1,s1,13911112222,2.50,CNY\n"


@pytest.fixture
async def shop(database: str) -> PersonShop:
    shop = await PersonShop.open()
    await shop.shop.stock("milk", 9)
    return shop


async def ordered(shop: PersonShop, reference: str, phone: str = OTHER) -> str:
    """By somebody who is nobody's customer; it is called off, so that it is not under way."""
    order = replace(shop.shop.order(("milk", 1), reference=reference), address=msgspec.structs.replace(HOME, phone=phone))
    no = await place(replace(order, delivery=None))
    await cancel(no, reason="called off")
    return no


async def checked(phone: str) -> int:
    return await importing.keep(await importing.read(FILE.format(phone).encode()), "orders.csv")


async def test_all_that_is_kept_of_the_buyer_goes_and_the_rest_stays(shop: PersonShop) -> None:
    first, second, else_ = await ordered(shop, "B-1"), await ordered(shop, "B-2"), await ordered(shop, "B-3", "13955556666")
    raw = (await receive("tmall", document("T-9", "nothing", buyer="u-9").replace(b"13800001234", OTHER.encode()), source="x"))[0]
    file = await checked(OTHER)
    done = await forget_buyer(first, phone=f"+86 {OTHER}")
    assert (sorted(done.orders), done.sent) == (sorted([first, second]), 2)
    assert await orders_by_phone(OTHER) == []
    assert set(await stored_addresses([ORDERS.row_id(else_)])) == {ORDERS.row_id(else_)}
    with pytest.raises(NotFound):
        await body_of(raw)
    assert (await raw_order(raw)).code == "customer_erased"
    await importing.start(file)
    assert await importing.hand_on() == 1
    rows = await db.fetch("SELECT reference, state, sealed FROM order_file_order ORDER BY reference")
    assert [(row["reference"], row["state"], row["sealed"]) for row in rows] == [("F-1", "bad", ""), ("F-2", "new", "")]
    assert (await db.fetch("SELECT orders, bad FROM order_file"))[0] == {"orders": 1, "bad": 1}


async def test_whichever_half_is_wrong_the_answer_is_one_and_nothing_goes(shop: PersonShop) -> None:
    no = await ordered(shop, "B-1")
    for order, phone in ((no, PHONE), ("SO-999999", OTHER)):
        with pytest.raises(NoSuchBuyer):
            await forget_buyer(order, phone=phone)
    for phone, email in (("", ""), ("what", ""), ("", "no address")):
        with pytest.raises(BadCustomer):
            await forget_buyer(no, phone=phone, email=email)
    with pytest.raises(BuyerIsCustomer, match="CU-100001"):
        await forget_buyer(shop.order, phone=PHONE)
    assert await orders_by_phone(OTHER) == [ORDERS.row_id(no)]


async def test_orders_under_way_are_finished_first(shop: PersonShop) -> None:
    no = await ordered(shop, "B-1")
    await db.execute("UPDATE sales_order SET state = 'approved' WHERE id = ?", ORDERS.row_id(no))
    with pytest.raises(BuyerUnderWay, match=no):
        await forget_buyer(no, phone=OTHER)
    assert await orders_by_phone(OTHER) == [ORDERS.row_id(no)]


async def test_a_file_that_is_handed_on_meanwhile_leaves_nothing_of_the_buyer(shop: PersonShop) -> None:
    no = await ordered(shop, "B-1")
    await importing.start(await checked(OTHER))
    await asyncio.gather(forget_buyer(no, phone=OTHER), importing.hand_on())
    rows = await db.fetch("SELECT sealed FROM raw_order WHERE buyer_hashes <> ''")
    assert len(rows) == 1, "the other buyer's"
    assert await db.fetch("SELECT id FROM order_file_order WHERE sealed <> ''") == []


async def test_new_hashes_find_the_buyer_of_a_file_too(shop: PersonShop) -> None:
    no = await ordered(shop, "B-1")
    await checked(OTHER)
    hashes = "SELECT buyer_hashes FROM order_file_order ORDER BY number"
    before = await db.fetch(hashes)
    newer = key_file.new_master_key(db.now())
    await sealing.use_master_keys(newer, MASTER)
    await rotation.rotate([newer, MASTER], hashes=True)
    await sealing.refresh()
    await resealing.catch_up()
    assert [row["buyer_hashes"] for row in before] != [row["buyer_hashes"] for row in await db.fetch(hashes)]
    assert (await forget_buyer(no, phone=OTHER)).sent == 1
