"""Pages show people of some sites only these: in lists, in searches, in what is sent live, in what a form can reach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec import structs

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.ingest import ingest
from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.sites.operations import create_bin, create_site
from edge_agent.wire.facts import Scan
from edge_agent.wire.messages import Symbol
from edge_agent.wire.roles import Role
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import form_of, logged_in
from tests.databases import copied

THEIRS = ("SO-100001", "W-20261121-0007", "counter-1", "2012345678900-UNKNOWN", "sh-01")
"""What of the shop at sh-01 would show that somebody saw it."""
PATHS = ("/", "/stock", "/stock?q=milk", "/orders", "/orders?q=W-2026", "/prints", "/unknown-barcodes", "/admin/people")


@pytest.fixture
async def shop(schema_file: Path, tmp_path: Path) -> AsyncIterator[BrowserShop]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    shop = BrowserShop()
    await shop.open()
    await create_site("sh-02", name="Huaihai Road")
    await create_bin("sh-02", "B-01")
    await shop.busy_day()
    yield shop
    await db.close()


@pytest.fixture
async def client(shop: BrowserShop, tmp_path: Path) -> AsyncIterator[TestClient]:
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        yield client


async def seen(client: TestClient, path: str) -> list[str]:
    answer = await client.get(path)
    assert answer.status == 200, path
    main = (await answer.text()).partition("<main")[2]
    return [one for one in THEIRS if one in main]


async def test_a_manager_sees_the_own_site_and_nothing_of_another(client: TestClient) -> None:
    (await logged_in("There", Grant(Role.MANAGER, "sh-02"))).at(client)
    assert [(path, found) for path in PATHS[:-1] if (found := await seen(client, path))] == []
    (await logged_in("Here", Grant(Role.MANAGER, "sh-01"))).at(client)
    assert [path for path in PATHS[:-1] if not await seen(client, path)] == []


async def test_what_is_sent_live_is_of_the_own_site(client: TestClient, shop: BrowserShop) -> None:
    async def first_news(name: str, site: str) -> str:
        (await logged_in(name, Grant(Role.MANAGER, site))).at(client)
        stream = await client.get("/events")
        text = ""
        await shop.happens(Scan(symbol=Symbol(text=f"SCANNED-FOR-{name}")))
        async with asyncio.timeout(10):
            while "region-scans" not in text:
                text += (await stream.content.readline()).decode()
        stream.close()
        return text

    assert "SCANNED-FOR-Here" in await first_news("Here", "sh-01")
    there = await first_news("There", "sh-02")
    assert not [one for one in THEIRS if one in there]


async def test_a_form_reaches_nothing_of_another_site(client: TestClient) -> None:
    job = (await db.fetch("SELECT id FROM print_job LIMIT 1"))[0]["id"]
    (await logged_in("There", Grant(Role.ADMIN, "sh-02"))).at(client)
    form = await form_of(client, "/me")
    for path, fields in (
        ("/orders/SO-100001/release", {}),
        ("/orders/SO-100001/cancel", {"reason": "mine"}),
        (f"/prints/{job}/cancel", {}),
        (f"/prints/{job}/resolution", {"outcome": "printed"}),
    ):
        answer = await client.post(path, data={**form, "key": path, **fields}, allow_redirects=False)
        assert answer.status == 404, path
    link = {"code": "2012345678900-UNKNOWN-CODE-OF-A-SUPPLIER", "sku": "MILK-1L", "key": "l"}
    assert (await client.post("/unknown-barcodes", data={**form, **link}, allow_redirects=False)).status == 422
    assert await db.fetch("SELECT 1 FROM barcode WHERE site_id IS NOT NULL") == []


async def test_who_may_different_things_at_two_sites_may_them_there_only(client: TestClient) -> None:
    (await logged_in("Both", Grant(Role.FLOOR, "sh-01"), Grant(Role.MANAGER, "sh-02"))).at(client)
    assert "sh-01" in await seen(client, "/stock")
    assert await seen(client, "/orders") == []
    assert (await client.get("/orders/SO-100001")).status == 404


async def test_facts_and_events_name_the_person(client: TestClient, shop: BrowserShop) -> None:
    boss = (await logged_in("Boss", Grant(Role.ADMIN))).at(client)
    mei = await add_person("Mei Lin", roles=[Grant(Role.FLOOR, "sh-01")])
    for person in (mei, "p-000000000000"):
        said = structs.replace(shop.wire.envelope(Scan(symbol=Symbol(text=f"BY-{person}"))), person=person)
        await ingest([shop.wire.message(said)])
    form = await form_of(client, "/me")
    await client.post("/orders/SO-100001/release", data={**form, "key": "r"})
    page = await (await client.get("/")).text()
    assert "Mei Lin" in page
    assert "unknown person p-000000000000" in page
    assert "Boss" in (await (await client.get("/orders/SO-100001")).text()).partition('id="h-history"')[2]
    assert boss.id not in (await (await client.get("/orders/SO-100001")).text())
