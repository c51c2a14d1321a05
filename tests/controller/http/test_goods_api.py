"""Transfers, sales of other tills and prices over HTTP, on both engines, as tills, an office and a feed of prices use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, api_routes
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.sales.imports import go_on
from tests.controller.goods import NOON, numbers
from tests.controller.transfers.two_sites import applied, fact, open_sites, received, sent, stocked

Json = dict[str, Any]


@pytest.fixture
async def milk(database: str) -> int:
    return await stocked(await open_sites(), "milk", 20)


@pytest.fixture
async def client(milk: int) -> AsyncIterator[TestClient]:
    await auth.create_token("all", list(Permission), token="sw_all")
    async with TestClient(
        TestServer(build(api_routes(Parts()), metrics=Metrics(), max_body=1_000_000), host="127.0.0.1")
    ) as client:
        yield client


async def call(client: TestClient, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Json]:
    headers = {"Authorization": "Bearer sw_all", "Idempotency-Key": str(uuid4()), **more.pop("headers", {})}
    if body is not None:
        more["json"] = body
    answer = await client.request(method, f"/api/v1{path}", headers=headers, **more)
    return answer.status, await answer.json() if answer.content_type.endswith("json") else {"text": await answer.text()}


def till(number: str, *lines: Json, **more: Any) -> Json:
    return {
        "site": "s1",
        "till": "1",
        "number": number,
        "occurred_at": NOON.isoformat(),
        "currency": "CNY",
        "lines": list(lines),
        **more,
    }


def line(quantity: int = 1, **more: Any) -> Json:
    return {"sku": "milk", "quantity": quantity, "amount_minor": 100 * quantity, **more}


async def test_each_receipt_of_a_batch_has_its_result(client: TestClient, milk: int) -> None:
    batch = [
        till("1", line(3)),
        till("1", line(3)),
        till("1", line(4)),
        till("2", line(1, sku="tea")),
        till("3"),
        till("4", {**line(1), "barcode": "milk"}),
        till("5", line(1), site="nowhere"),
        till("6", line(0)),
        till("7", voids="8"),
        till("9", line(-1, damaged=True)),
    ]
    status, answer = await call(client, "POST", "/sales", {"receipts": batch})
    assert status in (200, 201)
    assert [one["outcome"] for one in answer["results"]] == [
        "booked", "repeated", "conflict", "waiting", "refused", "refused", "refused", "refused", "waiting", "booked",
    ]  # fmt: skip
    assert (answer["booked"], answer["repeated"], answer["conflicts"], answer["waiting"], answer["refused"]) == (2, 1, 1, 2, 4)
    assert "line 1" in answer["results"][5]["reason"]
    assert await numbers(milk) == (18, 0, 0)
    _, waiting = await call(client, "GET", "/sales-waiting")
    assert [(one["text"], one["is_sku"]) for one in waiting["items"]] == [("tea", True)]
    _, listed = await call(client, "GET", "/sales?site=s1&state=booked&first=2026-11-21&last=2026-11-21")
    assert [one["number"] for one in listed["items"]] == ["9", "1"]
    _, detail = await call(client, "GET", f"/sales/{listed['items'][1]['id']}")
    assert [(one["sku"], one["units"], one["state"]) for one in detail["lines"]] == [("milk", 3, "booked")]
    _, demand = await call(client, "GET", "/sites/s1/demand?first=2026-11-01&last=2026-11-30")
    assert demand["items"] == [{"day": "2026-11-21", "sku": "milk", "sold": 3, "returned": 1, "amount_minor": 200}]


async def test_tills_that_tell_the_same_at_once_count_it_once(client: TestClient, milk: int) -> None:
    batch = {"receipts": [till(str(number), line(1)) for number in range(8)]}
    other = {"receipts": list(reversed(batch["receipts"]))}
    answers = await asyncio.gather(*(call(client, "POST", "/sales", body) for body in (batch, other) * 3))
    assert {status for status, _ in answers} <= {200, 201}
    assert sum(answer["booked"] for _, answer in answers) == 8
    assert sum(answer["repeated"] for _, answer in answers) == 40
    assert await numbers(milk) == (12, 0, 0)


async def test_a_file_is_looked_at_taken_in_and_its_bad_rows_handed_out(client: TestClient, milk: int) -> None:
    body = b"\x89PNG\r\n\x1a\n\x00\xff, no receipts\n"
    csv = {
        "data": "receipt,date,sku,quantity,price\n1,2026-01-01 10:00,milk,2,1.50\n2,never,milk,1,1\n",
        "headers": {"Content-Type": "text/csv"},
    }
    _, seen = await call(client, "POST", "/sales-imports/preview?site=s1", **csv)
    assert (seen["rows"], seen["receipts"], seen["bad_rows"], seen["errors"][0]["line"]) == (2, 1, 1, 3)
    status, begun = await call(client, "POST", "/sales-imports?site=s1&till=old", **csv)
    assert (status, begun["receipts_done"], begun["finished_at"]) == (201, 0, None)
    await go_on(begun["id"])
    _, done = await call(client, "GET", f"/sales-imports/{begun['id']}")
    assert (done["booked"], done["receipts_done"]) == (1, 1)
    assert "never" in (await call(client, "GET", f"/sales-imports/{begun['id']}/errors"))[1]["text"]
    assert await numbers(milk) == (18, 0, 0)
    for query, code in (("site=nowhere", 404), ("site=s1&dates=roman", 400), ("site=s1&decimal=dot", 400), ("site=s1&till=", 400)):
        assert (await call(client, "POST", f"/sales-imports/preview?{query}", **csv))[0] == code, query
    status, refused = await call(client, "POST", "/sales-imports?site=s1", data=body, headers={"Content-Type": "text/csv"})
    assert (status, refused["code"]) == (422, "bad_sales_file")


async def test_the_way_of_a_transfer(client: TestClient, milk: int) -> None:
    plan = {"from_site": "s1", "to_site": "s2", "lines": [{"sku": "milk", "quantity": 5}]}
    status, made = await call(client, "POST", "/transfers", plan)
    number = made["transfer"]["no"]
    assert (status, made["transfer"]["state"]) == (201, "draft")
    assert (await call(client, "PUT", f"/transfers/{number}/lines", {"lines": [{"sku": "milk", "quantity": 50}]}))[0] == 200
    status, refused = await call(client, "POST", f"/transfers/{number}/approve")
    assert (status, refused["code"]) == (422, "insufficient_stock")
    await call(client, "PUT", f"/transfers/{number}/lines", {"lines": [{"sku": "milk", "quantity": 6}]})
    assert (await call(client, "POST", f"/transfers/{number}/approve"))[1]["transfer"]["state"] == "approved"
    await applied(fact(sent(number, "milk", 6), "s1"), fact(received(number, "milk", 5), "s2", 3))
    for end in ("close-sent", "close-received"):
        _, told = await call(client, "POST", f"/transfers/{number}/{end}")
    assert (told["transfer"]["state"], told["transfer"]["open_units"]) == ("received_short", 1)
    decision = {"sku": "milk", "quantity": 1, "decision": "lost", "reason": "searched"}
    _, settled = await call(client, "POST", f"/transfers/{number}/settle", decision)
    assert (settled["lines"][0]["lost"], settled["transfer"]["open_units"]) == (1, 0)
    assert [one["kind"] for one in settled["bookings"]] == ["sent", "received", "lost"]
    assert (await call(client, "POST", f"/transfers/{number}/cancel"))[0] == 409
    _, listed = await call(client, "GET", "/transfers?site=s2&open=yes&q=tr-")
    assert [one["no"] for one in listed["items"]] == [number]
    assert (await call(client, "GET", "/transfers?state=lost"))[0] == 400


async def test_a_price_is_said_refused_taken_back_and_imported(client: TestClient, milk: int) -> None:
    later = (db.now() + timedelta(days=9)).isoformat()
    price = {"sku": "milk", "price_minor": 650, "currency": "CNY", "effective_from": later}
    status, said = await call(client, "POST", "/prices", {"prices": [price]})
    assert (status, said["items"][0]["begun"], said["items"][0]["site"]) == (201, False, None)
    status, refused = await call(client, "POST", "/prices", {"prices": [{**price, "price_minor": 700}]})
    assert (status, refused["code"]) == (409, "price_conflict")
    _, found = await call(client, "GET", "/label-batches?open=yes&site=s1")
    number = found["items"][0]["no"]
    assert found["items"][0]["labels"] == 1
    _, batch = await call(client, "GET", f"/label-batches/{number}?missing=yes")
    assert [(one["sku"], one["price_minor"], one["bin"]) for one in batch["labels"]] == [("milk", 650, "A-1")]
    assert (await call(client, "POST", f"/label-batches/{number}/print", {"box": "b9"}))[0] == 404
    assert (await call(client, "DELETE", f"/prices/{said['items'][0]['id']}"))[1]["cancelled_at"] is not None
    assert (await call(client, "GET", "/prices?coming=yes"))[1]["items"] == []
    csv = {"data": f"sku,price,effective_from\nmilk,7.00,{later}\ntea,1,{later}\n", "headers": {"Content-Type": "text/csv"}}
    _, seen = await call(client, "POST", "/prices/import?preview=yes", **csv)
    assert (seen["prices"], seen["bad_rows"], seen["errors"][0]["column"]) == (1, 1, "sku")
    status, refused = await call(client, "POST", "/prices/import", **csv)
    assert (status, refused["code"]) == (422, "prices_rejected")
    good = {**csv, "data": f"sku,price,effective_from,site\nmilk,7.00,{later},\nmilk,6.00,{later},s1\n"}
    assert (await call(client, "POST", "/prices/import", **good))[1]["prices"] == 2
    assert len((await call(client, "GET", "/prices?coming=yes&sku=milk"))[1]["items"]) == 2


async def test_a_shelf_is_chosen(client: TestClient, milk: int) -> None:
    assert (await call(client, "PUT", "/sites/s1/stock/milk/shelf", {"bin": "A-2"}))[1] == {
        "sku": "milk",
        "site": "s1",
        "bin": "A-2",
    }
    assert (await call(client, "PUT", "/sites/s1/stock/milk/shelf", {"bin": "Z-9"}))[0] == 404
    await call(client, "POST", "/sales", {"receipts": [till("1", line(2))]})
    (row,) = await db.fetch("SELECT borrowed FROM balance b JOIN location l ON l.id = b.location_id WHERE l.code = 'A-2'")
    assert row["borrowed"] == 2
