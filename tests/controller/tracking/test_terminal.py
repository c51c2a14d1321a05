"""A screen in a store: it is set up by a key, asks only so often, and shows nothing of anybody."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from controller import db
from controller.errors import NotFound
from controller.orders import queries as orders
from controller.sites.operations import create_site
from controller.tracking import screens
from controller.tracking.nodes import Node
from controller.tracking.public import NoSuchOrder, TooManyLookUps
from controller.tracking.screens import AskedTooOften, BadScreen, Screen, ScreenExists, add_screen, may_ask, screen_of
from controller.tracking.terminal import Answer, ask
from tests.controller.tracking.shop import Later, PersonShop


async def screen(site: str = "s1", name: str = "Entrance") -> Screen:
    found = await screen_of(await add_screen(site, name))
    assert found is not None
    return found


async def fetched(shop: PersonShop) -> Screen:
    """At the store where the order is fetched."""
    await db.execute("UPDATE sales_order SET site = 's1', delivery = 'collection'")
    return await screen()


@pytest.mark.parametrize("typed", ["100001", "SO-100001", " so-100001 "])
async def test_a_number_alone_shows_how_far_it_is_and_no_goods(shop: PersonShop, typed: str) -> None:
    found = await ask(await screen(), typed)
    assert (found.no, found.node, found.lines) == (shop.order, Node.ALLOCATED, None)


async def test_last_digits_and_the_pick_up_code_show_the_goods_and_nobody(shop: PersonShop) -> None:
    here = await fetched(shop)
    code = (await orders.order(shop.order)).pickup_code
    for found in (await ask(here, "100001", "4321"), await ask(here, code.lower())):
        assert found.lines is not None
        assert [line.sku for line in found.lines] == ["tea"]
        assert (found.is_collected, found.is_here, found.is_ready) == (True, True, False)
    told = str(msgspec.to_builtins({name: str(getattr(found, name)) for name in Answer.__slots__}))
    assert not [secret for secret in ("欧", "4321", "杭州", code) if secret in told]


async def test_what_is_packed_can_be_fetched(shop: PersonShop) -> None:
    here = await fetched(shop)
    for node, is_here, is_ready in ((Node.PACKED, True, True), (Node.PACKED, False, False), (Node.PICKED, True, False)):
        answer = Answer(no="SO-1", node=node, parts=[], is_collected=True, is_here=is_here, lines=None)
        assert answer.is_ready is is_ready
    assert here.site == "s1"


@pytest.mark.parametrize(
    ("typed", "proof"), [("100099", ""), ("nothing", ""), ("100001", "0000"), ("ABC234", ""), ("PC-100001", "")]
)
async def test_what_is_not_there_gets_one_answer(shop: PersonShop, typed: str, proof: str) -> None:
    with pytest.raises(NoSuchOrder):
        await ask(await screen(), typed, proof)


async def test_an_order_of_other_stores_is_shown_to_who_proves_it_alone(shop: PersonShop) -> None:
    await create_site("s9", name="Shop 9")
    there = await screen("s9")
    with pytest.raises(NoSuchOrder):
        await ask(there, "100001")
    assert (await ask(there, "100001", "4321")).is_here is False
    code = (await orders.order(shop.order)).pickup_code
    with pytest.raises(NoSuchOrder):
        await ask(there, code)


async def test_wrong_digits_cost_time_at_this_screen(shop: PersonShop, clock: Later) -> None:
    here = await screen()
    for number in range(6):
        with pytest.raises(NoSuchOrder):
            await ask(here, "100001", f"{number:04d}")
    with pytest.raises(TooManyLookUps):
        await ask(here, "100001", "4321")
    assert (await ask(here, "100001")).lines is None, "how far it is, is no secret"
    clock.instant += timedelta(minutes=1)
    assert (await ask(here, "100001", "4321")).lines


async def test_a_screen_asks_so_often_and_all_together_so_often(
    shop: PersonShop, clock: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "MOST_OF_A_SCREEN", 3)
    monkeypatch.setattr(screens, "MOST_OF_ALL", 5)
    one, other = await screen(), await screen(name="Exit")
    for _ in range(3):
        await may_ask(one)
    with pytest.raises(AskedTooOften) as refused:
        await may_ask(one)
    assert refused.value.wait == 600
    for _ in range(2):
        await may_ask(other)
    with pytest.raises(AskedTooOften):
        await may_ask(other)
    clock.instant += timedelta(minutes=10)
    await may_ask(one)


async def test_questions_at_once_are_counted_each(shop: PersonShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "MOST_OF_A_SCREEN", 4)
    here = await screen()
    found = await asyncio.gather(*(db.in_transaction(lambda: may_ask(here)) for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(each, AskedTooOften) for each in found) == 5


async def test_a_screen_is_set_up_by_its_key_and_let_in_no_more(shop: PersonShop) -> None:
    key = await add_screen("s1", " Entrance ", language="en")
    assert (await screen_of(key)) == (await screens.screens("s1"))[0]
    assert await screen_of("") is None
    assert await screen_of(key + "x") is None
    with pytest.raises(ScreenExists):
        await add_screen("s1", "Entrance")
    for name, language in ((" ", "en"), ("a\nb", "en"), ("x", "fr")):
        with pytest.raises(BadScreen):
            await add_screen("s1", name, language=language)
    await screens.remove_screen("s1", "Entrance")
    assert await screen_of(key) is None
    with pytest.raises(NotFound):
        await screens.remove_screen("s1", "Entrance")
    rows = await db.fetch("SELECT data FROM event WHERE name = 'terminal_added'")
    assert key not in str(rows)
