"""Customers are the whole chain's: what who writes customers at some site may do to any, and what needs more (record 0038)."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.customers.numbers import CUSTOMERS
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from controller.http.auth import create_token
from controller.http.routing import Permission
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.people.policies import Grant
from edge_agent.wire.roles import Role
from tests.controller.http import test_site_scope as scope
from tests.controller.http.roles_table import EXPECTED
from tests.controller.orders_shop import told
from tests.controller.people.browser import Somebody, logged_in
from tests.databases import copied

ids, client = scope.ids, scope.client
ONE = "/api/v1/customers/CU-100001"
PERSON = {"name": "Zhang San", "phone": "13800138000"}
IN_CLEAR = ("Zhang San", "13800138000")
_keys = itertools.count()

FOR_ALL: list[tuple[str, str, Any, int, str | None]] = [
    ("POST", "/api/v1/customers", {"person": {"name": "Li Si", "phone": "13900139000"}}, 201, "customer_added"),
    ("POST", "/api/v1/customers/search", {"q": "13800138000"}, 200, None),
    ("PUT", ONE, {"person": PERSON, "language": "en", "version": 1}, 200, "customer_changed"),
    ("PUT", f"{ONE}/rating", {"grade": "A", "credit": None}, 200, "customer_rated"),
    ("POST", f"{ONE}/notes", {"text": "Rings twice."}, 204, "customer_noted"),
    ("POST", f"{ONE}/apart", {"other": "CU-100002"}, 204, "customers_told_apart"),
    ("POST", f"{ONE}/merge", {"other": "CU-100002", "reason": "same_phone"}, 200, "customers_merged"),
]
"""Done at any site to anybody: masked, and on record with who did it."""

FORMS: list[tuple[str, dict[str, str], int, str | None]] = [
    ("/customers", {"sealed_name": "Li Si", "sealed_phone": "13900139000"}, 303, "customer_added"),
    ("/customers/find", {"sealed_q": "13800138000"}, 200, None),
    ("/customers/{customer}/change", {"sealed_name": "Zhang San", "sealed_phone": "13700137000"}, 303, "customer_changed"),
    ("/customers/{customer}/rate", {"grade": "A"}, 303, "customer_rated"),
    ("/customers/{customer}/notes", {"sealed_text": "Rings twice."}, 303, "customer_noted"),
    ("/customers/{customer}/apart", {}, 303, "customers_told_apart"),
    ("/customers/{customer}/merge", {"reason": "same_phone"}, 303, "customers_merged"),
]
"""The same by the forms of pages."""


@pytest.fixture
def schema_url(schema_file: Path, tmp_path: Path) -> str:
    """One engine: who may what is decided before any SQL."""
    return copied(schema_file, tmp_path / "controller.db")


@pytest.fixture
async def pages(ids: dict[str, str], tmp_path: Path) -> AsyncIterator[TestClient]:
    """The whole application, for people who log in."""
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1"), cookie_jar=DummyCookieJar()) as client:
        yield client


async def send(client: TestClient, method: str, path: str, body: object = None, who: str = "two") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer sw_{who}", "Idempotency-Key": f"k{next(_keys)}"}
    answer = await client.request(method, path, json=body, headers=headers)
    return answer.status, await answer.text()


async def another(client: TestClient) -> None:
    """CU-100002, who shares nothing."""
    status, text = await send(client, "POST", "/api/v1/customers", {"person": {"name": "Wang Wu", "email": "w@example.com"}})
    assert status == 201, text


async def done_by(name: str) -> list[str]:
    return [row["actor"] for row in await db.fetch("SELECT actor FROM event WHERE name = ? ORDER BY id", name)]


async def test_what_whoever_writes_customers_may_do_to_any(client: TestClient) -> None:
    await another(client)
    for method, path, body, status, event in FOR_ALL:
        found, text = await send(client, method, path, body)
        assert found == status, f"{method} {path}: {text}"
        assert not [word for word in IN_CLEAR if word in text], path
        assert event is None or (await done_by(event))[-1] == "token:two"


def test_every_write_that_is_left_out_of_the_proof_of_sites_is_tried_here() -> None:
    tried = {f"{method} {path.replace('CU-100001', '{customer}')}" for method, path, *_ in FOR_ALL}
    assert {name for name in scope.OF_THE_CHAIN if " /api/" in name} == tried


async def test_in_clear_only_for_who_has_to_do_with_them(client: TestClient, ids: dict[str, str]) -> None:
    status, text = await send(client, "POST", f"{ONE}/reveal")
    assert (status, '"no_reason"' in text) == (403, True)
    assert not [word for word in IN_CLEAR if word in text]
    assert await told("personal_data_seen") == 0
    await an_order_at("s2")
    status, text = await send(client, "POST", f"{ONE}/reveal")
    assert (status, all(word in text for word in IN_CLEAR)) == (200, True)
    assert await done_by("personal_data_seen") == ["token:two"]
    assert (await send(client, "POST", f"{ONE}/reveal", who="one"))[0] == 403, "the order is at another site"


async def test_who_added_somebody_may_look(client: TestClient, ids: dict[str, str]) -> None:
    await another(client)
    assert (await send(client, "POST", "/api/v1/customers/CU-100002/reveal"))[0] == 200
    assert (await send(client, "POST", "/api/v1/customers/CU-100002/reveal", who="one"))[0] == 403


@pytest.mark.parametrize("verb", ["export", "erase"])
async def test_what_concerns_all_sites_is_for_who_sees_all(client: TestClient, ids: dict[str, str], verb: str) -> None:
    await an_order_at("s2")
    status, text = await send(client, "POST", f"{ONE}/{verb}")
    assert (status, '"not_permitted"' in text) == (403, True)
    await create_token("all", list(Permission), token="sw_all")
    assert (await send(client, "POST", f"{ONE}/{verb}", who="all"))[0] == 200
    name = {"export": "customer_exported", "erase": "customer_erasure_asked"}[verb]
    assert await done_by(name) == ["token:all"]


async def test_who_may_do_it_by_the_forms_of_pages_does_it_at_any_site_and_nobody_else(pages: TestClient) -> None:
    for number, role in enumerate(Role):
        somebody = await logged_in(f"{role} there", Grant(role, "s2"))
        one = await add_customer(Profile(name="Zhang San", phone=f"1390013800{number}"))
        other = await add_customer(Profile(name="Wang Wu", email=f"w{number}@example.com"))
        for path, fields, status, event in FORMS:
            before = [] if event is None else await done_by(event)
            sent = {**fields, "other": CUSTOMERS.number(other)}
            found, text = await sent_from(pages, path.replace("{customer}", CUSTOMERS.number(one)), sent, somebody)
            may = role in EXPECTED[f"POST {path}"]
            assert (found, '"not_permitted"' in text) == ((status, False) if may else (403, True)), f"{role}: {path}: {text}"
            done = [*before, f"person:{somebody.id}"] if may else before
            assert event is None or await done_by(event) == done, f"{role}: {path}"
            assert "Zhang San" not in text, f"{role}: {path}"


async def sent_from(client: TestClient, path: str, fields: dict[str, str], somebody: Somebody) -> tuple[int, str]:
    """As a page of theirs sends its form."""
    rows = await db.fetch("SELECT id, version FROM customer")
    versions = {CUSTOMERS.number(row["id"]): str(row["version"]) for row in rows}
    version = next((found for no, found in versions.items() if no in path), "")
    data = {**fields, **somebody.form, "key": f"f{next(_keys)}", "version": version}
    headers = {**somebody.cookie, "Accept": "application/json"}
    answer = await client.post(path, data=data, headers=headers, allow_redirects=False)
    return answer.status, await answer.text()


async def an_order_at(site: str) -> None:
    line = NewLine(sku="tea", quantity=1, unit_price_minor=1)
    order = NewOrder(site=site, channel="web", reference="x-1", currency="CNY", lines=[line], is_draft=True)
    await place(replace(order, customer_id=CUSTOMERS.row_id("CU-100001")))
