"""Packing through the floor's page over a real store: contents checked, a weight that cannot be right, label and papers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.floor_store import MILK, RICE, SITE, TEA, Store, log_in, open_store
from tests.browser.test_floor_journeys import leave, press, said
from tests.browser.test_floor_stock import listed, looks_well
from tests.chaos.world import until
from tests.servers import running_mosquitto
from tests.shopday.shop import Json

CHEESE = "9521000002005"
WEIGHTS = f"""sku,name_en,name_zh,barcode,price_minor,base_unit,weight_grams
MILK-1L,Whole milk 1 L,全脂牛奶 1 升,{MILK},1290,piece,1000
TEA-500,Green tea 500 g,绿茶 500 克,{TEA},2500,piece,500
CHEESE,Cheese,奶酪,{CHEESE},333,gram,1
"""
GOODS = {"MILK-1L": ("A-01", 20), "TEA-500": ("B-02", 9), "CHEESE": ("C-03", 5000)}
PRICES = {"MILK-1L": 1290, "TEA-500": 2500, "CHEESE": 333}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    folder = tmp_path_factory.mktemp("packing")
    (folder / "broker").mkdir()
    with running_mosquitto(folder / "broker") as broker:
        async with open_store(folder, broker, has_scale=True) as store:
            await store.api.import_catalogue(WEIGHTS)
            for sku, (code, units) in GOODS.items():
                await store.api.post(f"/sites/{SITE}/bins", {"code": code})
                body = {"sku": sku, "bin": code, "change": units, "reason": "opening stock"}
                await store.api.post(f"/sites/{SITE}/adjustments", body)
            yield store


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def in_order(store: Store) -> None:
    """Whatever became of the test before."""
    await until("the scanner is used", store.has_scanner)
    await store.clear_scale()
    await store.scan("SHELFXSTOP")


async def released(store: Store, reference: str, wanted: Mapping[str, int]) -> tuple[str, str]:
    """An order, and its pick list."""
    lines = [{"sku": sku, "quantity": quantity, "unit_price_minor": PRICES[sku]} for sku, quantity in wanted.items()]
    body = {"site": SITE, "channel": "web", "reference": reference, "currency": "CNY", "lines": lines}
    order = str((await store.api.post("/orders", body))["no"])
    return order, str((await store.api.post(f"/orders/{order}/release"))["pick_lists"][0]["no"])


async def list_of(store: Store, number: str) -> Json:
    found = await store.api.get(f"/pick-lists/{number}")
    return {**found["pick_list"], "lines": found["lines"]}


async def is_state(store: Store, number: str, state: str) -> bool:
    return bool((await list_of(store, number))["state"] == state)


async def test_contents_are_checked_and_a_weight_that_cannot_be_right_has_a_reason(open_page: OpenPage, store: Store) -> None:
    order, number = await released(store, "web-1", {"MILK-1L": 2, "TEA-500": 1})
    for text in ("SHELFXPICK", number, "SHELFXDUO", MILK, TEA, "SHELFXDONE"):
        await store.scan(text)
    await until("it is picked", lambda: is_state(store, number, "picked"), 40)
    page = (await open_page("en", 360)).page
    await log_in(page, store, "Ana")
    await page.goto(store.address())
    tile = page.locator(".tile", has_text=re.compile("^Pack"))
    await expect(tile).to_contain_text("1 open")
    await tile.click()
    await page.get_by_role("button", name=re.compile(f"^{number}")).click()
    await said(page, f"{number} of {order}: 2 articles, 3 items.")
    lines = [re.sub(r"\s+", " ", line) for line in await listed(page, "In the parcel")]
    assert lines == ["Whole milk 1 L MILK-1L 0 of 2 checked", "Green tea 500 g TEA-500 0 of 1 checked"]
    await looks_well(page, "a list to pack")
    await store.scan(MILK)
    await said(page, "1 of 2. 2 articles are left to check.")
    await store.scan(RICE)
    await said(page, "does not belong to")
    await store.weigh(4000)
    await said(page, "weighs 4000 g; ")
    await looks_well(page, "a weight that cannot be right")
    await press(page, "There is more in it")
    await said(page, "packed: 4000 g. Its label comes by itself.")
    await until("it is packed", lambda: is_state(store, number, "packed"), 40)
    parcel = str((await list_of(store, number))["parcel"])
    assert (await store.api.get(f"/parcels/{parcel}"))["reason"] == "more_in_it"
    await store.scan(parcel)
    await said(page, f"Parcel {parcel} is packed already.")
    await until("its label is printed", lambda: _is_printed(store, order), 40)
    await leave(page)


async def _is_printed(store: Store, order: str) -> bool:
    told = await store.api.get(f"/orders/{order}/timeline")
    return any(each["name"] == "pick-up-label" and each["state"] == "printed" for each in told["entries"])


async def test_goods_by_weight_go_over_the_scale_into_a_tote_and_the_tote_is_packed(open_page: OpenPage, store: Store) -> None:
    _, number = await released(store, "web-2", {"CHEESE": 500})
    page = (await open_page("zh-CN", 1280)).page
    await log_in(page, store, "Li")
    await store.scan("SHELFXPICK")
    await expect(page.get_by_role("button", name=re.compile(f"^{number}"))).to_be_visible()
    for text in ("SHELFXCLUSTER", number, "TOTE-1", "SHELFXDONE"):
        await store.scan(text)
    await said(page, "先去 C-03:500 克 奶酪")
    await store.scan(CHEESE)
    await said(page, "要 500 克。放到秤上")
    await looks_well(page, "a weight is waited for")
    await store.weigh(482)
    await said(page, "放入周转箱 TOTE-1")
    await store.clear_scale()
    await store.scan("TOTE-1")
    await said(page, "全部拣完")
    await looks_well(page, "weighed goods")
    await store.scan("SHELFXDONE")
    await until("it is picked", lambda: is_state(store, number, "picked"), 40)
    (line,) = (await list_of(store, number))["lines"]
    assert (line["picked"], line["quantity"]) == (482, 482)
    await store.scan("SHELFXBOXUP")
    await expect(page.get_by_role("button", name=re.compile(f"^{number}"))).to_be_visible()
    await store.scan("TOTE-1")
    await said(page, "1 种商品")
    await store.weigh(550)
    await said(page, "已打包：550 克")
    await until("it is packed", lambda: is_state(store, number, "packed"), 40)
    assert (await list_of(store, number))["tote"] is None
    await store.scan("SHELFXSEND")
    await store.scan("MF-100099")
    await said(page, "没有交接")
    await looks_well(page, "a manifest that the box does not know")
