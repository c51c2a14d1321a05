"""Adjustments made at a station: booked as of their time with their reason, taken back, and never lost."""

from __future__ import annotations

from uuid import uuid4

import msgspec

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected
from controller.proofs.proving import reconcile
from controller.proofs.why import Figure, Where, entries
from controller.sites.operations import create_bin
from controller.stock.facts import apply_adjusted, take_back_adjusted
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
