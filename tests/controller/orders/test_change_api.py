from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller.http.auth import create_token
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.orders import batch_work
from controller.orders.operations import hold
from controller.orders.seams import seams
from controller.orders.states import Bulk
from controller.stock.channels import add_channel
from tests.controller.two_sites import TwoSites

Client = TestClient[Any, Any]
ALL = {"Authorization": "Bearer sw_all"}
ONE = {"Authorization": "Bearer sw_one"}
REVIEWS = {"Authorization": "Bearer sw_reviews"}
_keys = itertools.count()


@pytest.fixture
async def client(sites: TwoSites) -> AsyncIterator[Client]:
    may = [Permission.ORDERS_READ, Permission.ORDERS_WRITE, Permission.FULFILMENT_WRITE]
    await create_token("all", may, token="sw_all")
    await create_token("reviews", [*may, Permission.REVIEW_SERVICE], token="sw_reviews")
    await create_token("one", may, sites=["s1"], token="sw_one")
    await sites.stocked("tea", 5, 9)
    seams().bulk = {Bulk.HOLD: lambda no, reason: hold(no, reason=reason)}
    async with TestClient(TestServer(build(ROUTES, metrics=Metrics(), max_body=2**20))) as client:
        yield client


async def send(client: Client, method: str, path: str, body: object = None, *, headers: dict[str, str] = ALL) -> tuple[int, Any]:
    key = {"Idempotency-Key": f"k{next(_keys)}"} if method != "GET" else {}
    async with client.request(method, f"/api/v1{path}", json=body, headers=headers | key) as answer:
        return answer.status, await answer.json()


def order(quantity: int, reference: str, **more: object) -> dict[str, object]:
    line = {"sku": "tea", "quantity": quantity, "unit_price_minor": 250}
    return {"channel": "web", "reference": reference, "currency": "CNY", "lines": [line], **more}


async def test_an_order_is_sourced_again_or_it_is_told_why_not(client: Client) -> None:
    no = (await send(client, "POST", "/orders", order(4, "A9")))[1]["no"]
    at = f"/orders/{no}/sourcing"
    status, moved = await send(client, "POST", at, {"reason": "nearer"})
    assert (status, moved["order"], moved["wanting"], [each["quantity"] for each in moved["promised"]]) == (200, no, 0, [4])
    assert (await send(client, "POST", at, {"reason": ""}))[0] == 422
    named = (await send(client, "POST", "/orders", order(1, "A8", site="s2")))[1]["no"]
    status, refused = await send(client, "POST", f"/orders/{named}/sourcing", {"reason": "nearer"})
    assert (status, refused["code"]) == (409, "site_is_named")
    assert (await send(client, "POST", f"/orders/{named}/sourcing", {"reason": "x"}, headers=ONE))[0] == 404


async def test_a_draft_is_changed_submitted_split_and_put_together(client: Client) -> None:
    status, draft = await send(client, "POST", "/orders", order(9, "A1", draft=True))
    assert (status, draft["state"], draft["sites"]) == (201, "draft", [])
    at = f"/orders/{draft['no']}"
    assert (await send(client, "POST", f"{at}/submit", {}))[1]["state"] == "approved"
    status, changed = await send(client, "PATCH", at, {"reason": "less", "version": 1, "lines": [{"position": 1, "quantity": 7}]})
    assert (status, changed["total_minor"], changed["sites"]) == (200, 1750, ["s1", "s2"])
    assert (await send(client, "PATCH", at, {"reason": "less", "version": 1, "no_due": True}))[1]["code"] == "stale_version"
    status, child = await send(client, "POST", f"{at}/split", {"reason": "two", "lines": [{"position": 1, "quantity": 3}]})
    assert (status, child["total_minor"]) == (201, 750)
    _, detail = await send(client, "GET", at)
    assert sum(one["quantity"] for one in detail["promised"]) == 4
    (link,) = detail["links"]
    status, whole = await send(client, "POST", f"{at}/links/{link['id']}/undo", {"reason": "one"})
    assert (status, whole["total_minor"]) == (200, 1750)
    assert (await send(client, "POST", f"{at}/links/999/undo", {"reason": "one"}))[0] == 404
    assert {entry["name"] for entry in (await send(client, "GET", at))[1]["history"]} >= {
        "order_drafted",
        "order_changed",
        "order_linked",
    }


async def test_an_address_is_shown_masked_and_kept_in_no_answer(client: Client) -> None:
    _, placed = await send(client, "POST", "/orders", order(2, "A1"))
    at = f"/orders/{placed['no']}/address"
    assert (await send(client, "GET", at))[1] == {"order": placed["no"], "address": None}
    body = {
        "reason": "by telephone",
        "name": "王小明",
        "phone": "13800138000",
        "province": "上海市",
        "city": "上海市",
        "street": "漕溪路 1 号",
    }
    status, shown = await send(client, "PUT", at, body)
    assert (status, shown["address"]["phone"]) == (200, "138****8000")
    assert "漕溪路" not in str((await send(client, "GET", f"/orders/{placed['no']}"))[1])
    listed = (await send(client, "GET", "/orders?phone=13800138000"))[1]["items"]
    assert [each["no"] for each in listed] == [placed["no"]]
    assert (await send(client, "GET", f"/orders/{placed['no']}/flags"))[1]["blocking"] == ["address_changed"]


async def test_whoever_sees_one_site_changes_nothing_that_is_promised_from_another(client: Client) -> None:
    _, mine = await send(client, "POST", "/orders", order(1, "A1", site="s1"), headers=ONE)
    _, both = await send(client, "POST", "/orders", order(8, "A2"))
    assert both["sites"] == ["s1", "s2"]
    at = f"/orders/{both['no']}"
    assert (await send(client, "GET", at, headers=ONE))[0] == 200
    assert {one["site"] for one in (await send(client, "GET", at, headers=ONE))[1]["promised"]} == {"s1"}
    for path, body in (
        ("/split", {"reason": "x", "lines": [{"position": 1, "quantity": 1}]}),
        ("/cancel", {"reason": "x"}),
        ("/submit", {}),
    ):
        assert (await send(client, "POST", at + path, body, headers=ONE))[0] == 403, path
    assert (await send(client, "POST", "/orders", order(1, "A3"), headers=ONE))[0] == 403  # it names no site
    assert (await send(client, "POST", f"/orders/{mine['no']}/merge", {"reason": "x", "orders": [both["no"]]}, headers=ONE))[
        0
    ] == 404
    _, released = await send(client, "POST", f"{at}/release", headers=ONE)
    assert [one["site"] for one in released["pick_lists"]] == ["s1"]
    status, rest = await send(client, "POST", f"/sites/s2{at}/release")
    assert (status, [one["site"] for one in rest["pick_lists"]]) == (200, ["s1", "s2"])
    assert (await send(client, "POST", f"/sites/s2{at}/release", headers=ONE))[0] in (403, 404)


async def test_many_at_once_are_started_looked_at_and_stopped(client: Client) -> None:
    for number in range(3):
        await send(client, "POST", "/orders", order(1, f"A{number}", site="s1"))
    assert (await send(client, "GET", "/orders/count?state=approved"))[1] == {"count": 3, "more": False}
    status, batch = await send(
        client, "POST", "/order-batches", {"action": "hold", "reason": "recount", "matching": {"site": "s1"}}
    )
    assert (status, batch["total"], batch["state"]) == (201, 3, "running")
    await batch_work.work()
    _, done = await send(client, "GET", f"/order-batches/{batch['no']}")
    assert (done["state"], done["done"], done["failed"]) == ("done", 3, 0)
    undo = f"/order-batches/{batch['no']}/undo"
    assert (await send(client, "POST", undo, {"reason": "counted"}, headers=ONE))[0] == 404
    assert (await send(client, "POST", undo, {"reason": "counted"}))[0] == 403  # to resume takes review:service
    status, undoing = await send(client, "POST", undo, {"reason": "counted"}, headers=REVIEWS)
    assert (status, undoing["action"], undoing["undoes"], undoing["total"]) == (201, "resume", batch["no"], 3)
    status, refused = await send(client, "POST", undo, {"reason": "twice"}, headers=REVIEWS)
    assert (status, refused["code"]) == (409, "batch_not_undoable")
    assert (await send(client, "GET", f"/order-batches/{batch['no']}"))[1]["undone_by"] == undoing["no"]
    _, again = await send(
        client, "POST", "/order-batches", {"action": "hold", "reason": "recount", "orders": ["SO-100001", "SO-100009"]}
    )
    assert again["total"] == 1
    assert (await send(client, "POST", f"/order-batches/{again['no']}/stop"))[1]["state"] == "stopped"
    assert (await send(client, "GET", f"/order-batches/{again['no']}/failures"))[1]["items"] == []
    assert len((await send(client, "GET", "/order-batches"))[1]["items"]) == 3
    assert (await send(client, "GET", "/order-batches", headers=ONE))[1]["items"] == []
    assert (await send(client, "GET", f"/order-batches/{again['no']}", headers=ONE))[0] == 404
    both = {"action": "hold", "reason": "x", "orders": ["SO-100001"], "matching": {}}
    assert (await send(client, "POST", "/order-batches", both))[1]["code"] == "bad_order"


async def test_a_channel_takes_what_is_short(client: Client) -> None:
    await add_channel("market", name_en="Market", name_zh="平台")
    assert (await send(client, "GET", "/order-channels/market"))[1] == {"when_short": "refuse"}
    assert (await send(client, "PUT", "/order-channels/market", {"when_short": "accept"}))[0] == 200
    assert (await send(client, "PUT", "/order-channels/nobody", {"when_short": "accept"}))[0] == 404
    status, placed = await send(client, "POST", "/orders", order(20, "M1", channel="market"))
    assert (status, placed["stock_short"]) == (201, True)
    assert (await send(client, "GET", "/orders?flag=stock_short"))[1]["items"][0]["no"] == placed["no"]


async def test_filters_that_cannot_be_read_are_told(client: Client) -> None:
    for query in ("state=lost", "flag=red", "due_before=tomorrow", "due_before=2026-11-22T10:00:00", "customer=x"):
        assert (await send(client, "GET", f"/orders?{query}"))[0] == 400, query


async def test_tags_are_changed_alone_and_of_many(client: Client) -> None:
    for number in range(2):
        await send(client, "POST", "/orders", order(1, f"A{number}", site="s1"))
    at = "/orders/SO-100001/tags"
    status, shown = await send(client, "POST", at, {"add": ["vip", "to be called"], "remove": ["never there"]}, headers=ONE)
    assert (status, shown["tags"]) == (200, ["to be called", "vip"])
    assert (await send(client, "POST", at, {"remove": ["to be called"]}))[1]["tags"] == ["vip"]
    assert (await send(client, "POST", at, {"add": [" "]}))[1]["code"] == "bad_tag"
    listed = (await send(client, "GET", "/orders?tag=vip"))[1]["items"]
    assert [(one["no"], one["tags"]) for one in listed] == [("SO-100001", ["vip"])]
    assert (await send(client, "GET", "/orders/count?tag=nobody"))[1]["count"] == 0
    body = {"action": "untag", "reason": "over", "tag": "vip", "matching": {"tag": "ｖｉｐ"}}
    status, batch = await send(client, "POST", "/order-batches", body)
    assert (status, batch["total"], batch["tag"]) == (201, 1, "vip")
    await batch_work.work()
    assert (await send(client, "GET", "/orders/SO-100001"))[1]["order"]["tags"] == []
    _, undoing = await send(client, "POST", f"/order-batches/{batch['no']}/undo", {"reason": "not over"})
    assert (undoing["action"], undoing["tag"]) == ("tag", "vip")
    for wrong in ({"action": "tag"}, {"action": "hold", "tag": "vip"}):
        assert (await send(client, "POST", "/order-batches", {"reason": "x", "matching": {}} | wrong))[1]["code"] == "bad_order"


async def test_whoever_sees_one_site_tags_nothing_that_comes_from_another(client: Client) -> None:
    _, both = await send(client, "POST", "/orders", order(8, "A2"))
    status, refused = await send(client, "POST", f"/orders/{both['no']}/tags", {"add": ["vip"]}, headers=ONE)
    assert (status, refused["code"]) == (403, "forbidden")
    body = {"action": "tag", "reason": "x", "tag": "vip", "orders": [both["no"]]}
    assert (await send(client, "POST", "/order-batches", body, headers=ONE))[1]["code"] == "nothing_matches"
