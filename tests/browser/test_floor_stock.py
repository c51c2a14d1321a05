"""Counting and receiving through the floor's pages over a real store: offline, with a sale meanwhile, and the numbers after it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.floor import wedge
from tests.browser.floor_store import MILK, RICE, SITE, TEA, Store, log_in, open_store
from tests.browser.test_floor_journeys import leave, press, said
from tests.browser.test_floor_looks import CUT, OVERLAPS
from tests.chaos.world import until
from tests.servers import running_mosquitto

WIDTHS = (360, 768, 1280)
BIN, OTHER = "A-03", "A-04"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    folder = tmp_path_factory.mktemp("stock")
    (folder / "broker").mkdir()
    with running_mosquitto(folder / "broker") as broker:
        async with open_store(folder, broker) as store:
            for code in (BIN, OTHER):
                await store.api.post(f"/sites/{SITE}/bins", {"code": code})
            body = {"sku": "MILK-1L", "bin": BIN, "change": 10, "reason": "opening stock"}
            await store.api.post(f"/sites/{SITE}/adjustments", body)
            yield store


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def in_order(store: Store) -> None:
    """Whatever became of the test before."""
    if store.broker.process is None:
        await asyncio.to_thread(store.broker.start)
    await until("the scanner is used", store.has_scanner)
    await store.scan("SHELFXSTOP")


async def on_hand(store: Store, sku: str) -> int:
    return int((await store.api.get(f"/sites/{SITE}/stock/{sku}"))["level"]["on_hand"])


async def looks_well(page: Page, where: str) -> None:
    """At three widths: nothing is cut, nothing lies over another, and axe finds nothing."""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), (where, width)
        assert await page.evaluate(CUT) == [], (where, width)
        assert await page.evaluate(OVERLAPS) == [], (where, width)
        found = (await Axe().run(page)).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found] == [], (where, width)


async def listed(page: Page, title: str) -> list[str]:
    return (
        await page.locator("section.lines", has=page.get_by_role("heading", name=re.compile(title))).locator("li").all_inner_texts()
    )


async def test_a_count_without_the_wire_and_a_sale_meanwhile(open_page: OpenPage, store: Store) -> None:
    count = (await store.api.post("/counts", {"site": SITE, "kind": "chosen", "bins": [BIN, OTHER]}))["no"]
    page = (await open_page("en", 360)).page
    await log_in(page, store, "Ana")
    await page.goto(store.address())
    tile = page.locator(".tile", has_text=re.compile("^Count"))
    await expect(tile).to_contain_text("1 open")
    await tile.click()
    await page.get_by_role("button", name=re.compile(count)).click()
    await said(page, f"{count}")
    await expect(page.locator("#region-task")).to_contain_text("Uncounted")
    assert len(await listed(page, "Uncounted")) == 2
    await looks_well(page, "a session")
    await asyncio.to_thread(store.broker.stop)
    await page.get_by_role("button", name=BIN).click()
    await said(page, f"Bin {BIN} of {count}")
    await page.get_by_label("How many of the next item").fill("8")
    await press(page, "Set")
    await said(page, "8 of the next item")
    await wedge(page, MILK)
    await said(page, "8 in bin")
    task = await page.locator("#region-task").inner_text()
    assert not re.search(r"\b10\b", task.replace(count, "")), "nobody is told what is expected"
    await looks_well(page, "a bin")
    await press(page, "Done")
    await said(page, f"Bin {BIN} counted: 8 items.")
    await expect(page.locator("#region-task")).to_contain_text("Counted")
    sold = {"quantity": 3, "amount_minor": 3870, "sku": "MILK-1L"}
    receipt = {"site": SITE, "till": "t1", "number": "1", "occurred_at": datetime.now(UTC).isoformat(), "currency": "CNY"}
    await store.api.post("/sales", {"receipts": [{**receipt, "lines": [sold]}]})
    assert await on_hand(store, "MILK-1L") == 7
    await press(page, re.compile("^" + OTHER))
    await press(page, "The bin is empty")
    await said(page, "counted: empty")
    await asyncio.to_thread(store.broker.start)
    await until("the count has arrived", lambda: store.stored("counted") == 2, 40)
    rows = await store.api.all(f"/counts/{count}/rows", state="all")
    assert [(row["sku"], row["counted"], row["expected"], row["variance"]) for row in rows] == [("MILK-1L", 8, 10, -2)], (
        "as of the scan"
    )
    await leave(page)


async def test_a_delivery_with_lots_a_broken_one_and_what_is_missing(open_page: OpenPage, store: Store) -> None:
    await store.api.put("/suppliers/farm", {"name": "Farm"})
    for sku in ("TEA-500", "RICE-1"):
        await store.api.put(f"/suppliers/farm/items/{sku}", {"price_minor": 500})
    lines = [{"sku": "TEA-500", "packs": 2}, {"sku": "RICE-1", "packs": 3}]
    order = (await store.api.post("/purchase-orders", {"site": SITE, "supplier": "farm", "lines": lines}))["no"]
    await store.api.post(f"/purchase-orders/{order}/approve", {})
    page = (await open_page("zh-CN", 768)).page
    await log_in(page, store, "Li", "/floor/stations/desk")
    await wedge(page, "SHELFXRECEIVE")
    await expect(page.get_by_role("button", name=re.compile(order))).to_be_visible()
    await wedge(page, order)
    await said(page, "待收 2 种商品共 5 件")
    await wedge(page, TEA)
    await said(page, "1 / 2")
    await wedge(page, "SHELFXBROKEN")
    await expect(page.locator("#region-task .notice")).to_contain_text("破损")
    await wedge(page, TEA)
    await said(page, "已隔离（破损）")
    await wedge(page, RICE)
    await said(page, "批号")
    await looks_well(page, "a lot is asked for")
    await wedge(page, "LOT-7")
    await said(page, "到期日")
    await wedge(page, "2019-01-31")
    await said(page, "已过期")
    await wedge(page, "2027-03-31")
    await said(page, "1 / 3")
    before = len(store.printer.pictures)
    await wedge(page, "SHELFXSTICKER")
    await until("a label for the rice", lambda: len(store.printer.pictures) > before)
    await looks_well(page, "a delivery")
    await press(page, "完成")
    await said(page, "少到")
    await expect(page.locator("#panel")).to_have_class("panel wrong")
    await press(page, "其他原因")
    await press(page, "完成")
    await said(page, "已核对")
    await until("it is booked", lambda: store.stored("receipt_closed") == 1, 30)
    (receipt,) = await store.api.all("/receipts", q=order)
    shown = await store.api.get(f"/receipts/{receipt['no']}")
    came = {line["sku"]: (line["good"], line["damaged"]) for line in shown["lines"]}
    assert came == {"TEA-500": (1, 1), "RICE-1": (1, 0)}
    await page.get_by_role("button", name="退出").click()
    await page.wait_for_url("**/floor/login")
