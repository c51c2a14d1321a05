"""Recalls and channels in a real browser: begun, refused with what was typed, ended; buffers set with their history."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from controller import db
from controller.config import parse_config
from controller.people import operations as people
from controller.people.policies import Grant
from controller.recalls.operations import recall
from controller.stock.channels import add_channel, set_buffer
from edge_agent.ui.locales import Language
from edge_agent.wire.roles import Role
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import BrowserShop
from tests.browser.test_people import log_in, looked_at
from tests.controller.people.browser import PASSWORD
from tests.databases import copied


@pytest_asyncio.fixture(loop_scope="session")
async def office(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """The pages with a log-in; Mei manages the whole chain."""
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = BrowserShop()
    await shop.open()
    mei = await people.add_person("Mei", roles=[Grant(Role.MANAGER)])
    await people.set_password(mei, await people.password_verifier(mei, PASSWORD))
    site = Site(shop, parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test"))
    await site.start()
    yield site
    await site.stop()
    await db.close()


async def test_a_recall_is_refused_in_words_then_begun_and_ended(open_page: OpenPage, office: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{office.address}/recalls")
    await log_in(page)
    await page.get_by_label("Lot, as the maker prints it").fill("L2311")
    await page.get_by_label("SKU", exact=True).fill("NO-SUCH")
    await page.get_by_label("Why").fill("glass in the bottle")
    await page.get_by_role("button", name="Recall this lot everywhere").click()
    await expect(page.get_by_role("alert")).to_contain_text("no article has this code")
    await expect(page.get_by_label("Lot, as the maker prints it")).to_have_value("L2311")
    await page.get_by_label("SKU", exact=True).fill("MILK-1L")
    await page.get_by_role("button", name="Recall this lot everywhere").click()
    await expect(page.get_by_role("status").filter(has_text="Blocked at all sites")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recall of lot L2311")
    await page.get_by_label("Why it ends").fill("another lot was meant")
    await page.get_by_role("button", name="End the recall").click()
    await expect(page.locator("main")).to_contain_text("another lot was meant")
    assert await page.get_by_role("button", name="End the recall").count() == 0


async def test_a_buffer_is_set_lowered_and_its_history_told(open_page: OpenPage, office: Site) -> None:
    page = (await open_page(script=False)).page
    await page.goto(f"{office.address}/channels")
    await log_in(page)
    for label, text in (("Code, as orders name it", "web"), ("Name in English", "Web shop"), ("Name in Chinese", "网店")):
        await page.get_by_label(label).fill(text)
    await page.get_by_role("button", name="Add channel").click()
    for quantity, why in (("5", "weekend"), ("2", "borrow for the fair")):
        await page.get_by_label("SKU, empty for each article").fill("TEA-500")
        await page.get_by_label("Buffer, empty to take it away").fill(quantity)
        await page.get_by_label("Why").fill(why)
        await page.get_by_role("button", name="Set the buffer").click()
        await expect(page.get_by_role("status").filter(has_text="Changed")).to_be_visible()
    await expect(page.locator("main tbody tr")).to_have_text(re.compile("TEA-500each site2"))
    await expect(page.locator("main")).to_contain_text(re.compile("5 → 2 borrow for the fair"))
    await page.get_by_label("SKU, empty for each article").fill("NO-SUCH")
    await page.get_by_label("Why").fill("x")
    await page.get_by_role("button", name="Set the buffer").click()
    await expect(page.get_by_role("alert")).to_contain_text("the article or the site is not there")


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, False), ("en", 1280, True), ("zh-CN", 360, True), ("zh-CN", 1280, False)]
)
async def test_they_fit_speak_one_language_and_are_accessible(
    open_page: OpenPage, office: Site, language: str, width: int, dark: bool
) -> None:
    mei = (await db.fetch("SELECT id FROM person WHERE name = 'Mei'"))[0]["id"]
    await people.change_person(mei, name="Mei", language=Language(language))
    number = await recall("L2311", "MILK-1L", reason="glass in the bottle")
    await add_channel("web", name_en="Web shop", name_zh="网店")
    await set_buffer("web", 3, reason="weekend")
    watched = await open_page(language, width, dark=dark)
    page = watched.page
    await page.goto(f"{office.address}/recalls")
    await log_in(page)
    await expect(page.locator("#live")).to_contain_text("L2311")
    for path in ("/recalls", f"/recalls/{number}", "/recalls?q=nothing", "/channels"):
        await page.goto(office.address + path)
        text = (await page.inner_text("main")).replace("网店", "")
        assert ("Recall" in text or "Channel" in text) is (language == "en"), path
        if path != "/channels":
            await looked_at(page, language, path)
    assert watched.complaints == []
