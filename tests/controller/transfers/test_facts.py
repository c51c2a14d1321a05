"""Facts of transfers through ingest's own door: taken back, of lots, at once from two ends."""

from __future__ import annotations

import asyncio
from datetime import date
from uuid import uuid4

import msgspec

from controller import db
from controller.facts import APPLIED, FactIn, Parked, Rejected
from controller.proofs.proving import reconcile
from controller.sites.models import LocationKind
from controller.stock.operations import ReserveLine, reserve
from controller.transfers import queries
from controller.transfers.facts import take_back_transferred
from controller.transfers.operations import NewLine, NewTransfer, approve, create
from controller.transfers.states import TransferState
from edge_agent.wire.facts import Fact, Retracted
from edge_agent.wire.goods_facts import TransferEnd
from tests.controller.goods import at
from tests.controller.transfers.two_sites import (
    applied,
    closed,
    fact,
    held,
    numbers_at,
    open_sites,
    received,
    sent,
    stocked,
    tell,
)


async def test_what_was_sent_or_received_is_taken_back_once(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    out, came = fact(sent("TR-7", "milk", 5, to="s2"), "s1"), fact(received("TR-7", "milk", 5), "s2", 3)
    await applied(out, came)
    for told in (came, out):
        data = Retracted(fact=told.id, kind=told.data.name)
        undo = FactIn(id=uuid4(), box="b1", site_id=told.site_id, person="li", data=data, occurred_at=at(9))
        async with db.transaction():
            assert await take_back_transferred(undo) == APPLIED
            assert await take_back_transferred(undo) is None, "it is taken back already"
    assert (await numbers_at(sku, "s1"))["on_hand"] == 20
    assert (await numbers_at(sku, "s2"))["on_hand"] == 0
    assert (await queries.transfer("TR-7")).state is TransferState.APPROVED
    assert [row.is_undone for row in await queries.bookings((await queries.transfer("TR-7")).id)] == [True, True]
    assert await reconcile() == []


async def test_what_is_taken_back_of_an_approved_transfer_is_held_again_as_far_as_it_is_free(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    number = await create(NewTransfer(from_site="s1", to_site="s2", lines=[NewLine(sku="milk", quantity=8)]))
    await approve(number)
    first, second = fact(sent(number, "milk", 5), "s1"), fact(sent(number, "milk", 4), "s1", 1)
    await applied(first, second)
    assert ((await numbers_at(sku, "s1"))["reserved"], (await numbers_at(sku, "s1"))["on_hand"]) == (0, 11)

    async def take_back(told: FactIn[Fact]) -> None:
        data = Retracted(fact=told.id, kind=told.data.name)
        undo = FactIn(id=uuid4(), box="b1", site_id="s1", person="li", data=data, occurred_at=at(9))
        await db.in_transaction(lambda: take_back_transferred(undo))

    await take_back(first)
    assert (await numbers_at(sku, "s1"))["reserved"] == 4, "eight are to go and four have"
    assert await reconcile() == []
    await reserve([ReserveLine(line_key="o", sku_id=sku, quantity=10)], site_id="s1")
    await take_back(second)
    assert (await numbers_at(sku, "s1"))["reserved"] == 18, "all eight, as they are free again"
    assert await reconcile() == []
    third = fact(sent(number, "milk", 8), "s1", 2)
    await applied(third, fact(closed(number, TransferEnd.SENT), "s1", 3))
    await take_back(third)
    assert (await numbers_at(sku, "s1"))["reserved"] == 10, "who sends is done: nothing more is to go"


async def test_a_lot_travels_with_its_goods(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    lot = {"lot": "L-1", "expiry": date(2027, 1, 31)}
    out = msgspec.structs.replace(sent("TR-7", "milk", 5, to="s2"), **lot)
    came = msgspec.structs.replace(received("TR-7", "milk", 5), **lot)
    await applied(fact(came, "s2", 3), fact(out, "s1"))
    rows = await db.fetch(
        "SELECT l.code, b.on_hand FROM balance b JOIN lot l ON l.id = b.lot_id JOIN location p ON p.id = b.location_id "
        "WHERE b.sku_id = ? AND p.site_id = 's2' AND b.on_hand > 0",
        sku,
    )
    assert [(row["code"], row["on_hand"]) for row in rows] == [("L-1", 5)]
    assert {row.lot for row in await queries.bookings((await queries.transfer("TR-7")).id)} == {"L-1"}
    odd = msgspec.structs.replace(out, lot="\x1d" * 3, expiry=None)
    await applied(fact(odd, "s1", 5))
    assert await reconcile() == []


async def test_what_nobody_knows_waits_and_half_a_piece_is_refused(database: str) -> None:
    await stocked(await open_sites(), "milk", 20)
    assert await tell([fact(sent("TR-7", "WHAT?", 1), "s1")]) == [Parked("unknown_barcode", "barcode:WHAT?")]
    assert await tell([fact(sent("TR-7", "milk", 1, bin_="Z-9"), "s1")]) == [Parked("unknown_bin", "bin:s1:Z-9")]
    assert isinstance((await tell([fact(received("TR-7", "milk", 2**53), "s2")]))[0], Rejected)
    assert await queries.transfers(queries.Asked()) == []


async def test_both_ends_at_once_from_many_gateways(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 100)
    facts = [fact(sent("TR-7", "milk", 2, to="s2"), "s1", minute) for minute in range(12)]
    facts += [fact(received("TR-7", "milk", 2), "s2", minute) for minute in range(12)]
    facts += [fact(closed("TR-7", TransferEnd.SENT), "s1", 90), fact(closed("TR-7", TransferEnd.RECEIVED), "s2", 91)]

    async def one(told: FactIn[Fact]) -> None:
        assert await db.in_transaction(lambda: tell([told])) == [APPLIED]

    await asyncio.gather(*(one(told) for told in facts))
    assert await held(sku, "s2", LocationKind.TRANSIT) == 0
    assert (await numbers_at(sku, "s1"))["on_hand"] == 76
    assert (await numbers_at(sku, "s2"))["on_hand"] == 24
    assert (await queries.transfer("TR-7")).state is TransferState.RECEIVED
    assert await reconcile() == []
