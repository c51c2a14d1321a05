"""The floor's pages as they look: every page, three widths, two languages, light and dark; axe; sizes; weight; without scripts."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from edge_agent.floor.config import SignIn
from tests.browser.conftest import OpenPage
from tests.browser.floor import FloorSite, busy_day, floor_site, live, signed_in, wedge
from tests.edge_agent.floor.fake_box import BADGE, PIN

HAN = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{4,}")
LIVE = ("/floor", "/floor/stations/counter-1", "/floor/lookup?q=milk", "/floor/labels", "/floor/prints", "/floor/scale", "/")
STILL = ("/floor/help", "/floor/prints/job-1", "/floor/login", "/floor/nothing")
PAGES = (*LIVE, *STILL)
SMALL = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
    .filter(each => each.checkVisibility() && !each.matches(".skip, .notice a"))
    .map(each => [each.outerHTML.slice(0, 120), each.getBoundingClientRect().width, each.getBoundingClientRect().height])
    .filter(([, width, height]) => width < 56 || height < 55.9)"""
HIDDEN_TEXT = """() => [...document.querySelectorAll("main *, .foot *, .top *")]
    .filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 1
      && getComputedStyle(each).overflowX === "hidden").map(each => each.outerHTML.slice(0, 120))"""
AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


async def opened(page: Page, floor: FloorSite, path: str) -> None:
    await page.goto(floor.address + path)
    if path in LIVE:
        await live(page)


@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [
        ("en", 360, False),
        ("zh-CN", 360, True),
        ("en", 768, True),
        ("zh-CN", 768, False),
        ("en", 1280, False),
        ("zh-CN", 1280, True),
    ],
)
async def test_every_page_fits_speaks_one_language_and_is_large_enough(
    open_page: OpenPage, floor: FloorSite, language: str, width: int, *, dark: bool
) -> None:
    busy_day(floor.box)
    watched = await open_page(language, width, dark=dark)
    page = watched.page
    for path in PAGES:
        await opened(page, floor, path)
        scroll, inner = await page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert scroll <= inner, path
        assert await page.get_attribute("html", "lang") == language
        words = await page.inner_text("main h2, main h1, .top, .foot") + await page.title()
        main = await page.inner_text("main")
        assert bool(HAN.search(main.replace("中文", ""))) is (language == "zh-CN"), path
        assert HAN.search(words) is None or language == "zh-CN" or "中文" in words
        assert await page.evaluate(SMALL) == [], path
        assert await page.evaluate(HIDDEN_TEXT) == [], path
    complaints = [each for each in watched.complaints if "404" not in each]
    assert complaints == []
    assert [url for url in watched.requests if not url.startswith(floor.address)] == []


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 360, False), ("zh-CN", 1280, True)])
async def test_axe_finds_nothing_serious(open_page: OpenPage, floor: FloorSite, language: str, width: int, *, dark: bool) -> None:
    busy_day(floor.box)
    page = (await open_page(language, width, dark=dark)).page
    for path in PAGES:
        await opened(page, floor, path)
        found = await Axe().run(page, options=AXE)
        serious = [
            (each["id"], [node["html"][:160] for node in each["nodes"]])
            for each in found.response["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], path


async def test_the_first_load_is_light(open_page: OpenPage, floor: FloorSite) -> None:
    """60 kB compressed, 30 of them script, 8 requests (the stream apart)."""
    busy_day(floor.box)
    page = (await open_page("zh-CN", 360)).page
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    sizes: dict[str, float] = {}
    kinds: dict[str, str] = {}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["response"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    await page.goto(floor.station, wait_until="load")
    await live(page)
    bytes_of = {kinds[request]: size for request, size in sizes.items() if request in kinds}
    assert sum(bytes_of.values()) <= 60_000, bytes_of
    assert sum(size for url, size in bytes_of.items() if ".js" in url) <= 30_000
    assert sum(size for url, size in bytes_of.items() if ".css" in url) <= 12_000
    assert len([url for url in kinds.values() if "/events" not in url]) <= 8
    sizes.clear()
    await page.goto(f"{floor.address}/floor/prints", wait_until="load")
    assert sum(sizes.values()) <= 12_000


async def test_the_page_is_not_too_large(open_page: OpenPage, floor: FloorSite) -> None:
    for number in range(30):
        floor.box.scan("counter-1", "4006381333931" if number % 2 else "WRONG-1")
    page = (await open_page()).page
    await page.goto(floor.station)
    assert await page.evaluate("document.querySelectorAll('*').length") <= 1500


async def test_without_scripts_there_is_a_notice_and_a_form_that_works(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("zh-CN", 360, script=False)).page
    await page.goto(f"{floor.address}/floor")
    assert "关闭了脚本" in await page.inner_text("body")
    await page.click("text=盘点")
    assert page.url == floor.station
    await page.fill("#typed", "4006381333931")
    await page.click("text=录入")
    assert page.url == floor.station
    assert "全脂牛奶 1 升 — 1" in await page.inner_text("#panel")
    await page.click(".foot >> text=撤销")
    assert "已撤销" in await page.inner_text("#readings")
    busy_day(floor.box)
    await page.goto(f"{floor.address}/floor/prints")
    await page.get_by_role("button", name="打出来了").click()
    assert floor.box.said[-1][:2] == ("job-0", "printed")
    assert page.url == f"{floor.address}/floor/prints"


async def test_long_words_break_and_nothing_is_cut_off(open_page: OpenPage, floor: FloorSite) -> None:
    floor.box.scan("counter-1", "SHELFXCOUNT")
    floor.box.scan("counter-1", "WRONG" + "9" * 200)
    floor.box.places["counter-1"].counted = 1_234_567
    page = (await open_page("en", 360)).page
    await page.goto(floor.station)
    scroll, inner = await page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert scroll <= inner
    assert await page.evaluate(HIDDEN_TEXT) == []
    await expect(page.locator("#region-task")).to_contain_text("1,234,567")


async def test_the_page_is_called_after_the_task_that_a_scan_began(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 360)).page
    await page.goto(floor.station)
    await expect(page.locator("#wire")).to_have_attribute("data-wire", "live")
    await expect(page.locator("h1")).to_contain_text("No task")
    floor.box.scan("counter-1", "SHELFXCOUNT")
    await expect(page.locator("h1")).to_contain_text("Count")
    await expect(page).to_have_title(re.compile("^Count"))


async def test_who_searches_sees_what_was_found_first(open_page: OpenPage, floor: FloorSite) -> None:
    for width in (360, 1280):
        page = (await open_page("en", width)).page
        await page.goto(f"{floor.address}/floor/lookup?q=milk")
        found, task = page.locator(".area-search"), page.locator("#region-task")
        await expect(found).to_contain_text("Whole milk")
        above, below = await found.bounding_box(), await task.bounding_box()
        assert above is not None
        assert below is not None
        assert above["y"] + above["height"] <= below["y"]


async def test_a_pin_typed_as_fast_as_a_scanner_types_is_a_pin(open_page: OpenPage) -> None:
    async with floor_site(SignIn.PIN) as floor:
        page = (await open_page("en", 768)).page
        await page.goto(f"{floor.address}/floor/login?next=/floor/prints")
        await expect(page.locator("html.has-script #badge")).to_be_focused()
        await wedge(page, BADGE)
        await expect(page.locator("#pin")).to_be_focused()
        await wedge(page, PIN)
        await page.wait_for_url(f"{floor.address}/floor/prints")


@pytest.mark.parametrize("late", [1, 4, 10])
async def test_a_badge_whose_last_keys_come_late_is_one_badge(open_page: OpenPage, late: int) -> None:
    """`late`: how many, the Enter among them."""
    async with floor_site(SignIn.PIN) as floor:
        page = (await open_page("en", 768)).page
        await page.goto(f"{floor.address}/floor/login?next=/floor/prints")
        await expect(page.locator("html.has-script #badge")).to_be_focused()
        await wedge(page, BADGE, stall_after=len(BADGE) + 1 - late)
        await expect(page.locator("#pin")).to_be_focused()
        await expect(page.locator("#badge")).to_have_value(BADGE)
        await expect(page.locator("#pin")).to_have_value("")
        await wedge(page, PIN)
        await page.wait_for_url(f"{floor.address}/floor/prints")


async def test_by_keyboard_alone_from_the_log_in_to_an_answered_print(open_page: OpenPage) -> None:
    async with floor_site(SignIn.PIN) as floor:
        busy_day(floor.box)
        page = (await open_page("en", 1280)).page
        await page.goto(f"{floor.address}/floor/prints")
        await page.wait_for_url("**/floor/login?next=**")
        await expect(page.locator("html.has-script #badge")).to_be_focused()  # a key before that goes nowhere
        await page.keyboard.type("SHELFXIDBCDEFGHIJKLNOPRS", delay=60)
        await page.keyboard.press("Tab")
        await page.keyboard.type("4711", delay=60)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{floor.address}/floor/prints")
        await live(page)
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("Skip to content")
        for _ in range(20):
            assert await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
            covering = await page.evaluate(
                "(r => document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)?.closest('.foot') "
                "&& !document.activeElement.closest('.foot'))(document.activeElement.getBoundingClientRect())"
            )
            assert not covering
            if "It printed" in await page.inner_text(":focus"):
                break
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("We can't tell whether")).to_have_count(0)
        assert floor.box.said == [("job-0", "printed", "p-1")]
        await page.goto(f"{floor.address}/floor")
        await page.get_by_role("button", name="Log out").press("Enter")
        await page.wait_for_url("**/floor/login")


async def test_a_double_click_answers_once(open_page: OpenPage) -> None:
    async with floor_site(SignIn.PIN) as floor:
        busy_day(floor.box)
        page = (await open_page("zh-CN", 768)).page
        await signed_in(page, floor, "/floor/prints")
        await page.get_by_role("button", name="再打一份").dblclick()
        await expect(page.get_by_text("不确定价签")).to_have_count(0)
        assert floor.box.said == [("job-0", "again", "p-1")]
        await page.go_back()
        await page.goto(f"{floor.address}/floor/prints")
        assert len(floor.box.said) == 1
