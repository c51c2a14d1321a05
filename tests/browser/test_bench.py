"""The bench page over a whole running shop: emulators, agent, controller.  What is done here shows on the shop's page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from drivers.emulators.bench.device import DeviceSpec, running
from drivers.emulators.bench.page import Bench, Goods, ShelfItem
from drivers.emulators.emulator import LINE_FAULTS, about
from edge_agent.ui.listening import listening
from tests.browser.conftest import OpenPage
from tests.shopday.catalogue import shop_skus
from tests.shopday.devices import DISPLAY, LABELS, SCANNER
from tests.shopday.programs import free_port
from tests.shopday.shop import BOX, Shop, open_shop

HAN = re.compile("[\u4e00-\u9fff]")


@dataclass
class Demo:
    """A running shop and the address of its bench."""

    shop: Shop
    bench: str


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    folder: Path = tmp_path_factory.mktemp("demo")
    port = free_port()
    async with open_shop(folder, bench_url=f"http://127.0.0.1:{port}/") as shop, serving_bench(shop, port) as address:
        yield Demo(shop, address)


@asynccontextmanager
async def serving_bench(shop: Shop, port: int) -> AsyncIterator[str]:
    shelf = [ShelfItem(name_en=sku.name_en, name_zh=sku.name_zh, code=sku.ean13, aim="") for sku in shop_skus()[:40]]
    async with serving(
        Bench(list(shop.devices.values()), Goods(articles=shelf, papers=["RC-2026-0001"]), f"{shop.api.url}/"), port
    ) as address:
        yield address


@asynccontextmanager
async def serving(bench: Bench, port: int) -> AsyncIterator[str]:
    async with listening(bench.app(), "127.0.0.1", port, stop_seconds=0.1):
        yield f"http://127.0.0.1:{port}"


async def print_label(demo: Demo, document: str, copies: int = 1) -> str:
    data = {"name": "牛奶 Milk", "price": "¥12.90"}
    body = {"box": BOX, "template": "shelf-label", "document": document, "copies": copies, "data": data}
    return str((await demo.shop.api.post("/print-jobs", body))["id"])


async def live(page: Page, demo: Demo) -> None:
    await page.goto(demo.shop.api.url)
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")


async def test_a_scan_on_the_bench_shows_in_the_shop(open_page: OpenPage, demo: Demo) -> None:
    bench, shop = (await open_page()).page, (await open_page()).page
    await live(shop, demo)
    await bench.goto(demo.bench)
    await bench.get_by_label("Code to scan").fill("4006381333931")
    await bench.get_by_role("button", name="Pull the trigger").click()
    await expect(shop.locator("#region-scans")).to_contain_text("4006381333931")
    await expect(shop.locator("#region-scans")).to_contain_text(SCANNER)


async def test_the_customer_display_shows_what_the_shop_says_and_the_scale_s_weight(open_page: OpenPage, demo: Demo) -> None:
    page = (await open_page()).page
    await page.goto(demo.bench)
    rows = page.locator(f"[data-device={DISPLAY}] [data-rows]")
    await page.get_by_label("Grams on the platter").fill("576")
    await page.get_by_role("button", name="Put it on").click()
    await expect(rows).to_contain_text("0.576 kg")
    await page.get_by_role("button", name="Take it off").click()
    await page.get_by_label("Code to scan").fill("9521000100008")
    await page.get_by_role("button", name="Pull the trigger").click()
    await expect(rows).to_contain_text("9521000100008")


OTHERS = ("dialog_02", "star", "tspl", "epl2", "brother_pt", "line_display", "recording")


@pytest.mark.parametrize(("language", "width"), [("en", 360), ("zh-CN", 1280)])
async def test_devices_of_any_protocol_are_shown_with_all_their_faults(open_page: OpenPage, language: str, width: int) -> None:
    async with AsyncExitStack() as stack:
        specs = [DeviceSpec(id=each, protocol=each, place=("--tcp", "0")) for each in OTHERS]
        devices = [await stack.enter_async_context(running(spec)) for spec in specs]
        bench = Bench(devices, Goods(articles=[], papers=[]), None)
        address = await stack.enter_async_context(serving(bench, free_port()))
        watched = await open_page(language, width)
        page = watched.page
        await page.goto(address)
        scroll, inner = await page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert scroll <= inner
        assert bool(HAN.search(await page.inner_text("main"))) is (language == "zh-CN")
        for device in devices:
            faults = {*about(device.spec.protocol).faults, *LINE_FAULTS}
            switches = page.locator(f"[data-device={device.spec.id}] [data-fault]")
            assert {await each.get_attribute("data-fault") for each in await switches.all()} == faults
        await page.locator("[data-device=brother_pt] [data-fault=late]").check()
        await expect(page.locator("[data-device=brother_pt] [data-fault=late]")).to_be_checked()
        await page.locator("[data-device=tspl] [data-command*=paper]").click()
        await page.locator("[data-device=line_display] [data-command*=off_and_on]").click()
        await expect(page.locator("#message")).to_be_empty()
        assert watched.complaints == []


async def test_the_bench_says_what_the_box_answered(open_page: OpenPage, demo: Demo) -> None:
    page = (await open_page()).page
    await page.goto(demo.bench)
    answer = page.locator(f"[data-device={SCANNER}] [role=status]")
    await page.get_by_label("Code to scan").fill("9521000100008")
    await page.get_by_role("button", name="Pull the trigger").click()
    await expect(answer).to_have_text("The box beeped: saved")
    await page.get_by_label("Code to scan").fill("SHELFXNOSUCHCOMMAND")
    await page.get_by_role("button", name="Pull the trigger").click()
    await expect(answer).to_contain_text("Three beeps: refused")
    await page.locator(f"[data-device={SCANNER}] [data-fault=silence]").check()
    await page.get_by_role("button", name="Pull the trigger").click()
    await expect(answer).to_have_text("No beep yet")
    await page.locator(f"[data-device={SCANNER}] [data-fault=silence]").uncheck()


async def test_a_printer_that_ran_out_by_itself_shows_it_and_takes_paper(open_page: OpenPage, demo: Demo) -> None:
    page, shop, printer = (await open_page()).page, (await open_page()).page, demo.shop.devices[LABELS]
    await live(shop, demo)
    await page.goto(demo.bench)
    before = printer.copies_printed
    await printer.do({"do": "paper", "labels": 1})
    await print_label(demo, "ENDS-1", copies=2)
    switch = page.locator(f"[data-device={LABELS}] [data-fault=paper_out]")
    await expect(switch).to_be_checked()
    await switch.uncheck()
    await expect(page.locator(f"[data-device={LABELS}] [data-copies]")).to_have_text(str(before + 2))
    await expect(switch).not_to_be_checked()
    asks = shop.locator("#region-asks")
    await expect(asks).to_contain_text("ENDS-1")
    await asks.get_by_role("button", name="It printed").click()
    await expect(asks).to_be_empty()


async def test_a_label_that_is_printed_shows_as_a_picture(open_page: OpenPage, demo: Demo) -> None:
    page = (await open_page("zh-CN")).page
    await page.goto(demo.bench)
    await print_label(demo, "PAPER-1")
    picture = page.locator(f"[data-device={LABELS}] .papers img").first
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("complete", value=True)
    assert await picture.evaluate("image => image.naturalWidth") > 200


async def test_paper_out_stops_the_printer_in_words_until_it_is_loaded(open_page: OpenPage, demo: Demo) -> None:
    bench, shop = (await open_page()).page, (await open_page()).page
    await live(shop, demo)
    await bench.goto(demo.bench)
    switch = bench.locator(f"[data-device={LABELS}] [data-fault=paper_out]")
    await switch.check()
    await expect(shop.locator("#region-boxes")).to_contain_text("Out of paper. Jobs wait.")
    await print_label(demo, "WAITS-1")
    await shop.goto(f"{demo.shop.api.url}/prints")
    await shop.get_by_role("button", name="Do not print Shelf label WAITS-1").click()
    await switch.uncheck()
    await live(shop, demo)
    await expect(shop.locator("#region-prints li", has_text="WAITS-1")).to_contain_text("Cancelled")


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, True), ("en", 1280, False), ("zh-CN", 360, False), ("zh-CN", 1280, True)]
)
async def test_the_bench_fits_and_speaks_one_language(
    open_page: OpenPage, demo: Demo, language: str, width: int, *, dark: bool
) -> None:
    watched = await open_page(language, width, dark=dark)
    await watched.page.goto(demo.bench)
    await expect(watched.page.locator("body:not(.stale)")).to_be_visible()
    scroll, inner = await watched.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert scroll <= inner
    assert await watched.page.get_attribute("html", "lang") == language
    words = await watched.page.inner_text("main")
    assert bool(HAN.search(words)) is (language == "zh-CN")
    assert watched.complaints == []
    assert [url for url in watched.requests if not url.startswith(demo.bench)] == []


async def test_a_print_that_broke_off_asks_and_comes_out_again_as_a_copy(open_page: OpenPage, demo: Demo) -> None:
    shop, printer = (await open_page()).page, demo.shop.devices[LABELS]
    await live(shop, demo)
    before = printer.copies_printed
    await printer.do({"do": "paper", "labels": 1})
    job = await print_label(demo, "SURE-1", copies=3)
    asks = shop.locator("#region-asks")
    await expect(asks).to_contain_text("We can't tell whether Shelf label SURE-1 came out.")
    await printer.do({"do": "paper", "labels": 100})
    await shop.get_by_role("button", name="Print it again (marked COPY)").click()
    await expect(shop.locator("#region-prints li", has_text="SURE-1")).to_contain_text("Printed")
    await expect(asks).to_be_empty()
    assert (await demo.shop.api.get(f"/print-jobs/{job}"))["state"] == "printed"
    async with asyncio.timeout(20):  # the emulator draws its paper after it told the agent that it printed
        while printer.copies_printed < before + 1 + 3:
            await asyncio.sleep(0.05)
