"""What people do with purchase orders and where goods go, on both engines; and boxes that receive one order at the same time."""

from __future__ import annotations

import asyncio

import pytest

from controller import db
from controller.db import Engine
from controller.errors import IllegalTransition, NotFound
from controller.ingest import ingest
from controller.purchasing import operations
from controller.purchasing.errors import BadOrder, BadSupplier, BelowMinimum, NotEditable
from controller.purchasing.operations import NewLine, NewOrder
from controller.purchasing.policies import Channel
from controller.purchasing.queries import AskedOrders, lines, orders
from controller.purchasing.receipt_queries import AskedReceipts, receipts, suggest_bins
from controller.purchasing.states import OrderState
from controller.purchasing.supplier_queries import items, supplier, suppliers
from controller.purchasing.suppliers import ItemData, SupplierData, put_item, put_supplier
from controller.sites.operations import BadBin, create_bin, set_bin
from edge_agent.wire.facts import PutAway, Retracted
from edge_agent.wire.messages import Symbol
from tests.controller.orders_shop import books_add_up, settle
from tests.controller.purchasing.buying import BuyingShop, the
from tests.controller.purchasing.test_receipts import tell


async def test_a_draft_is_changed_approved_and_its_goods_are_on_their_way(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.drafted(("milk", 1))
    assert (no, await shop.incoming("milk")) == ("PO-100001", 0)
    await operations.change_lines(no, [NewLine(sku="milk", packs=3), NewLine(sku="tea", packs=1, price_minor=999)], note="soon")
    await operations.approve(no)
    await operations.approve(no)
    assert (await shop.incoming("milk"), await shop.incoming("tea")) == (36, 12)
    found = await lines((await the(no)).id)
    assert [(line.units, line.price_minor, line.expected_on is not None) for line in found] == [(36, 1200, True), (12, 999, True)]
    with pytest.raises(NotEditable):
        await operations.change_lines(no, [NewLine(sku="milk", packs=1)])
    await operations.revise(no)
    assert ((await the(no)).state, await shop.incoming("milk")) == (OrderState.DRAFT, 0)
    await operations.cancel(no, reason="not needed")
    with pytest.raises(IllegalTransition):
        await operations.approve(no)


async def test_what_cannot_be_ordered_is_refused_and_nothing_is_written(database: str) -> None:
    shop = await BuyingShop.open()
    await put_item("dairy", "tea", ItemData(pack_numerator=1, pack_denominator=2, minimum_packs=4))
    for bad in (
        [NewLine(sku="milk", packs=1), NewLine(sku="milk", packs=2)],
        [NewLine(sku="tea", packs=5)],
        [NewLine(sku="tea", packs=2)],
        [NewLine(sku="milk", packs=0)],
        [NewLine(sku="milk", packs=1, price_minor=-1)],
    ):
        with pytest.raises(BadOrder):
            await operations.draft(NewOrder(site="s1", supplier="dairy", lines=bad))
    for order in (
        NewOrder(site="s9", supplier="dairy", lines=[]),
        NewOrder(site="s1", supplier="nobody", lines=[]),
        NewOrder(site="s1", supplier="dairy", lines=[NewLine(sku="nothing", packs=1)]),
    ):
        with pytest.raises(NotFound):
            await operations.draft(order)
    with pytest.raises(BadOrder):
        await operations.draft(NewOrder(site="s1", supplier="dairy", lines=[], rate=(1, 2)))
    no = await shop.drafted()
    with pytest.raises(BadOrder):
        await operations.approve(no)
    assert [row.no for row in await orders(AskedOrders())] == [no]


async def test_less_than_the_supplier_takes_needs_a_decision(database: str) -> None:
    shop = await BuyingShop.open()
    await put_supplier("dairy", SupplierData(name="Dairy", minimum_minor=1201))
    no = await shop.drafted(("milk", 1))
    with pytest.raises(BelowMinimum):
        await operations.approve(no)
    await operations.approve(no, despite_minimum=True)
    await operations.send(no)
    assert (await the(no)).state is OrderState.SENT, "by hand: a person has told the supplier"


async def test_suppliers_are_written_once_and_their_flaws_told(database: str) -> None:
    await BuyingShop.open()
    data = SupplierData(name="Dairy", channel=Channel.HTTP, address="https://dairy.example/orders", order_days="135")
    await put_supplier("d2", data)
    before = await db.fetch("SELECT COUNT(*) AS n FROM event")
    await put_supplier("d2", data)
    await put_item("d2", "milk", ItemData(price_minor=7))
    await put_item("d2", "milk", ItemData(price_minor=7))
    assert (await db.fetch("SELECT COUNT(*) AS n FROM event"))[0]["n"] == before[0]["n"] + 1
    assert [row.code for row in await suppliers(q="DAIRY")] == ["d2", "dairy"]
    assert (await supplier("d2")).order_days == "135"
    assert [row.price_minor for row in await items("d2")] == [7]
    for code, bad in (
        ("a b", SupplierData(name="x")),
        ("a", SupplierData(name=" ")),
        ("a", SupplierData(name="x", currency="cny")),
        ("a", SupplierData(name="x", order_days="31")),
        ("a", SupplierData(name="x", channel=Channel.EMAIL, address="nobody")),
        ("a", SupplierData(name="x", channel=Channel.HTTP, address="ftp://x")),
        ("a", SupplierData(name="x", channel=Channel.HTTP, address="http://[x")),
        ("a", SupplierData(name="x", channel=Channel.FILE, address="../etc")),
    ):
        with pytest.raises(BadSupplier):
            await put_supplier(code, bad)


async def test_boxes_that_receive_one_order_at_the_same_time_add_up(database: str) -> None:
    shop = await BuyingShop.open("milk", "tea", "soap")
    no = await shop.ordered(("milk", 10), ("tea", 10), ("soap", 10))
    codes = list(shop.codes)
    work = []
    for box in shop.boxes:
        for turn in range(5):
            facts = [shop.received(no, codes[(turn + place) % 3], 3) for place in range(3)]
            work.append([box.message(box.envelope(fact)) for fact in facts])

    async def give(messages: list[object]) -> None:
        await ingest(messages)  # type: ignore[arg-type]  # of one kind

    if db.engine() is Engine.POSTGRES:
        await asyncio.gather(*(give(list(messages)) for messages in work))
    else:
        for messages in work:
            await give(list(messages))
    await settle()
    (only,) = await receipts(AskedReceipts())
    assert (only.good, [line.received for line in await lines((await the(no)).id)]) == (90, [30, 30, 30])
    assert [await shop.incoming(sku) for sku in codes] == [90, 90, 90]
    assert await books_add_up()


async def test_goods_are_put_away_where_the_suggestion_says_and_back(database: str) -> None:
    shop = await BuyingShop.open("milk")
    sku = shop.skus["milk"]
    await set_bin("s1", "A-1", zone="cold", capacity=10)
    await set_bin("s1", "A-2", zone="dry", capacity=None)
    await create_bin("s1", "A-3", zone="cold", capacity=20)
    assert [each.code for each in await suggest_bins("s1", sku, 5)] == ["A-1", "A-2", "A-3"], "nobody knows its zone yet"
    await tell(shop, shop.received(None, "milk", 12))
    symbol = Symbol(text=shop.codes["milk"])
    away = PutAway(bin="A-1", symbol=symbol, gtin="0" + shop.codes["milk"], quantity=8)
    envelope = shop.boxes[0].envelope(away)
    await ingest([shop.boxes[0].message(envelope)])
    assert [each.code for each in await suggest_bins("s1", sku, 2)] == ["A-1", "A-3", "A-2"]
    assert [each.code for each in await suggest_bins("s1", sku, 4)] == ["A-3", "A-2"], "A-1 has no room for four more"
    rows = await db.fetch(
        "SELECT l.code, b.on_hand FROM balance b JOIN location l ON l.id = b.location_id WHERE b.on_hand > 0 ORDER BY l.code"
    )
    assert [(row["code"], row["on_hand"]) for row in rows] == [("A-1", 8), ("receiving", 4)]
    assert await tell(shop, Retracted(fact=envelope.id, kind=PutAway.name)) == ["applied"]
    rows = await db.fetch("SELECT l.code, b.on_hand FROM balance b JOIN location l ON l.id = b.location_id WHERE b.on_hand > 0")
    assert [(row["code"], row["on_hand"]) for row in rows] == [("receiving", 12)]
    nowhere = PutAway(bin="Z-9", symbol=symbol, gtin="0" + shop.codes["milk"], quantity=1)
    assert await tell(shop, nowhere) == ["unknown_bin"]
    await create_bin("s1", "Z-9")
    await settle()
    assert (await db.fetch("SELECT COUNT(*) AS n FROM fact WHERE outcome = 'parked'"))[0]["n"] == 0
    for zone, capacity in (("x" * 41, None), ("", 0)):
        with pytest.raises(BadBin):
            await set_bin("s1", "A-1", zone=zone, capacity=capacity)
