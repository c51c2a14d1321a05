"""Recall of a lot on both engines: everywhere at once, promises taken back, picks refused, a task per site, the evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller import db
from controller.errors import NotFound
from controller.events import acting, feed
from controller.fulfilment.operations import release
from controller.fulfilment.queries import pick_lines
from controller.needs import FOLLOWER
from controller.orders import queries as orders
from controller.orders.operations import place
from controller.recalls.operations import BadRecall, RecallOver, end_recall, recall
from controller.recalls.queries import recall_of, recalls, sites_of, sold_of
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import special
from controller.stock.lots import block, lot_of, unblock
from controller.stock.operations import Move, Reason, move
from controller.tasks.queries import Asked, StoredTask, tasks
from edge_agent.wire.facts import Picked, PutAway
from edge_agent.wire.messages import Symbol
from tests.controller.goods import at
from tests.controller.orders_shop import OrderShop, books_add_up


@pytest.fixture
async def shop(database: str) -> OrderShop:
    """Ten of lot L1 and four of L2 in bin A-1 of s1, three of L1 at s2."""
    shop = await OrderShop.open()
    sku = await shop.stock("milk", 0)
    first, second = await lot_of(sku, "L1"), await lot_of(sku, "L2")
    await move([replace(shop.shop.arrival(sku, 10), lot_id=first), replace(shop.shop.arrival(sku, 4), lot_id=second)])
    await create_site("s2", name="Shop 2")
    far = await create_bin("s2", "B-1")
    supplier = await special("s2", LocationKind.SUPPLIER)
    await move([replace(shop.shop.arrival(sku, 3), from_location_id=supplier, to_location_id=far, lot_id=first)])
    return shop


async def waiting() -> list[StoredTask]:
    await FOLLOWER.catch_up()
    return [one for one in await tasks(Asked(), limit=50) if one.kind == "lot_recalled"]


async def quarantined() -> dict[str, int]:
    return {row["site_id"]: row["quarantined"] for row in await db.fetch("SELECT site_id, quarantined FROM availability")}


async def test_a_recall_blocks_everywhere_at_once_and_takes_the_latest_promises_back(shop: OrderShop) -> None:
    kept, lost = await place(shop.order(("milk", 4))), await place(shop.order(("milk", 3)))
    with acting("person:mei"):
        number = await recall("L1", "milk", reason="glass in the bottle")
    assert await quarantined() == {"s1": 10, "s2": 3}
    assert ((await orders.order(kept)).is_stock_short, (await orders.order(lost)).is_stock_short) == (False, True)
    assert await recall("L1", "milk", reason="again") == number
    found = await recall_of(number)
    assert (found.reason, found.created_by, found.sites, found.open_sites) == ("glass in the bottle", "person:mei", 2, 2)
    assert [(one.site, one.found, one.bins) for one in await sites_of(found.id)] == [("s1", 10, {"A-1": 10}), ("s2", 3, {"B-1": 3})]
    assert {task.site: task.arguments["bins"] for task in await waiting()} == {"s1": "A-1 (10)", "s2": "B-1 (3)"}
    assert [one.site for one in await sites_of(found.id, ["s2"])] == ["s2"]
    assert await books_add_up()


async def test_an_open_pick_of_the_lot_is_flagged_and_refused_with_words(shop: OrderShop) -> None:
    order = await place(shop.order(("milk", 3)))
    pick_list = (await release(order))[0]
    await recall("L1", "milk", reason="glass")
    assert [(line.lot, line.is_recalled) for line in await pick_lines(1)] == [("L1", True)]
    assert await shop.report(shop.picked(pick_list, "milk")) == ["applied"], "what was picked before it lies in packing"
    await db.execute("UPDATE recall SET created_at = ?", at(-600))
    assert await shop.report(shop.picked(pick_list, "milk")) == ["lot_recalled"]
    told = shop.picked(pick_list, "milk")
    assert await shop.report(Picked(pick_list=pick_list, symbol=told.symbol, gtin=told.gtin, quantity=1, lot="L1")) == [
        "lot_recalled"
    ]
    rows = await db.fetch("SELECT data FROM event WHERE name = 'pick_refused'")
    assert "lot L1" in rows[0]["data"]
    assert await shop.report(Picked(pick_list=pick_list, symbol=told.symbol, gtin=told.gtin, quantity=1, lot="L2")) == ["applied"]
    assert await books_add_up()


async def bound() -> list[tuple[str | None, int, int, bool]]:
    """Lots of the first list's lines: how many, how many were picked, whether they are short."""
    return [(line.lot, line.quantity, line.picked, line.is_short) for line in await pick_lines(1)]


async def test_an_open_list_is_bound_to_another_lot(shop: OrderShop) -> None:
    [pick_list] = await release(await place(shop.order(("milk", 3))))
    assert await shop.report(shop.picked(pick_list, "milk")) == ["applied"]
    await recall("L1", "milk", reason="glass")
    await FOLLOWER.catch_up()
    assert await bound() == [("L1", 1, 1, False), ("L2", 2, 0, False)]
    assert await shop.report(shop.picked(pick_list, "milk"), shop.picked(pick_list, "milk")) == ["applied"] * 2
    await FOLLOWER.catch_up()
    assert await bound() == [("L1", 1, 1, False), ("L2", 2, 2, False)]
    (told,) = [each.data for each in await feed(0) if each.name == "pick_rebound"]
    assert (told["quantity"], told["missing"]) == (2, 0)
    assert await books_add_up()


async def test_what_there_is_no_other_lot_of_is_short_and_a_task(shop: OrderShop) -> None:
    order = await place(shop.order(("milk", 6)))
    await release(order)
    second = await lot_of(shop.skus["milk"], "L2")
    await move([replace(shop.shop.sale(shop.skus["milk"], 2), lot_id=second)])
    await recall("L1", "milk", reason="glass")
    await FOLLOWER.catch_up()
    found = await bound()
    assert [(lot, short) for lot, _, _, short in found if short] == [("L1", True)]
    assert sum(quantity for _, quantity, _, _ in found) == 6
    waiting_ = [one.subject for one in await tasks(Asked(), limit=50) if one.kind == "stock_short"]
    assert waiting_ == [order]
    assert await books_add_up()


async def test_no_label_is_printed_for_a_parcel_with_the_lot_in_it(shop: OrderShop) -> None:
    order = await place(shop.order(("milk", 1)))
    pick_list = (await release(order))[0]
    await shop.report(shop.picked(pick_list, "milk"))
    number = await recall("L1", "milk", reason="glass")
    await shop.report(shop.packed(pick_list, 100))
    wanted = await db.fetch("SELECT data FROM event WHERE name = 'document_wanted'")
    assert not [row for row in wanted if "shipping-label" in row["data"]]
    assert len(await db.fetch("SELECT id FROM event WHERE name = 'label_refused' AND subject = ?", order)) == 1
    sold = await sold_of((await recall_of(number)).id)
    assert [(one.document, one.quantity, one.reason) for one in sold] == [(order, 1, "picked")]


async def test_putting_all_of_it_into_quarantine_by_scan_settles_the_sites_task(shop: OrderShop) -> None:
    number = await recall("L1", "milk", reason="glass")
    symbol = Symbol(text=shop.codes["milk"])
    scan = shop.picked("PL-1", "milk")
    put = PutAway(symbol=symbol, gtin=scan.gtin, quantity=6, bin="quarantine", lot="L1")
    assert await shop.report(put) == ["applied"]
    assert {task.site: task.arguments["bins"] for task in await waiting()} == {"s1": "A-1 (4)", "s2": "B-1 (3)"}
    assert await shop.report(PutAway(symbol=symbol, gtin=scan.gtin, quantity=4, bin="quarantine")) == ["applied"], "no lot told"
    assert [task.site for task in await waiting()] == ["s2"]
    assert (await recall_of(number)).open_sites == 1
    assert await quarantined() == {"s1": 10, "s2": 3}
    assert await books_add_up()


async def test_what_of_the_lot_comes_later_is_blocked_and_asked_for_too(shop: OrderShop) -> None:
    await recall("L9", "milk", reason="told by the maker")
    assert await waiting() == []
    lot = await lot_of(shop.skus["milk"], "L9")
    await move([replace(shop.shop.arrival(shop.skus["milk"], 5), lot_id=lot)])
    assert [(task.site, task.arguments["bins"]) for task in await waiting()] == [("s1", "A-1 (5)")]
    assert (await quarantined())["s1"] == 5


async def test_the_end_of_a_recall_frees_what_is_left_and_drops_its_tasks(shop: OrderShop) -> None:
    number = await recall("L1", "milk", reason="glass")
    quarantine = await special("s1", LocationKind.QUARANTINE)
    away = Move(
        sku_id=shop.skus["milk"],
        from_location_id=shop.shop.bin,
        to_location_id=quarantine,
        quantity=7,
        reason=Reason.RELOCATED,
        occurred_at=db.now(),
        lot_id=await lot_of(shop.skus["milk"], "L1"),
    )
    await move([away])
    await end_recall(number, reason="the maker says it was another lot")
    assert await waiting() == []
    assert await quarantined() == {"s1": 7, "s2": 0}, "what is in quarantine is brought back by hand"
    assert (await recall_of(number)).ended_reason == "the maker says it was another lot"
    with pytest.raises(RecallOver):
        await end_recall(number, reason="again")
    assert await recall("L1", "milk", reason="it was this one after all") != number
    assert await books_add_up()


async def test_the_end_of_a_recall_frees_nothing_of_a_lot_that_is_blocked_for_another_cause(shop: OrderShop) -> None:
    lot = await lot_of(shop.skus["milk"], "L1")
    await block(lot, reason="dented")
    number = await recall("L1", "milk", reason="glass")
    await end_recall(number, reason="another lot")
    assert await quarantined() == {"s1": 10, "s2": 3}
    await unblock(lot)
    assert await quarantined() == {"s1": 0, "s2": 0}
    assert await books_add_up()


async def test_a_recall_needs_a_lot_a_sku_and_a_reason(shop: OrderShop) -> None:
    for lot, reason in (("", "x"), ("L1", ""), ("L1", "x" * 201), ("L1", "two\nlines")):
        with pytest.raises(BadRecall):
            await recall(lot, "milk", reason=reason)
    with pytest.raises(NotFound):
        await recall("L1", "nothing", reason="x")
    with pytest.raises(NotFound):
        await end_recall("LR-100009", reason="x")
    number = await recall("L1", "milk", reason="x")
    assert [one.no for one in await recalls(before=None, limit=9, q="l1")] == [number]
    assert await recalls(before=None, limit=9, q="%") == []
    assert await recalls(before=None, limit=9, state="ended") == []
