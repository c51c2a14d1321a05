"""Scanning at a screen: what a wedge types is caught wherever the focus is, shown at once, sent in order, answered once."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from edge_agent.floor.config import SignIn
from tests.browser.conftest import OpenPage
from tests.browser.floor import FloorSite, floor_site, live, signed_in, wedge

MILK, TEA = "4006381333931", "6901234567892"
PAINTED = """() => {
    window.painted = [];
    const seen = new Set();
    const ends = ["Enter", "Tab"];
    window.addEventListener("keydown", event => { if (ends.includes(event.key)) window.entered = performance.now(); }, true);
    new MutationObserver(() => {
        for (const row of document.querySelectorAll("#readings .captured")) {
            if (seen.has(row.dataset.id)) continue;
            seen.add(row.dataset.id);
            const at = window.entered;
            requestAnimationFrame(() => setTimeout(() => window.painted.push(performance.now() - at)));
        }
    }).observe(document.getElementById("readings"), {childList: true});
}"""
SPY = """() => {
    window.tones = [];
    const make = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () {
        const tone = make.call(this);
        const start = tone.start;
        tone.start = function (at) { window.tones.push(tone.frequency.value); return start.call(tone, at); };
        return tone;
    };
    window.buzzes = [];
    navigator.vibrate = pattern => window.buzzes.push(pattern.join("-"));
}"""
PATTERNS = {"ok": [1200, 1800], "wrong": [220], "unknown": [600, 600, 600], "duplicate": [900, 900]}


async def at_station(page: Page, floor: FloorSite) -> None:
    await page.goto(floor.station)
    await live(page)


def booked(floor: FloorSite) -> list[str]:
    return floor.box.places["counter-1"].booked


async def all_booked(floor: FloorSite, count: int) -> None:
    async with asyncio.timeout(20):
        while len(booked(floor)) < count:
            await asyncio.sleep(0.01)


async def test_fifty_scans_show_at_once_and_none_is_lost_or_merged_wherever_the_focus_is(
    open_page: OpenPage, floor: FloorSite
) -> None:
    """With the processor slowed down six times."""
    page = (await open_page("zh-CN", 360)).page
    await at_station(page, floor)
    await page.evaluate(PAINTED)
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    expected = []
    for number in range(50):
        place = ("button.primary", ".top-back", "body", "#typed", None)[number % 5]
        if place == "body":
            await page.evaluate("document.activeElement.blur()")
        elif place is not None:
            await page.focus(place)
        symbol = f"{9_500_000_000_000 + number}"
        expected.append(symbol)
        await wedge(page, symbol, end="Tab" if number % 10 == 9 else "Enter")
    await all_booked(floor, 50)
    assert booked(floor) == expected
    assert page.url == floor.station
    assert await page.input_value("#typed") == ""
    assert floor.box.places["counter-1"].task == "idle", "an Enter pressed a button"
    assert len(await page.evaluate("window.painted")) == 50  # how soon each was: `make bench ARGS=floor`
    await expect(page.locator("#readings .captured")).to_have_count(0)


async def test_twenty_scans_show_while_the_box_is_slow_and_then_each_gets_its_own_verdict(
    open_page: OpenPage, floor: FloorSite
) -> None:
    page = (await open_page("en", 1280)).page
    await at_station(page, floor)
    await page.evaluate(SPY)
    await page.mouse.click(5, 400)
    floor.box.answering.clear()
    symbols = [f"WRONG-{number}" if number == 4 else f"{8_000_000_000_000 + number}" for number in range(19)] + [MILK]
    for symbol in symbols:
        await wedge(page, symbol)
    await expect(page.locator("#readings .captured")).to_have_count(20)
    await expect(page.locator("#panel .spinner")).to_be_visible()
    assert await page.evaluate("window.tones") == [], "no sound before the box's verdict"
    assert booked(floor) == []
    floor.box.answering.set()
    await expect(page.locator("#readings .captured")).to_have_count(0)
    assert booked(floor) == symbols
    shown = await page.locator("#readings code").all_inner_texts()
    assert shown == symbols[::-1]
    rows = await page.evaluate("[...document.querySelectorAll('#readings li')].map(row => row.className)")
    assert [each.split()[1] for each in rows][::-1] == ["unknown"] * 4 + ["wrong"] + ["unknown"] * 14 + ["ok"]
    await expect(page.locator("#panel")).to_have_class("panel wrong")
    await expect(page.locator("#panel")).to_contain_text("WRONG-4 is not on this pick.")
    await wedge(page, MILK)
    await expect(page.locator("#panel")).to_have_class("panel ok")


async def test_each_verdict_has_its_colour_its_sound_its_buzz_and_its_words(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 768)).page
    await page.add_init_script(f"({SPY})()")
    await at_station(page, floor)
    await page.mouse.click(5, 400)
    for verdict, symbol, words, buzz in (
        ("ok", MILK, "Whole milk 1 L — 1", "40"),
        ("wrong", "WRONG-1", "WRONG-1 is not on this pick.", "200-80-200"),
        ("unknown", "9999999", "No product has code 9999999.", "80-60-80"),
        ("duplicate", "AGAIN-1", "Already counted. Not added.", "60"),
    ):
        await page.evaluate("window.tones = [], window.buzzes = []")
        await wedge(page, symbol)
        await expect(page.locator("#panel")).to_have_class(f"panel {verdict}")
        await expect(page.locator("#panel .panel-text")).to_have_text(words)
        assert await page.evaluate("window.tones") == PATTERNS[verdict]
        assert await page.evaluate("window.buzzes") == [buzz]
        assert await page.locator("#panel .icon path").first.get_attribute("d")
    height = await page.evaluate("document.getElementById('panel').getBoundingClientRect().height")
    assert height >= 900 / 3 - 4
    await page.goto(f"{floor.address}/floor")
    for verdict, tones in PATTERNS.items():
        await page.evaluate("window.tones = []")
        await page.click(f"[data-sound={verdict}]")
        assert await page.evaluate("window.tones") == tones
    await page.fill("#volume", "0")
    await page.evaluate("window.tones = []")
    await page.click("[data-sound=ok]")
    assert await page.evaluate("window.tones") == []


async def test_a_wrong_scan_changes_no_quantity_and_undo_takes_the_last_one_back(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 360)).page
    await at_station(page, floor)
    await page.get_by_role("button", name="Count").click()
    await expect(page.locator("#region-task")).to_contain_text("Bin")
    for symbol in (MILK, MILK, "WRONG-1"):
        await wedge(page, symbol)
    await expect(page.locator("#panel")).to_have_class("panel wrong")
    assert floor.box.places["counter-1"].counted == 2
    await page.locator(".foot").get_by_role("button", name="Undo").click()
    await expect(page.locator("#panel")).to_contain_text("is taken back")
    await expect(page.locator("#region-task dd.big")).to_have_text("1")
    await expect(page.locator("#readings .undone")).to_have_count(1)
    await page.locator("#readings").get_by_role("button", name="Undo").click()
    await expect(page.locator("#readings .undone")).to_have_count(2)
    assert floor.box.places["counter-1"].counted == 0


async def test_what_was_scanned_survives_a_box_that_is_away_and_a_reload(open_page: OpenPage, floor: FloorSite) -> None:
    watched = await open_page("en", 360)
    page = watched.page
    await at_station(page, floor)
    await wedge(page, MILK)
    await expect(page.locator("#panel")).to_have_class("panel ok")
    await floor.stop()
    await wedge(page, TEA)
    await wedge(page, "9999999")
    await expect(page.locator("#readings .captured")).to_have_count(2)
    await expect(page.locator("#banner")).to_contain_text("2 scans are kept on this screen")
    await floor.start()
    await page.reload()
    await expect(page.locator("#readings .captured")).to_have_count(0)
    await expect(page.locator("#banner")).to_be_hidden()
    assert booked(floor) == [MILK, TEA, "9999999"]
    assert await page.locator("#readings code").all_inner_texts() == ["9999999", TEA, MILK]


async def test_an_answer_that_is_lost_on_the_way_is_asked_for_again_and_booked_once(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page()).page
    await at_station(page, floor)
    lost = 0

    async def lose(route: object) -> None:
        nonlocal lost
        lost += 1
        if lost <= 2:
            await route.fetch()  # type: ignore[attr-defined]  # a Route
            await route.abort()  # type: ignore[attr-defined]
        else:
            await route.continue_()  # type: ignore[attr-defined]

    await page.route("**/readings", lose)
    await wedge(page, MILK)
    await expect(page.locator("#readings .captured")).to_have_count(0)
    async with asyncio.timeout(15):
        while lost < 3:
            await asyncio.sleep(0.02)
    assert booked(floor) == [MILK]
    assert await page.locator("#readings li").count() == 1


async def test_a_double_click_is_one_press_and_the_station_s_own_scanner_shows_on_every_screen(
    open_page: OpenPage, floor: FloorSite
) -> None:
    one, two = (await open_page("en", 1280)).page, (await open_page("zh-CN", 360)).page
    await at_station(one, floor)
    await at_station(two, floor)
    await one.get_by_role("button", name="Training").dblclick()
    await expect(one.locator("#panel")).to_contain_text("Training begins.")
    await expect(two.locator("#panel")).to_contain_text("练习开始。")
    assert floor.box.places["counter-1"].is_training
    floor.box.scan("counter-1", MILK)
    for page, words in ((one, "Whole milk 1 L — 1"), (two, "全脂牛奶 1 升 — 1")):
        await expect(page.locator("#panel")).to_contain_text(words)
        await expect(page.locator("#readings li")).to_have_count(1)


async def test_a_wedge_without_an_enter_and_one_with_separators_are_read_and_typing_is_not(
    open_page: OpenPage, floor: FloorSite
) -> None:
    page = (await open_page()).page
    await at_station(page, floor)
    await wedge(page, MILK, end="")
    await all_booked(floor, 1)
    await page.keyboard.type("12345678", delay=150)
    await page.keyboard.press("Enter")
    await page.focus("#typed")
    await page.keyboard.type(TEA, delay=150)
    assert await page.input_value("#typed") == TEA
    await page.keyboard.press("Enter")
    await all_booked(floor, 2)
    assert booked(floor) == [MILK, TEA]
    await expect(page.locator("#typed")).to_be_focused()
    assert await page.input_value("#typed") == ""


async def test_a_scan_on_any_page_is_taken_and_answered_there(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page()).page
    for path in ("/floor", "/floor/prints", "/floor/help"):
        await page.goto(floor.address + path)
        await live(page)
        await wedge(page, MILK)
        await expect(page.locator("#panel")).to_contain_text("Whole milk 1 L")
        assert page.url == floor.address + path
    assert booked(floor) == [MILK] * 3


async def test_a_number_of_labels_is_set_by_its_buttons(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 360)).page
    await at_station(page, floor)
    await page.get_by_role("button", name="Shelf label").click()
    await page.get_by_role("button", name="One more").click(click_count=3)
    await expect(page.locator("#panel")).to_contain_text("4 labels each.")
    assert floor.box.places["counter-1"].quantity == 4


async def test_a_session_that_ends_keeps_what_was_scanned_until_the_same_person_is_back(open_page: OpenPage) -> None:
    async with floor_site(SignIn.PIN) as floor:
        page = (await open_page()).page
        await signed_in(page, floor, "/floor/stations/counter-1")
        await live(page)
        await floor.stop()
        await wedge(page, MILK)
        await expect(page.locator("#readings .captured")).to_have_count(1)
        await floor.start()  # with its sessions gone
        await page.wait_for_url("**/floor/login?next=**")
        assert booked(floor) == []
        await wedge(page, "SHELFXIDBCDEFGHIJKLNOPRS")
        await expect(page.locator("#badge")).to_have_value("SHELFXIDBCDEFGHIJKLNOPRS")
        await expect(page.locator("#pin")).to_be_focused()
        await page.keyboard.type("4711", delay=100)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/floor/stations/counter-1")
        await all_booked(floor, 1)
        assert booked(floor) == [MILK]


@pytest.mark.parametrize("element", ["#readings", "#panel-said"])
async def test_the_verdict_is_announced_and_the_list_has_a_name(open_page: OpenPage, floor: FloorSite, element: str) -> None:
    page = (await open_page()).page
    await at_station(page, floor)
    found = page.locator(element)
    assert await found.get_attribute("role" if element == "#panel-said" else "aria-labelledby") in ("status", "readings-title")
