"""Replenishment, alerts, reports and the opening stock in a real browser: narrow and wide, both languages, both themes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from controller import db
from controller.config import parse_config
from controller.reports import opening
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import BrowserShop
from tests.browser.test_people import looked_at
from tests.controller.replenishment.chain import Chain, proposals, run, supplier
from tests.databases import copied


@pytest_asyncio.fixture(loop_scope="session")
async def office(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    chain = await Chain.open(2)
    for code in ("milk", "tea"):
        sku = await chain.goods(code, s1=10, s2=900)
        await chain.sold(sku, "s1", [10, 12, 9, 11] * 15)
    await supplier("farm", "milk", "tea", pack=6)
    await run("s1", "s2")
    await opening.check(b"site,bin,sku,quantity\ns1,A-1,milk,5\ns1,Z,milk,5\n", "opening.csv")
    site = Site(BrowserShop(), parse_config({"data": str(tmp_path)}, {}, "test"))
    await site.start()
    yield site
    await site.stop()
    await db.close()


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 1280, False), ("zh-CN", 360, True)])
async def test_pages_fit_and_have_no_barriers(open_page: OpenPage, office: Site, language: str, width: int, *, dark: bool) -> None:
    watched = await open_page(language, width, dark=dark)
    proposal = (await proposals())[0]["id"]
    paths = (
        "/replenishment",
        f"/replenishment/proposals/{proposal}",
        "/stock-alerts",
        "/reports",
        "/reports/days_of_supply",
        "/stock/import/1",
    )
    for path in paths:
        await watched.page.goto(f"{office.address}{path}")
        await looked_at(watched.page, language, path)
    assert watched.complaints == []


async def test_a_proposal_is_changed_and_accepted_by_keyboard_alone(open_page: OpenPage, office: Site) -> None:
    page = (await open_page()).page
    proposal = (await proposals())[0]["id"]
    await page.goto(f"{office.address}/replenishment/proposals/{proposal}")
    await page.get_by_role("button", name="Accept proposal").press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Made as drafts")).to_be_visible()
    assert (await proposals(id=proposal))[0]["state"] == "done"
