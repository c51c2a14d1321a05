"""The event feed: a token of some sites sees its events only, all of them, in order, with cursors that lead on."""

from __future__ import annotations

from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from controller import db, events
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.fleet.events import BoxRegistered
from controller.http import auth
from controller.http.routing import Permission
from controller.sites.operations import create_site

OTHERS = 40
"""Events of another site between two of ours: more than a page."""


async def happens(site: str | None, number: int) -> None:
    async with db.transaction():
        await events.record(BoxRegistered(box=f"b-{number}"), subject=f"{site}/{number}", site=site)


async def test_a_token_of_one_site_pages_through_its_events_alone(database: str, tmp_path: Path) -> None:
    for site in ("s1", "s2"):
        await create_site(site, name=site)
    token = await auth.create_token("one site", [Permission.EVENTS_READ], sites=["s1"])
    for round_ in range(3):
        await happens("s1", round_)
        for number in range(OTHERS):
            await happens("s2", number)
        await happens(None, round_)
    config = parse_config({"data": str(tmp_path)}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:

        async def page(**query: str) -> tuple[list[str], str | None, str]:
            response = await client.get("/api/v1/events", params=query, headers={"Authorization": f"Bearer {token}"})
            assert response.status == 200
            body = await response.json()
            assert {item["site"] for item in body["items"]} <= {"s1"}
            last = body["items"][-1]["position"] if body["items"] else query.get("after", "0")
            return [item["subject"] for item in body["items"] if item["name"] == "box_registered"], body["next"], last

        seen, cursor, last = await page(per="1")
        while cursor is not None:
            found, cursor, last = await page(per="1", after=cursor)
            seen += found
        assert seen == ["s1/0", "s1/1", "s1/2"]
        assert await page(after=last) == ([], None, last)
        await happens("s2", 99)
        await happens("s1", 3)
        assert (await page(after=last))[0] == ["s1/3"]
