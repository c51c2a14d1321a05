"""Tasks in a real browser: claimed, given back, done and dropped, by two people at once, narrow and wide, in both languages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from controller import db
from controller.config import parse_config
from controller.events import acting
from controller.people import operations as people
from controller.people.policies import Grant
from controller.tasks.operations import claim, open_task
from edge_agent.ui.locales import Language
from edge_agent.wire.roles import Role
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import BrowserShop
from tests.browser.test_people import log_in, looked_at
from tests.controller.people.browser import PASSWORD
from tests.databases import copied


@pytest_asyncio.fixture(loop_scope="session")
async def office(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """The pages with a log-in; Mei is a manager, Pia a picker."""
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = BrowserShop()
    await shop.open()
    for name, role in (("Mei", Role.MANAGER), ("Pia", Role.PICKER)):
        person = await people.add_person(name, roles=[Grant(role, "sh-01")])
        await people.set_password(person, await people.password_verifier(person, PASSWORD))
    site = Site(shop, parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test"))
    await site.start()
    yield site
    await site.stop()
    await db.close()


async def some_tasks() -> int:
    count = {"bin": "A-01", "sku": "MILK-1L", "missing": 3}
    task = await open_task("count_needed", site="sh-01", key="count:a", subject="A-01", arguments=count)
    short = {"order": "SO-100001", "sku": "TEA-500", "quantity": 2}
    await open_task("stock_short", site="sh-01", key="short:1", subject="SO-100001", arguments=short)
    await open_task("unknown_barcode", site="sh-01", key="barcode:9", subject="99", arguments={"text": "99", "box": "counter-1"})
    return task


async def as_person(open_page: OpenPage, office: Site, name: str, **look: object) -> Page:
    page = (await open_page(**look)).page  # type: ignore[arg-type]  # language and width of a page
    await page.goto(f"{office.address}/tasks")
    await log_in(page, name)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


async def test_of_two_people_one_gets_a_task_and_the_other_is_told_who(open_page: OpenPage, office: Site) -> None:
    await some_tasks()
    mei = await as_person(open_page, office, "Mei")
    pia = await as_person(open_page, office, "Pia")
    claims = mei.get_by_role("button", name="Claim task: Promise that cannot be kept SO-100001")
    late = pia.get_by_role("button", name="Claim task: Promise that cannot be kept SO-100001")
    await late.hover()
    await pia.evaluate("window.stop(); document.querySelector('#live').removeAttribute('id')")  # what she sees is older
    await claims.click()
    await expect(mei.get_by_role("status").filter(has_text="It is yours")).to_be_visible()
    await late.click()
    await expect(pia.get_by_role("alert")).to_contain_text("Mei has claimed this task meanwhile")
    assert await pia.get_by_role("button", name=re.compile("Drop task")).count() == 0, "a picker drops none"
    await mei.get_by_role("button", name=re.compile("^It is done: Promise")).click()
    await expect(mei.get_by_role("status").filter(has_text="Done, and off the list")).to_be_visible()
    await expect(mei.locator("#live")).not_to_contain_text("SO-100001")


async def test_a_manager_gives_back_what_another_claimed_and_drops_with_a_reason(open_page: OpenPage, office: Site) -> None:
    task = await some_tasks()
    with acting("person:somebody"):
        await claim(task)
    mei = await as_person(open_page, office, "Mei")
    await mei.get_by_role("button", name="Give back: Count a bin A-01").click()
    await expect(mei.get_by_role("button", name="Claim task: Count a bin A-01")).to_be_visible()
    await mei.get_by_label("Drop task: Count a bin A-01").click()
    await mei.locator("details[open]").get_by_label("Why it will not be done").fill("the bin is gone")
    await mei.locator("details[open]").get_by_role("button", name="Drop task").click()
    await expect(mei.get_by_role("status").filter(has_text="Dropped")).to_be_visible()
    await mei.get_by_label("Show").select_option("dropped")
    await mei.get_by_role("button", name="Search", exact=True).click()
    await expect(mei.locator("#live")).to_contain_text("the bin is gone")


async def test_a_new_task_shows_by_itself_and_leads_to_what_it_is_about(open_page: OpenPage, office: Site) -> None:
    mei = await as_person(open_page, office, "Mei")
    await expect(mei.locator("#live")).to_contain_text("Nothing needs a person.")
    await some_tasks()
    await expect(mei.locator("#live .ask")).to_have_count(3)
    assert "Promise" in await mei.locator("#live .ask").first.inner_text(), "the worst first"
    await mei.locator(".ask", has_text="Unknown barcode").get_by_role("link", name="Look at it").click()
    await expect(mei).to_have_url(re.compile("/unknown-barcodes"))


async def test_tasks_work_without_scripts(open_page: OpenPage, office: Site) -> None:
    await some_tasks()
    page = await as_person(open_page, office, "Pia", script=False)
    await page.get_by_role("button", name="Claim task: Count a bin A-01").click()
    await expect(page.locator("main")).to_contain_text("claimed by you")


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, False), ("en", 1280, True), ("zh-CN", 360, True), ("zh-CN", 1280, False)]
)
async def test_tasks_fit_speak_one_language_and_are_accessible(
    open_page: OpenPage, office: Site, language: str, width: int, dark: bool
) -> None:
    await some_tasks()
    mei = (await db.fetch("SELECT id FROM person WHERE name = 'Mei'"))[0]["id"]
    await people.change_person(mei, name="Mei", language=Language(language))
    watched = await open_page(language, width, dark=dark)
    page = watched.page
    await page.goto(f"{office.address}/tasks")
    await log_in(page, "Mei")
    await expect(page.locator("#live .ask")).to_have_count(3)
    for path in ("/tasks", "/tasks?state=done", "/tasks?kind=count_needed&done=claimed"):
        await page.goto(office.address + path)
        await looked_at(page, language, path)
    assert watched.complaints == []
