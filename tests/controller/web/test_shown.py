"""What the pages say of scans, orders and codes is true."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.fulfilment.operations import cancel, release
from controller.ingest import retry_parked
from controller.web import fleet_shown
from edge_agent.wire.facts import HandedOver, Packed, Picked, Received, Scan, Weight
from edge_agent.wire.messages import Symbol
from tests.browser.shop import GOODS, BrowserShop
from tests.databases import copied

MILK = GOODS[0][3]
ORDER = "SO-100001"


@pytest.fixture
async def shop(schema_file: Path, tmp_path: Path) -> AsyncIterator[BrowserShop]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    shop = BrowserShop()
    await shop.open()
    await shop.busy_day()
    yield shop
    await db.close()


@pytest.fixture
async def client(shop: BrowserShop, tmp_path: Path) -> AsyncIterator[TestClient]:
    app = make_app(parse_config({"data": str(tmp_path)}, {}, "test"), Parts())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def tags(client: TestClient) -> tuple[list[str], list[str]]:
    """What the axes of the order say, and the marks of its lines."""
    text = await (await client.get(f"/orders/{ORDER}")).text()
    axes = text.partition('class="facts actions axes"')[2].partition("</dl>")[0]
    badge = re.compile(r'<span class="tag \w+"><svg.*?</svg>(.*?)</span>')
    return badge.findall(axes), badge.findall(text.partition('id="h-lines"')[2].partition("</table>")[0])


async def happens(shop: BrowserShop, *facts: Picked | Packed | HandedOver) -> None:
    for fact in facts:
        await shop.happens(fact)
        while await retry_parked(due_only=True):
            pass


async def test_an_order_s_goods_are_held_then_handed_over(shop: BrowserShop, client: TestClient) -> None:
    assert await tags(client) == (["Open", "Nothing asked for", "Nothing released"], ["Held"])
    pick_list = (await release(ORDER))[0]
    await happens(
        shop,
        Picked(pick_list=pick_list, symbol=Symbol(text=MILK), gtin=f"0{MILK}", quantity=2),
        Packed(pick_list=pick_list, weight=Weight(grams=Decimal(2000), raw_b64="AjAxMjM0DQ==")),
    )
    assert await tags(client) == (["Open", "Nothing asked for", "Packed"], ["Held"])
    await happens(shop, HandedOver(parcel="PC-100001"))
    assert await tags(client) == (["Closed", "Nothing asked for", "Handed over"], ["Handed over"])


async def test_a_cancelled_order_s_goods_are_released(shop: BrowserShop, client: TestClient) -> None:
    await release(ORDER)
    await cancel(ORDER, reason="customer asked")
    assert await tags(client) == (["Cancelled", "Nothing asked for", "Nothing released"], ["Released"])


async def test_a_scan_shows_its_article_what_is_there_of_it_and_a_double_read(shop: BrowserShop, client: TestClient) -> None:
    await shop.happens(Scan(symbol=Symbol(text=MILK), gtin=f"0{MILK}", activity="double_read"), Scan(symbol=Symbol(text="NOBODY")))
    facts = await fleet_shown.latest_facts(limit=12)
    (milk,) = [fact for fact in facts if fact.is_double_read]
    (nobody,) = [fact for fact in facts if fact.detail == "NOBODY"]
    assert (nobody.sku, nobody.available) == (None, None)
    assert milk.sku is not None
    assert (milk.sku.code, milk.available) == ("MILK-1L", 22)
    page = await (await client.get("/")).text()
    assert "Whole milk 1 L <code>4006381333931</code>" in page
    assert "22 available" in page
    assert page.count("Double read, ignored") == 1


async def test_an_article_that_never_was_here_has_a_name_and_no_number(shop: BrowserShop) -> None:
    await db.execute("DELETE FROM availability")
    await shop.happens(Scan(symbol=Symbol(text=MILK), gtin=f"0{MILK}"))
    (milk,) = await fleet_shown.latest_facts(limit=1)
    assert milk.sku is not None
    assert milk.available is None


async def test_a_long_code_is_cut_and_can_be_read_whole(shop: BrowserShop, client: TestClient) -> None:
    code = "0123456789" * 15
    await shop.happens(Received(document="D-1", symbol=Symbol(text=code), quantity=1))
    assert f'<code title="{code}">{code[:40]}…</code>' in await (await client.get("/")).text()
    page = await (await client.get("/unknown-barcodes")).text()
    assert f"<details><summary><code>{code[:40]}…</code></summary><code>{code}</code></details>" in page


async def test_the_shop_page_names_the_zone_of_its_times(client: TestClient) -> None:
    assert "Times are of the zone Asia/Shanghai." in await (await client.get("/")).text()


async def test_a_fault_s_code_stands_apart_from_its_sentence(client: TestClient) -> None:
    assert 'goes on by itself. <code class="why">(paper_out)</code>' in await (await client.get("/")).text()


async def test_what_is_available_stands_beside_what_is_on_hand(client: TestClient) -> None:
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', await (await client.get("/stock")).text())
    assert heads == ["SKU", "Name", "On hand", "Available", "Reserved", "Allocated", "Site"]
