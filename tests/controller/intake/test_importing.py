"""Files of orders: checked, started, handed on once whatever crashes; nothing of a person in clear, nothing kept for long."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import timedelta

import pytest

from controller import db
from controller.catalog.models import BaseUnit
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.customers import sealing
from controller.customers.errors import KeysUnavailable
from controller.errors import IllegalTransition, NotFound
from controller.intake import file_queries, importing
from controller.intake.mapping import map_goods
from controller.intake.queries import raw_orders
from controller.intake.states import FileState, RawState
from controller.intake.taking import take_waiting
from controller.orders import queries as orders
from controller.orders.numbers import ORDERS
from tests.controller.orders_shop import OrderShop, told

HEAD = "reference,sku,quantity,price,site,name,phone,city,street\n"
FILE = (
    HEAD
    + "A-1,tea,2,2.50,s1,Wang Mei,13800001234,,\n"
    + "A-2,tea,1,,s1,Li Lei,13900001234,Shanghai,Nanjing Lu 1\n"
    + "A-1,milk,1,,s1,,,,\n"
    + "A-3,tea,many,,s1,,,,\n"
    + "A-3,tea,1,,s1,,,,\n"
    + "A-4,nothing,1,3.00,s1,,,,\n"
)


async def checked(text: str = FILE) -> int:
    return await importing.keep(await importing.read(text.encode()), "orders.csv")


async def taken(file_id: int) -> None:
    await importing.start(file_id)
    await importing.hand_on()
    await take_waiting()


async def report(file_id: int) -> list[list[str]]:
    body = b"".join([piece async for piece in file_queries.error_report(file_id, str.upper)])
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))[1:]


@pytest.fixture
async def file(shop: OrderShop) -> int:
    await shop.stock("milk", 10)
    return await checked()


async def test_a_file_is_looked_at_and_nothing_is_ordered(file: int) -> None:
    found = await file_queries.file(file)
    assert (found.state, found.rows, found.orders, found.known, found.bad, found.errors) == (FileState.CHECKED, 6, 3, 0, 1, 1)
    assert found.missing == [("nothing", 1)]
    rows = await file_queries.orders(file)
    assert [(row.reference, row.rows, row.units, row.total_minor, row.delivery) for row in rows] == [
        ("A-1", 2, 3, 750, "collection"),
        ("A-2", 1, 1, 250, "shipping"),
        ("A-3", 2, 0, 0, ""),
        ("A-4", 1, 1, 300, "collection"),
    ]
    assert await report(file) == [["5", "quantity", "bad_quantity", "BAD_QUANTITY", "many"]]
    assert await raw_orders(state="", channel="", before=None, limit=9) == []


async def test_its_orders_go_the_way_of_every_channel(file: int) -> None:
    await taken(file)
    found = await file_queries.file(file)
    assert (found.state, found.handed) == (FileState.DONE, 3)
    assert await file_queries.results(file) == {RawState.PLACED: 2, RawState.UNMAPPED: 1}
    (placed, sent) = await file_queries.orders(file, only="placed")
    assert placed.order is not None and sent.order is not None
    order = await orders.order(placed.order)
    assert (order.channel, order.reference, order.site, order.total_minor) == ("file", "A-1", "s1", 750)
    lines = (await orders.lines([order.id]))[order.id]
    assert [(line.sku, line.quantity, line.unit_price_minor) for line in lines] == [("tea", 2, 250), ("milk", 1, 250)]
    assert (await orders.order(sent.order)).customer_id is not None
    await map_goods("file", "nothing", "milk")
    await take_waiting()
    assert await file_queries.results(file) == {RawState.PLACED: 3}


async def test_nothing_of_a_person_lies_in_clear_nor_longer_than_needed(file: int) -> None:
    for table in ("order_file", "order_file_order", "order_file_error", "event"):
        rows = await db.fetch(f"SELECT * FROM {table}")
        assert not [row for row in rows if any(word in str(row) for word in ("Wang", "13800001234", "Nanjing"))]
    sealed = await db.fetch("SELECT sealed FROM order_file_order WHERE sealed <> ''")
    assert len(sealed) == 3
    await taken(file)
    assert not await db.fetch("SELECT sealed FROM order_file_order WHERE sealed <> ''")
    assert not await db.fetch("SELECT id FROM raw_order WHERE sealed LIKE '%Wang%'")


async def test_what_was_checked_and_not_started_is_forgotten_after_a_day(file: int) -> None:
    assert await importing.forget_old() == 0
    await db.execute("UPDATE order_file SET checked_at = ?", db.now() - importing.KEPT - timedelta(seconds=1))
    assert await importing.forget_old() == 1
    assert (await file_queries.file(file)).state is FileState.DISCARDED
    assert not await db.fetch("SELECT sealed FROM order_file_order WHERE sealed <> ''")
    with pytest.raises(IllegalTransition):
        await importing.start(file)
    assert await checked() == file, "the same file, looked at anew"
    await taken(file)
    assert await told("order_placed") == 2


async def test_the_same_file_again_and_a_longer_one_order_nothing_twice(file: int) -> None:
    await taken(file)
    assert await checked() == file
    again = await file_queries.file(file)
    assert (again.state, again.orders, again.known, again.bad) == (FileState.CHECKED, 0, 3, 1)
    await taken(file)
    longer = await checked(FILE + "A-5,tea,1,,s1,,,,\nA-2,tea,9,,s1,Li Lei,13900001234,Shanghai,Nanjing Lu 1\n")
    found = await file_queries.file(longer)
    assert (found.orders, found.known) == (1, 2)
    assert [row[2] for row in await report(longer)] == ["reference_taken", "bad_quantity", "goods_unmapped"]
    await taken(longer)
    assert await told("order_placed") == 3


async def test_started_twice_and_handed_on_by_many_it_is_taken_once(file: int) -> None:
    await importing.start(file)
    await importing.start(file)
    await asyncio.gather(*(importing.hand_on() for _ in range(4)))
    await asyncio.gather(*(take_waiting() for _ in range(3)))
    assert await told("raw_order_came") == 3
    assert await told("order_placed") == 2
    with pytest.raises(IllegalTransition):
        await importing.discard(file)
    assert await checked() == file
    with pytest.raises(NotFound):
        await importing.start(99)


async def test_an_import_that_was_interrupted_goes_on(shop: OrderShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 2)
    file = await checked(HEAD + "".join(f"B-{n},tea,1,,s1,,,,\n" for n in range(7)))
    await importing.start(file)

    def crash(handed: int) -> None:
        if handed >= 4:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await importing.hand_on(crash)
    assert (await file_queries.file(file)).handed == 4
    assert await checked(HEAD + "".join(f"B-{n},tea,1,,s1,,,,\n" for n in range(7))) == file, "it is on its way"
    await importing.hand_on()
    await take_waiting()
    assert await told("order_placed") == 7


async def test_without_the_keys_a_file_waits_and_says_so(file: int) -> None:
    await importing.start(file)
    sealing.close_keys("there is no key file")
    for work in (importing.hand_on(), importing.read(FILE.encode())):
        with pytest.raises(KeysUnavailable):
            await work
    assert (await file_queries.file(file)).handed == 0


async def test_barcodes_and_weights_are_priced_as_the_catalogue_has_them(shop: OrderShop) -> None:
    await create_sku(
        NewSku(code="rice", name_en="rice", name_zh="大米", price_minor=120, base_unit=BaseUnit.GRAM),
    )
    await create_sku(
        NewSku(code="cola", name_en="cola", name_zh="可乐", price_minor=300), [NewBarcode(barcode="6901234567892", numerator=6)]
    )
    file = await checked("订单号,商品编码,数量,单价,门店\nC-1,rice,500,,s1\nC-1,6901234567892,2,,s1\nC-2,rice,250,1.00,s1\n")
    assert [(row.reference, row.total_minor) for row in await file_queries.orders(file)] == [("C-1", 4200), ("C-2", 250)]
    await db.execute("INSERT INTO order_channel (channel, when_short, changed_at) VALUES ('file', 'accept', ?)", db.now())
    await taken(file)
    (first, _) = await file_queries.orders(file, only="placed")
    lines = (await orders.lines([ORDERS.row_id(str(first.order))]))[ORDERS.row_id(str(first.order))]
    assert [(line.sku, line.quantity, line.amount_minor) for line in lines] == [("rice", 500, 600), ("cola", 12, 3600)]
