"""Station profiles over the API, and which one a site's boxes are told as theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import events
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.replica.pages import page_since
from controller.sites.operations import create_site
from edge_agent.wire.replica import ReplicaProfile

IT = "sw_it"
ALL, OF_SITE = "/api/v1/station-profiles", "/api/v1/sites/s1/station-profile"
TILL = {
    "activities": ["counting", "shelf_label"], "sign_in": "pin", "language": "en", "quiet_minutes": 1, "double_read_ms": 0,
    "manager_adjusts": True,
}  # fmt: skip


@pytest.fixture
async def client(database: str) -> AsyncIterator[TestClient]:
    assert database
    await create_site("s1", name="Shop 1")
    await create_site("s2", name="Shop 2")
    await auth.create_token("it", [Permission.FLEET_READ, Permission.FLEET_WRITE], token="sw_it")
    await auth.create_token("one", [Permission.FLEET_READ, Permission.FLEET_WRITE], sites=["s1"], token="sw_one")
    app = build(ROUTES, metrics=Metrics(), max_body=100_000)
    async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_it"}) as client:
        yield client


async def told(site: str) -> list[ReplicaProfile]:
    return msgspec.json.decode((await page_since(site, "")).parts["profiles"].rows, type=list[ReplicaProfile])


async def status(client: TestClient, method: str, path: str, body: object = None, token: str = IT) -> int:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}
    return (await client.request(method, path, json=body, headers=headers)).status


async def test_a_profile_is_set_listed_chosen_and_told_to_the_site_s_boxes(client: TestClient) -> None:
    assert await status(client, "PUT", f"{ALL}/till", TILL) == 200
    assert await status(client, "PUT", f"{ALL}/stock-room", {}) == 200
    assert await status(client, "PUT", OF_SITE, {"profile": "till"}) == 200
    listed = await (await client.get(ALL)).json()
    assert [each["name"] for each in listed["items"]] == ["stock-room", "till"]
    assert await (await client.get(f"{ALL}/till")).json() == {"name": "till", **TILL}
    assert await (await client.get(OF_SITE)).json() == {"profile": "till"}
    here, there = await told("s1"), await told("s2")
    assert [(each.name, each.is_default) for each in here] == [("stock-room", False), ("till", True)]
    assert [each.is_default for each in there] == [False, False]
    assert msgspec.to_builtins(here[1]) == {"name": "till", **TILL, "is_default": True}
    assert [event.name for event in await events.history("till")] == ["station_profile_changed"]


async def test_a_change_is_told_with_the_next_page_and_a_removed_one_not_any_more(client: TestClient) -> None:
    await status(client, "PUT", f"{ALL}/till", TILL)
    cursor = (await page_since("s1", "")).next
    quiet = (await page_since("s1", cursor)).parts["profiles"]
    assert (bytes(quiet.rows), quiet.anew) == (b"[]", False)
    await status(client, "PUT", f"{ALL}/till", TILL | {"sign_in": "badge"})
    changed = (await page_since("s1", cursor)).parts["profiles"]
    assert changed.anew
    assert b'"badge"' in bytes(changed.rows)
    assert await status(client, "DELETE", f"{ALL}/till") == 204
    gone = (await page_since("s1", cursor)).parts["profiles"]
    assert (gone.anew, bytes(gone.rows)) == (True, b"[]")


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "expected"),
    [
        ("PUT", f"{ALL}/till", TILL, "sw_one", 403),
        ("DELETE", f"{ALL}/none", None, "sw_it", 404),
        ("GET", f"{ALL}/none", None, "sw_it", 404),
        ("PUT", f"{ALL}/Till", TILL, "sw_it", 422),
        ("PUT", f"{ALL}/{'x' * 41}", TILL, "sw_it", 422),
        ("PUT", f"{ALL}/till", {"sign_in": "face"}, "sw_it", 422),
        ("PUT", f"{ALL}/till", {"activities": ["Counting"]}, "sw_it", 422),
        ("PUT", f"{ALL}/till", {"quiet_minutes": -1}, "sw_it", 422),
        ("PUT", OF_SITE, {"profile": "none"}, "sw_it", 404),
        ("PUT", "/api/v1/sites/s2/station-profile", {"profile": None}, "sw_one", 404),
        ("GET", "/api/v1/sites/s9/station-profile", None, "sw_it", 404),
    ],
)
async def test_what_is_refused(client: TestClient, method: str, path: str, body: object, token: str, expected: int) -> None:
    assert await status(client, method, path, body, token) == expected


async def test_one_that_a_site_has_stays(client: TestClient) -> None:
    await status(client, "PUT", f"{ALL}/till", TILL)
    await status(client, "PUT", OF_SITE, {"profile": "till"}, "sw_one")
    assert await status(client, "DELETE", f"{ALL}/till") == 409
    await status(client, "PUT", OF_SITE, {"profile": None})
    headers = {"Idempotency-Key": "again"}
    assert (await client.delete(f"{ALL}/till", headers=headers)).status == 204
