"""What is live on the floor says how fresh it is, and comes back by itself: the wire, the box, the stream, the session."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Page, expect

from edge_agent.floor.config import SignIn
from tests.browser.conftest import OpenPage
from tests.browser.floor import FloorSite, busy_day, floor_site, live, signed_in

MILK = "4006381333931"


async def at_station(page: Page, floor: FloorSite) -> None:
    await page.goto(floor.station)
    await live(page)


async def test_the_banner_says_offline_and_catching_up_and_goes_by_itself(open_page: OpenPage, floor: FloorSite) -> None:
    one, two = (await open_page("en", 360)).page, (await open_page("zh-CN", 1280)).page
    for page in (one, two):
        await at_station(page, floor)
        await expect(page.locator("#banner")).to_be_hidden()
    floor.box.link_is(up=False, waiting=12)
    await expect(one.locator("#banner")).to_contain_text(
        "Working offline – 12 scans waiting on this box; they'll send by themselves"
    )
    await expect(two.locator("#banner")).to_contain_text("离线工作中：12 条扫描存在主机")
    await expect(two.locator("#wire")).to_have_text("离线", use_inner_text=True)
    floor.box.scan("counter-1", MILK)
    await expect(one.locator("#panel")).to_have_class("panel ok")
    floor.box.link_is(up=True, waiting=120)
    await expect(one.locator("#banner")).to_contain_text("Reconnecting – sent 0 of 120")
    floor.box.link_is(up=True, waiting=80)
    await expect(one.locator("#banner")).to_contain_text("Reconnecting – sent 40 of 120")
    floor.box.link_is(up=True, waiting=0)
    for page in (one, two):
        await expect(page.locator("#banner")).to_be_hidden()
    await expect(one.locator("#wire")).to_have_attribute("data-wire", "live")


async def test_a_page_without_a_box_says_how_old_it_is_and_recovers(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 768)).page
    await page.clock.install()
    await page.goto(floor.station)
    await page.clock.run_for(1000)
    await live(page)
    await floor.stop()
    await page.clock.run_for(12_000)
    await expect(page.locator("#banner")).to_contain_text(re.compile(r"Delayed – showing data from \d\d:\d\d \(10 s ago\)"))
    assert await page.evaluate("getComputedStyle(document.getElementById('region-task')).opacity") == "0.65"
    await page.clock.run_for(120_000)
    await expect(page.locator("#banner")).to_contain_text("(2 min ago)")
    await floor.start()
    async with asyncio.timeout(20):
        while await page.locator("#banner").is_visible():
            await page.clock.run_for(2000)
    await expect(page.locator("#wire")).to_have_attribute("data-wire", "live")


async def test_no_answer_is_missed_or_shown_twice_over_streams_that_break(open_page: OpenPage, floor: FloorSite) -> None:
    """As a browser that reconnects: it says the id that it had last."""
    page = (await open_page()).page
    await at_station(page, floor)
    expected = [floor.box.scan("counter-1", f"{7_000_000_000_000 + number}").id for number in range(20)]
    seen = await page.evaluate(
        """async drops => {
            const seen = [];
            let last = document.body.dataset.after;
            for (let drop = 0; drop < drops; drop++) {
                await new Promise(resolve => {
                    const source = new EventSource(`/floor/events?station=counter-1&after=${last}`);
                    source.addEventListener("answer", event => {
                        if (source.readyState === EventSource.CLOSED) return;
                        seen.push(JSON.parse(event.data).id);
                        last = event.lastEventId;
                        source.close();
                        resolve();
                    });
                });
            }
            return seen;
        }""",
        20,
    )
    assert seen == expected


async def test_a_screen_that_was_hidden_holds_no_stream_and_is_fresh_when_it_is_shown(
    open_page: OpenPage, floor: FloorSite
) -> None:
    watched = await open_page()
    page = watched.page
    await page.add_init_script(
        """window.isHidden = false;
        Object.defineProperty(Document.prototype, "hidden", {get: () => window.isHidden});
        window.hide = hidden => { window.isHidden = hidden; document.dispatchEvent(new Event("visibilitychange")); };"""
    )
    await at_station(page, floor)
    await page.evaluate("hide(true)")
    floor.box.scan("counter-1", MILK)
    shown_at = await page.evaluate("(hide(false), performance.now())")
    await expect(page.locator("#panel")).to_have_class("panel ok")
    assert await page.evaluate("performance.now()") - shown_at < 2000
    await expect(page.locator("#readings li")).to_have_count(1)


async def test_prints_devices_and_weights_show_as_they_change(open_page: OpenPage, floor: FloorSite) -> None:
    page, scale = (await open_page("en", 360)).page, (await open_page("zh-CN", 1280)).page
    await page.goto(f"{floor.address}/floor/prints")
    await live(page)
    await scale.goto(f"{floor.address}/floor/scale")
    await live(scale)
    assert floor.box.is_weighing
    busy_day(floor.box)
    await expect(page.locator("#region-prints")).to_contain_text("We can't tell whether Shelf label TEA-500 came out.")
    await expect(page.locator("#region-prints")).to_contain_text("2 prints are waiting")
    await expect(scale.locator(".kilograms")).to_have_text("1.234")
    floor.box.put_on_scale("576", stable=False)
    await expect(scale.locator(".kilograms")).to_have_text("0.576")
    await expect(scale.locator(".weight-state")).to_have_text("晃动中：稍等")
    await page.get_by_role("button", name="Do not print Shelf label MILK-1L").click()
    await expect(page.locator("#region-prints")).not_to_contain_text("MILK-1L")
    await scale.close()
    async with asyncio.timeout(10):
        while floor.box.is_weighing:
            await asyncio.sleep(0.05)


async def test_typing_is_not_taken_away_by_what_happens_meanwhile(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 360)).page
    floor.box.scan("counter-1", "SHELFXSTICKER")
    await at_station(page, floor)
    await page.fill("[name=number]", "37")
    floor.box.scan("counter-1", MILK)
    await expect(page.locator("#panel")).to_have_class("panel ok")
    await expect(page.locator("[name=number]")).to_have_value("37")
    await expect(page.locator("[name=number]")).to_be_focused()
    await page.press("[name=number]", "Enter")
    await expect(page.locator("#panel")).to_contain_text("37 labels each.")


async def test_the_log_out_ends_the_streams_of_all_tabs(open_page: OpenPage) -> None:
    async with floor_site(SignIn.PIN) as floor:
        page = (await open_page()).page
        await signed_in(page, floor)
        await live(page)
        other = await page.context.new_page()
        await other.goto(floor.station)
        await live(other)
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/floor/login")
        await other.wait_for_url("**/floor/login?next=**")


async def test_the_screen_chooses_its_station_once(open_page: OpenPage) -> None:
    async with floor_site(SignIn.NONE, "counter-1", "counter-2") as floor:
        page = (await open_page("zh-CN", 360)).page
        await page.goto(f"{floor.address}/floor")
        await expect(page.locator("#region-tiles")).to_contain_text("这块屏幕在哪个工位？")
        await page.get_by_role("button", name="counter-2").click()
        await expect(page.locator("#region-tiles")).to_contain_text("盘点")
        await page.get_by_role("button", name="盘点").click()
        await expect(page).to_have_url(f"{floor.address}/floor/stations/counter-2")
        assert floor.box.places["counter-2"].task == "counting"
