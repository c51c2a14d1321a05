"""Counts as a client sees them: planned, counted, submitted, reviewed; and what who counts never sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller.counts import api as counts
from controller.counts import planning_api, review_api
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.people.policies import MAY
from controller.stock.operations import move
from edge_agent.wire.roles import Role
from tests.controller.counts.counting import STRICT, a_shop

_keys = count()


@pytest.fixture
async def api(database: str) -> AsyncIterator[TestClient]:
    shop, skus = await a_shop("milk", policy=STRICT)
    await move([shop.arrival(skus["milk"], 10)])
    app = build([*counts.ROUTES, *planning_api.ROUTES, *review_api.ROUTES], metrics=Metrics(), max_body=1_000_000)
    await auth.create_token("boss", list(Permission), token="sw_boss")
    await auth.create_token("floor", sorted(MAY[Role.FLOOR]), token="sw_floor")
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def ask(
    api: TestClient, path: str, body: object = None, *, who: str = "boss", status: int = 200, method: str = "POST"
) -> Any:
    headers = {"Authorization": f"Bearer sw_{who}", "Idempotency-Key": f"k{next(_keys)}"}
    answer = await api.request(method, f"/api/v1{path}", json=body, headers=headers)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def get(api: TestClient, path: str, *, who: str = "boss", status: int = 200) -> Any:
    return await ask(api, path, who=who, status=status, method="GET")


def told(found: int, round_: int = 1) -> dict[str, object]:
    lines = [{"symbol": "MILK", "quantity": found}] if found else []
    return {"id": str(uuid4()), "bin": "A-1", "round": round_, "lines": lines}


async def test_from_a_plan_to_what_was_lost(api: TestClient) -> None:
    made = await ask(api, "/counts", {"site": "s1", "kind": "chosen", "bins": ["A-1"]}, status=201)
    no = made["no"]
    assert (made["state"], made["blind"], made["bins"], made["counted"]) == ("planned", True, 1, 0)
    assert [row["no"] for row in (await get(api, "/counts?state=waiting&q=A-1", who="floor"))["items"]] == [no]
    (waits,) = (await get(api, "/sites/s1/counts/open", who="floor"))["items"]
    assert waits["bins"] == [{"code": "A-1", "round": 1, "counted": False, "not_by": [], "expected": None}]
    part = told(7)
    for _ in range(2):
        counted = await ask(api, f"/counts/{no}/parts", part, who="floor")
    assert (counted["state"], counted["open_rows"]) == ("review", 1)
    for path in (f"/counts/{no}/rows", f"/counts/{no}/rows/1", f"/counts/{no}/parts", f"/counts/{no}/unmatched"):
        await get(api, path, who="floor", status=403)
    assert "expected" not in str(await get(api, f"/counts/{no}", who="floor")) + str(
        await get(api, f"/counts/{no}/bins", who="floor")
    )
    (row,) = (await get(api, f"/counts/{no}/rows"))["items"]
    assert (row["counted"], row["expected"], row["variance"], row["value_minor"]) == (7, 10, -3, -300)
    detail = await get(api, f"/counts/{no}/rows/{row['id']}")
    assert [scan["quantity"] for scan in detail["scans"]] == [7]
    assert [moved["change"] for moved in detail["movements"]] == [10]
    problem = await ask(api, f"/counts/{no}/rows/{row['id']}/accept", {"reason": "theft", "seen": -2}, status=409)
    assert problem["code"] == "changed_meanwhile"
    done = await ask(api, f"/counts/{no}/rows/{row['id']}/accept", {"reason": "theft", "seen": -3})
    assert (done["state"], done["booked"]) == ("accepted", -3)
    assert (await get(api, f"/counts/{no}"))["state"] == "booked"
    (lost,) = (await get(api, "/sites/s1/shrinkage?since=2026-01-01"))["items"]
    assert (lost["reason"], lost["net_minor"]) == ("theft", -300)
    undone = await ask(api, f"/counts/{no}/rows/{row['id']}/undo", {"note": "found behind the fridge"})
    assert undone["state"] == "undone"


async def test_who_counted_does_not_count_again_and_is_told_so(api: TestClient) -> None:
    no = (await ask(api, "/counts", {"site": "s1", "kind": "chosen", "bins": ["A-1"]}, status=201))["no"]
    await ask(api, f"/counts/{no}/parts", told(7), who="floor")
    (row,) = (await get(api, f"/counts/{no}/rows"))["items"]
    await ask(api, f"/counts/{no}/rows/{row['id']}/recount")
    refused = await ask(api, f"/counts/{no}/parts", told(9, 2), who="floor", status=403)
    assert refused["code"] == "same_person"
    counted = await ask(api, f"/counts/{no}/parts", told(10, 2))
    assert counted["state"] == "booked"


async def test_what_cannot_be_is_refused_with_words(api: TestClient) -> None:
    await ask(api, "/counts", {"site": "s1", "kind": "chosen", "bins": ["Z-9"]}, status=404)
    await ask(api, "/counts", {"site": "s1", "kind": "zone", "scope": "cold"}, status=422)
    await get(api, "/counts/CT-999999", status=404)
    await get(api, "/counts/nonsense", status=404)
    no = (await ask(api, "/counts", {"site": "s1", "kind": "class", "scope": "C"}, status=201))["no"]
    await get(api, f"/counts/{no}/rows?state=odd", status=400)
    await get(api, f"/counts/{no}/rows?after=x-y", status=400)
    await ask(api, f"/counts/{no}/submit", {}, status=409)
    assert (await ask(api, f"/counts/{no}/cancel", {"note": "not now"}))["state"] == "cancelled"


async def test_limits_and_reasons_are_said_and_read(api: TestClient) -> None:
    limits = {"site": "s1", "abc": "A", "value_minor": 100, "days": 7}
    await ask(api, "/count-policies", limits, method="PUT")
    assert {"site": "s1", "abc": "A"}.items() <= (await get(api, "/count-policies"))["items"][1].items()
    await ask(api, "/count-reasons", {"code": "pests", "name_en": "Pests", "name_zh": "虫鼠害"}, method="PUT")
    assert "pests" in [row["code"] for row in (await get(api, "/count-reasons", who="floor"))["items"]]
    assert (await get(api, "/sites/s1/counts/suspects"))["items"] == []
    assert [row["code"] for row in (await get(api, "/sites/s1/counts/due?per=1"))["items"]] == ["A-1"]
    assert await ask(api, "/sites/s1/counts/classes") == {"a": 0, "b": 0, "c": 0}
