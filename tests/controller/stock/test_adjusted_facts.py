"""Adjustments made at a station: booked as of their time with their reason, taken back, and never lost."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import msgspec

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected
from controller.proofs.proving import reconcile
from controller.proofs.why import Figure, Where, entries
from controller.sites.operations import create_bin
from controller.stock.facts import apply_adjusted, take_back_adjusted
from controller.stock.lots import lot_of
from controller.stock.operations import Move, Reason, move
from edge_agent.wire.facts import Retracted
from edge_agent.wire.goods_facts import Adjusted
from edge_agent.wire.messages import Symbol
from tests.controller.goods import Shop, at, numbers


def adjusted(change: int, *, bin_: str = "A-1", text: str = "CASE", reason: str = "expired", minute: int = 0) -> FactIn[Adjusted]:
    data = Adjusted(bin=bin_, symbol=Symbol(text=text), change=change, reason=reason, note="by the door")
    return FactIn(id=uuid4(), box="b1", site_id="s1", device="gun", person="li", data=data, occurred_at=at(minute))


async def told(fact: FactIn[Adjusted]) -> Outcome:
    async with db.transaction():
        return (await apply_adjusted([fact]))[0]


async def cases() -> int:
    """100 pieces in A-1; a case holds 6."""
    sku = await (await Shop.open()).stock("milk", 100)
    await add_barcode("milk", NewBarcode(barcode="CASE", numerator=6))
    return sku


async def test_packs_are_booked_as_of_their_time_with_the_reason_and_who_said_so(database: str) -> None:
    sku = await cases()
    fact = adjusted(-2, minute=7)
    assert await told(fact) == APPLIED
    assert await told(adjusted(1, reason="found")) == APPLIED
    assert await numbers(sku) == (94, 0, 0)
    (row,) = await db.fetch("SELECT * FROM stock_movement WHERE fact_id = ?", fact.id)
    assert (row["reason"], row["document"], row["occurred_at"]) == ("adjusted", "adjustment: expired (by the door)", at(7))
    assert (row["person"], row["device"], row["quantity"]) == ("li", "b1/gun", 12)
    assert await reconcile() == []


async def test_the_entry_names_who_allowed_it(database: str) -> None:
    sku = await cases()
    fact = adjusted(-1)
    assert await told(msgspec.structs.replace(fact, data=msgspec.structs.replace(fact.data, approved_by="mei"))) == APPLIED
    causes, _ = await entries(Figure.ON_HAND, Where(sku_id=sku, site_id="s1"))
    assert [(each.person, each.approved_by) for each in causes] == [("li", "mei"), (None, None)]


async def test_the_lot_and_the_piece_that_were_scanned_are_the_ones_that_are_booked(database: str) -> None:
    """Not what expires first: that is for goods of which nobody said what they are."""
    sku = await cases()
    await add_barcode("milk", NewBarcode(barcode="PIECE"))
    ends = [(await db.fetch("SELECT id FROM location WHERE code = ?", code))[0]["id"] for code in ("supplier", "A-1")]
    for code, month in (("L1", 1), ("L2", 2)):
        lot = await lot_of(sku, code, date(2027, month, 1))
        await move([_arrived(sku, ends, lot)])
    for change, lot_name, serial in ((-4, "L2", None), (1, " L1 ", "SN-1"), (-1, "L1", "SN-1 ")):
        fact = adjusted(change, text="PIECE")
        data = msgspec.structs.replace(fact.data, lot=lot_name, serial=serial)
        assert await told(msgspec.structs.replace(fact, data=data)) == APPLIED
    rows = await db.fetch(
        "SELECT l.code, b.on_hand FROM balance b JOIN lot l ON l.id = b.lot_id WHERE b.sku_id = ? ORDER BY l.code", sku
    )
    assert [tuple(row.values()) for row in rows] == [("L1", 10), ("L2", 6)]
    assert [tuple(row.values()) for row in await db.fetch("SELECT serial, net FROM serial")] == [("SN-1", 0)]
    assert await reconcile() == []


async def test_it_is_taken_back_as_of_its_own_time(database: str) -> None:
    sku = await cases()
    for change in (-2, 3):
        fact = adjusted(change)
        await told(fact)
        data = Retracted(fact=fact.id, kind=Adjusted.name)
        undo = FactIn(id=uuid4(), box="b1", site_id="s1", person="li", data=data, occurred_at=at(9))
        async with db.transaction():
            assert await take_back_adjusted(undo, fact.data, at(0)) == APPLIED
        assert await numbers(sku) == (100, 0, 0)


async def test_what_cannot_be_booked_yet_waits_and_what_never_can_says_why(database: str) -> None:
    sku = await cases()
    assert await told(adjusted(1, bin_="Z-9")) == Parked("unknown_bin", "bin:s1:Z-9")
    assert await told(adjusted(1, text="WHAT?")) == Parked("unknown_barcode", "barcode:WHAT?")
    for wrong in (adjusted(0), adjusted(1, reason=" ")):
        outcome = await told(wrong)
        assert isinstance(outcome, Rejected)
        assert outcome.code == "bad_adjustment"
    await create_bin("s1", "Z-9")
    assert await told(adjusted(1, bin_="Z-9")) == APPLIED
    assert await numbers(sku) == (106, 0, 0)


def _arrived(sku: int, ends: list[int], lot: int) -> Move:
    return Move(
        sku_id=sku,
        from_location_id=ends[0],
        to_location_id=ends[1],
        quantity=10,
        reason=Reason.RECEIVED,
        occurred_at=at(0),
        lot_id=lot,
    )
