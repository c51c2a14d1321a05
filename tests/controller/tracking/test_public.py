"""The public look-up: number and proof together open it, tries cost time, and a no says nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from controller import db
from controller.customers import sealing
from controller.orders import queries as orders
from controller.orders.states import Delivery
from controller.sites.operations import change_site
from controller.tracking import public
from controller.tracking.nodes import Node
from controller.tracking.public import NoSuchOrder, TooManyLookUps, look_up
from tests.controller.tracking.shop import Later, PersonShop


async def refused(number: str, proof: str, address: str = "10.0.0.1") -> str:
    try:
        await look_up(number, proof, address)
    except (NoSuchOrder, TooManyLookUps) as error:
        return error.code
    return ""


@pytest.mark.parametrize("typed", ["SO-100001", " so-100001 "])
async def test_number_and_last_digits_show_where_it_is_and_nobody_in_clear(shop: PersonShop, typed: str) -> None:
    found = await look_up(typed, "4321", "10.0.0.1")
    assert (found.order.no, found.name, found.city) == (shop.order, "欧**", "杭州市")
    assert found.tracked.node is Node.ALLOCATED
    assert [line.sku for line in found.lines] == ["tea"]


async def test_the_pick_up_code_proves_it_too_without_any_key(shop: PersonShop) -> None:
    sealing.close_keys("there is no key file")
    code = (await orders.order(shop.order)).pickup_code
    assert (await look_up(shop.order, code.lower(), "10.0.0.1")).name == ""
    assert await refused(shop.order, "4321") == "no_such_order"


async def test_who_fetches_it_is_told_where_and_who_gets_it_brought_is_not(shop: PersonShop) -> None:
    await change_site("s1", name="Tea at the Harbour", time_zone="UTC", day_starts="00:00", address="1 Quay Street")
    for delivery, told in ((Delivery.COLLECTION, ("Tea at the Harbour", "1 Quay Street")), (Delivery.SHIPPING, None)):
        await db.execute("UPDATE sales_order SET delivery = ?", delivery.value)
        store = (await look_up("SO-100001", "4321", "10.0.0.1")).store
        assert (None if store is None else (store.name, store.address)) == told


@pytest.mark.parametrize(
    ("number", "proof"),
    [("SO-100001", "4322"), ("SO-100001", ""), ("SO-100001", "13987654321"), ("SO-100002", "4321"), ("nothing", "4321"), ("", "")],
)
async def test_whichever_half_is_wrong_the_answer_is_one(shop: PersonShop, number: str, proof: str) -> None:
    with pytest.raises(NoSuchOrder, match="no order has this number and this telephone") as caught:
        await look_up(number, proof, "10.0.0.1")
    assert caught.value.details == {"wait": 0}


async def test_a_no_comes_after_the_same_work_and_never_sooner_than_a_yes_could(
    shop: PersonShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    plain = db.fetch

    async def counted(sql: str, *params: object) -> list[db.Row]:
        asked[-1].append(sql)
        return await plain(sql, *params)

    monkeypatch.setattr(db, "fetch", counted)
    loop = asyncio.get_running_loop()
    for number, proof in (("SO-100001", "0000"), ("SO-100999", "0000"), ("SO-100001", "4320")):
        asked.append([])
        begun = loop.time()
        assert await refused(number, proof) == "no_such_order"
        assert loop.time() - begun >= public.SLOWEST
    assert asked[0] == asked[1] == asked[2]


async def test_tries_at_one_order_cost_time_from_wherever_they_come(shop: PersonShop, clock: Later) -> None:
    for number in range(public.TRIES_OF_AN_ORDER):
        assert await refused(shop.order, f"{number:04d}", f"10.0.0.{number}") == "no_such_order"
    assert await refused(shop.order, "4321", "10.0.9.9") == "too_many_look_ups"
    clock.instant += public.FIRST_WAIT + timedelta(seconds=1)
    assert await refused(shop.order, "4321", "10.0.9.9") == ""


async def test_tries_of_one_client_cost_time_whatever_they_try(shop: PersonShop, clock: Later) -> None:
    for number in range(public.TRIES_OF_AN_ADDRESS):
        assert await refused(f"SO-1005{number:02d}", "0000", "2001:db8::1") == "no_such_order"
    assert await refused(shop.order, "4321", "2001:db8::ffff") == "too_many_look_ups", "a network is one client"
    assert await refused(shop.order, "4321", "10.0.0.1") == ""
    clock.instant += timedelta(hours=25)
    assert await public.forget_old() > 0
    assert await refused(shop.order, "4321", "2001:db8::1") == ""


async def test_who_is_right_is_not_counted_and_takes_nobody_elses_failures_back(shop: PersonShop) -> None:
    for _ in range(3):
        assert await refused(shop.order, "0000") == "no_such_order"
    for _ in range(20):
        assert await refused(shop.order, "4321") == ""
    rows = await db.fetch("SELECT failures FROM look_up_failures ORDER BY key")
    assert [row["failures"] for row in rows] == [3, 3]


async def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [int(public.wait_after(failures, 6).total_seconds()) for failures in (5, 6, 7, 8, 30)]
    assert waits == [0, 30, 60, 120, 900]
