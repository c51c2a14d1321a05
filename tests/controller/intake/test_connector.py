"""The connector against a stand-in of a marketplace: pages, limits, faults, a crash in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from controller import db
from controller.intake import connector
from controller.intake.connector import Bucket, Marketplace, MarketplaceFailed, SlowDown, cursor_of, wait_of
from controller.intake.mapping import map_goods
from controller.intake.marketplaces import TURN, BadMarketplace, Poller, marketplaces, put_marketplace
from controller.intake.taking import take_waiting
from tests.controller.answering import in_pieces
from tests.controller.intake.sent import document
from tests.controller.orders_shop import OrderShop, told

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def at_once() -> None:
    """Nobody else asks."""


@dataclass
class StandIn:
    """Sells; `answers` are given before it goes on: a status, with a Retry-After."""

    orders: list[bytes] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: int = 0
    piece: int = 0
    """So many bytes at once, each with its own packet; 0: all."""
    held: asyncio.Event | None = None
    """No answer before it is set."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        if request.headers["Authorization"] != "Bearer secret":
            return web.Response(status=401)
        if self.answers:
            status, headers, body = self.answers.pop(0)
            return web.Response(status=status, headers=headers, body=body)
        start = int(request.query["after"] or 0)
        shown = self.orders[start : start + 2]
        page = {"orders": [json.loads(each) for each in shown], "next": str(start + len(shown)) if shown else None}
        if self.piece:
            return await in_pieces(request, json.dumps(page).encode(), self.piece)
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
    assert await market.poll(at_once) == 5
    assert await market.poll(at_once) == 0
    assert await cursor_of("bazaar") == "5"
    here.orders.append(document("B-5", buyer="u5"))
    assert await market.poll(at_once) == 1
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
            await market.poll(at_once)
        assert await cursor_of("bazaar") == "1"
        await db.execute("UPDATE intake_cursor SET place = ''")
    assert await market.poll(at_once) == 3
    assert len(await db.fetch("SELECT 1 FROM raw_order")) == 4


async def test_a_crash_before_the_cursor_moved_brings_nothing_twice(market: Marketplace, stand_in: tuple[StandIn, str]) -> None:
    stand_in[0].orders = [document(f"B-{number}", buyer=f"u{number}") for number in range(3)]
    await market.poll(at_once)
    await db.execute("DELETE FROM intake_cursor")
    assert await market.poll(at_once) == 0
    await take_waiting()
    assert await told("order_placed") == 3


async def test_it_slows_down_when_it_is_asked_to(market: Marketplace, stand_in: tuple[StandIn, str]) -> None:
    stand_in[0].answers = [(429, {"Retry-After": "7"}, b""), (503, {}, b"")]
    with pytest.raises(SlowDown) as slow:
        await market.poll(at_once)
    assert slow.value.seconds == 7
    with pytest.raises(SlowDown):
        await market.poll(at_once)


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
    assert timedelta() <= found["broken"].next_at - (at + timedelta(seconds=120)) < timedelta(seconds=20)
    here.answers = [(429, {"Retry-After": "30"}, b"")]
    later = found["bazaar"].next_at + timedelta(seconds=1)
    assert await poller.poll_due(later) == 0
    next_at = next(each for each in await marketplaces() if each.channel == "bazaar").next_at
    assert timedelta() <= next_at - (later + timedelta(seconds=30)) < timedelta(seconds=20)
    assert "secret" not in str(await db.fetch("SELECT * FROM intake_marketplace"))


async def test_whoever_is_killed_while_it_asks_holds_up_its_marketplace_for_a_turn_only(
    market: Marketplace, stand_in: tuple[StandIn, str]
) -> None:
    here, url = stand_in
    here.orders = [document(f"B-{number}") for number in range(3)]
    here.held = asyncio.Event()
    await put_marketplace("bazaar", url, token="secret", every_seconds=60)
    at = db.now() + timedelta(seconds=1)
    killed = asyncio.create_task(Poller(market.session).poll_due(at))
    while not here.asked:
        await asyncio.sleep(0.01)
    killed.cancel()
    await asyncio.wait([killed])
    here.held.set()
    other = Poller(market.session)
    assert (await other.poll_due(at + timedelta(seconds=1)), here.asked) == (0, 1)
    assert await other.poll_due(at + TURN + timedelta(seconds=20)) == 3


async def test_an_answer_that_comes_in_pieces_is_read_whole_and_one_without_end_is_refused(
    market: Marketplace, stand_in: tuple[StandIn, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stand_in[0]
    here.orders, here.piece = [document("B-1")], 40
    assert await market.poll(at_once) == 1
    monkeypatch.setattr(connector, "MOST_OF_A_PAGE", 20)
    with pytest.raises(MarketplaceFailed, match="AnswerTooLong"):
        await market.poll(at_once)


@pytest.mark.parametrize(("url", "every"), [("ftp://x", 60), ("https://x/", 60), ("https://x", 9), ("https://x", 10**6)])
async def test_marketplaces_that_cannot_be_asked_are_refused(shop: OrderShop, url: str, every: int) -> None:
    with pytest.raises(BadMarketplace):
        await put_marketplace("m", url, token="t", every_seconds=every)
