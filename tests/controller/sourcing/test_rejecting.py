from __future__ import annotations

import pytest

from controller import db
from controller.fulfilment.operations import cancel, release
from controller.orders.flags import FlagKind, blocking
from controller.orders.operations import place
from controller.sourcing import changing
from controller.sourcing.again import NotMovable, SiteIsNamed, move
from controller.sourcing.deciding import Cause, decisions
from controller.sourcing.following import FOLLOWER
from controller.sourcing.plans import Because
from controller.sourcing.rejecting import Kind, NotPromisedThere, Refusal, RejectedAlready, found_short, reject
from controller.sourcing.settings import TermsSetting
from controller.stock.operations import InsufficientStock
from controller.tasks.queries import waiting
from tests.controller.orders_shop import OrderShop, books_add_up, told
from tests.controller.sourcing.chain import Chain, order_id, promised, wanting


@pytest.fixture
async def chain(database: str) -> Chain:
    return await Chain.open("a", "b", "c")


async def on_hand(chain: Chain, code: str) -> dict[str, tuple[int, int]]:
    """On hand and quarantined by site."""
    rows = await db.fetch("SELECT site_id, on_hand, quarantined FROM availability WHERE sku_id = ?", chain.skus[code])
    return {row["site_id"]: (row["on_hand"], row["quarantined"]) for row in rows}


async def test_not_in_stock_means_that_nothing_is_there_and_it_comes_from_elsewhere(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    no, other = await chain.placed(("tea", 2)), await chain.placed(("tea", 1))
    assert await promised(other) == [(1, "a", 1)]
    assert await reject(no, "a", [Refusal(1, Kind.NOT_IN_STOCK)], note="shelf is empty") == 0
    assert await promised(no) == [(1, "b", 2)]
    assert await on_hand(chain, "tea") == {"a": (0, 0), "b": (5, 0)}
    found = await decisions(order_id(no))
    assert [kept.cause for kept in found] == [Cause.REJECTED, Cause.PLACED]
    assert [(verdict.site, verdict.reason) for verdict in found[0].plan.verdicts] == [
        ("a", Because.REJECTED),
        ("c", Because.NOTHING_THERE),
    ]
    assert await told("commitment_withdrawn") == 1  # what was promised to others from the empty shelf
    assert await waiting() == {"count_needed": 1}
    assert await books_add_up()


async def test_a_mismatch_takes_off_what_is_missing(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    no = await chain.placed(("tea", 2))
    await reject(no, "a", [Refusal(1, Kind.MISMATCH, 1)])
    assert await promised(no) == [(1, "a", 1), (1, "b", 1)]
    assert await on_hand(chain, "tea") == {"a": (4, 0), "b": (5, 0)}
    assert await books_add_up()


async def test_damaged_goods_go_to_quarantine(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    no = await chain.placed(("tea", 2))
    await reject(no, "a", [Refusal(1, Kind.DAMAGED)])
    assert await promised(no) == [(1, "b", 2)]
    assert await on_hand(chain, "tea") == {"a": (5, 2), "b": (5, 0)}
    assert await books_add_up()


async def test_another_reason_leaves_the_stock_alone(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    no = await chain.placed(("tea", 2))
    await reject(no, "a", [Refusal(1, Kind.OTHER)], note="closed early")
    assert (await promised(no), await on_hand(chain, "tea")) == ([(1, "b", 2)], {"a": (5, 0), "b": (5, 0)})
    assert await waiting() == {}


async def test_told_twice_is_once_and_told_otherwise_is_refused(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    no = await chain.placed(("tea", 2))
    for _ in range(2):
        await reject(no, "a", [Refusal(1, Kind.MISMATCH)])
    assert await on_hand(chain, "tea") == {"a": (3, 0), "b": (5, 0)}
    assert await told("order_rejected") == 1
    with pytest.raises(RejectedAlready):
        await reject(no, "a", [Refusal(1, Kind.DAMAGED)])
    with pytest.raises(NotPromisedThere):
        await reject(no, "c", [Refusal(1, Kind.DAMAGED)])


async def test_after_so_many_sites_people_decide(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5, c=5)
    await changing.set_terms("", TermsSetting(attempts=2), reason="short")
    no = await chain.placed(("tea", 2))
    assert await reject(no, "a", [Refusal(1, Kind.OTHER)]) == 0
    assert await reject(no, "b", [Refusal(1, Kind.OTHER)]) == 2
    assert (await promised(no), await wanting(no)) == ([], [2])
    assert await waiting() == {"order_unsourced": 1}
    assert (await blocking([order_id(no)]))[order_id(no)] == [FlagKind.STOCK_SHORT]
    await move(no, [1], "c", reason="they have it after all")
    assert (await promised(no), await wanting(no), await waiting()) == ([(1, "c", 2)], [0], {})
    assert await books_add_up()


async def test_a_released_list_is_withdrawn_and_the_rest_released_again(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    await chain.stock("milk", a=5)
    no = await chain.placed(("tea", 2), ("milk", 1))
    await release(no)
    await reject(no, "a", [Refusal(1, Kind.DAMAGED)])
    assert await promised(no) == [(1, "b", 2), (2, "a", 1)]
    rows = await db.fetch("SELECT site, attempt, state FROM pick_list ORDER BY id")
    assert [(row["site"], row["attempt"], row["state"]) for row in rows] == [
        ("a", 1, "withdrawn"),
        ("a", 2, "open"),
        ("b", 1, "open"),
    ]
    assert await books_add_up()


async def test_what_a_picker_found_short_comes_from_elsewhere(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    no = await chain.placed(("tea", 4))
    await release(no)
    key = (await db.fetch("SELECT line_key FROM order_allocation"))[0]["line_key"]
    await db.execute("UPDATE pick_line SET picked = 1, is_short = ?", True)
    for _ in range(2):
        assert await found_short(no, [(key, 3)]) == 0
    assert await promised(no) == [(1, "a", 1), (1, "b", 3)]
    rows = await db.fetch("SELECT site_id, reserved, allocated FROM availability ORDER BY site_id")
    assert [(row["site_id"], row["reserved"] + row["allocated"]) for row in rows] == [("a", 1), ("b", 3)]
    rows = await db.fetch("SELECT site, state FROM pick_list ORDER BY id")
    assert [(row["site"], row["state"]) for row in rows] == [("a", "open"), ("b", "open")]


async def test_a_person_says_where_it_comes_from_if_it_is_there(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5, c=1)
    no = await chain.placed(("tea", 2))
    with pytest.raises(InsufficientStock):
        await move(no, [1], "c", reason="nearer")
    assert await promised(no) == [(1, "a", 2)]
    await move(no, [1], "b", reason="nearer")
    await move(no, [1], "b", reason="nearer")
    assert await promised(no) == [(1, "b", 2)]
    (latest, *_) = await decisions(order_id(no))
    assert (latest.cause, latest.reason, latest.plan.because) == (Cause.MOVED, "nearer", Because.PERSON)
    assert await books_add_up()


async def test_an_order_for_a_site_comes_from_nowhere_else(database: str) -> None:
    shop = await OrderShop.open()
    await shop.stock("tea", 5)
    no = await place(shop.order(("tea", 1)))
    with pytest.raises(SiteIsNamed):
        await reject(no, "s1", [Refusal(1, Kind.OTHER)])
    await cancel(no, reason="x")
    with pytest.raises(NotMovable):
        await move(no, [1], "s1", reason="x")


async def test_a_short_line_is_followed(database: str) -> None:
    """From the picker's fact to the pick list at the other site."""
    shop = await OrderShop.open()
    sku = await shop.stock("tea", 5)
    other = await Chain.open("z")
    other.skus["tea"] = sku
    await other.stock("tea", z=9)
    no = await place(other.order(("tea", 4)))
    lists = await release(no)
    assert await promised(no) == [(1, "s1", 4)]
    outcomes = await shop.report(shop.picked(lists[0], "tea", 1), shop.short(lists[0], "tea"))
    assert outcomes == ["applied", "applied"]
    await FOLLOWER.catch_up()
    assert await promised(no) == [(1, "s1", 1), (1, "z", 3)]
    assert await told("order_rejected") == 1
    await FOLLOWER.catch_up()
    assert await books_add_up()
