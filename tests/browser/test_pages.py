"""The pages in a real browser: both languages, narrow and wide, light and dark, with and without scripts, live and stale."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Request, expect

from controller import db
from controller.fleet.operations import PrintOrder, request_print
from edge_agent.wire.facts import JobChanged, JobState, Proof, Scan
from edge_agent.wire.messages import Condition, Stream, Symbol
from tests.browser.conftest import OpenPage, Site

HAN = re.compile("[\u4e00-\u9fff]")
PATHS = ["/", "/stock", "/orders", "/orders/SO-100001", "/prints", "/unknown-barcodes"]


async def settled(page: Page) -> None:
    """Scripts are loaded and the stream, where there is one, has spoken."""
    if await page.locator("#link-state").count():
        await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, False), ("en", 1280, True), ("zh-CN", 360, True), ("zh-CN", 1280, False)]
)
async def test_pages_fit_speak_one_language_and_stay_at_home(
    open_page: OpenPage, site: Site, language: str, width: int, dark: bool
) -> None:
    await site.shop.busy_day()
    watched = await open_page(language, width, dark=dark)
    for path in PATHS:
        response = await watched.page.goto(site.address + path)
        assert response is not None
        assert response.status == 200
        await settled(watched.page)
        scroll, inner = await watched.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert scroll <= inner, path
        assert await watched.page.get_attribute("html", "lang") == language
        text = (await watched.page.inner_text("main")) + (await watched.page.title())
        if language == "en":
            assert not HAN.search(text), path
        else:
            assert HAN.search(text), path
    assert watched.complaints == []
    assert [url for url in watched.requests if not url.startswith(site.address)] == []


async def test_what_happens_shows_by_itself(open_page: OpenPage, site: Site) -> None:
    page = (await open_page()).page
    await page.goto(site.address)
    await settled(page)
    await site.shop.happens(Scan(symbol=Symbol(text="9900000000000-NEW")))
    await expect(page.locator("#region-scans")).to_contain_text("9900000000000-NEW")
    await site.shop.device("scanner", Condition.ABSENT)
    await expect(page.locator("#region-boxes")).to_contain_text("Not connected")


async def test_the_page_says_when_it_is_stale_and_recovers(open_page: OpenPage, site: Site) -> None:
    page = (await open_page()).page
    await page.clock.install()
    await page.goto(site.address)
    await settled(page)
    await site.stop()
    await page.clock.run_for(12_000)
    await expect(page.locator("#stale")).to_be_visible()
    await expect(page.locator("#stale")).to_contain_text("Delayed: this shows data from")
    await expect(page.locator("#link-state")).to_have_text("Delayed")
    await site.start()
    async with asyncio.timeout(20):
        while await page.locator("#stale").is_visible():
            await page.clock.run_for(2000)
    await expect(page.locator("#link-state")).to_have_text("Live")


HIDDEN = """() => {
    window.isHidden = window.isHidden || false;
    Object.defineProperty(Document.prototype, "hidden", {get: () => window.isHidden});
    window.hide = hidden => { window.isHidden = hidden; document.dispatchEvent(new Event("visibilitychange")); };
}"""


async def test_eight_tabs_load_because_hidden_ones_hold_no_connection(open_page: OpenPage, site: Site) -> None:
    """A browser allows six connections a host; a headless one hides no tab by itself, so the test says which are."""
    first = (await open_page()).page
    await first.context.add_init_script(f"({HIDDEN})()")
    tabs = [first, *[await first.context.new_page() for _ in range(7)]]
    for tab in tabs:
        await tab.goto(site.address)
        await settled(tab)
        await tab.evaluate("hide(true)")
    await site.shop.happens(Scan(symbol=Symbol(text="WHILE-HIDDEN")))
    shown_at = await first.evaluate("(hide(false), performance.now())")
    await expect(first.locator("#region-scans")).to_contain_text("WHILE-HIDDEN")
    assert await first.evaluate("performance.now()") - shown_at < 2000
    await expect(first.locator("#stale")).to_be_hidden()
    await site.shop.happens(Scan(symbol=Symbol(text="SEEN-AGAIN")))
    await expect(first.locator("#region-scans")).to_contain_text("SEEN-AGAIN")


async def test_a_tab_opened_in_the_background_follows_once_it_is_shown(open_page: OpenPage, site: Site) -> None:
    watched = await open_page()
    await watched.page.add_init_script(f"window.isHidden = true; ({HIDDEN})()")
    await watched.page.goto(site.address, wait_until="load")
    assert not [url for url in watched.requests if url.endswith("/events")]
    await expect(watched.page.locator("#stale")).to_be_hidden()
    await watched.page.evaluate("hide(false)")
    await settled(watched.page)
    assert len([url for url in watched.requests if url.endswith("/events")]) == 1


async def test_an_uncertain_print_is_answered_on_the_live_page(open_page: OpenPage, site: Site) -> None:
    page = (await open_page()).page
    await page.goto(site.address)
    await settled(page)
    job = await request_print(PrintOrder(box="counter-1", template="shipping-label", data={}, document="PK-100001"))
    uncertain = JobChanged(job=job, step=1, state=JobState.UNCERTAIN, printer="label-printer")
    await site.shop.happens(uncertain, stream=Stream.RESULT)
    asks = page.locator("#region-asks")
    await expect(asks).to_contain_text("We can't tell whether Shipping label PK-100001 came out. Look at printer label-printer")
    await page.get_by_role("button", name="It printed").dblclick()
    await expect(asks).to_contain_text("Someone saw that Shipping label PK-100001 came out. Waits for box counter-1")
    told = await db.fetch("SELECT args FROM command WHERE name = 'resolve_job'")
    assert [(job in row["args"], '"printed"' in row["args"]) for row in told] == [(True, True)]
    printed = JobChanged(job=job, step=2, state=JobState.PRINTED, proof=Proof.PERSON, printer="label-printer")
    await site.shop.happens(printed, stream=Stream.RESULT)
    await expect(page.locator("#region-prints")).to_contain_text("a person looked")
    await expect(asks).to_be_empty()


async def test_the_forms_work_without_scripts(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    page = (await open_page("zh-CN", 360, script=False)).page
    await page.goto(f"{site.address}/prints?state=uncertain")
    await page.click("text=再打一份")
    assert "有人要求重打货架标签" in await page.inner_text("main")
    await page.goto(f"{site.address}/orders/SO-100001")
    await page.click("text=下发拣货")
    assert "PL-100001" in await page.inner_text("main")
    cancel = page.locator("details.confirm", has_text="取消订单")
    await cancel.locator("summary").click()
    await cancel.locator("input[name=reason]").fill("顾客要求")
    await page.click("text=取消 SO-100001")
    assert "顾客要求" in await page.inner_text("main")
    forms = page.locator("form[method=post][action^='/orders']")
    left = await forms.evaluate_all("found => found.map(form => form.getAttribute('action'))")
    assert left == ["/orders/SO-100001/tag", "/orders/SO-100001/template"], "it can be found and ordered again, and nothing else"


async def test_a_barcode_is_linked_by_keyboard_alone(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    page = (await open_page()).page
    await page.goto(f"{site.address}/unknown-barcodes")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # past the rail, to the content
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.name") == "sku":
            break
    await page.keyboard.type("SOAP-3")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Link barcode"
    assert await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    await page.keyboard.press("Enter")
    await expect(page.locator("[role=status].notice")).to_contain_text("Linked to SOAP-3")


@pytest.mark.parametrize("path", ["/", "/orders/SO-100001"])
async def test_a_page_keeps_its_budget(open_page: OpenPage, site: Site, path: str) -> None:
    await site.shop.busy_day()
    watched = await open_page()
    loaded: list[Request] = []
    watched.page.on("requestfinished", lambda request: loaded.append(request))  # noqa: PLW0108 -- no builtin can be its listener
    await watched.page.goto(site.address + path, wait_until="load")
    await settled(watched.page)
    files = [request for request in loaded if not request.url.endswith("/events")]
    sizes = [await request.sizes() for request in files]
    assert sum(size["responseBodySize"] for size in sizes) <= 90_000
    assert len(watched.requests) <= 8
    assert all(url.startswith(site.address) for url in watched.requests)
    assert await watched.page.evaluate("document.querySelectorAll('*').length") <= 4000


async def test_han_glyphs_are_drawn_each_in_its_own_shape(open_page: OpenPage, site: Site) -> None:
    """Without a font, every character is the same box."""
    page = (await open_page("zh-CN")).page
    await page.goto(site.address)
    drawn = await page.evaluate("""() => [..."打印订单库存"].map(character => {
        const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
        canvas.width = canvas.height = 40;
        context.font = "32px " + getComputedStyle(document.body).fontFamily;
        context.fillText(character, 4, 34);
        return canvas.toDataURL();
    })""")
    assert len(set(drawn)) == len(drawn)


async def test_a_table_page_works_without_scripts(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    page = (await open_page(script=False)).page
    await page.goto(site.address)
    assert "label-printer" in await page.inner_text("#region-boxes")
    await page.goto(f"{site.address}/unknown-barcodes")
    await page.fill("input[name=sku]", "NO-SUCH")
    await page.click("text=Link barcode")
    assert "was not linked to NO-SUCH" in await page.inner_text("[role=alert]")
    await page.fill("input[name=sku]", "SOAP-3")
    await page.click("text=Link barcode")
    assert "Linked to SOAP-3" in await page.inner_text("[role=status]")
    assert "Every scanned barcode is known" in await page.inner_text("main")


async def test_search_and_paging_keep_their_address(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    page = (await open_page()).page
    await page.goto(f"{site.address}/stock?per=3")
    await page.click("text=Next page")
    assert "per=3" in page.url
    assert "SOAP-3" in await page.inner_text("main")
    assert "MILK-1L" not in await page.inner_text("main")
    await page.fill("input[name=q]", "tea")
    await page.press("input[name=q]", "Enter")
    assert "TEA-500" in await page.inner_text("main")
    assert "RICE-5KG" not in await page.inner_text("main")


async def test_what_is_available_is_in_sight_on_a_telephone(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    page = (await open_page(width=360)).page
    await page.goto(f"{site.address}/stock")
    box = await page.get_by_role("columnheader", name="Available").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 344


async def test_keyboard_reaches_everything_and_focus_is_seen(open_page: OpenPage, site: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{site.address}/stock")
    seen = []
    for _ in range(80):  # the search, all pages of the rail, then what is on this one
        await page.keyboard.press("Tab")
        width = await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2
        seen.append(await page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name"))
    assert seen[0] == "Skip to content"
    assert {"Orders", "Prints", "q", "Search"} <= set(seen)


async def test_inline_script_does_not_run(open_page: OpenPage, site: Site) -> None:
    page = (await open_page()).page
    await page.goto(site.address)
    await page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); }"
    )
    assert await page.evaluate("window.ran") is None


async def test_a_language_that_was_chosen_is_kept(open_page: OpenPage, site: Site) -> None:
    page = (await open_page("en")).page
    await page.goto(f"{site.address}/stock")
    await page.click("text=中文")
    await page.goto(f"{site.address}/orders")
    assert await page.get_attribute("html", "lang") == "zh-CN"


async def test_a_page_that_is_not_there_says_so_in_words(open_page: OpenPage, site: Site) -> None:
    page = (await open_page("zh-CN")).page
    response = await page.goto(f"{site.address}/orders/SO-999999")
    assert response is not None
    assert response.status == 404
    assert "没有这个页面" in await page.inner_text("h1")
