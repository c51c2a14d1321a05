"""The connector against a stand-in of a marketplace: pages, limits, faults, a crash in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from controller import db
from controller.intake.connector import Bucket, Marketplace, MarketplaceFailed, SlowDown, cursor_of, wait_of
from controller.intake.mapping import map_goods
from controller.intake.marketplaces import BadMarketplace, Poller, marketplaces, put_marketplace
from controller.intake.taking import take_waiting
from tests.controller.intake.sent import document
from tests.controller.orders_shop import OrderShop, told

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class StandIn:
    """Sells; `answers` are given before it goes on: a status, with a Retry-After."""

    orders: list[bytes] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        self.asked += 1
        if request.headers["Authorization"] != "Bearer secret":
            return web.Response(status=401)
        if self.answers:
            status, headers, body = self.answers.pop(0)
            return web.Response(status=status, headers=headers, body=body)
        start = int(request.query["after"] or 0)
        shown = self.orders[start : start + 2]
        page = {"orders": [json.loads(each) for each in shown], "next": str(start + len(shown)) if shown else None}
        return web.json_response(page)


@pytest.fixture
async def stand_in() -> AsyncIterator[tuple[StandIn, str]]:
    here = StandIn()
    app = web.Application()
    app.router.add_get("/orders", here.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        yield here, str(server.make_url("")).rstrip("/")


@pytest.fixture
async def market(shop: OrderShop, stand_in: tuple[StandIn, str]) -> AsyncIterator[Marketplace]:
    await map_goods("bazaar", "item-tea", "tea")
    async with aiohttp.ClientSession() as session:
        bucket = Bucket(1000, 1000, time=lambda: 0.0)
        yield Marketplace(channel="bazaar", url=stand_in[1], token="secret", session=session, bucket=bucket)


async def test_all_pages_are_fetched_once_and_placed(market: Marketplace, stand_in: tuple[StandIn, str]) -> None:
    here = stand_in[0]
    here.orders = [document(f"B-{number}", buyer=f"u{number}") for number in range(5)]
    assert await market.poll() == 5
    assert await market.poll() == 0
    assert await cursor_of("bazaar") == "5"
    here.orders.append(document("B-5", buyer="u5"))
    assert await market.poll() == 1
    await take_waiting()
    assert await told("order_placed") == 6


async def test_a_fault_in_between_keeps_what_came_and_goes_on_there(market: Marketplace, stand_in: tuple[StandIn, str]) -> None:
    here = stand_in[0]
    here.orders = [document(f"B-{number}", buyer=f"u{number}") for number in range(4)]
    for status, body in [(500, b""), (200, b"{"), (200, b"[]"), (401, b"")]:
        here.answers = [
            (200, {}, json.dumps({"orders": [json.loads(here.orders[0])], "next": "1"}).encode()),
            (status, {}, body),
        ]
        with pytest.raises(MarketplaceFailed):
            await market.poll()
        assert await cursor_of("bazaar") == "1"
        await db.execute("UPDATE intake_cursor SET place = ''")
    assert await market.poll() == 3
    assert len(await db.fetch("SELECT 1 FROM raw_order")) == 4


async def test_a_crash_before_the_cursor_moved_brings_nothing_twice(market: Marketplace, stand_in: tuple[StandIn, str]) -> None:
    stand_in[0].orders = [document(f"B-{number}", buyer=f"u{number}") for number in range(3)]
    await market.poll()
    await db.execute("DELETE FROM intake_cursor")
    assert await market.poll() == 0
    await take_waiting()
    assert await told("order_placed") == 3


async def test_it_slows_down_when_it_is_asked_to(market: Marketplace, stand_in: tuple[StandIn, str]) -> None:
    stand_in[0].answers = [(429, {"Retry-After": "7"}, b""), (503, {}, b"")]
    with pytest.raises(SlowDown) as slow:
        await market.poll()
    assert slow.value.seconds == 7
    with pytest.raises(SlowDown):
        await market.poll()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("9999999", 600),
        (None, 5),
        ("soon", 5),
        ("-1", 5),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str | None, seconds: float) -> None:
    assert wait_of(text, AT) == seconds


async def test_a_bucket_lets_a_burst_through_and_then_one_after_the_other() -> None:
    here, slept = 0.0, list[float]()

    async def sleep(seconds: float) -> None:
        nonlocal here
        slept.append(seconds)
        here += seconds

    bucket = Bucket(2, 3, time=lambda: here, sleep=sleep)
    for _ in range(5):
        await bucket.take()
    assert slept == [0.5, 0.5]
    here += 100
    for _ in range(3):
        await bucket.take()
    assert slept == [0.5, 0.5]


async def test_marketplaces_that_are_due_are_asked_and_one_that_fails_holds_up_no_other(
    market: Marketplace, stand_in: tuple[StandIn, str]
) -> None:
    here, url = stand_in
    here.orders = [document("B-1")]
    await put_marketplace("broken", "http://127.0.0.1:9", token="x", every_seconds=60)
    await put_marketplace("bazaar", url, token="secret", every_seconds=60)
    poller, at = Poller(market.session), db.now() + timedelta(seconds=1)
    assert await poller.poll_due(at) == 1
    assert await poller.poll_due(at + timedelta(seconds=59)) == 0
    found = {each.channel: each for each in await marketplaces()}
    assert (found["broken"].failures, found["bazaar"].failures, found["bazaar"].failed) == (1, 0, None)
    assert found["broken"].next_at == at + timedelta(seconds=120)
    here.answers = [(429, {"Retry-After": "30"}, b"")]
    assert await poller.poll_due(at + timedelta(seconds=61)) == 0
    assert next(each for each in await marketplaces() if each.channel == "bazaar").next_at == at + timedelta(seconds=91)
    assert "secret" not in str(await db.fetch("SELECT * FROM intake_marketplace"))


@pytest.mark.parametrize(("url", "every"), [("ftp://x", 60), ("https://x/", 60), ("https://x", 9), ("https://x", 10**6)])
async def test_marketplaces_that_cannot_be_asked_are_refused(shop: OrderShop, url: str, every: int) -> None:
    with pytest.raises(BadMarketplace):
        await put_marketplace("m", url, token="t", every_seconds=every)
