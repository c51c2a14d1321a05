"""Log-in and the pages of people in a real browser, by keyboard alone, in both languages, narrow and wide."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
import zxingcpp
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Page, expect

from controller import db
from controller.config import parse_config
from controller.people import operations
from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.people.sessions import end_sessions
from edge_agent.ui.locales import Language
from edge_agent.wire.facts import Scan
from edge_agent.wire.messages import Symbol
from edge_agent.wire.roles import Role
from tests.browser.conftest import OpenPage, Site, Watched
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import PASSWORD
from tests.databases import copied

HAN = re.compile("[\u4e00-\u9fff]")
SERIOUS = {"serious", "critical"}


@pytest_asyncio.fixture(loop_scope="session")
async def closed(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """The pages with a log-in; Mei is an administrator."""
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = BrowserShop()
    await shop.open()
    mei = await add_person("Mei", roles=[Grant(Role.ADMIN)])
    await operations.set_password(mei, await operations.password_verifier(mei, PASSWORD))
    site = Site(shop, parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test"))
    await site.start()
    yield site
    await site.stop()
    await db.close()


async def log_in(page: Page, name: str = "mei", password: str = PASSWORD) -> None:
    """The name has the focus as soon as the page is drawn."""
    await expect(page.locator("[autofocus]")).to_be_focused()  # a key before that goes nowhere
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")


async def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text or name has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        found = await page.evaluate(
            "[document.activeElement.innerText, document.activeElement.labels?.[0]?.innerText, document.activeElement.ariaLabel]"
        )
        if any(part and part.strip().startswith(text) for part in found):
            return
    raise AssertionError(f"no way to {text!r} by keyboard")


async def test_five_wrong_passwords_cost_time_that_is_told_in_words(open_page: OpenPage, closed: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{closed.address}/stock")
    await expect(page).to_have_url(re.compile("/login"))
    await log_in(page, password="wrong")
    for _ in range(4):
        await expect(page.get_by_role("alert")).to_contain_text("do not match anybody")
        await expect(page.get_by_label("Password")).to_be_focused()
        await page.keyboard.type("wrong")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text(re.compile(r"the next try is heard in [123]\d seconds"))
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Too many tries failed")


async def test_an_admin_makes_somebody_with_a_badge_by_keyboard_who_logs_in_and_sees_only_their_part(
    open_page: OpenPage, closed: Site
) -> None:
    watched = await open_page()
    page = watched.page
    await page.goto(f"{closed.address}/admin/people/new")
    await log_in(page)
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("Pia")
    await tab_to(page, "Role")
    await page.keyboard.type("Picker · sh-01")
    await tab_to(page, "Add person")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Saved")
    await tab_to(page, "New PIN")
    await page.keyboard.type("2580")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("The PIN is set")
    await tab_to(page, "Make a new badge")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("img", name="Barcode of the badge of Pia")).to_be_visible()
    badge = re.findall("SHELFXID[A-Z]{16}", await page.inner_text("main"))[0]
    picture = Image.open(BytesIO(await page.locator(".badge").screenshot()))
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [badge], "a scanner reads it off the screen"
    await page.get_by_role("button", name="Log out").press("Enter")
    await expect(page).to_have_url(re.compile("/login"))
    await page.goto(f"{closed.address}/login?with=badge")
    await expect(page.locator("[autofocus]")).to_be_focused()
    await page.keyboard.type(badge)
    await page.keyboard.press("Enter")  # as a scanner does: the PIN is missing, and gets the focus
    await expect(page.get_by_label("PIN")).to_be_focused()
    await page.keyboard.type("2580")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Shop live")).to_be_visible()
    rail = {text.strip() for text in await page.locator(".rail a").all_inner_texts()}
    assert {"Shop", "Stock", "Barcodes", "Orders", "Prints"} <= rail
    assert not rail & {"Boxes", "People"}
    assert await page.locator("#region-events").count() == 0
    answer = await page.goto(f"{closed.address}/admin/people")
    assert answer is not None
    assert answer.status == 403
    await expect(page.locator("main")).to_contain_text("Who can give you what this takes: Mei.")
    refused = {"Failed to load resource: the server responded with a status of 403 (Forbidden)"}
    assert set(watched.complaints) <= refused


async def test_a_page_that_is_watched_leads_to_the_log_in_when_its_session_ends(open_page: OpenPage, closed: Site) -> None:
    page = (await open_page()).page
    await page.goto(closed.address)
    await log_in(page)
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    mei = (await db.fetch("SELECT id FROM person"))[0]["id"]
    await closed.shop.happens(Scan(symbol=Symbol(text="9900000000000-NEW")))
    await expect(page.locator("#region-scans")).to_contain_text("9900000000000-NEW")
    await end_sessions(mei)
    await expect(page).to_have_url(re.compile(r"/login\?next=%2F"))


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, False), ("en", 1280, True), ("zh-CN", 360, True), ("zh-CN", 1280, False)]
)
async def test_pages_of_people_fit_speak_one_language_and_are_accessible(
    open_page: OpenPage, closed: Site, language: str, width: int, dark: bool
) -> None:
    mei = (await db.fetch("SELECT id FROM person"))[0]["id"]
    await operations.change_person(mei, name="Mei", language=Language(language))
    watched = await open_page(language, width, dark=dark)
    page = watched.page
    await page.goto(f"{closed.address}/login")
    await looked_at(page, language, "/login")
    await log_in(page)
    await expect(page.locator(".brand")).to_be_visible()
    for path in ("/", "/me", "/admin/people", "/admin/people/new", f"/admin/people/{mei}", "/admin/people?q=nobody"):
        await page.goto(closed.address + path)
        await looked_at(page, language, path)
    assert watched.complaints == []


async def looked_at(page: Page, language: str, path: str) -> None:
    scroll, inner = await page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert scroll <= inner, path
    text = await page.inner_text("main")
    assert bool(HAN.search(text.replace("中文", ""))) is (language == "zh-CN"), path
    violations = (await Axe().run(page)).response["violations"]
    assert [f"{path} {one['id']}: {one['nodes'][0]['html']}" for one in violations if one["impact"] in SERIOUS] == []


async def all_looked_at(watched: Watched, site: Site, language: str, addresses: Sequence[str]) -> None:
    """Each of these pages, and that none of them complained."""
    for address in addresses:
        await watched.page.goto(site.address + address)
        await expect(watched.page.get_by_role("heading", level=1)).to_be_visible()
        await looked_at(watched.page, language, address)
    assert watched.complaints == []
