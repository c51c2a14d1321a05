"""Taxes, accounts and marketplaces on pages, on each engine: every form done, refused with what was typed, and by whom not."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from controller import db
from controller.catalog.operations import NewSku, create_sku
from controller.customers.numbers import CUSTOMERS
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from controller.intake import marketplaces, signing
from controller.payments import accounts
from controller.people.policies import Grant
from controller.sites.operations import create_site
from controller.taxes import listing, stored
from edge_agent.wire.roles import Role
from tests.controller.customers.keys import open_test_keys
from tests.controller.people.browser import Somebody, logged_in
from tests.controller.web.test_forms import client_of, form, press, shown

REGION = {"region": "CN", "name": "China", "inclusive": "yes", "level": "line", "mode": "half_up", "step": "1"}
RATE = {"region": "CN", "code": "vat", "percent": "13", "from": "2026-01-01", "name": "VAT"}
ACCOUNT = "/customer-accounts/CU-100001/CNY"
MARKET = {"channel": "tmall", "url": "https://market.example/api", "sealed_token": "s3cret-token", "every": "60"}
_keys = itertools.count()


@pytest.fixture
async def client(database: str, tmp_path: Path) -> AsyncIterator[TestClient]:
    await open_test_keys()
    await create_site("s1", name="Shop 1", time_zone="UTC")
    await create_sku(NewSku(code="tea", name_en="Tea", name_zh="茶"))
    assert await add_customer(Profile(name="Zhang San", phone="13800138000")) == CUSTOMERS.row_id("CU-100001")
    async with client_of(tmp_path, open_pages=False) as client:
        yield client


@pytest.fixture
async def finance(client: TestClient) -> Somebody:
    """Of the whole chain; their browser is the client's."""
    return (await logged_in("Fin", Grant(Role.FINANCE))).at(client)


@pytest.fixture
async def manager(client: TestClient) -> Somebody:
    return (await logged_in("Mei", Grant(Role.MANAGER))).at(client)


async def send(client: TestClient, who: Somebody, path: str, **fields: str) -> tuple[int, str]:
    return await press(client, path, {**who.form, "key": f"k{next(_keys)}", **fields})


async def test_a_region_is_set_and_what_cannot_be_is_refused(client: TestClient, finance: Somebody) -> None:
    assert "No tax region yet" in await shown(client, "/taxes")
    assert await send(client, finance, "/taxes/regions", **REGION) == (303, "/taxes?show=rates&region=CN&done=region")
    (region,) = await stored.regions(limit=9)
    assert (region.code, region.is_inclusive, region.step) == ("CN", True, 1)
    for wrong in ({"level": "moon"}, {"mode": "up"}, {"step": "x"}, {"region": "C N"}, {"parent": "nowhere"}, {"parent": "CN"}):
        status, page = await send(client, finance, "/taxes/regions", **{**REGION, "name": "Typed before", **wrong})
        assert (status, "Nothing was changed" in page, 'value="Typed before"' in page) == (422, True, True), wrong
    assert await stored.regions(limit=9) == [region]


async def test_the_form_of_a_region_begins_with_what_it_is(client: TestClient, finance: Somebody) -> None:
    kept = {**REGION, "name": "Mainland", "inclusive": "no", "step": "5"}
    await send(client, finance, "/taxes/regions", **kept)
    page = await shown(client, "/taxes?region=CN")
    form = page[page.index('action="/taxes/regions"') :]
    assert all(part in form for part in ('name="region" required maxlength="40" value="CN"', 'value="Mainland"', 'value="5"'))
    assert 'value="no" selected' in form


async def test_a_rate_holds_from_a_day_and_ends_on_one(client: TestClient, finance: Somebody) -> None:
    await send(client, finance, "/taxes/regions", **REGION)
    assert await send(client, finance, "/taxes/rates", **RATE) == (303, "/taxes?show=rates&region=CN&done=rate")
    (rate,) = await stored.rates("CN")
    assert (rate.effective_from, rate.until) == (datetime(2026, 1, 1, tzinfo=UTC), None)
    for wrong in (
        {"percent": "thirteen"},
        {"percent": "-1"},
        {"from": "soon"},
        {"until": "2025-01-01"},
        {"rank": "x"},
        {"region": "DE"},
    ):
        status, page = await send(client, finance, "/taxes/rates", **{**RATE, "code": "other", **wrong})
        assert (status, "Nothing was changed" in page) == (422, True), wrong
    bounded = {**RATE, "until": "2027-01-01"}
    assert (await send(client, finance, "/taxes/rates", **{**bounded, "code": "levy"}))[0] == 303
    status, page = await send(client, finance, "/taxes/rates", **{**bounded, "code": "levy", "from": "2026-06-01"})
    assert (status, "said differently for a part of that time" in page) == (409, True)
    action, fields = await form(client, "/taxes?region=CN", f"/{rate.id}/end")
    for until, status in (("never", 422), ("2020-01-01", 422)):
        assert (await press(client, action, {**fields, "until": until, "key": f"k{next(_keys)}"}))[0] == status
    assert await press(client, action, {**fields, "until": "2026-02-01"}) == (303, "/taxes?show=rates&region=CN&done=ended")
    ended = next(each for each in await stored.rates("CN") if each.id == rate.id)
    assert ended.until == datetime(2026, 2, 1, tzinfo=UTC)
    assert (await send(client, finance, "/taxes/rates/999999/end", until="2026-02-01"))[0] == 422


async def test_sites_classes_and_exemptions_are_said(client: TestClient, finance: Somebody) -> None:
    await send(client, finance, "/taxes/regions", **REGION)
    exempt = {"customer": "cu-100001", "certificate": "EX-1", "region": "CN", "from": "2026-01-01"}
    done = (
        ("sites", {"site": "s1", "region": "CN"}, "/taxes?show=sites&region=CN&done=site"),
        ("classes", {"sku": "tea", "class": "food"}, "/taxes?show=classes&done=class"),
        ("exemptions", exempt, "/taxes?show=exempt&region=CN&done=exempt"),
    )
    for path, fields, leads in done:
        assert await send(client, finance, f"/taxes/{path}", **fields) == (303, leads)
    assert await listing.regions_of(["s1"]) == {"s1": "CN"}
    assert [row.tax_class for row in await listing.sku_classes(after=0, limit=9)] == ["food"]
    assert [row.certificate for row in await listing.exemptions(before=None, limit=9)] == ["EX-1"]
    for show, text in (("sites", "CN"), ("classes", "food"), ("exempt", "EX-1"), ("history", "Fin")):
        assert text in await shown(client, f"/taxes?show={show}&region=CN"), show
    refused: tuple[tuple[str, dict[str, str]], ...] = (
        ("sites", {"site": "nowhere", "region": "CN"}),
        ("sites", {"site": "s1", "region": "nowhere"}),
        ("classes", {"sku": "coffee", "class": "food"}),
        ("classes", {"sku": "tea", "class": "f o o d"}),
        ("exemptions", {**exempt, "customer": "CU-999999"}),
        ("exemptions", {**exempt, "certificate": ""}),
        ("exemptions", {**exempt, "from": "2026-13-01"}),
        ("exemptions", {**exempt, "until": "2025-01-01"}),
    )
    for path, fields in refused:
        status, page = await send(client, finance, f"/taxes/{path}", **fields)
        assert (status, "Nothing was changed" in page) == (422, True), (path, fields)
        assert f'action="/taxes/{path}"' in page, f"{path}: its form is shown again"
        kept = fields.get("sku", fields.get("customer", ""))
        assert not kept or f'value="{kept}"' in page, (path, fields)


async def test_an_account_is_opened_paid_in_and_its_limit_changed(client: TestClient, manager: Somebody) -> None:
    assert "Nobody buys on account yet." in await shown(client, "/customer-accounts")
    new = {"customer": "cu-100001", "currency": "cny", "limit": "500.00"}
    for wrong in ({"customer": "CU-999999"}, {"customer": "x"}, {"currency": "yuan"}, {"limit": "much"}, {"limit": "-1"}):
        status, page = await send(client, manager, "/customer-accounts", **{**new, **wrong})
        assert (status, "Nothing was" in page, f'value="{wrong.get("limit", "500.00")}"' in page) == (422, True, True), wrong
    assert await send(client, manager, "/customer-accounts", **new) == (303, f"{ACCOUNT}?done=limit")
    customer = CUSTOMERS.row_id("CU-100001")
    await accounts.charge(customer, "CNY", 120_00, document="SO-100001")
    paid = {"amount": "20.00", "reference": "bank 7"}
    for wrong in ({"amount": "0"}, {"amount": "x"}, {"amount": "1.234"}, {"reference": ""}):
        status, page = await send(client, manager, f"{ACCOUNT}/pay", **{**paid, **wrong})
        assert (status, 'role="alert"' in page) == (422, True), wrong
    assert await send(client, manager, f"{ACCOUNT}/pay", **paid) == (303, f"{ACCOUNT}?done=paid")
    assert await send(client, manager, f"{ACCOUNT}/pay", **paid) == (303, f"{ACCOUNT}?done=known")
    assert (await send(client, manager, f"{ACCOUNT}/limit", limit="x"))[0] == 422
    assert await send(client, manager, f"{ACCOUNT}/limit", limit="50") == (303, f"{ACCOUNT}?done=limit")
    stored_account = await accounts.account(customer, "CNY")
    assert (stored_account.owed_minor, stored_account.limit_minor) == (100_00, 50_00)
    assert "Above the limit" in await shown(client, "/customer-accounts?show=owing")
    assert "Nothing matches." in await shown(client, "/customer-accounts?customer=CU-999999")
    for path, status in ((f"{ACCOUNT}/statement.csv?from=2026-01-01&to=2199-01-01", 200), ("/customer-accounts/CU-9/EUR", 404)):
        assert (await client.get(path)).status == status


async def test_a_marketplace_is_kept_asked_and_stopped(client: TestClient, manager: Somebody) -> None:
    assert "No marketplace is asked yet." in await shown(client, "/marketplaces")
    for wrong in (
        {"url": "ftp://market.example/api"},
        {"url": "https://market.example/"},
        {"every": "5"},
        {"every": "x"},
        {"channel": "T mall"},
    ):
        status, page = await send(client, manager, "/marketplaces/channels", **{**MARKET, **wrong})
        assert (status, "Nothing was changed" in page, "s3cret-token" in page) == (422, True, False), wrong
    assert (await send(client, manager, "/marketplaces/channels", **{**MARKET, "sealed_token": ""}))[0] == 422, (
        "a new one needs its token"
    )
    assert await send(client, manager, "/marketplaces/channels", **MARKET) == (303, "/marketplaces?done=kept")
    assert (await send(client, manager, "/marketplaces/channels", **{**MARKET, "sealed_token": "", "every": "90"}))[0] == 303
    (market,) = await marketplaces.marketplaces()
    assert (market.every_seconds, market.is_active) == (90, True)
    for path, done, active in (("stop", "stopped", False), ("poll", "asked", True)):
        assert await send(client, manager, f"/marketplaces/{path}", channel="tmall") == (303, f"/marketplaces?done={done}")
        assert (await marketplaces.marketplaces())[0].is_active is active
        assert (await send(client, manager, f"/marketplaces/{path}", channel="nobody"))[0] == 422
    assert "s3cret-token" not in await shown(client, "/marketplaces")
    rows = await db.fetch("SELECT * FROM intake_marketplace")
    assert not [value for value in rows[0].values() if "s3cret-token" in str(value)]


async def test_a_secret_is_made_and_the_old_ones_ended(client: TestClient, manager: Somebody) -> None:
    action, fields = await form(client, "/marketplaces", "/secrets")
    status, page = await press(client, action, {**fields, "channel": "douyin"})
    secret = page.partition('<code id="secret">')[2].partition("<")[0]
    assert (status, len(secret) > 30) == (200, True)
    assert await press(client, action, {**fields, "channel": "douyin"}) == (303, "/marketplaces?done=made"), "made once, shown once"
    assert (await send(client, manager, "/marketplaces/secrets", channel="douyin"))[0] == 200
    assert [row.secrets for row in await signing.secrets_held()] == [2]
    assert await send(client, manager, "/marketplaces/secrets/end-old", channel="douyin") == (303, "/marketplaces?done=ended")
    assert [row.secrets for row in await signing.secrets_held()] == [1]
    assert secret not in await shown(client, "/marketplaces")
    for path in ("secrets", "secrets/end-old"):
        status, page = await send(client, manager, f"/marketplaces/{path}", channel="Not a channel")
        assert (status, "Nothing was changed" in page) == (422, True), path


async def test_who_may_not_is_refused_and_nothing_changes(client: TestClient) -> None:
    """Of one site; of the chain, but another role; and a form of no session of theirs."""
    here, picker, manager = (
        await logged_in("Fin of s1", Grant(Role.FINANCE, "s1")),
        await logged_in("Pia", Grant(Role.PICKER)),
        await logged_in("Mei", Grant(Role.MANAGER)),
    )
    tried: tuple[tuple[str, dict[str, str], tuple[Somebody, ...]], ...] = (
        ("/taxes/regions", REGION, (here, picker, manager)),
        ("/taxes/rates", RATE, (here, picker, manager)),
        ("/taxes/sites", {"site": "s1", "region": "CN"}, (here, picker, manager)),
        ("/taxes/classes", {"sku": "tea", "class": "food"}, (here, picker, manager)),
        ("/taxes/exemptions", {"customer": "CU-100001", "certificate": "E", "from": "2026-01-01"}, (here, picker, manager)),
        ("/customer-accounts", {"customer": "CU-100001", "currency": "CNY", "limit": "1"}, (here, picker)),
        ("/marketplaces/channels", MARKET, (here, picker)),
        ("/marketplaces/secrets", {"channel": "tmall"}, (here, picker)),
    )
    for path, fields, people in tried:
        for who in people:
            status, _ = await press(client, path, {**who.form, **fields, "key": f"k{next(_keys)}"}, **who.cookie)
            assert status == 403, (path, who)
        for token in ({}, picker.form):
            assert (await press(client, path, {**token, **fields}, **manager.cookie))[0] == 403, path
    assert (await stored.regions(limit=9), await accounts.accounts(limit=9), await marketplaces.marketplaces()) == ([], [], [])
    assert await signing.secrets_held() == []
    for path in ("/customer-accounts", "/marketplaces"):
        assert (await client.get(path, headers=here.cookie)).status == 403, path
