"""Sourcing and shipping in a real browser: why an order comes from where it does, carriers added, labels settled."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from controller import db
from controller.config import parse_config
from controller.customers.order_addresses import set_address
from controller.fulfilment.operations import release
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.people import operations as people
from controller.people.policies import Grant
from controller.shipping.carriers import Kind, Offer, StoredCarrier, set_carrier, set_offer
from controller.shipping.choosing import Service
from controller.shipping.labels import work_once
from controller.shipping.shipments import make_shipment
from controller.sourcing import changing
from controller.sourcing.plans import Point, Rate
from edge_agent.ui.locales import Language
from edge_agent.wire.roles import Role
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import BrowserShop
from tests.browser.test_people import log_in, looked_at
from tests.controller.customers.keys import open_test_keys
from tests.controller.people.browser import PASSWORD
from tests.controller.shipping.desk import ADDRESS, QuickApis
from tests.controller.shipping.stand_in import stand_in
from tests.controller.sourcing.chain import Chain
from tests.databases import copied


@pytest_asyncio.fixture(loop_scope="session")
async def office(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """The pages with a log-in; Mei manages the whole chain; a parcel waits of which nobody knows whether it has a label."""
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = BrowserShop()
    await shop.open()
    mei = await people.add_person("Mei", roles=[Grant(Role.MANAGER)])
    await people.set_password(mei, await people.password_verifier(mei, PASSWORD))
    site = Site(shop, parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test"))
    await site.start()
    await _sent(tmp_path)
    yield site
    await site.stop()
    await db.close()


async def _sent(folder: Path) -> None:
    await open_test_keys()
    chain = await Chain.open("north", "south")
    await chain.stock("TEA", north=9, south=9)
    await changing.set_site("north", point=Point(39_904_200, 116_407_400), capacity=50, reason="opened")
    await changing.set_site("south", point=Point(31_230_400, 121_473_700), capacity=None, reason="opened")
    await changing.set_area("CN-31", zone="east", point=Point(31_230_400, 121_473_700), reason="areas")
    await changing.set_rate("", "east", Rate(900, 200), reason="contract")
    line = NewLine(sku="TEA", quantity=2, unit_price_minor=4500)
    no = await place(NewOrder(channel="web", reference="W-1", currency="CNY", lines=[line], region="CN-31"))
    await set_address(ORDERS.row_id(no), ADDRESS)
    async with stand_in() as carrier:
        one = StoredCarrier(code="fast", name_en="Fast", name_zh="Fast", kind=Kind.HTTP, address=carrier.address)
        await set_carrier(one, reason="contract")
        service = Service(carrier="fast", code="standard", first_minor=1200, days=2)
        await set_offer(Offer(service=service, name_en="Standard", name_zh="Standard"), reason="contract")
        await _packed(no)
        carrier.fault = "break"
        while await work_once(QuickApis(folder)):
            pass


async def _packed(no: str) -> None:
    """As review, the packing room and the follower leave it."""
    await db.execute("DELETE FROM order_flag")
    await db.execute("UPDATE sales_order SET state = 'approved'")
    await release(no)
    await db.execute("UPDATE pick_line SET picked = quantity")
    await db.execute("UPDATE pick_list SET state = 'packed'")
    await db.execute(
        "INSERT INTO parcel (pick_list_id, site, box, state, grams, weight_mismatch, label_copies, packed_at) "
        "SELECT id, site, 'b1', 'packed', '850', ?, 0, ? FROM pick_list",
        *(False, db.now()),
    )
    row = (await db.fetch("SELECT p.id, p.pick_list_id FROM parcel p ORDER BY p.id DESC LIMIT 1"))[0]
    await make_shipment(f"PC-{100_000 + row['id']}", row["pick_list_id"], no, Decimal(850))


async def newest_order() -> str:
    return ORDERS.number((await db.fetch("SELECT order_id FROM shipment"))[0]["order_id"])


async def test_why_it_comes_from_there_and_a_move_with_its_reason(open_page: OpenPage, office: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{office.address}/orders/{await newest_order()}/sourcing")
    await log_in(page)
    main = page.locator("main")
    await expect(main).to_contain_text("From south for")
    await expect(main).to_contain_text("Else it had come from north for")
    await page.get_by_label("Why", exact=True).fill("they ask for it")
    await page.get_by_role("button", name="Send it from there").click()
    await expect(page.get_by_role("alert")).to_contain_text("it is packed")
    await page.get_by_label("Reason", exact=True).fill("is it nearer now?")
    await page.get_by_role("button", name="Source it again").click()
    await expect(page.get_by_role("alert")).to_contain_text("Take it back from picking first")
    await expect(page.get_by_label("Reason", exact=True)).to_have_value("is it nearer now?")


async def test_a_carrier_is_added_and_a_label_settled(open_page: OpenPage, office: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{office.address}/carriers")
    await log_in(page)
    card = page.locator("section", has=page.get_by_role("heading", name="Add or change a carrier"))
    for label, text in (("Code", "bike"), ("Name in English", "Bike"), ("Name in Chinese", "单车"), ("Why", "short ways")):
        await card.get_by_label(label, exact=True).fill(text)
    await card.get_by_role("button", name="Save the carrier").click()
    await expect(page.get_by_role("status").filter(has_text="Changed.")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("bike")
    await page.goto(f"{office.address}/shipments")
    await page.get_by_role("link", name="SH-100001").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Shipment SH-100001")
    await page.get_by_label("Tracking number, empty if no label was bought").fill("TN12345")
    await page.get_by_label("How you know").fill("they told me")
    await page.get_by_role("button", name="Settle it").click()
    await expect(page.get_by_role("status").filter(has_text="Done.")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("TN12345")
    await page.goto(f"{office.address}/manifests")
    await expect(page.locator("main")).to_contain_text("fast")


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, False), ("en", 1280, True), ("zh-CN", 360, True), ("zh-CN", 1280, False)]
)
async def test_they_fit_speak_one_language_and_are_accessible(
    open_page: OpenPage, office: Site, language: str, width: int, dark: bool
) -> None:
    mei = (await db.fetch("SELECT id FROM person WHERE name = 'Mei'"))[0]["id"]
    await people.change_person(mei, name="Mei", language=Language(language))
    order = await newest_order()
    watched = await open_page(language, width, dark=dark)
    page = watched.page
    await page.goto(f"{office.address}/sourcing")
    await log_in(page)
    await expect(page.locator("form.filters")).to_be_visible()
    for path in ("/sourcing", "/shipments", "/shipments/SH-100001", "/manifests", "/carriers", f"/orders/{order}/sourcing"):
        await page.goto(office.address + path)
        await expect(page.locator("h1")).to_be_visible()
        if folder := os.environ.get("SCREENSHOTS"):
            await page.screenshot(path=f"{folder}/{path.strip('/').replace('/', '-')}-{language}-{width}.png", full_page=True)
        await looked_at(page, language, path)
    assert watched.complaints == []
