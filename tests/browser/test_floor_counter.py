"""An order at the counter through the floor's page, by scanner and keyboard alone, without the broker."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.floor import wedge
from tests.browser.floor_store import MILK, SITE, Store, log_in, open_store
from tests.browser.test_floor_journeys import leave, said
from tests.browser.test_floor_stock import looks_well
from tests.chaos.world import until
from tests.servers import running_mosquitto


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    folder = tmp_path_factory.mktemp("counter")
    (folder / "broker").mkdir()
    with running_mosquitto(folder / "broker") as broker:
        async with open_store(folder, broker) as store:
            body = {"title": "Tea for two", "lines": [{"sku": "TEA-500", "quantity": 2}], "site": SITE}
            await store.api.post("/order-templates", body)
            yield store


async def test_an_order_by_scanner_and_keys_without_the_wire_is_one_order(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 360)).page
    await log_in(page, store, "Ana")
    await until("the scanner is used", store.has_scanner)
    await wedge(page, "SHELFXORDER")
    await said(page, "Order at the counter")
    await expect(page.locator("#region-task")).to_contain_text("Tea for two", timeout=90_000)
    await asyncio.to_thread(store.broker.stop)
    await wedge(page, MILK)
    await said(page, "To pay")
    await wedge(page, "OT-100001")
    await said(page, "Tea for two: 1 line added.")
    await looks_well(page, "an order")
    await page.keyboard.press("F7")
    await expect(page.locator("#number-correct")).to_be_focused()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("3", delay=80)
    await page.keyboard.press("Enter")
    await said(page, "3 now")
    await page.keyboard.press("Alt+2")
    await said(page, "Card, taken away")
    await page.keyboard.press("F4")
    await said(page, "Put aside")
    await expect(page.locator("#region-task")).to_contain_text("Orders put aside")
    await looks_well(page, "an order put aside")
    await page.keyboard.press("F4")
    await said(page, "Going on")
    await page.keyboard.press("F9")
    await said(page, re.compile(r"Order \S+-000001: "))
    await asyncio.to_thread(store.broker.start)
    await until("the order has arrived", lambda: store.stored("counter_order") == 1, 40)
    orders = [row for row in (await store.api.all("/orders")) if row["channel"] == "counter"]
    assert [(row["state"], row["delivery"]) for row in orders] == [("closed", "counter")]
    assert (await store.api.get("/order-templates/OT-100001"))["uses"] == 1
    await leave(page)
