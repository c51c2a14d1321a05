"""Picking through the floor's page over a real store: a list without the wire, and a cluster by its totes; as it looks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.floor import wedge
from tests.browser.floor_store import MILK, SITE, TEA, Store, log_in, open_store
from tests.browser.test_floor_journeys import leave, press, said
from tests.browser.test_floor_stock import listed, looks_well
from tests.chaos.world import until
from tests.servers import running_mosquitto

GOODS = {"MILK-1L": ("A-01", 20), "TEA-500": ("B-02", 4)}
PRICES = {"MILK-1L": 1290, "TEA-500": 2500}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    folder = tmp_path_factory.mktemp("picking")
    (folder / "broker").mkdir()
    with running_mosquitto(folder / "broker") as broker:
        async with open_store(folder, broker) as store:
            for sku, (code, pieces) in GOODS.items():
                await store.api.post(f"/sites/{SITE}/bins", {"code": code})
                body = {"sku": sku, "bin": code, "change": pieces, "reason": "opening stock"}
                await store.api.post(f"/sites/{SITE}/adjustments", body)
            yield store


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def in_order(store: Store) -> None:
    """Whatever became of the test before."""
    if store.broker.process is None:
        await asyncio.to_thread(store.broker.start)
    await until("the scanner is used", store.has_scanner)
    await store.scan("SHELFXSTOP")


async def released(store: Store, reference: str, wanted: Mapping[str, int]) -> str:
    """The pick list of a new order."""
    lines = [{"sku": sku, "quantity": quantity, "unit_price_minor": PRICES[sku]} for sku, quantity in wanted.items()]
    body = {"site": SITE, "channel": "web", "reference": reference, "currency": "CNY", "lines": lines}
    order = (await store.api.post("/orders", body))["no"]
    return str((await store.api.post(f"/orders/{order}/release"))["pick_lists"][0]["no"])


async def state_of(store: Store, number: str) -> str:
    return str((await store.api.get(f"/pick-lists/{number}"))["pick_list"]["state"])


async def test_a_list_is_picked_without_the_wire(open_page: OpenPage, store: Store) -> None:
    number = await released(store, "web-1", {"MILK-1L": 2, "TEA-500": 4})
    page = (await open_page("en", 360)).page
    await log_in(page, store, "Ana")
    await page.goto(store.address())
    tile = page.locator(".tile", has_text=re.compile("^Pick"))
    await expect(tile).to_contain_text("1 open")
    await tile.click()
    await page.get_by_role("button", name=re.compile(number)).click()
    await said(page, "6 to fetch. First A-01: 2 × Whole milk 1 L")
    assert len(await listed(page, "To fetch")) == 2
    await looks_well(page, "a list in hand")
    await until("the claim has arrived", lambda: store.stored("pick_claimed") == 1, 40)
    assert str((await store.api.get(f"/pick-lists/{number}"))["pick_list"]["claimed_by"]).startswith("person:")
    await asyncio.to_thread(store.broker.stop)
    await page.get_by_label("How many of the next item").fill("3")
    await press(page, "Set")
    await wedge(page, MILK)
    await said(page, "more than fit")
    await wedge(page, "SHELFXUNDO")
    await said(page, "cleared")
    await wedge(page, "SHELFXDUO")
    await wedge(page, MILK)
    await said(page, "2 of 2. Next B-02: 4 × Green tea 500 g")
    await wedge(page, "SHELFXFOUR")
    await wedge(page, TEA)
    await said(page, "Is bin B-02 empty now?")
    await looks_well(page, "a bin is asked for")
    await press(page, "The bin is empty now")
    await said(page, "Bin B-02 is noted as empty")
    await press(page, "Done")
    await said(page, "done: 6 items")
    await asyncio.to_thread(store.broker.start)
    await until("the picks have arrived", lambda: store.stored("counted") == 1, 40)
    assert await state_of(store, number) == "picked"
    await leave(page)


async def test_two_lists_in_one_walk_by_the_scanner_alone(open_page: OpenPage, store: Store) -> None:
    first, second = [await released(store, f"web-{place}", {"MILK-1L": place}) for place in (2, 3)]
    page = (await open_page("zh-CN", 1280)).page
    await log_in(page, store, "Li")
    await store.scan("SHELFXPICK")
    await store.scan("SHELFXCLUSTER")
    await expect(page.get_by_role("button", name=re.compile(second))).to_be_visible()
    for number, tote in ((first, "TOTE-1"), (second, "TOTE-2")):
        await store.scan(number)
        await store.scan(tote)
    await said(page, "共 2 单")
    await store.scan("SHELFXDONE")
    await said(page, "先去 A-01:5 × 全脂牛奶 1 升")
    await looks_well(page, "a cluster")
    await store.scan(MILK)
    await said(page, "2 件放入周转箱 TOTE-1")
    await looks_well(page, "a tote is asked for")
    await store.scan("TOTE-1")
    await store.scan(MILK)
    await store.scan("TOTE-1")
    await said(page, "放错了")
    await store.scan("TOTE-2")
    await said(page, "全部拣完")
    await store.scan("SHELFXDONE")
    for number in (first, second):
        await until("both are picked", lambda number=number: _is_picked(store, number), 40)  # type: ignore[misc]  # bound at once
    tote = (await store.api.get(f"/pick-lists/{second}"))["pick_list"]["tote"]
    assert tote == "TOTE-2"


async def _is_picked(store: Store, number: str) -> bool:
    return await state_of(store, number) == "picked"
