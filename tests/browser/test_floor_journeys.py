"""People's ways through the floor's pages over a real store: agent, controller and broker as processes, devices emulated.

One store for all; each test leaves its stations without a task and without a person.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.floor import live, wedge
from tests.browser.floor_store import MILK, RICE, TEA, Store, log_in, open_store
from tests.chaos.world import until
from tests.servers import running_mosquitto


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    folder = tmp_path_factory.mktemp("store")
    (folder / "broker").mkdir()
    with running_mosquitto(folder / "broker") as broker:
        async with open_store(folder, broker) as store:
            yield store


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def in_order(store: Store) -> None:
    """Whatever became of the test before."""
    if store.broker.process is None:
        await asyncio.to_thread(store.broker.start)
    if not store.agent.is_running:
        await store.start_agent()
    await until("the scanner is used", store.has_scanner)
    await store.scan("SHELFXSTOP")


async def press(page: Page, name: str | re.Pattern[str]) -> None:
    await page.get_by_role("button", name=name).first.click()


async def said(page: Page, words: str | re.Pattern[str]) -> None:
    await expect(page.locator("#panel-said")).to_contain_text(words)


async def leave(page: Page) -> None:
    """The task, and the screen."""
    if await page.get_by_role("button", name="Leave task").count():
        await press(page, "Leave task")
        await expect(page.get_by_role("button", name="Leave task")).to_have_count(0)
    await press(page, "Log out")
    await page.wait_for_url("**/floor/login")


async def test_a_scan_at_the_station_s_scanner_shows_its_verdict_on_two_screens(open_page: OpenPage, store: Store) -> None:
    one, two = (await open_page("en", 1280)).page, (await open_page("zh-CN", 360)).page
    await log_in(one, store, "Ana")
    await press(one, "Count")
    await said(one, "Scan the bin")
    await log_in(two, store, "Li")
    await store.scan("A-03")
    await store.scan(MILK)
    for page, task in ((one, "Count"), (two, "盘点")):
        await expect(page.locator("#panel")).to_have_class("panel ok")
        await said(page, "Whole milk 1 L")
        await expect(page.locator("#region-task")).to_contain_text(task)
        await expect(page.locator("#region-task")).to_contain_text("A-03")
    await wedge(two, TEA)
    await said(one, "Green tea 500 g")
    await press(one, "Undo")
    await expect(two.locator("#readings .undone")).to_have_count(1)
    await expect(two.locator("#readings .undone")).to_contain_text(TEA)
    await leave(one)
    await expect(two.locator("#region-task")).to_contain_text("查询")
    await two.get_by_role("button", name="退出").click()
    await two.wait_for_url("**/floor/login")


async def test_who_is_at_the_station_and_who_is_at_the_screen(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 768)).page
    await log_in(page, store, "Ana")
    await expect(page.locator(".here")).to_contain_text("Ana Silva works here")
    await expect(page.locator(".at-screen")).to_have_count(0)
    await store.scan(store.staff["Tom"].badge)
    await expect(page.locator(".here")).to_contain_text("Tom Novak works here")
    assert store.staff["Tom"].badge not in await page.content()
    await page.reload()
    await expect(page.locator(".at-screen")).to_contain_text("At this screen: Ana Silva")
    await press(page, "Log out")
    await page.wait_for_url("**/floor/login")
    await log_in(page, store, "Li")
    await expect(page.locator(".here")).to_contain_text("Li Wei 在此工作")
    await page.get_by_role("button", name=re.compile("Log out|退出")).click()
    await page.wait_for_url("**/floor/login")
    await log_in(page, store, "Ana")
    await press(page, "Log out")
    await page.wait_for_url("**/floor/login")


async def test_a_station_offers_its_own_tasks_and_says_whom_it_asks_for(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 768)).page
    await log_in(page, store, "Ana")
    await page.goto(store.address("/floor/stations/shelf"))
    controls = page.locator("#region-task .controls button")
    await expect(controls).to_have_text([re.compile("Look up"), re.compile("Shelf label"), re.compile("Training")])
    await expect(page.locator(".ask-in")).to_contain_text("Nobody is signed in here")
    await page.goto(store.address("/floor"))
    await press(page, "It stands at shelf")
    await page.goto(store.address("/floor/stations/shelf"))
    await expect(page.locator(".here")).to_contain_text("Ana Silva works here")
    await press(page, "Log out")
    await page.wait_for_url("**/floor/login")


async def test_a_shelf_label_by_keys_alone(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 1280)).page
    await log_in(page, store, "Ana")
    before = len(store.printer.pictures)
    await expect(page.get_by_role("button", name="Shelf label")).to_be_visible()
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate(
            "document.activeElement.matches('button') && document.activeElement.innerText.includes('Shelf label')"
        ):
            break
    await expect(page.locator("button:focus")).to_contain_text("Shelf label")
    await page.keyboard.press("Enter")
    await said(page, "Scan an item")
    await wedge(page, MILK)
    await expect(page.locator("#panel")).to_have_class("panel ok")
    await until("a label", lambda: len(store.printer.pictures) == before + 1)
    assert store.printer.pictures[-1][1] == 1
    await wedge(page, "SHELFXDONE")
    await expect(page.locator("#region-task")).to_contain_text("Nothing is begun here")
    assert len(store.printer.pictures) == before + 1
    await leave(page)


async def test_a_label_from_the_page_of_an_article_with_price_and_stock(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 360)).page
    await log_in(page, store, "Ana")
    before = len(store.printer.pictures)
    await page.goto(store.address(f"/floor/scan/{TEA}?station=desk"))
    await expect(page.locator(".goods-name")).to_have_text("Green tea 500 g")
    await expect(page.locator(".goods")).to_contain_text("25.00")
    await page.get_by_role("button", name="Print shelf label").dblclick()
    await page.wait_for_url("**/floor/labels")
    await until("a label", lambda: len(store.printer.pictures) > before)
    await said(page, "Green tea 500 g")
    await leave(page)
    assert len(store.printer.pictures) == before + 1


async def test_what_may_have_come_out_is_asked_and_printed_again_as_a_copy(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 768)).page
    await log_in(page, store, "Ana")
    await press(page, "Shelf label")
    await said(page, "Scan an item")
    before = len(store.printer.pictures)
    store.printer.cut_after = store.printer.received and 200
    await wedge(page, RICE)
    await page.goto(store.address("/floor/prints"))
    await expect(page.locator(".ask")).to_contain_text("We can't tell whether Shelf label", timeout=30_000)
    assert len(store.printer.pictures) == before
    store.printer.plug()
    await press(page, "Print it again")
    await expect(page.locator(".ask")).to_have_count(0)
    await until("the copy", lambda: len(store.printer.pictures) == before + 1)
    await page.goto(store.address("/floor/stations/desk"))
    await leave(page)


async def test_training_books_and_prints_nothing(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("zh-CN", 360)).page
    await log_in(page, store, "Li")
    before, facts = len(store.printer.pictures), store.stored("print_requested")
    await page.get_by_role("button", name="练习").click()
    await expect(page.locator("#region-task .tag.warn")).to_have_text(re.compile("练习"))
    await page.get_by_role("button", name="价签").click()
    await wedge(page, MILK)
    await expect(page.locator("#panel .panel-note")).to_be_visible()
    await page.get_by_role("button", name="离开任务").click()
    await expect(page.locator("#region-task .tag.warn")).to_have_count(0)
    await until("all is sent", lambda: store.waiting() == 0)
    assert (len(store.printer.pictures), store.stored("print_requested")) == (before, facts)
    await page.get_by_role("button", name="退出").click()
    await page.wait_for_url("**/floor/login")


async def test_five_wrong_pins_have_to_wait_and_are_told_so_in_words(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 360)).page
    for _ in range(6):
        await page.goto(store.address("/floor/login"))
        await page.fill("#badge", store.staff["Tom"].badge)
        await page.fill("#pin", "0000")
        await page.press("#pin", "Enter")
        await expect(page.locator("#error")).to_be_visible()
    await expect(page.locator("#error")).to_contain_text(
        "Too many wrong tries. This badge has to wait before it can be tried again. Try again in 1 minute."
    )
    await page.goto(store.address("/floor/login"))
    await page.fill("#badge", store.staff["Tom"].badge)
    await page.fill("#pin", store.staff["Tom"].pin)
    await page.press("#pin", "Enter")
    await expect(page.locator("#error")).to_contain_text("Too many wrong tries")


async def test_without_the_broker_scans_go_on_and_are_sent_when_it_is_back(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 768)).page
    await log_in(page, store, "Ana")
    await expect(page.locator("#banner")).to_be_hidden()
    await until("all is sent", lambda: store.waiting() == 0)
    await press(page, "Count")
    await said(page, "Scan the bin")
    await store.scan("B-07")
    await asyncio.to_thread(store.broker.stop, kill=True)
    await expect(page.locator("#banner")).to_contain_text("Working offline", timeout=15_000)
    await store.scan(MILK)
    await wedge(page, TEA)
    await wedge(page, RICE)
    await expect(page.locator("#region-task")).to_contain_text("3")
    await expect(page.locator("#readings .captured")).to_have_count(0)
    await until("the count of what waits", store.waiting)
    await expect(page.locator("#banner")).to_contain_text(f"{store.waiting()} scans waiting on this box")
    await page.evaluate("window.isSamePage = true")
    await asyncio.to_thread(store.broker.start)
    await expect(page.locator("#banner")).to_be_hidden(timeout=10_000)
    await until("all is sent", lambda: store.waiting() == 0)
    assert await page.evaluate("window.isSamePage"), "without a reload"
    await expect(page.locator("#wire")).to_have_attribute("data-wire", "live")
    await expect(page.locator("#region-task dd.big")).to_have_text("3")
    await leave(page)


async def test_after_a_kill_the_page_goes_on_with_its_task_and_its_person(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 360)).page
    await log_in(page, store, "Ana")
    await press(page, "Count")
    await said(page, "Scan the bin")
    await wedge(page, "C-01")
    await wedge(page, MILK)
    await expect(page.locator("#region-task dd.big")).to_have_text("1")
    await store.agent.kill()
    await wedge(page, TEA)
    await wedge(page, RICE)
    await expect(page.locator("#readings .captured")).to_have_count(2)
    await expect(page.locator("#banner")).to_contain_text("2 scans are kept on this screen", timeout=20_000)
    await store.start_agent()
    await expect(page.locator("#banner")).to_be_hidden(timeout=30_000)
    await expect(page.locator("#readings .captured")).to_have_count(0)
    await expect(page.locator("#region-task dd.big")).to_have_text("3")
    await expect(page.locator("#region-task")).to_contain_text("C-01")
    assert page.url == store.address("/floor/stations/desk"), "nobody had to log in again"
    kept = store.folder / "box" / "floor-sessions.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    cookies = {each["name"]: each["value"] for each in await page.context.cookies()}
    assert cookies["floor"] not in kept.read_text()
    await live(page)
    await leave(page)


async def test_a_sheet_is_printed_by_a_button(open_page: OpenPage, store: Store) -> None:
    page = (await open_page("en", 768)).page
    await log_in(page, store, "Ana")
    await page.goto(store.address("/floor/help"))
    before = len(store.printer.pictures)
    await press(page, "Print the sheet at labels")
    await expect(page.locator(".notice")).to_contain_text("is being printed")
    bars = await page.locator(".sheet svg").count()
    assert bars > 15
    await until("a label for each command", lambda: len(store.printer.pictures) == before + bars)
    assert "SHELFXUNDO" in store.printer.copies()
    await page.goto(store.address("/floor/stations/desk"))
    await leave(page)
