"""Prices at their instants: said, refused, taken back, in force after any downtime; labels on shelves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from controller import db, events
from controller.catalog.operations import NewBarcode, add_barcode
from controller.errors import NotFound
from controller.facts import APPLIED, FactIn, Parked
from controller.pricing.facts import apply_shelf_labelled, take_back_labelled
from controller.pricing.forcing import bring_into_force, seconds_to_next
from controller.pricing.operations import BadPrice, NewPrice, PriceConflict, cancel, schedule
from controller.pricing.printing import NothingToPrint, print_batch
from controller.pricing.queries import batch, batches, history, labels, site_prices
from controller.pricing.states import BatchState
from controller.replica.goods import GOODS
from controller.sites.operations import create_bin, create_site
from controller.tasks.queries import waiting
from edge_agent.wire.facts import Retracted
from edge_agent.wire.goods_facts import ShelfLabelled
from edge_agent.wire.messages import Symbol
from edge_agent.wire.replica import ReplicaItem
from tests.controller.boxes import register
from tests.controller.goods import Shop, at
from tests.doubles import FixedClock


@pytest.fixture
async def clock(schema_url: str) -> AsyncIterator[FixedClock]:
    found = FixedClock(at(0))
    await db.connect(schema_url, clock=found)
    yield found
    await db.close()


def new(price_minor: int, minute: int, *, site: str | None = None, until: int | None = None, sku: str = "milk") -> NewPrice:
    return NewPrice(
        sku=sku,
        price_minor=price_minor,
        currency="CNY",
        effective_from=at(minute),
        site=site,
        until=None if until is None else at(until),
    )


async def chain(sku: str = "milk") -> int:
    return int((await db.fetch("SELECT price_minor FROM sku WHERE code = ?", sku))[0]["price_minor"])


async def two_shops() -> Shop:
    """Milk in bins of s1 and of s2, at 100; s3 does not have it."""
    shop = await Shop.open()
    sku = await shop.stock("milk", 5)
    await add_barcode("milk", NewBarcode(barcode="MILK"))
    await create_site("s2", name="Shop 2")
    place = await create_bin("s2", "B-1")
    await create_site("s3", name="Shop 3")
    await db.execute("INSERT INTO shelf (sku_id, site_id, location_id, is_bin) VALUES (?, ?, ?, ?)", sku, "s2", place, True)
    return shop


async def test_a_price_is_in_force_from_its_instant_and_no_sooner(clock: FixedClock) -> None:
    await two_shops()
    await schedule([new(120, 60)])
    assert await chain() == 100
    assert await seconds_to_next() == 1.0
    clock.pass_time(3599.5)
    assert await bring_into_force() == 0
    assert await seconds_to_next() == 0.5
    clock.pass_time(0.5)
    assert await bring_into_force() == 1
    assert await bring_into_force() == 0
    assert await chain() == 120
    (told,) = [event for event in await events.feed(0) if event.name == "price_in_force"]
    assert (told.data["before_minor"], told.data["price_minor"], told.subject) == (100, 120, "milk")


async def test_after_downtime_what_holds_is_what_the_instants_say(clock: FixedClock) -> None:
    await two_shops()
    await schedule([new(120, 10), new(130, 20), new(90, 15, until=40), new(80, 30, site="s1"), new(70, 25, until=50, site="s1")])
    clock.pass_time(45 * 60)
    while await bring_into_force():
        pass
    assert await chain() == 130
    assert await site_prices("milk") == {"s1": 70}
    clock.pass_time(10 * 60)
    while await bring_into_force():
        pass
    assert await site_prices("milk") == {"s1": 80}
    assert [each.price_minor for each in await history("milk")] == [80, 70, 130, 90, 120, 100]


async def test_after_a_promotion_it_costs_what_it_cost_before(clock: FixedClock) -> None:
    await two_shops()
    await schedule([new(50, 0, until=30)])
    assert await chain() == 50, "what begins now is in force at once"
    clock.pass_time(30 * 60)
    await bring_into_force()
    assert await chain() == 100


async def test_a_price_that_the_catalogue_was_given_meanwhile_is_kept(clock: FixedClock) -> None:
    await two_shops()
    await schedule([new(50, 10, until=30)])
    await db.execute("UPDATE sku SET price_minor = 105")
    clock.pass_time(10 * 60)
    await bring_into_force()
    assert await chain() == 50
    clock.pass_time(20 * 60)
    await bring_into_force()
    assert await chain() == 105


async def test_two_prices_for_one_instant_are_refused_with_words_and_nothing_is_kept(clock: FixedClock) -> None:
    await two_shops()
    first = await schedule([new(120, 60), new(90, 60, until=90)])
    assert await schedule([new(120, 60), new(90, 60, until=90)]) == first, "the same again is the same"
    for wrong in (new(121, 60), new(80, 70, until=100)):
        with pytest.raises(PriceConflict, match="already: take it back first"):
            await schedule([new(99, 200, site="s1"), wrong])
    assert [each.price_minor for each in await history("milk")] == [90, 120, 100]
    await schedule([new(121, 60, site="s1"), new(80, 90, until=100)])


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (new(1, 0, sku="tea"), NotFound),
        (new(1, 0, site="nowhere"), NotFound),
        (new(-1, 0), BadPrice),
        (new(1, 9, until=9), BadPrice),
        (new(1, -9, until=-1), BadPrice),
        (new(1, 60 * 24 * 4000), BadPrice),
        (NewPrice(sku="milk", price_minor=1, currency="USD", effective_from=at(0)), BadPrice),
    ],
)
async def test_what_cannot_be_a_price_is_refused(clock: FixedClock, wrong: NewPrice, error: type[Exception]) -> None:
    await two_shops()
    with pytest.raises(error):
        await schedule([new(120, 60), wrong])
    assert await history("milk") == []


async def test_a_price_is_taken_back_before_its_time_and_a_promotion_at_any(clock: FixedClock) -> None:
    await two_shops()
    later, promotion = await schedule([new(120, 60), new(50, 0, until=90)])
    await cancel(later)
    await cancel(later)
    clock.pass_time(600)
    await cancel(promotion)
    assert await chain() == 100
    clock.pass_time(7200)
    await bring_into_force()
    assert await chain() == 100
    (now,) = await schedule([new(130, 0)])
    with pytest.raises(BadPrice, match="say a new one"):
        await cancel(now)
    with pytest.raises(NotFound):
        await cancel(999)


async def test_a_change_makes_a_label_batch_per_site_that_has_the_goods(clock: FixedClock) -> None:
    await two_shops()
    await schedule([new(120, 60)])
    found = {each.site_id: each for each in await batches()}
    assert set(found) == {"s1", "s2"}
    assert all(each.number.startswith("LB-1") and (each.labels, each.state) == (1, BatchState.PREPARED) for each in found.values())
    (one,) = await labels(found["s1"].id)
    assert (one.sku, one.price_minor, one.bin) == ("milk", 120, "A-1")
    await schedule([new(120, 60, site="s1")])
    assert (await batch(found["s1"].number)).labels == 1
    (chain_price, _) = [each for each in await history("milk") if not each.is_begun][::-1]
    await cancel(chain_price.id)
    assert (await batch(found["s2"].number)).state is BatchState.CANCELLED
    assert (await batch(found["s1"].number)).state is BatchState.PREPARED


async def test_labels_are_printed_in_the_order_of_bins_confirmed_by_scans_and_asked_for(clock: FixedClock) -> None:
    shop = await two_shops()
    tea = await shop.stock("tea", 5)
    await add_barcode("tea", NewBarcode(barcode="TEA"))
    await db.execute("INSERT INTO shelf (sku_id, site_id, location_id, is_bin) VALUES (?, ?, ?, ?)", tea, "s1", shop.other, True)
    await register(site="s1")
    await schedule([new(120, 60), new(220, 60, sku="tea")])
    (ours,) = await batches(site="s1")
    assert await print_batch(ours.number, box="b1") == 2
    wishes = [event.data for event in await events.feed(0) if event.name == "document_wanted"]
    assert [wish["data"]["code128"] for wish in wishes] == ["milk", "tea"]  # type: ignore[index]  # a wish has data
    assert (await batch(ours.number)).state is BatchState.PRINTED
    with pytest.raises(NothingToPrint):
        await print_batch(ours.number, box="b1")
    with pytest.raises(NotFound):
        await print_batch(ours.number, box="b9", again=True)
    assert await confirm(ours.number, "MILK") == [APPLIED]
    assert [each.sku for each in await labels(ours.id, only_missing=True)] == ["tea"]
    assert "labels_open" not in await waiting()
    clock.pass_time(3600)
    await bring_into_force()
    assert (await waiting())["labels_open"] == 2, "tea at s1, milk at s2"
    assert await confirm(ours.number, "TEA") == await confirm(ours.number, "TEA") == [APPLIED]
    assert (await batch(ours.number)).state is BatchState.DONE
    assert (await waiting())["labels_open"] == 1


async def confirm(number: str, symbol: str) -> object:
    data = ShelfLabelled(batch=number, symbol=Symbol(text=symbol))
    fact = FactIn(id=uuid4(), box="b1", site_id="s1", person="li", data=data, occurred_at=at(1))
    async with db.transaction():
        return await apply_shelf_labelled([fact])


async def test_a_label_that_was_confirmed_by_mistake_is_open_again(clock: FixedClock) -> None:
    await two_shops()
    assert await confirm("LB-9", "MILK") == [APPLIED]
    data = ShelfLabelled(batch="LB-9", symbol=Symbol(text="MILK"))
    undo = FactIn(id=uuid4(), box="b1", site_id="s1", person="li", data=Retracted(fact=uuid4(), kind=data.name), occurred_at=at(9))
    for other in (at(2), at(1)):
        assert await db.in_transaction(lambda other=other: take_back_labelled(undo, data, other)) == APPLIED  # type: ignore[misc]
        assert (await batch("LB-9")).confirmed == (1 if other == at(2) else 0), "another telling is another's"
    assert (await batch("LB-9")).state is BatchState.PREPARED
    assert await db.in_transaction(lambda: take_back_labelled(undo, ShelfLabelled(batch="LB-8", symbol=data.symbol), at(1))) is None


async def test_a_batch_nobody_announced_is_made_and_an_unknown_code_waits(clock: FixedClock) -> None:
    await two_shops()
    assert await confirm("LB-9", "MILK") == [APPLIED]
    assert (await batch("LB-9")).confirmed == 1
    assert await confirm("LB-9", "WHAT?") == [Parked("unknown_barcode", "barcode:WHAT?")]


async def test_a_later_price_makes_the_older_label_needless(clock: FixedClock) -> None:
    await two_shops()
    await schedule([new(120, 10), new(130, 20)])
    clock.pass_time(1800)
    while await bring_into_force():
        pass
    assert [(each.effective_at, each.state) for each in await batches(site="s1")] == [
        (at(20), BatchState.PREPARED),
        (at(10), BatchState.CANCELLED),
    ]


async def test_the_replica_of_a_site_has_the_sites_price(clock: FixedClock) -> None:
    await two_shops()
    await schedule([new(80, 0, site="s1")])
    await db.execute("UPDATE sku SET version = 1")
    for site, expected in (("s1", 80), ("s2", 100)):
        (changed,) = await GOODS.read(site, (0, 0), 10)
        assert isinstance(changed.row, ReplicaItem)
        assert changed.row.price_minor == expected


async def test_of_two_who_say_another_price_for_one_instant_one_is_refused(clock: FixedClock) -> None:
    await two_shops()

    async def say(minor: int) -> bool:
        try:
            await db.in_transaction(lambda: schedule([new(minor, 60), new(minor - 50, 60, until=90)]))
        except PriceConflict:
            return False
        return True

    done = await asyncio.gather(*(say(minor) for minor in range(100, 108)))
    assert sum(done) == 1
    assert len(await history("milk")) == 3


async def test_the_label_of_a_promotion_s_end_is_made_with_its_beginning(clock: FixedClock) -> None:
    await two_shops()
    await schedule([new(50, 60, until=120)])
    assert [(each.effective_at, each.labels) for each in await batches(site="s1")] == [(at(120), 1), (at(60), 1)]
    (last, _) = await batches(site="s1")
    assert [each.price_minor for each in await labels(last.id)] == [100]
