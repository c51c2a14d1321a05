"""The floor's pages under what people set and what data brings: contrast, forced colours, zoom, long words, old numbers."""

from __future__ import annotations

import io
import re

import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image
from playwright.async_api import Browser, Page, expect

from edge_agent.stations import Verdict
from edge_agent.stations.sheet import sections
from tests.browser.conftest import OpenPage
from tests.browser.floor import FloorSite, busy_day, live
from tests.edge_agent.floor.fake_box import ITEMS

MILK = "4006381333931"
GOODS = f"/floor/scan/{MILK}"
PAGES = ("/floor", "/floor/stations/counter-1", "/floor/lookup?q=milk", GOODS, "/floor/prints", "/floor/scale", "/", "/floor/help")
HAN = re.compile("[\u3400-\u9fff]+")
LATIN = re.compile(r"[A-Za-z]{3,}")
ALLOWED = re.compile(
    r"[A-Z]+: |SHELFX[A-Z]+|E-[A-Z-]+|PIN|CNY|FNC1|COPY|DONE|COUNT|English|Shelfwire|counter-1|https?://\S+|"
    r"\b(scanner|scale|labels|receipts|milk)\b|[A-Z]+-[0-9A-Z]+|WRONG\S+|AGAIN\S+"
)
"""What is the same in all languages: codes, names of devices, units, what was typed."""
CUT = """() => [...document.querySelectorAll("main *, .foot *, .top *")]
    .filter(each => each.checkVisibility() && !each.closest("svg, .visually-hidden") && each.clientWidth > 1
      && each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== "auto")
    .map(each => each.outerHTML.slice(0, 120))"""
OVERLAPS = """() => {
    const boxes = [...document.querySelectorAll("main button, main a.button, main dd, main dt, .reading-said, .goods-name")]
        .filter(each => each.checkVisibility()).map(each => [each, each.getBoundingClientRect()]);
    const found = [];
    for (const [one, a] of boxes) for (const [two, b] of boxes) {
        if (one === two || one.contains(two) || two.contains(one) || one.closest(".panel") || two.closest(".panel")) continue;
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
            found.push([one.outerHTML.slice(0, 80), two.outerHTML.slice(0, 80)]);
    }
    return found;
}"""


async def opened(page: Page, floor: FloorSite, path: str) -> None:
    await page.goto(floor.address + path)
    await live(page)


async def fits(page: Page, path: str) -> None:
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), path
    assert await page.evaluate(CUT) == [], path


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_no_word_of_the_other_language_shows(open_page: OpenPage, floor: FloorSite, language: str) -> None:
    busy_day(floor.box)
    page = (await open_page(language, 1280)).page
    for path in (*PAGES, "/floor/login", "/floor/nothing"):
        await page.goto(floor.address + path)
        words = f"{await page.inner_text('body')} {await page.title()}"
        names = await page.evaluate(
            "[...document.querySelectorAll('[aria-label], [title], [placeholder]')].map(each => "
            "['aria-label', 'title', 'placeholder'].map(name => each.getAttribute(name) ?? '').join(' ')).join(' ')"
        )
        if language == "en":
            assert HAN.findall(words.replace("中文", "") + names) == [], path
        else:
            assert LATIN.findall(ALLOWED.sub("", words.replace("IT", "")) + ALLOWED.sub("", names)) == [], path
        wrong = await page.evaluate(
            "lang => [...document.querySelectorAll('[lang]')].map(each => each.lang).filter(each => !each.startsWith(lang))",
            language[:2],
        )
        assert set(wrong) <= {"zh-CN" if language == "en" else "en"}


async def test_han_letters_are_drawn_not_boxes(open_page: OpenPage, floor: FloorSite) -> None:
    """Without a font for them all look alike."""
    page = (await open_page("zh-CN", 360)).page
    await page.goto(f"{floor.address}/floor/login")
    drawn = await page.evaluate(
        """letters => [...letters].map(letter => {
            const canvas = Object.assign(document.createElement("canvas"), {width: 48, height: 48});
            const pen = canvas.getContext("2d", {willReadFrequently: true});
            pen.font = `36px ${getComputedStyle(document.body).fontFamily}`;
            pen.fillText(letter, 4, 40);
            return pen.getImageData(0, 0, 48, 48).data.join();
        })""",
        "牛奶盘点价签货架打印",
    )
    assert len(set(drawn)) == len(drawn)


async def test_long_values_are_shown_whole(open_page: OpenPage, floor: FloorSite) -> None:
    name = "高原有机全脂纯牛奶家庭装" * 10
    code = "X" * 60
    floor.box.items[MILK] = replace(ITEMS[MILK], name_zh=name, on_hand=9_999_999, sku=code)
    floor.box.places["counter-1"].counted = 1_234_567
    floor.box.scan("counter-1", "SHELFXCOUNT")
    floor.box.places["counter-1"].counted = 1_234_567
    floor.box.scan("counter-1", MILK)
    floor.box.scan("counter-1", code)
    for width in (320, 360, 1280):
        page = (await open_page("zh-CN", width)).page
        for path in ("/floor/stations/counter-1", GOODS, "/floor"):
            await opened(page, floor, path)
            await fits(page, f"{path} {width}")
            assert await page.evaluate(OVERLAPS) == [], f"{path} {width}"
        await opened(page, floor, GOODS)
        await expect(page.locator(".goods-name")).to_have_text(name)
        await expect(page.locator(".goods")).to_contain_text("9,999,999")


async def test_at_four_times_the_size_everything_is_there(open_page: OpenPage, floor: FloorSite) -> None:
    """1280 by 900 at 400 %: 320 by 225 CSS pixels."""
    busy_day(floor.box)
    page = (await open_page("en", 320)).page
    await page.set_viewport_size({"width": 320, "height": 225})
    for path in PAGES:
        await opened(page, floor, path)
        await fits(page, path)
        await page.locator(".foot").scroll_into_view_if_needed()
        await expect(page.locator(".foot").get_by_role("link", name="Help")).to_be_visible()


async def test_forced_colours_contrast_and_still_pictures(browser: Browser, floor: FloorSite) -> None:
    busy_day(floor.box)
    floor.box.answering.clear()
    context = await browser.new_context(forced_colors="active", reduced_motion="reduce", contrast="more", locale="en-GB")
    page = await context.new_page()
    try:
        await opened(page, floor, "/floor/stations/counter-1")
        panel = page.locator("#panel")
        assert await panel.evaluate("each => getComputedStyle(each).borderTopWidth") in ("3px", "6px")
        assert await page.evaluate(
            "matchMedia('(forced-colors: active)').matches && matchMedia('(prefers-contrast: more)').matches"
        )
        for selector in (".card", "main button", ".reading"):
            assert await page.locator(selector).first.evaluate("each => parseFloat(getComputedStyle(each).borderTopWidth)") >= 1
        moving = await page.evaluate("document.getAnimations().length")
        assert moving == 0
        for icon in await page.locator("#panel-said .icon, .reading > .icon").all():
            assert await icon.evaluate("each => getComputedStyle(each).stroke") != "none"
    finally:
        floor.box.answering.set()
        await context.close()


async def test_a_number_that_is_too_old_is_grey_and_says_how_old(open_page: OpenPage, floor: FloorSite) -> None:
    floor.box.items[MILK] = replace(ITEMS[MILK], age_ms=2 * 3_600_000)
    floor.box.scan("counter-1", "SHELFXCOUNT")
    floor.box.scan("counter-1", MILK)
    page = (await open_page("en", 768)).page
    await opened(page, floor, GOODS)
    stock = page.locator(".goods [data-asof]")
    await expect(stock).to_have_class("aged")
    await expect(stock).to_have_attribute("data-age", "2 h old")
    await opened(page, floor, "/floor/stations/counter-1")
    number = page.locator("#region-task dd.big [data-asof]")
    await expect(number).to_have_text("1")
    await expect(number).to_have_attribute("data-asof", re.compile(r"\d{4}-.*Z"))
    await expect(number).not_to_have_class("aged")
    await floor.stop()
    await expect(number).to_have_class("aged")
    assert re.fullmatch(r"1\d s old", await number.get_attribute("data-age") or "")
    await floor.start()
    await expect(number).not_to_have_class("aged")


async def test_a_verdict_is_announced_once(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 360)).page
    await opened(page, floor, "/floor/stations/counter-1")
    await page.evaluate(
        """() => {
            window.told = [];
            const status = document.getElementById("panel-said");
            new MutationObserver(() => window.told.push(status.textContent.trim())).observe(
                status, {childList: true, subtree: true, characterData: true});
        }"""
    )
    floor.box.scan("counter-1", MILK)
    await expect(page.locator("#panel")).to_have_class("panel ok")
    await expect(page.locator("#readings li")).to_have_count(1)
    assert len(await page.evaluate("window.told")) == 1
    snapshot = await page.locator("#panel").aria_snapshot()
    assert snapshot == '- status: "Done: Whole milk 1 L — 1"'
    assert await page.evaluate("document.querySelectorAll('[role=status], [role=alert], [aria-live]').length") == 2, (
        "and the banner"
    )


async def test_a_second_enter_is_no_second_press(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 768)).page
    await opened(page, floor, "/floor/stations/counter-1")
    await page.get_by_role("button", name="Training").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel-said")).to_contain_text("Training begins.")
    await page.wait_for_timeout(300)
    assert floor.box.places["counter-1"].is_training
    await page.goto(f"{floor.address}/floor/help")
    await page.get_by_role("button", name="Print the sheet at labels").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice")).to_contain_text("is being printed")
    await page.reload()
    assert floor.box.sheets == [("labels", "en")]


async def test_the_command_sheet_can_be_read_off_the_screen_and_the_paper(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("zh-CN", 360)).page
    await opened(page, floor, "/floor/help")
    wanted = {command.symbol for section in sections() for command in section.commands}
    nodes = await page.evaluate("document.querySelectorAll('*').length")
    assert nodes <= 1500
    await page.set_viewport_size({"width": 360, "height": 6000})
    assert _read(await page.locator(".sheet").screenshot()) == wanted
    await page.emulate_media(media="print")
    for hidden in (".foot", ".top-back", ".on-screen", ".sound"):
        assert not await page.locator(hidden).first.is_visible(), hidden
    assert await page.locator(".sheet svg").first.is_visible()
    assert await page.evaluate("getComputedStyle(document.querySelector('.sheet svg')).width") >= "150px"


def _read(picture: bytes) -> set[str]:
    image = Image.open(io.BytesIO(picture))
    larger = image.resize((image.width * 3, image.height * 3), Image.Resampling.NEAREST)
    found: set[str] = set()
    for top in range(0, larger.height, 400):
        part = larger.crop((0, top, larger.width, min(top + 700, larger.height)))
        found |= {each.text for each in zxingcpp.read_barcodes(part) if each.text.startswith("SHELFX")}
    return found


async def test_help_says_what_each_colour_means_whom_to_call_and_how_it_sounds(open_page: OpenPage, floor: FloorSite) -> None:
    page = (await open_page("en", 768)).page
    await opened(page, floor, "/floor/help")
    await expect(page.locator(".box-name")).to_have_text("sh-01 / counter-1")
    for verdict in Verdict:
        row = page.locator(f".legend-{verdict.value}")
        await expect(row.locator("strong")).not_to_be_empty()
        await expect(row.get_by_role("button")).to_have_count(1)
