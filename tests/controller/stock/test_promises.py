"""Promises on both engines: what expires, what a channel leaves to others, what is sold before it arrives."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from controller import db
from controller.errors import NotFound
from controller.proofs.proving import reconcile
from controller.stock import carts
from controller.stock.channels import add_channel, available_to_promise, buffers, set_buffer
from controller.stock.holds import HoldsGone, expire_due, keep_until
from controller.stock.lots import block, lot_of, unblock
from controller.stock.operations import InsufficientStock, NotExpected, ReserveLine, Terms, allocate, expect, move, release, reserve
from controller.stock.presale import PresoldAlready, set_presale
from tests.controller.goods import Shop, add_sku, holds, numbers

TEN_MINUTES = timedelta(minutes=10)


async def row_of(sku: int) -> dict[str, int]:
    return (await db.fetch("SELECT * FROM availability WHERE sku_id = ?", sku))[0]


async def told(name: str) -> int:
    return int((await db.fetch("SELECT COUNT(*) AS n FROM event WHERE name = ?", name))[0]["n"])


def line(key: str, sku: int, quantity: int, *, presale: bool = False) -> ReserveLine:
    return ReserveLine(line_key=key, sku_id=sku, quantity=quantity, presale=presale)


async def hold(key: str, sku: int, quantity: int, *, minutes: int | None = None, channel: str = "") -> None:
    until = None if minutes is None else db.now() + timedelta(minutes=minutes)
    await reserve([line(key, sku, quantity)], site_id="s1", terms=Terms(channel=channel, expires_at=until))


async def overdue(*keys: str) -> None:
    """As if their time had come a minute ago."""
    for key in keys:
        await db.execute("UPDATE reservation SET expires_at = ? WHERE line_key = ?", db.now() - timedelta(minutes=1), key)


async def test_what_expired_is_given_back_in_bounded_batches_and_told(database: str) -> None:
    sku = await (await Shop.open()).stock("tea", 10)
    for number in range(5):
        await hold(f"c/{number}", sku, 1, minutes=10)
    await hold("d/1", sku, 1, minutes=10)
    await overdue(*(f"c/{number}" for number in range(5)))
    assert [await expire_due(limit=3), await expire_due(limit=3), await expire_due(limit=3)] == [3, 2, 0]
    assert await numbers(sku) == (10, 1, 0)
    assert (await holds(sku))["d/1"] == "reserved"
    assert await told("hold_expired") == 5
    assert await reconcile() == []


async def test_a_hold_that_was_confirmed_in_time_never_expires(database: str) -> None:
    sku = await (await Shop.open()).stock("tea", 10)
    await hold("c/1", sku, 4, minutes=10)
    await keep_until("c", None)
    await keep_until("c", None)
    await db.execute("UPDATE reservation SET created_at = ?", db.now() - timedelta(days=9))
    assert await expire_due() == 0
    assert await numbers(sku) == (10, 4, 0)


async def test_what_expired_by_the_instant_of_the_confirmation_is_gone(database: str) -> None:
    sku = await (await Shop.open()).stock("tea", 10)
    await hold("c/1", sku, 4, minutes=10)
    await hold("c/2", sku, 1, minutes=10)
    await overdue("c/2")
    with pytest.raises(HoldsGone) as gone:
        await db.in_transaction(lambda: keep_until("c", None))
    assert gone.value.lines == 1
    await expire_due()
    with pytest.raises(HoldsGone):
        await db.in_transaction(lambda: keep_until("c", db.now() + TEN_MINUTES))
    assert await numbers(sku) == (10, 4, 0)


async def test_a_grant_that_would_fail_takes_what_expired_first(database: str) -> None:
    sku = await (await Shop.open()).stock("tea", 10)
    await hold("c/1", sku, 7, minutes=10)
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: hold("o/1", sku, 6))
    await overdue("c/1")
    await hold("o/1", sku, 6)
    assert await holds(sku) == {"c/1": "expired", "o/1": "reserved"}
    assert await numbers(sku) == (10, 6, 0)


@pytest.mark.parametrize("waits", [True, False])
async def test_what_ends_while_it_waits_for_its_grant_gives_nothing_back_that_it_never_had(database: str, waits: bool) -> None:
    """A busy row keeps a short-lived cart waiting beyond its end: the grant that finds too little must not expire its own lines."""
    sku = await (await Shop.open()).stock("tea", 4)
    await hold("x/1", sku, 4)
    await set_presale(sku, "s1", 6)
    others = {"x/1": "reserved", **({"p/1": "presold"} if waits else {})}
    if waits:  # whatever is given back is this one's at once
        await reserve([line("p/1", sku, 2, presale=True)], site_id="s1")
    over = Terms(expires_at=db.now() - timedelta(milliseconds=1))
    asked = [line("c/1", sku, 2, presale=True), line("c/2", sku, 1, presale=True)]
    await db.in_transaction(lambda: reserve(asked, site_id="s1", terms=over))
    assert await reconcile() == []
    assert await holds(sku) == {**others, "c/1": "presold", "c/2": "presold"}
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: reserve([line("d/1", sku, 2)], site_id="s1", terms=over))
    assert await expire_due() == 2
    assert await numbers(sku) == (4, 4, 0)
    assert await reconcile() == []


async def test_confirming_and_expiring_at_the_same_instant_is_one_or_the_other(database: str) -> None:
    """Held to the last moment: whoever confirms has it for good, else it is free; never both, never neither."""
    sku = await (await Shop.open()).stock("tea", 40)
    for number in range(20):
        await hold(f"c{number}/1", sku, 2, minutes=10)
    soon = db.now() + timedelta(milliseconds=60)
    await db.execute("UPDATE reservation SET expires_at = ?", soon)

    async def confirm(number: int) -> bool:
        async with asyncio.timeout(20):
            while db.now() < soon - timedelta(milliseconds=(number - 10) * 4):
                await asyncio.sleep(0.001)
        try:
            await db.in_transaction(lambda: keep_until(f"c{number}", None))
        except HoldsGone:
            return False
        return True

    async def sweep() -> None:
        async with asyncio.timeout(20):
            while await db.fetch("SELECT id FROM reservation WHERE expires_at IS NOT NULL LIMIT 1"):
                await db.in_transaction(lambda: expire_due(limit=3))
                await asyncio.sleep(0.001)

    *kept, _, _ = await asyncio.gather(*(confirm(number) for number in range(20)), sweep(), sweep())
    states = await holds(sku)
    assert {number for number in range(20) if states[f"c{number}/1"] == "reserved"} == {n for n, ok in enumerate(kept) if ok}
    assert set(states.values()) <= {"reserved", "expired"}
    assert await numbers(sku) == (40, 2 * sum(map(bool, kept)), 0)
    assert await reconcile() == []


async def test_a_cart_is_filled_again_renewed_confirmed_and_emptied(database: str) -> None:
    shop = await Shop.open()
    tea, milk = await shop.stock("tea", 10), await shop.stock("milk", 3)
    later = db.now() + TEN_MINUTES

    async def fill(quantities: dict[int, int], cart: str = "a") -> None:
        wanted = carts.Wanted(site="s1", channel="web", quantities=quantities, expires_at=later)
        await db.in_transaction(lambda: carts.fill_cart(cart, wanted))

    await fill({tea: 4, milk: 3})
    await fill({tea: 9, milk: 1})
    assert (await numbers(tea), await numbers(milk)) == ((10, 9, 0), (3, 1, 0))
    with pytest.raises(InsufficientStock):
        await fill({tea: 9, milk: 4})
    found = await carts.cart_of("a")
    assert [(one.sku, one.quantity) for one in found.lines] == [("milk", 1), ("tea", 9)], "it keeps what it had"
    assert found.is_whole
    await carts.renew_cart("a", later + TEN_MINUTES)
    await carts.confirm_cart("a")
    await carts.confirm_cart("a")
    assert (await carts.cart_of("a")).expires_at is None
    await carts.empty_cart("a")
    with pytest.raises(NotFound):
        await carts.cart_of("a")
    assert (await numbers(tea), await numbers(milk)) == ((10, 0, 0), (3, 0, 0))
    for bad in ("", "a b", "x" * 65, "ä"):
        with pytest.raises(carts.BadCart):
            await fill({tea: 1}, bad)
    with pytest.raises(carts.BadCart):
        await carts.renew_cart("a", later + timedelta(days=3))


async def test_carts_that_ended_long_ago_are_forgotten(database: str) -> None:
    sku = await (await Shop.open()).stock("tea", 10)
    wanted = carts.Wanted(site="s1", channel="web", quantities={sku: 2}, expires_at=db.now() + TEN_MINUTES)
    for name in ("a", "b"):
        await carts.fill_cart(name, wanted)
    await hold("SO-1/1", sku, 1)
    await release(["SO-1/1"])
    await db.execute("UPDATE reservation SET expires_at = ? WHERE document = 'cart:a'", db.now() - TEN_MINUTES)
    await expire_due()
    assert await carts.forget_carts(db.now() + TEN_MINUTES) == 1
    assert len(await holds(sku)) == 2, "an open cart, and what an order had, stay"


async def test_the_narrowest_buffer_holds(database: str) -> None:
    sku = await (await Shop.open()).stock("tea", 20)
    await add_channel("web", name_en="Web shop", name_zh="网店")
    for quantity, where in ((2, {}), (4, {"site": "s1"}), (6, {"sku_id": sku}), (8, {"sku_id": sku, "site": "s1"})):
        await set_buffer("web", quantity, reason="test", **where)
        found = await available_to_promise(sku, "s1", "web")
        assert (found.free, found.buffer, found.available) == (20, quantity, 20 - quantity)
    assert (await available_to_promise(sku, "s1", "shop")).available == 20
    with pytest.raises(InsufficientStock) as refused:
        await db.in_transaction(lambda: hold("w/1", sku, 13, channel="web"))
    assert refused.value.available == 12
    await hold("w/1", sku, 12, channel="web")
    await hold("s/1", sku, 5, channel="shop")
    assert (await available_to_promise(sku, "s1", "web")).available == 0
    await set_buffer("web", 0, sku_id=sku, site="s1", reason="borrow what is left")
    await hold("w/2", sku, 3, channel="web")
    assert await numbers(sku) == (20, 20, 0)
    await set_buffer("web", None, sku_id=sku, site="s1", reason="back to the rule for tea")
    assert [(one.sku, one.site, one.quantity) for one in await buffers("web")] == [
        (None, None, 2),
        (None, "s1", 4),
        ("tea", None, 6),
    ]
    assert await told("channel_buffer_changed") == 6


async def test_what_is_to_come_is_counted_and_never_below_zero(database: str) -> None:
    sku = await (await Shop.open()).stock("tea", 1)
    other = await add_sku("new")
    await expect(sku, "s1", 5)
    await expect(other, "s1", 2)
    await expect(sku, "s1", -3)
    await expect(sku, "s1", 0)
    for bad in (sku, other, 10**6):
        with pytest.raises(NotExpected):
            await expect(bad, "s1", -3)
    assert ((await row_of(sku))["incoming"], (await row_of(other))["incoming"]) == (2, 2)


async def presell(key: str, sku: int, quantity: int, channel: str = "") -> None:
    await reserve([line(key, sku, quantity, presale=True)], site_id="s1", terms=Terms(channel=channel))


async def test_what_arrives_goes_to_those_who_bought_it_before_the_oldest_first(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("phone", 2)
    await set_presale(sku, "s1", 10)
    await presell("a/1", sku, 2)
    await presell("b/1", sku, 4)
    await presell("c/1", sku, 3)
    assert await holds(sku) == {"a/1": "reserved", "b/1": "presold", "c/1": "presold"}, "what is there goes first"
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: presell("d/1", sku, 4))
    with pytest.raises(PresoldAlready):
        await set_presale(sku, "s1", 6)
    await allocate(["b/1"])
    assert (await holds(sku))["b/1"] == "presold", "what is not there binds to no bin"
    await move([shop.arrival(sku, 5)])
    assert await holds(sku) == {"a/1": "reserved", "b/1": "reserved", "c/1": "presold"}
    row = await row_of(sku)
    assert (row["on_hand"], row["reserved"], row["presold"], row["presale"]) == (7, 7, 2, 5)
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: hold("e/1", sku, 1))
    await move([shop.arrival(sku, 5)])
    row = await row_of(sku)
    assert (row["on_hand"], row["reserved"], row["presold"], row["presale"]) == (12, 9, 0, 0), "what came is not still to come"
    assert (await holds(sku))["c/1"] == "reserved"
    assert await told("presale_arrived") == 3
    assert await reconcile() == []


async def test_what_is_given_back_goes_to_those_who_wait_for_it(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("phone", 3)
    await hold("a/1", sku, 3)
    await set_presale(sku, "s1", 5)
    await presell("b/1", sku, 2)
    await presell("c/1", sku, 2)
    await release(["a/1"])
    row = await row_of(sku)
    assert (row["reserved"], row["presold"], row["presale"]) == (3, 1, 2)
    await release(["c/1"])
    row = await row_of(sku)
    assert (row["reserved"], row["presold"]) == (2, 0)
    assert await reconcile() == []


async def test_what_came_and_went_again_takes_the_latest_promise_back(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("phone", 1)
    await hold("z/1", sku, 1)
    await set_presale(sku, "s1", 9)
    await presell("a/1", sku, 2)
    await presell("b/1", sku, 3)
    await move([shop.arrival(sku, 3)])
    assert (await row_of(sku))["presold"] == 2
    await move([shop.sale(sku, 1)])
    assert await holds(sku) == {"z/1": "reserved", "a/1": "reserved", "b/1": "withdrawn"}
    row = await row_of(sku)
    assert (row["on_hand"], row["reserved"], row["presold"]) == (3, 3, 0)
    assert await reconcile() == []


async def test_a_channels_buffer_is_kept_from_what_it_presold(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("phone", 1)
    await hold("z/1", sku, 1)
    await add_channel("web", name_en="Web shop", name_zh="网店")
    await set_buffer("web", 2, reason="for the shop")
    await set_presale(sku, "s1", 9)
    await presell("w/1", sku, 3, "web")
    await presell("s/1", sku, 1, "shop")
    await move([shop.arrival(sku, 3)])
    assert await holds(sku) == {"z/1": "reserved", "w/1": "presold", "s/1": "reserved"}
    row = await row_of(sku)
    assert (row["on_hand"], row["reserved"], row["presold"]) == (4, 3, 2)
    assert await reconcile() == []


async def test_blocking_a_lot_takes_promises_back_and_unblocking_serves_who_waits(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 2)
    lot = await lot_of(sku, "L1")
    await move([replace(shop.arrival(sku, 4), lot_id=lot)])
    await hold("a/1", sku, 2)
    await hold("b/1", sku, 3)
    assert await block(lot, reason="glass in it") == {"s1": 4}
    assert await holds(sku) == {"a/1": "reserved", "b/1": "withdrawn"}
    row = await row_of(sku)
    assert (row["on_hand"], row["reserved"], row["quarantined"]) == (6, 2, 4)
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: hold("c/1", sku, 1))
    await set_presale(sku, "s1", 3)
    await presell("d/1", sku, 3)
    await unblock(lot)
    assert (await holds(sku))["d/1"] == "reserved"
    assert await reconcile() == []
