from __future__ import annotations

import asyncio

import pytest

from controller import db
from controller.errors import IllegalTransition, NotFound
from controller.intake.mapping import BadMapping, map_goods, mappings
from controller.intake.queries import raw_order, raw_orders
from controller.intake.states import RawState
from controller.intake.taking import OddReason, body_of, discard, receive, retry, take_waiting
from controller.orders import queries as orders
from controller.orders.flags import FlagKind, blocking
from controller.orders.numbers import ORDERS
from tests.controller.intake.sent import document
from tests.controller.orders_shop import OrderShop, told


async def came(body: bytes, channel: str = "tmall") -> int:
    return (await receive(channel, body, source="webhook"))[0]


async def test_what_came_is_kept_as_it_came_and_sealed(shop: OrderShop) -> None:
    body = document() + b"  \n"
    raw = await came(body)
    assert await body_of(raw) == body
    stored = await db.fetch("SELECT sealed FROM raw_order")
    assert "Wang" not in stored[0]["sealed"]
    events = await db.fetch("SELECT data FROM event")
    assert not [row for row in events if "Wang" in row["data"] or "1380000" in row["data"]]


async def test_the_same_bytes_again_are_the_same_raw_order(shop: OrderShop) -> None:
    body = document()
    answers = await asyncio.gather(*(receive("tmall", body, source="webhook") for _ in range(5)))
    assert len({raw for raw, _ in answers}) == 1
    assert sum(is_new for _, is_new in answers) == 1
    assert await came(body, "jd") != answers[0][0], "another channel may send the same"


async def test_mapped_goods_become_an_order_with_its_customer(shop: OrderShop) -> None:
    await map_goods("tmall", "item-tea", "tea")
    raw = await came(document(quantity=3))
    assert await take_waiting() == 1
    found = await raw_order(raw)
    assert (found.state, found.reference) == (RawState.PLACED, "T-1")
    assert found.order is not None
    order = await orders.order(found.order)
    assert (order.channel, order.reference, order.total_minor) == ("tmall", "T-1", 750)
    assert order.customer_id is not None


async def test_a_pack_of_the_channel_s_is_several_of_ours(shop: OrderShop) -> None:
    await map_goods("tmall", "box-of-5", "tea", units=5)
    raw = await came(document("T-1", "box-of-5", quantity=2))
    await take_waiting()
    order = (await raw_order(raw)).order
    assert order is not None
    (line,) = (await orders.lines([ORDERS.row_id(order)]))[ORDERS.row_id(order)]
    assert (line.quantity, line.unit_price_minor, line.amount_minor) == (10, 50, 500)
    await map_goods("tmall", "box-of-3", "tea", units=3)
    odd = await came(document("T-2", "box-of-3"))
    await take_waiting()
    assert (await raw_order(odd)).code == "odd_price"


async def test_goods_that_nobody_mapped_wait_visibly_and_go_on_when_all_are_mapped(shop: OrderShop) -> None:
    await shop.stock("milk", 10)
    waits, other = await came(document("T-1", "item-tea", "item-milk")), await came(document("T-2", "item-milk"))
    await take_waiting()
    found = await raw_order(waits)
    assert (found.state, found.code, found.detail) == (RawState.UNMAPPED, "goods_unmapped", "nobody mapped item-milk, item-tea")
    kinds = await db.fetch("SELECT kind, subject FROM task WHERE state = 'open' ORDER BY subject")
    assert [row["subject"] for row in kinds] == ["tmall/item-milk", "tmall/item-tea"]
    assert await map_goods("tmall", "item-milk", "milk") == 1
    await take_waiting()
    assert ((await raw_order(waits)).state, (await raw_order(other)).state) == (RawState.UNMAPPED, RawState.PLACED)
    assert await map_goods("tmall", "item-tea", "tea") == 1
    await take_waiting()
    assert (await raw_order(waits)).state is RawState.PLACED
    assert not await db.fetch("SELECT 1 FROM task WHERE state = 'open'")


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"reference": 7}',
        b"[" * 5000,
        document(currency="yuan"),
        document(due_at="2026-12-24T10:00:00"),
    ],
)
async def test_a_bad_document_never_blocks_the_next(shop: OrderShop, bad: bytes) -> None:
    await map_goods("tmall", "item-tea", "tea")
    broken, good = await came(bad), await came(document())
    assert await take_waiting() == 2
    refused = await raw_order(broken)
    assert (refused.state, refused.code) == (RawState.REFUSED, "unreadable_order")
    assert (await raw_order(good)).state is RawState.PLACED
    assert await take_waiting() == 0
    assert [row["kind"] for row in await db.fetch("SELECT kind FROM task")] == ["raw_order_refused"]


async def test_what_is_refused_is_tried_again_when_somebody_says_so(shop: OrderShop) -> None:
    await map_goods("tmall", "item-tea", "tea")
    raw = await came(document(quantity=2000))
    await take_waiting()
    assert (await raw_order(raw)).code == "insufficient_stock"
    await db.execute("UPDATE raw_order SET detail = detail")
    await shop.stock("coffee", 1)
    await retry(raw)
    await retry(raw)
    assert (await raw_order(raw)).state is RawState.WAITING
    await take_waiting()
    with pytest.raises(OddReason):
        await discard(raw, reason="")
    await discard(raw, reason="the channel cancelled it")
    await discard(raw, reason="the channel cancelled it")
    with pytest.raises(IllegalTransition):
        await retry(raw)
    assert not await db.fetch("SELECT 1 FROM task WHERE state = 'open'")


async def test_many_workers_place_it_once(shop: OrderShop) -> None:
    await map_goods("tmall", "item-tea", "tea")
    for number in range(4):
        await came(document(f"T-{number}", buyer=f"u-{number}"))
    await asyncio.gather(*(take_waiting() for _ in range(4)))
    assert await told("order_placed") == 4
    assert [row.state for row in await raw_orders(state="", channel="tmall", before=None, limit=9)] == [RawState.PLACED] * 4


async def test_the_same_customer_with_the_same_goods_again_is_flagged_and_warned_of(shop: OrderShop) -> None:
    await map_goods("tmall", "item-tea", "tea")
    raws = [await came(document(reference)) for reference in ("T-1", "T-2")]
    raws.append(await came(document("T-3", quantity=2)))
    await take_waiting()
    first, again, other = [ORDERS.row_id(str((await raw_order(raw)).order)) for raw in raws]
    assert await blocking([first, again, other]) == {again: [FlagKind.DUPLICATE_SUSPECTED]}
    reason = await db.fetch("SELECT reason FROM order_flag")
    assert reason[0]["reason"] == f"the same customer ordered the same goods as {ORDERS.number(first)}"


async def test_mappings_are_of_articles_that_exist(shop: OrderShop) -> None:
    with pytest.raises(NotFound):
        await map_goods("tmall", "x", "nothing")
    for units in (0, 10**6 + 1):
        with pytest.raises(BadMapping):
            await map_goods("tmall", "x", "tea", units=units)
    await map_goods("tmall", "x", "tea")
    await map_goods("tmall", "x", "tea", units=2)
    assert [(each.goods, each.units) for each in await mappings(channel="tmall", after=0, limit=9)] == [("x", 2)]
    with pytest.raises(NotFound):
        await retry(99)
