"""What boxes are told of the catalogue and of their stock: all of it in pages, then what changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.catalog.imports import import_catalog
from controller.catalog.operations import NewBarcode, NewSku, add_barcode, create_sku
from controller.errors import NotFound
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.replica import parts
from controller.replica.history import parse_cursor
from controller.replica.pages import page_since
from controller.sites.operations import create_site
from controller.stock.ledger import move
from edge_agent.wire.replica import DIGEST, ReplicaItem, ReplicaPage, ReplicaStock, decode_page, is_digest_of
from tests.controller.goods import Shop

HEADER = "sku,name_en,name_zh,base_unit,price_minor,barcode,pack,site\n"


@pytest.fixture
async def shop(database: str) -> Shop:
    return await Shop.open()


def goods_of(page: ReplicaPage) -> list[ReplicaItem]:
    return msgspec.json.decode(page.parts["goods"].rows, type=list[ReplicaItem])


class Reader:
    """A box as far as paging goes: what it was told, by SKU, and how much is on hand."""

    def __init__(self, site: str = "s1", limit: int = 2) -> None:
        self.site = site
        self.limit = limit
        self.cursor = ""
        self.items: dict[str, ReplicaItem] = {}
        self._stock: dict[int, int] = {}
        self.told: list[str] = []

    async def read(self) -> Reader:
        self.told = []
        while True:
            page = await page_since(self.site, self.cursor, limit=self.limit)
            self._take(page)
            if not page.more:
                return self

    def _take(self, page: ReplicaPage) -> None:
        items, stock = goods_of(page), msgspec.json.decode(page.parts["stock"].rows, type=list[ReplicaStock])
        assert len(items) <= self.limit
        assert len(stock) <= self.limit
        if page.since != self.cursor:
            self.items, self._stock = {}, {}
        self.cursor = page.next
        self.items |= {item.sku: item for item in items}
        self.told += [item.sku for item in items]
        self._stock |= {row.item: row.on_hand for row in stock}

    @property
    def stock(self) -> dict[str, int]:
        return {item.sku: self._stock[item.id] for item in self.items.values() if item.id in self._stock}

    def symbols(self, sku: str) -> list[str]:
        return [code.symbol for code in self.items[sku].barcodes]


async def sku(code: str, *barcodes: str, price: int = 100) -> int:
    new = NewSku(code=code, name_en=code, name_zh=code, price_minor=price)
    return await create_sku(new, [NewBarcode(barcode=barcode) for barcode in barcodes])


async def test_a_snapshot_in_pages_is_the_whole_catalogue_and_this_site_s_stock(shop: Shop) -> None:
    ids = [await sku(f"sku-{number}", f"B-{number}") for number in range(7)]
    await move([shop.arrival(each, number + 1) for number, each in enumerate(ids[:5])])
    await create_site("s2", name="Shop 2")
    await add_barcode("sku-0", NewBarcode(barcode="ONLY-S2", site_id="s2"))
    here, there = await Reader().read(), await Reader("s2").read()
    assert sorted(here.told) == [f"sku-{number}" for number in range(7)]
    assert here.stock == {f"sku-{number}": number + 1 for number in range(5)}
    assert (here.symbols("sku-0"), there.symbols("sku-0")) == (["B-0"], ["B-0", "ONLY-S2"])
    assert (here.items["sku-3"].price_minor, here.items["sku-3"].currency, there.stock) == (100, "CNY", {})


async def test_a_delta_names_what_changed_and_nothing_else(shop: Shop) -> None:
    milk, tea = await sku("milk", "M-1"), await sku("tea", "T-1")
    await move([shop.arrival(milk, 5), shop.arrival(tea, 5)])
    box = await Reader().read()
    assert (await box.read()).told == []
    await move([shop.sale(milk, 2)])
    assert ((await box.read()).told, box.stock) == ([], {"milk": 3, "tea": 5})
    await add_barcode("tea", NewBarcode(barcode="T-2", numerator=6))
    assert ((await box.read()).told, box.symbols("tea")) == (["tea"], ["T-1", "T-2"])
    assert box.items["tea"].barcodes[1].numerator == 6


async def test_a_barcode_that_was_taken_off_is_not_told_any_more(shop: Shop) -> None:
    milk = await sku("milk", "M-1", "M-2")
    box = await Reader().read()
    await db.execute("UPDATE barcode SET active = ? WHERE symbol = 'M-1'", False)
    await db.execute("UPDATE sku SET version = NULL WHERE id = ?", milk)
    assert (await box.read()).symbols("milk") == ["M-2"]


async def test_an_import_tells_only_the_lines_that_changed_something(shop: Shop) -> None:
    lines = [
        "milk,Milk,牛奶,piece,420,M-1,,\n",
        "tea,Tea,茶,piece,100,T-1,,\n",
        "rice,Rice,米,gram,9,R-1,,\n",
        "oil,Oil,油,piece,5,O-1,,\n",
    ]
    await import_catalog([HEADER, *lines])
    box = await Reader().read()
    await import_catalog([HEADER, *lines])
    assert (await box.read()).told == []
    lines[0] = lines[0].replace("420", "450")
    lines[1] = lines[1].replace("T-1,,", "T-1,6,")
    lines[3] = "oil,Oil,油,piece,5,O-2,,\n"
    await import_catalog([HEADER, *lines])
    assert sorted((await box.read()).told) == ["milk", "oil", "tea"]
    assert (box.items["milk"].price_minor, box.items["tea"].barcodes[0].numerator, box.symbols("oil")) == (450, 6, ["O-1", "O-2"])


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "{stamp}",
        "other.goods~1:1",
        "{stamp}.goods~99:0",
        "{stamp}.goods~1:-1",
        "{stamp}.goods~1:²",
        "{stamp}.goods~1",
        "{stamp}.goods~:",
    ],
)
async def test_a_cursor_that_is_none_of_this_database_begins_anew(shop: Shop, cursor: str) -> None:
    await sku("milk", "M-1")
    stamp = (await page_since("s1", "")).next.split(".")[0]
    page = await page_since("s1", cursor.format(stamp=stamp))
    assert (page.since, [item.sku for item in goods_of(page)]) == ("", ["milk"])


async def test_a_database_put_back_from_a_copy_begins_anew(shop: Shop) -> None:
    await sku("milk", "M-1")
    box = await Reader().read()
    await add_barcode("milk", NewBarcode(barcode="M-2"))
    await box.read()
    await db.execute("UPDATE sku SET version = NULL")
    await db.execute("UPDATE replica_version SET version = 0")
    assert (await box.read()).told == ["milk"]


async def test_an_unknown_site_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFound):
        await page_since("s9", "")


async def test_many_changes_are_numbered_by_several_requests(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "NUMBERED_AT_ONCE", 3)
    for number in range(8):
        await sku(f"sku-{number}")
    assert len((await Reader(limit=50).read()).told) == 8


async def test_whatever_runs_at_once_a_box_ends_with_what_the_tables_say(shop: Shop) -> None:
    """Writers that commit while boxes page; on PostgreSQL really at once."""
    ids = [await sku(f"sku-{number}", f"B-{number}") for number in range(12)]
    await move([shop.arrival(each, 1000) for each in ids])
    boxes = [Reader(limit=3) for _ in range(3)]

    async def sell(start: int) -> None:
        for turn in range(12):
            sale = shop.sale(ids[(start + turn) % 12], 1 + start)
            await db.in_transaction(partial(move, [sale]))
            if turn % 4 == start:
                await add_barcode(f"sku-{turn}", NewBarcode(barcode=f"X-{start}-{turn}"))

    async def follow(box: Reader) -> None:
        for _ in range(6):
            await box.read()
            await asyncio.sleep(0)

    await asyncio.gather(*(sell(start) for start in range(4)), *map(follow, boxes))
    rows = await db.fetch("SELECT s.code, a.on_hand FROM availability a JOIN sku s ON s.id = a.sku_id")
    codes = await db.fetch("SELECT s.code, b.symbol FROM barcode b JOIN sku s ON s.id = b.sku_id")
    for box in boxes:
        await box.read()
        assert box.stock == {row["code"]: row["on_hand"] for row in rows}
        told = {(each.sku, code.symbol) for each in box.items.values() for code in each.barcodes}
        assert told == {(row["code"], row["symbol"]) for row in codes}


async def test_a_box_waits_for_no_writer(postgres_url: str) -> None:
    """What somebody is writing comes with a later page (SQLite has one writer, boxes queue behind it)."""
    await db.connect(postgres_url, create_schema=True)
    try:
        shop = await Shop.open()
        milk, tea = await sku("milk", "M-1"), await sku("tea", "T-1")
        await move([shop.arrival(milk, 5), shop.arrival(tea, 5)])
        box = Reader()
        async with db.transaction():
            await db.execute("UPDATE sku SET name_en = 'New', version = NULL WHERE id = ?", milk)
            await db.execute("UPDATE availability SET on_hand = 4, version = NULL WHERE sku_id = ?", milk)
            async with asyncio.timeout(5):
                await asyncio.create_task(box.read())
        assert (box.told, box.stock) == (["tea"], {"tea": 5})
        assert ((await box.read()).told, box.stock) == (["milk"], {"milk": 4, "tea": 5})
    finally:
        await db.close()


class TestOverHttp:
    @pytest.fixture
    async def client(self, shop: Shop) -> AsyncIterator[TestClient]:
        assert shop.site == "s1"
        await create_site("s2", name="Shop 2")
        await auth.create_token("box", [Permission.BOX], sites=["s1"], token="sw_box")
        await auth.create_token("reader", [Permission.CATALOG_READ, Permission.STOCK_READ], token="sw_reader")
        app = build(ROUTES, metrics=Metrics(), max_body=10_000)
        async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_box"}) as client:
            yield client

    async def test_a_box_gets_pages_whose_digest_names_their_bytes(self, client: TestClient) -> None:
        await sku("milk", "6901234567892")
        response = await client.get("/box/v1/replica/s1", headers={"Accept-Encoding": "identity"})
        body = await response.read()
        assert is_digest_of(response.headers[DIGEST], body)
        page = decode_page(body)
        assert [(item.sku, item.barcodes[0].symbol, item.barcodes[0].kind) for item in goods_of(page)] == [
            ("milk", "06901234567892", "gtin")
        ]
        after = decode_page(await (await client.get("/box/v1/replica/s1", params={"since": page.next})).read())
        assert (after.since, goods_of(after), after.more) == (page.next, [], False)

    @pytest.mark.parametrize(
        ("path", "token", "status"),
        [
            ("s2", "sw_box", 404),
            ("s9", "sw_box", 404),
            ("s1", "sw_reader", 403),
            ("s1", "sw_none", 401),
            ("s1?after=x", "sw_box", 400),
        ],
    )
    async def test_nobody_else_does(self, client: TestClient, path: str, token: str, status: int) -> None:
        response = await client.get(f"/box/v1/replica/{path}", headers={"Authorization": f"Bearer {token}"})
        assert response.status == status
        assert json.loads(await response.text())["code"]


def test_a_cursor_is_read_as_it_was_written() -> None:
    assert str(parse_cursor("abc.goods~1:2.people~3:p-4.templates~5a")) == "abc.goods~1:2.people~3:p-4.templates~5a"
