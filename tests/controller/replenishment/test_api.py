"""Replenishment, alerts and reports as a client sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.replenishment import alert_api, night, run_api
from controller.replenishment import api as proposals_api
from controller.reports import api as reports_api
from controller.reports import opening, opening_api
from tests.controller.replenishment.chain import Chain, run, supplier

_keys = count()
ROUTES = [*proposals_api.ROUTES, *run_api.ROUTES, *alert_api.ROUTES, *reports_api.ROUTES, *opening_api.ROUTES]


@pytest.fixture
async def api(database: None) -> AsyncIterator[TestClient]:
    app = build(ROUTES, metrics=Metrics(), max_body=1_000_000)
    await auth.create_token("manager", list(Permission), token="sw_manager")
    await auth.create_token("elsewhere", list(Permission), token="sw_elsewhere", sites=["s2"])
    chain = await Chain.open(2)
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 90)
    await supplier("farm", "milk", pack=6)
    await run("s1")
    async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_manager"}) as client:
        yield client


async def ask(api: TestClient, method: str, path: str, body: object = None, *, status: int = 200, who: str = "manager") -> Any:
    headers = {"Authorization": f"Bearer sw_{who}"}
    if method != "GET":
        headers["Idempotency-Key"] = f"k{next(_keys)}"
    answer = await api.request(method, f"/api/v1{path}", json=body, headers=headers)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def test_from_a_proposal_to_an_order(api: TestClient) -> None:
    (row,) = (await ask(api, "GET", "/replenishment/proposals?kind=purchase&supplier=farm"))["items"]
    assert (row["sku"], row["quantity"], row["supplier"], row["days_left"]) == ("milk", 30, "farm", 1.0)
    told = await ask(api, "GET", f"/replenishment/proposals/{row['id']}")
    assert told["explanation"]["reorder"] == 30
    changed = await ask(api, "PUT", f"/replenishment/proposals/{row['id']}", {"quantity": 36})
    assert (changed["state"], changed["quantity"], changed["proposed"]) == ("changed", 36, 30)
    await ask(api, "PUT", f"/replenishment/proposals/{row['id']}", {"quantity": 35}, status=422)
    made = await ask(api, "POST", "/replenishment/proposals/accept", {"proposals": [row["id"]]})
    assert [each["lines"] for each in made["made"]] == [1]
    assert await ask(api, "POST", "/replenishment/proposals/accept", {"proposals": [row["id"]]}) == {"made": []}
    assert (await ask(api, "GET", "/replenishment/proposals"))["items"] == []
    assert (await ask(api, "GET", "/replenishment/proposals?state=done"))["items"][0]["document"].startswith("PO-")


async def test_a_token_of_another_site_sees_and_decides_nothing(api: TestClient) -> None:
    (row,) = (await ask(api, "GET", "/replenishment/proposals"))["items"]
    assert (await ask(api, "GET", "/replenishment/proposals", who="elsewhere"))["items"] == []
    for method, path, body in (
        ("GET", f"/replenishment/proposals/{row['id']}", None),
        ("PUT", f"/replenishment/proposals/{row['id']}", {"quantity": 36}),
        ("POST", "/replenishment/proposals/accept", {"proposals": [row["id"]]}),
        ("POST", "/replenishment/proposals/dismiss", {"proposals": [row["id"]], "reason": "x"}),
        ("PUT", "/replenishment/rules/*/*", {"off": True}),
    ):
        await ask(api, method, path, body, status=404, who="elsewhere")
    assert (await ask(api, "GET", "/stock-alerts", who="elsewhere"))["items"] == []
    assert (await ask(api, "GET", "/reports/days_of_supply", who="elsewhere"))["items"] == []


async def test_rules_are_set_kept_to_and_taken_back(api: TestClient) -> None:
    await ask(api, "PUT", "/replenishment/rules/s1/milk", {"lead_days": 1, "service_bp": 9900})
    assert (await ask(api, "GET", "/replenishment/rules/s1/milk"))["lead_days"] == 1
    await ask(api, "POST", "/replenishment/runs", {"site": "s1"}, status=201)
    await ask(api, "POST", "/replenishment/runs", {"site": "s1"}, status=409)
    await night.work_off()
    (row,) = (await ask(api, "GET", "/replenishment/runs?site=s1&per=1"))["items"]
    assert (row["state"], row["cause"], row["done"], row["total"]) == ("done", "person", 1, 1)
    (row,) = (await ask(api, "GET", "/replenishment/proposals"))["items"]
    told = (await ask(api, "GET", f"/replenishment/proposals/{row['id']}"))["explanation"]
    assert (told["lead_days"], told["service"], told["reorder"]) == (1, 0.99, 10)
    await ask(api, "PUT", "/replenishment/rules/s1/milk", {})
    assert (await ask(api, "GET", "/replenishment/rules/s1/milk"))["lead_days"] is None
    await ask(api, "PUT", "/replenishment/rules/s1/milk", {"least_shelf": 9, "most_shelf": 3}, status=422)
    await ask(api, "PUT", "/replenishment/auto-accept/farm", {"below_minor": 70_000})
    assert await ask(api, "GET", "/replenishment/auto-accept/farm") == {"below_minor": 70_000}


async def test_looking_back_over_http(api: TestClient) -> None:
    found = await ask(api, "GET", "/sites/s1/replenishment/back-test?days=28")
    assert {each["rule"] for each in found["outcomes"]} == {"ours", "last_cycle", "mean"}
    assert found["outcomes"][0]["fill"] == 1.0
    await ask(api, "GET", "/sites/s2/replenishment/back-test", status=422)
    await ask(api, "GET", "/sites/s1/replenishment/back-test?days=5", status=400)


async def test_alerts_are_listed_and_acknowledged(api: TestClient) -> None:
    (row,) = (await ask(api, "GET", "/stock-alerts?kind=low"))["items"]
    assert (row["sku"], row["number"]) == ("milk", 1)
    seen = await ask(api, "POST", f"/stock-alerts/{row['id']}/acknowledge")
    assert seen["acknowledged_by"] == "token:manager"
    await ask(api, "GET", "/stock-alerts?kind=odd", status=400)


async def test_a_report_is_paged_by_its_rows(api: TestClient) -> None:
    (row,) = (await ask(api, "GET", "/reports/days_of_supply?site=s1"))["items"]
    assert (row["cells"]["sku"], row["cells"]["on_hand"]) == ("milk", 10)
    await ask(api, "GET", "/reports/none", status=404)
    await ask(api, "GET", "/reports/turnover?from=tomorrow", status=400)


async def test_an_opening_stock_over_http(api: TestClient) -> None:
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "opening"}
    body = b"site,bin,sku,quantity\ns1,A-1,milk,5\ns1,A-1,nope,5\n"
    answer = await api.post("/api/v1/stock/imports?name=first.csv", data=body, headers=headers)
    assert answer.status == 201, await answer.text()
    found = await answer.json()
    assert (found["good"], found["bad"], found["errors"], found["state"]) == (1, 1, {"unknown_sku": 1}, "checked")
    lines = (await ask(api, "GET", f"/stock/imports/{found['id']}/lines?only=good"))["items"]
    assert [(line["line"], line["before"], line["after"]) for line in lines] == [(2, 10, 15)]
    await ask(api, "POST", f"/stock/imports/{found['id']}/confirm")
    await opening.apply_all()
    assert (await ask(api, "GET", f"/stock/imports/{found['id']}"))["state"] == "done"
    await ask(api, "POST", f"/stock/imports/{found['id']}/discard", status=409)
    assert len((await ask(api, "GET", "/stock/imports"))["items"]) == 1
