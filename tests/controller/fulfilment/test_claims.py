"""A pick list is in one pair of hands: claimed once by many at once, given back, taken over; told late, twice, in any order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from controller import db
from controller.errors import NotFound
from controller.events import history
from controller.fulfilment.claims import NotClaimed, release_claim
from controller.ingest import ingest
from edge_agent.wire.facts import Fact, PickShort, Retracted
from edge_agent.wire.messages import Envelope
from edge_agent.wire.pick_facts import PickClaimed, PickDamaged, PickUnclaimed
from tests.controller.boxes import WireBox, register
from tests.controller.orders_shop import OrderShop, books_add_up, outcome, settle
from tests.doubles import NOON

SEEDS = itertools.count(100)
"""No two pickers draw the same ids."""


@dataclass
class Picker:
    """Somebody at a box; each fact of theirs is a minute later than the one before."""

    box: WireBox
    person: str | None
    minutes: int = 0

    def tells(self, fact: Fact) -> Envelope:
        self.minutes += 1
        at = NOON - timedelta(hours=2) + timedelta(minutes=self.minutes)
        return replace(self.box.envelope(fact, at=at), person=self.person)

    async def told(self, *envelopes: Envelope) -> list[str]:
        for envelope in envelopes:
            await ingest([self.box.message(envelope)])
            await settle()
        return [await outcome(envelope.id) for envelope in envelopes]

    async def does(self, fact: Fact) -> tuple[UUID, str]:
        envelope = self.tells(fact)
        return envelope.id, (await self.told(envelope))[0]


@pytest.fixture
async def shop(database: str) -> OrderShop:
    assert database
    shop = await OrderShop.open()
    await register("b2", "s1")
    await shop.stock("tea", 1000)
    return shop


def at_box(name: str, person: str | None = None, *, first: int = 0) -> Picker:
    return Picker(WireBox(box=name, site="s1", random=Random(next(SEEDS))), person, first)


async def holder(number: str) -> tuple[str | None, str | None, str | None]:
    """Who has it, at which box, and its tote."""
    rows = await db.fetch("SELECT claimed_by, claimed_box, tote FROM pick_list WHERE id = ?", int(number[3:]) - 100_000)
    return rows[0]["claimed_by"], rows[0]["claimed_box"], rows[0]["tote"]


async def tasks(kind: str) -> list[str]:
    return [str(row["arguments"]) for row in await db.fetch("SELECT arguments FROM task WHERE kind = ? ORDER BY id", kind)]


async def test_the_first_has_it_and_the_second_is_told_who(shop: OrderShop) -> None:
    _, number = await shop.released(("tea", 2))
    li, anna = at_box("b1", "p-li"), at_box("b2", "p-anna")
    assert (await li.does(PickClaimed(pick_list=number, tote="T-1")))[1] == "applied"
    fact, said = await anna.does(PickClaimed(pick_list=number, tote="T-2"))
    assert said == "claimed_by_other"
    assert await holder(number) == ("person:p-li", "b1", "T-1")
    rows = await db.fetch("SELECT detail FROM fact WHERE id = ?", fact)
    assert "person:p-li" in rows[0]["detail"]
    assert "b1" in rows[0]["detail"]
    assert await tasks("fact_rejected") == [], "a person saw it"


async def test_picks_of_both_are_booked_and_a_person_is_asked_to_look(shop: OrderShop) -> None:
    _, number = await shop.released(("tea", 3))
    li, anna = at_box("b1", "p-li"), at_box("b2", "p-anna")
    await li.does(PickClaimed(pick_list=number))
    await anna.does(PickClaimed(pick_list=number))
    assert [(await who.does(shop.picked(number, "tea", 1)))[1] for who in (anna, li, li)] == ["applied"] * 3
    (asked,) = await tasks("pick_conflict")
    assert "p-anna" in asked
    assert "p-li" in asked
    assert (await anna.does(shop.picked(number, "tea", 1)))[1] == "over_pick"
    assert await books_add_up()


async def test_a_claim_that_is_lost_after_its_picks_asks_a_person_too(shop: OrderShop) -> None:
    _, number = await shop.released(("tea", 3))
    li, anna = at_box("b1", "p-li", first=30), at_box("b2", "p-anna")
    claim, pick = anna.tells(PickClaimed(pick_list=number)), anna.tells(shop.picked(number, "tea"))
    await li.does(PickClaimed(pick_list=number))
    assert await anna.told(pick) == ["applied"]
    assert await tasks("pick_conflict") == [], "it was picked before the other had the list"
    assert await anna.told(claim) == ["claimed_by_other"]
    assert len(await tasks("pick_conflict")) == 1


async def test_who_knew_of_the_other_takes_it_over_and_a_late_claim_takes_nothing_back(shop: OrderShop) -> None:
    _, number = await shop.released(("tea", 2))
    li, anna = at_box("b1", "p-li"), at_box("b2", "p-anna", first=10)
    claim = li.tells(PickClaimed(pick_list=number, tote="T-1"))
    await anna.does(PickClaimed(pick_list=number, takes_over=True))
    assert await li.told(claim) == ["claimed_by_other"]
    assert await holder(number) == ("person:p-anna", "b2", "T-1"), "what it is picked into is known from the first"


async def test_one_person_at_another_box_has_it_still(shop: OrderShop) -> None:
    _, number = await shop.released(("tea", 2))
    await at_box("b1", "p-li").does(PickClaimed(pick_list=number, tote="T-1"))
    assert (await at_box("b2", "p-li", first=5).does(PickClaimed(pick_list=number)))[1] == "applied"
    assert await holder(number) == ("person:p-li", "b2", "T-1")


async def test_where_nobody_signs_in_it_is_the_box(shop: OrderShop) -> None:
    _, number = await shop.released(("tea", 2))
    await at_box("b1").does(PickClaimed(pick_list=number))
    assert (await at_box("b2").does(PickClaimed(pick_list=number)))[1] == "claimed_by_other"
    assert (await holder(number))[0] == "box:b1"


async def test_it_is_given_back_by_its_person_and_by_a_manager(shop: OrderShop) -> None:
    order, number = await shop.released(("tea", 2))
    li = at_box("b1", "p-li")
    claim, _ = await li.does(PickClaimed(pick_list=number))
    assert (await li.does(PickUnclaimed(pick_list=number, claim=claim)))[1] == "applied"
    assert (await holder(number))[:2] == (None, None)
    await li.does(PickClaimed(pick_list=number))
    await release_claim(number)
    assert (await holder(number))[:2] == (None, None)
    assert [event.name for event in await history(order)].count("pick_claim_ended") == 2
    with pytest.raises(NotClaimed):
        await release_claim(number)
    with pytest.raises(NotFound):
        await release_claim("PL-999999")


async def test_a_list_nobody_knows_and_one_of_another_site(shop: OrderShop) -> None:
    assert shop.codes
    claim, said = await at_box("b1").does(PickClaimed(pick_list="X-9"))
    assert said == "unknown_pick_list"
    assert (await at_box("b1").does(PickUnclaimed(pick_list="X-9", claim=claim)))[1] == "unknown_pick_list"


async def test_boxes_at_once_have_one_winner_each(shop: OrderShop) -> None:
    """Whoever loses is told so; each list is in one pair of hands."""
    numbers = [(await shop.released(("tea", 1)))[1] for _ in range(10)]
    pickers = [at_box("b1", "p-li"), at_box("b2", "p-anna")]
    sent = [(picker, picker.tells(PickClaimed(pick_list=number))) for number in numbers for picker in pickers]
    await asyncio.gather(*(ingest([picker.box.message(envelope)]) for picker, envelope in sent))
    said = [await outcome(envelope.id) for _, envelope in sent]
    assert [sorted(said[place : place + 2]) for place in range(0, len(said), 2)] == [["applied", "claimed_by_other"]] * len(numbers)
    for place, number in enumerate(numbers):
        winner = pickers[said[2 * place : 2 * place + 2].index("applied")]
        assert (await holder(number))[:2] == (f"person:{winner.person}", winner.box.box)


def _story(shop: OrderShop, number: str) -> list[Envelope]:
    """One person claims, gives back, claims again with another tote, picks it all, and takes one pick back."""
    li = at_box("b1", "p-li")
    first, again = (li.tells(PickClaimed(pick_list=number, tote=tote)) for tote in ("T-1", "T-2"))
    back = li.tells(PickUnclaimed(pick_list=number, claim=first.id))
    one, two = (li.tells(shop.picked(number, "tea")) for _ in range(2))
    undone = li.tells(Retracted(fact=two.id, kind="picked"))
    return [first, back, again, one, two, undone, first, one]  # the last two: delivered twice


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations(range(8)), cuts=st.sets(st.integers(1, 7), max_size=3))
async def test_told_in_any_order_and_grouping_it_ends_the_same(shop: OrderShop, order: Sequence[int], cuts: set[int]) -> None:
    _, number = await shop.released(("tea", 2))
    story = _story(shop, number)
    places = [0, *sorted(cuts), len(order)]
    for start, end in itertools.pairwise(places):
        box = WireBox(box="b1", site="s1")
        await ingest([box.message(story[place]) for place in order[start:end]])
        await settle()
    await settle()
    rows = await db.fetch(
        "SELECT l.state, p.picked FROM pick_list l JOIN pick_line p ON p.pick_list_id = l.id ORDER BY l.id DESC LIMIT 1"
    )
    assert (await holder(number), rows[0]["state"], rows[0]["picked"]) == (("person:p-li", "b1", "T-2"), "picking", 1)
    assert await tasks("pick_conflict") == []


class TestShortAndDamaged:
    async def test_short_in_one_bin_leaves_the_other_open(self, shop: OrderShop) -> None:
        _, number = await shop.released(("tea", 4))
        rows = await db.fetch("SELECT p.* FROM pick_line p")
        other = await db.fetch("INSERT INTO location (site_id, kind, code) VALUES ('s1', 'bin', 'Z-9') RETURNING id")
        await db.execute("UPDATE pick_line SET quantity = 3")
        await db.execute(
            "INSERT INTO pick_line (pick_list_id, order_line_id, line_key, sku_id, location_id, quantity, picked, out, is_short) "
            "SELECT pick_list_id, order_line_id, line_key, sku_id, ?, 1, 0, 0, ? FROM pick_line WHERE id = ?",
            *(other[0]["id"], False, rows[0]["id"]),
        )
        short = shop.short(number, "tea")
        await at_box("b1").does(PickShort(pick_list=number, symbol=short.symbol, gtin=short.gtin, bin="Z-9", reason="lost"))
        found = await db.fetch("SELECT is_short FROM pick_line ORDER BY id")
        assert [bool(row["is_short"]) for row in found] == [False, True]
        picked = replace(shop.picked(number, "tea"), bin="Z-9")
        await at_box("b1", first=5).does(picked)
        found = await db.fetch("SELECT picked FROM pick_line ORDER BY id")
        assert [row["picked"] for row in found] == [0, 1], "goods are found after all, in the bin that was told"

    async def test_damaged_goods_lie_in_quarantine_until_that_is_taken_back(self, shop: OrderShop) -> None:
        _, number = await shop.released(("tea", 2))
        picked = shop.picked(number, "tea")
        damaged = PickDamaged(pick_list=number, symbol=picked.symbol, gtin=picked.gtin, quantity=2, reason="broken")
        li = at_box("b1", "p-li")
        fact, said = await li.does(damaged)
        assert said == "applied"
        assert await quarantined() == 2
        (asked,) = await tasks("pick_damaged")
        assert "broken" in asked
        rows = await db.fetch("SELECT state FROM pick_list")
        assert rows[0]["state"] == "open", "others are wanted"
        assert (await li.does(Retracted(fact=fact, kind="pick_damaged")))[1] == "applied"
        assert await quarantined() == 0
        assert await books_add_up()

    async def test_damage_of_something_else_and_of_what_nobody_knows(self, shop: OrderShop) -> None:
        _, number = await shop.released(("tea", 2))
        await shop.stock("milk", 3)
        milk, tea = shop.picked(number, "milk"), shop.picked(number, "tea")
        li = at_box("b1")
        for symbol, gtin, said in (
            (milk.symbol, milk.gtin, "wrong_item"),
            (replace(tea.symbol, text="?"), None, "unknown_barcode"),
        ):
            damaged = PickDamaged(pick_list=number, symbol=symbol, gtin=gtin, quantity=1, reason="broken")
            assert (await li.does(damaged))[1] == said
        assert (await li.does(PickDamaged(pick_list="X", symbol=tea.symbol, quantity=1, reason="x")))[1] == "unknown_pick_list"
        assert await quarantined() == 0


async def quarantined() -> int:
    rows = await db.fetch("SELECT COALESCE(SUM(quarantined), 0) AS n FROM availability")
    return int(rows[0]["n"])
