"""The fleet's pages in a real browser: groups, a command and its result, configurations, by keyboard, narrow and wide."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from controller.fleet.operations import register_box
from controller.fleet.queries import commands
from controller.fleet.twin_queries import twin_view
from edge_agent.wire.facts import CommandDone
from edge_agent.wire.messages import Condition, Stream
from tests.browser.conftest import OpenPage, Site

HAN = re.compile("[\u4e00-\u9fff]")
SERIOUS = {"serious", "critical"}
BOX = "/fleet/boxes/counter-1"
PATHS = ["/fleet", "/fleet?group=ok", BOX, *(f"{BOX}/{tab}" for tab in ("devices", "queue", "config", "logs", "security"))]
PATHS += ["/fleet/devices/counter-1/label-printer"]
RIGHT = '[[device]]\nid = "scanner"\nkind = "scanner"\nmodel = "scanner.serial"\naddress = "serial:/dev/ttyACM0"\n'


async def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text or name has the focus, which is to be seen."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        found = await page.evaluate(
            "[document.activeElement.innerText, document.activeElement.labels?.[0]?.innerText, document.activeElement.ariaLabel]"
        )
        if any(part and part.strip().startswith(text) for part in found):
            assert await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
            return
    raise AssertionError(f"no way to {text!r} by keyboard")


def count(group: str) -> str:
    return f'.group:has(.name:text-is("{group}")) .count'


async def test_groups_are_counted_and_follow_what_happens_without_a_reload(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    await register_box("till-2", site="sh-01", name="Till 2")
    watched = await open_page()
    page = watched.page
    await page.goto(f"{site.address}/fleet")
    await expect(page.locator(count("Needs action"))).to_have_text("1")
    await expect(page.locator(count("Not claimed"))).to_have_text("1")
    await expect(page.get_by_role("link", name="Counter 1")).to_be_visible()
    await expect(page.get_by_role("link", name="Till 2")).to_have_count(0)
    await page.get_by_role("link", name="Counter 1").focus()
    await register_box("till-3", site="sh-01", name="Till 3")
    await expect(page.locator(count("Not claimed"))).to_have_text("2")
    await expect(page.get_by_role("link", name="Counter 1")).to_be_focused()
    assert watched.complaints == []


async def test_identify_by_keyboard_shows_its_progress_and_then_its_result(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    watched = await open_page()
    page = watched.page
    await page.goto(site.address)
    await page.get_by_role("link", name="All boxes").click()
    await page.wait_for_url("**/fleet")
    await tab_to(page, "Skip to content")
    await page.keyboard.press("Enter")
    await tab_to(page, "Counter 1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Out of paper.")).to_be_visible()
    await tab_to(page, "Identify")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Asked.")).to_be_visible()
    await expect(page.locator("#live")).to_contain_text("Waits for the box")
    (asked,) = await commands(box_id="counter-1")
    await site.shop.happens(CommandDone(command=asked.id, code="ok"), stream=Stream.RESULT)
    await expect(page.get_by_role("region", name="What was asked of it")).to_contain_text("Done")
    await site.shop.device("label-printer", Condition.READY)
    await expect(page.get_by_text("Out of paper.")).to_have_count(0)
    assert watched.complaints == []


async def test_a_configuration_is_corrected_by_keyboard_and_saved(open_page: OpenPage, site: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{site.address}{BOX}/config")
    await page.locator("#document").focus()
    await page.keyboard.insert_text(RIGHT.replace("scanner.serial", "scanner.typo"))
    await tab_to(page, "Save configuration")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("1 key is wrong")
    await expect(page.locator("#faults")).to_contain_text("Line 4")
    await expect(page.locator("#document")).to_have_value(re.compile("scanner.typo"))
    await page.locator("#document").fill(RIGHT)
    await tab_to(page, "Save configuration")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    assert (await twin_view("counter-1")).version == 1


async def test_two_editors_lose_nothing_of_each_other(open_page: OpenPage, site: Site) -> None:
    first, second = (await open_page()).page, (await open_page()).page
    for page in (first, second):
        await page.goto(f"{site.address}{BOX}/config")
    await first.locator("#document").fill(RIGHT)
    await first.get_by_role("button", name="Save configuration").dblclick()
    await expect(first.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    assert (await twin_view("counter-1")).version == 1, "a double click saves once"
    await second.locator("#document").fill('[settings]\nlog_level = "DEBUG"\n')
    await second.get_by_role("button", name="Save configuration").click()
    await expect(second.get_by_role("alert")).to_contain_text(re.compile(r"changed this at \d\d:\d\d"))
    await expect(second.locator("#document")).to_have_value(re.compile("DEBUG"))
    assert (await twin_view("counter-1")).version == 1
    await second.get_by_role("button", name="Save mine over it").click()
    await expect(second.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    await second.get_by_role("button", name="Go back to version 1").click()
    await expect(second.get_by_role("status").filter(has_text="newest one again")).to_be_visible()
    assert (await twin_view("counter-1")).version == 3


async def test_pages_work_without_scripts_and_a_box_is_revoked_only_by_its_typed_id(open_page: OpenPage, site: Site) -> None:
    page = (await open_page(script=False)).page
    await page.goto(f"{site.address}{BOX}/security")
    await page.locator("summary").filter(has_text="Revoke this box").click()
    await page.get_by_label("Type counter-1 to confirm").fill("counter-2")
    await page.get_by_role("button", name="Revoke this box").click()
    await expect(page.get_by_role("alert")).to_contain_text("type counter-1 to confirm")
    await page.get_by_label("Type counter-1 to confirm").fill("counter-1")
    await page.get_by_role("button", name="Revoke this box").click()
    await expect(page.get_by_role("status").filter(has_text="Revoked.")).to_be_visible()
    await page.goto(f"{site.address}/fleet")
    await expect(page.locator(count("Retired"))).to_have_text("1")


async def test_a_page_says_when_it_is_not_up_to_date_any_more(open_page: OpenPage, site: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{site.address}/fleet")
    await expect(page.locator("#refresh-state")).to_have_attribute("data-state", "live")
    await site.stop()
    await expect(page.locator("#refresh-stale")).to_be_visible()
    await expect(page.locator("#refresh-stale")).to_contain_text(re.compile(r"data from \d\d:\d\d"))
    await site.start()
    await expect(page.locator("#refresh-stale")).to_be_hidden()


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, True), ("en", 1280, False), ("zh-CN", 360, False), ("zh-CN", 1280, True)]
)
async def test_pages_fit_speak_one_language_and_are_accessible(
    open_page: OpenPage, site: Site, language: str, width: int, dark: bool
) -> None:
    await site.shop.busy_day()
    watched = await open_page(language, width, dark=dark)
    page = watched.page
    for path in PATHS:
        await page.goto(site.address + path)
        scroll, inner = await page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert scroll <= inner, path
        assert bool(HAN.search(await page.inner_text("main"))) is (language == "zh-CN"), path
        violations = (await Axe().run(page)).response["violations"]
        assert [f"{path} {one['id']}: {one['nodes'][0]['html']}" for one in violations if one["impact"] in SERIOUS] == []
    assert watched.complaints == []
