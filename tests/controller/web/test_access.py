"""Who may see pages, and which forms are taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.http import auth
from controller.http.routing import Permission
from controller.people.sessions import form_token
from tests.databases import copied


@pytest.fixture
async def database(schema_file: Path, tmp_path: Path) -> AsyncIterator[None]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    yield
    await db.close()


async def client_of(tmp_path: Path, **http: object) -> TestClient:
    config = parse_config({"data": str(tmp_path), "http": http}, {}, "test")
    return TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1"))


async def test_open_pages_are_for_this_machine_s_own_names(database: None, tmp_path: Path) -> None:
    async with await client_of(tmp_path, names=["shop.example"]) as client:
        for host, status in (
            ("127.0.0.1:8080", 200),
            ("localhost", 200),
            ("[::1]:80", 200),
            ("shop.example", 200),
            ("evil.example", 421),
        ):
            response = await client.get("/stock", headers={"Host": host})
            assert response.status == status, host


async def test_closed_pages_lead_to_the_log_in(database: None, tmp_path: Path) -> None:
    await auth.create_token("office", list(Permission), token="sw_office")
    async with await client_of(tmp_path, open_pages=False) as client:
        page = await client.get("/stock?q=tea", headers={"Accept": "text/html"}, allow_redirects=False)
        assert (page.status, page.headers["Location"]) == (303, "/login?next=%2Fstock%3Fq%3Dtea")
        assert (await client.get("/events")).status == 401
        for scheme in ("Basic bWU6c3dfb2ZmaWNl", "Bearer sw_office"):
            answer = await client.get("/stock", headers={"Authorization": scheme, "Accept": "text/html"}, allow_redirects=False)
            assert answer.status == 303, "a machine's token opens no page"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": form_token("mine")}, 422),
        ({"X-CSRF-Token": form_token("mine")}, 422),
        ({"X-CSRF-Token": form_token("another's")}, 403),
        ({}, 403),
    ],
)
async def test_a_form_of_another_site_is_refused(database: None, tmp_path: Path, headers: dict[str, str], status: int) -> None:
    form = {"code": "1", "sku": "none", "units": "1", "key": "k"}
    async with await client_of(tmp_path) as client:
        cookie = {"Cookie": "shelfwire=mine"}
        assert (await client.post("/unknown-barcodes", data=form, headers=headers | cookie)).status == status


@pytest.mark.parametrize(
    "query", ["after=x", "per=x", "per=9999999999999999999", "after=%00", "q=%00%ff", "state=%F0%9F%98%80", "lang=xx"]
)
@pytest.mark.parametrize("path", ["/stock", "/orders", "/prints", "/unknown-barcodes"])
async def test_odd_addresses_are_never_our_fault(database: None, tmp_path: Path, path: str, query: str) -> None:
    async with await client_of(tmp_path) as client:
        assert (await client.get(f"{path}?{query}")).status in (200, 400)


async def test_assets_keep_for_ever_under_their_version(database: None, tmp_path: Path) -> None:
    async with await client_of(tmp_path) as client:
        page = await (await client.get("/stock")).text()
        address = page.split('href="/static/app.css', 1)[1].split('"')[0]
        response = await client.get(f"/static/app.css{address}")
        assert "immutable" in response.headers["Cache-Control"]
        assert (await client.get("/static/app.css")).headers["Cache-Control"] == "no-cache"
        assert (await client.get("/static/../config.py")).status == 404
