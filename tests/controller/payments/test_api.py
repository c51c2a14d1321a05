"""Money over HTTP: taken, given back by two people, told by providers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller.app import Parts, api_routes
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.payments import accounts
from tests.controller.payments.money import order
from tests.controller.payments.provider_server import provider, signed

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def client(database: str, tmp_path: Path) -> AsyncIterator[TestClient]:
    assert database
    for name, sites in (("ann", None), ("ben", None), ("elsewhere", ["s2"])):
        await auth.create_token(name, list(Permission), sites=sites, token=f"sw_{name}")
    app = build(api_routes(Parts()), metrics=Metrics(), max_body=100_000)
    async with provider(tmp_path), TestClient(TestServer(app, host="127.0.0.1")) as found:
        yield found


async def sent(client: TestClient, path: str, body: object = None, *, who: str = "ann", key: str, method: str = "POST") -> Any:
    headers = {"Authorization": f"Bearer sw_{who}", "Idempotency-Key": key}
    answer = await client.request(method, f"/api/v1{path}", json=body, headers=headers)
    text = await answer.text()
    return answer.status, json.loads(text) if text else None


async def test_money_is_taken_and_given_back_by_two_people(client: TestClient) -> None:
    await order(1, 100_000)
    paid = {"means": "cash", "amount_minor": 100_000}
    status, money = await sent(client, "/orders/SO-100001/payments", paid, key="1")
    assert (status, money["balance"]["state"], money["balance"]["may_leave"]) == (201, "captured", True)
    assert (await sent(client, "/orders/SO-100001/payments", paid, key="1"))[0] == 201
    status, money = await sent(client, "/orders/SO-100001/refunds", {"amount_minor": 60_000, "reason": "returned"}, key="2")
    [refund] = money["refunds"]
    assert (len(money["payments"]), refund["state"]) == (1, "proposed")
    status, problem = await sent(client, f"/refunds/{refund['no']}/approve", key="3")
    assert (status, problem["code"]) == (403, "second_person_needed")
    assert (await sent(client, f"/refunds/{refund['no']}/approve", key="4", who="elsewhere"))[0] == 404
    assert (await sent(client, f"/refunds/{refund['no']}/approve", key="5", who="ben"))[1]["state"] == "by_hand"
    assert (await sent(client, f"/refunds/{refund['no']}/confirm", {}, key="6"))[1]["state"] == "done"


async def test_a_card_number_is_refused_in_words_and_stored_nowhere(client: TestClient) -> None:
    await order(1)
    paid = {"means": "card_terminal", "amount_minor": 1, "reference": "4111111111111111"}
    status, problem = await sent(client, "/orders/SO-100001/payments", paid, key="1")
    assert (status, problem["code"], problem["data"]["field"]) == (422, "card_number_refused", "reference")
    assert "4111" not in json.dumps(problem)


async def test_accounts_and_limits(client: TestClient) -> None:
    status, account = await sent(client, "/customer-accounts/7/CNY", {"limit_minor": 500}, key="1", method="PUT")
    assert (status, account["left_minor"]) == (200, 500)
    await accounts.charge(7, "CNY", 400, document="x")
    told = {"amount_minor": 300, "reference": "bank 1"}
    assert (await sent(client, "/customer-accounts/7/CNY/repayments", told, key="2"))[1]["owed_minor"] == 100
    assert (await sent(client, "/customer-accounts/7/yuan", {"limit_minor": 1}, key="3", method="PUT"))[0] == 404
    assert (await sent(client, "/refund-limits/CNY", {"minor": 5}, key="4", method="PUT"))[0] == 204


async def test_a_callback_is_judged_by_its_signature_alone(client: TestClient) -> None:
    body = json.dumps(
        {"id": "e1", "payment": "pay_1", "kind": "captured", "amount_minor": 5, "currency": "CNY", "at": "2026-01-01T00:00:00Z"}
    ).encode()
    address, kind = "/api/v1/payment-callbacks/acme", {"Content-Type": "application/json"}
    for _ in range(2):
        answer = await client.post(address, data=body, headers={**kind, **signed(body)})
        assert (answer.status, await answer.json()) == (200, {"state": "waiting"})
    assert (await client.post(address, data=body + b" ", headers={**kind, **signed(body)})).status == 403
    assert (await client.post(address, data=b"x", headers=kind)).status == 403
    listed = await client.get("/api/v1/payment-callbacks", headers={"Authorization": "Bearer sw_ann"})
    assert [each["event"] for each in (await listed.json())["items"]] == ["e1"]


async def test_another_site_sees_nothing_of_it(client: TestClient) -> None:
    await order(1)
    headers = {"Authorization": "Bearer sw_elsewhere"}
    assert (await client.get("/api/v1/orders/SO-100001/payments", headers=headers)).status == 404
    assert (await (await client.get("/api/v1/payments", headers=headers)).json())["items"] == []
    assert (await client.get("/api/v1/payment-callbacks", headers=headers)).status == 403
