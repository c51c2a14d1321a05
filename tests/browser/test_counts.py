"""Counts in a real browser: planned, followed, reviewed by two people at once; narrow and wide, in both languages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from controller import db
from controller.config import parse_config
from controller.counts.facts import apply_counted
from controller.counts.limits import set_policy
from controller.counts.planning import Plan, plan
from controller.counts.policies import Policy
from controller.counts.states import SessionKind
from controller.facts import FactIn
from controller.people import operations as people
from controller.people.policies import Grant
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin
from controller.sites.queries import bins, special
from controller.stock.operations import Move, Reason, move
from edge_agent.ui.locales import Language
from edge_agent.wire.facts import Counted, CountLine
from edge_agent.wire.messages import Symbol
from edge_agent.wire.roles import Role
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import GOODS, BrowserShop
from tests.browser.test_people import log_in, looked_at
from tests.controller.people.browser import PASSWORD
from tests.databases import copied

FOUND = {"MILK-1L": 9, "TEA-500": 40, "RICE-5KG": 3}
"""Of ten, of twelve and of three that the book has."""


@pytest_asyncio.fixture(loop_scope="session")
async def office(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """The pages with a log-in; Mei and Bo are managers, Wang counts."""
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = BrowserShop()
    await shop.open()
    await create_bin("sh-01", "A-02")
    for name, role in (("Mei", Role.MANAGER), ("Bo", Role.MANAGER), ("Wang", Role.FLOOR)):
        person = await people.add_person(name, roles=[Grant(role, "sh-01")])
        await people.set_password(person, await people.password_verifier(person, PASSWORD))
    await set_policy(Policy(units=0, value_minor=0))
    site = Site(shop, parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test"))
    await site.start()
    yield site
    await site.stop()
    await db.close()


async def person_named(name: str) -> str:
    return str((await db.fetch("SELECT id FROM person WHERE name = ?", name))[0]["id"])


async def some_goods(at: datetime) -> None:
    supplier, place = await special("sh-01", LocationKind.SUPPLIER), (await bins("sh-01", ["A-01"]))["A-01"].id
    skus = {row["code"]: row["id"] for row in await db.fetch("SELECT id, code FROM sku")}
    for code, quantity in {"MILK-1L": 10, "TEA-500": 12, "RICE-5KG": 3}.items():
        await move(
            [
                Move(
                    sku_id=skus[code],
                    from_location_id=supplier,
                    to_location_id=place,
                    quantity=quantity,
                    reason=Reason.RECEIVED,
                    occurred_at=at,
                    document="RC-100001",
                )
            ]
        )


async def counted(number: str, *, unread: bool = True) -> None:
    """Wang counted bin A-01, with a scan that nobody knows."""
    barcodes = {code: barcode for code, _, _, barcode in GOODS}
    now = db.now()
    lines = [CountLine(symbol=Symbol(text=barcodes[code]), gtin=f"0{barcodes[code]}", quantity=n) for code, n in FOUND.items()]
    lines += [CountLine(symbol=Symbol(text="NOBODY-KNOWS"), quantity=2)] if unread else []
    fact = FactIn(
        id=uuid4(),
        box="counter-1",
        site_id="sh-01",
        device="scanner",
        person=await person_named("Wang"),
        data=Counted(bin="A-01", lines=lines, session=number, began=now - timedelta(minutes=4)),
        occurred_at=now,
        told_at=now,
    )
    await db.in_transaction(lambda: apply_counted([fact]))


async def a_count(*codes: str) -> str:
    return await plan(Plan(site="sh-01", kind=SessionKind.CHOSEN, bins=codes or ("A-01",)))


async def as_person(open_page: OpenPage, office: Site, name: str, path: str, **look: object) -> Page:
    page = (await open_page(**look)).page  # type: ignore[arg-type]  # language and width of a page
    await page.goto(f"{office.address}{path}")
    await log_in(page, name)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


async def test_a_count_is_planned_followed_and_cancelled(open_page: OpenPage, office: Site) -> None:
    await some_goods(db.now() - timedelta(days=1))
    page = await as_person(open_page, office, "Mei", "/counts/new")
    await expect(page.get_by_text("A-01")).to_be_visible()  # due: it holds goods and was never counted
    await page.get_by_role("button", name="Plan the count").click()
    await expect(page.locator(".notice")).to_contain_text("Planned")
    await expect(page.get_by_text("0 / 1")).to_be_visible()
    await page.get_by_text("Cancel the count").first.click()
    await page.get_by_label("Why").fill("Planned by mistake")
    await page.get_by_role("button", name="Cancel the count").click()
    await expect(page.get_by_text("Planned by mistake")).to_be_visible()


async def test_two_reviewers_and_the_second_is_told_who_was_quicker(open_page: OpenPage, office: Site) -> None:
    await some_goods(db.now() - timedelta(days=1))
    number = await a_count()
    await counted(number)
    mei = await as_person(open_page, office, "Mei", f"/counts/{number}/review")
    bo = await as_person(open_page, office, "Bo", f"/counts/{number}/review")
    first = mei.get_by_role("row", name=re.compile("Green tea"))
    await expect(first).to_contain_text("+28")
    for page in (mei, bo):
        await page.get_by_label("Decide about MILK-1L in A-01").click()
        form = page.get_by_role("row", name=re.compile("Whole milk"))
        await form.get_by_label("Why").select_option("theft")
    await mei.get_by_role("row", name=re.compile("Whole milk")).get_by_role("button", name="Accept variance").click()
    await expect(mei.get_by_text("Accepted, and booked as of when it was counted.")).to_be_visible()
    await bo.get_by_role("row", name=re.compile("Whole milk")).get_by_role("button", name="Accept variance").click()
    await expect(bo.get_by_role("alert")).to_contain_text(re.compile(r"Mei accepted this at \d\d:\d\d"))
    await mei.get_by_text("Set aside", exact=True).first.click()
    await mei.locator("form[action$='set-aside'] input[name=note]").fill("A customer's bottle")
    await mei.get_by_role("button", name="Set aside").click()
    await expect(mei.get_by_text("nobody waits for this scan")).to_be_visible()


async def test_who_counts_sees_how_far_it_is_and_nothing_of_what_was_expected(open_page: OpenPage, office: Site) -> None:
    await some_goods(db.now() - timedelta(days=1))
    number = await a_count("A-01", "A-02")
    await counted(number, unread=False)
    page = await as_person(open_page, office, "Wang", f"/counts/{number}")
    await expect(page.get_by_text("1 / 2")).to_be_visible()
    await expect(page.get_by_role("link", name=re.compile("difference|came to"))).to_have_count(0)
    answer = await page.goto(f"{office.address}/counts/{number}/review")
    assert answer is not None
    assert answer.status == 403


async def seen(page: Page, name: str, language: Language, width: int) -> None:
    await looked_at(page, language.value, f"{name} at {width}")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("width", [360, 1280])
async def test_pages_of_counts_are_whole_narrow_and_wide(open_page: OpenPage, office: Site, language: Language, width: int) -> None:
    await some_goods(db.now() - timedelta(days=1))
    number = await a_count("A-01", "A-02")
    await counted(number)
    await people.change_person(await person_named("Mei"), name="Mei", language=language)
    page = await as_person(open_page, office, "Mei", "/counts", language=language.value, width=width)
    await seen(page, "counts", language, width)
    for name, path in (("count", f"/counts/{number}"), ("count-new", "/counts/new")):
        await page.goto(f"{office.address}{path}")
        await seen(page, name, language, width)
    await page.goto(f"{office.address}/counts/{number}")
    await page.locator("details.confirm > summary").first.click()
    await page.locator("form[action$='/submit'] button").click()
    await expect(page.locator("[role=status].notice")).to_be_visible()
    await page.goto(f"{office.address}/counts/{number}/review")
    await seen(page, "count-review", language, width)
    await page.locator("tbody a").first.click()
    await expect(page.locator("#h-scans")).to_be_visible()
    await seen(page, "count-row", language, width)
