"""Why is this number? The rows add up to it, whichever number it is; and what was there at an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from controller import db
from controller.proofs.instants import site_at, sku_at
from controller.proofs.why import Figure, Where, entries, figures, holds
from controller.sites.models import LocationKind
from controller.sites.queries import special
from controller.stock.lots import block, lot_of
from controller.stock.operations import Move, ReserveLine, allocate, move, reserve
from tests.controller.goods import Shop, at


class Busy(Shop):
    """A SKU with two lots in three places, one of them blocked, and promises."""

    sku: int
    lots: tuple[int, int]
    quarantine: int


@pytest.fixture
async def shop(database: str) -> Busy:
    shop = await Busy.open()
    assert isinstance(shop, Busy)
    shop.sku = await shop.stock("milk", 20)
    shop.lots = await lot_of(shop.sku, "L1", date(2027, 1, 1)), await lot_of(shop.sku, "L2", date(2026, 12, 1))
    shop.quarantine = await special("s1", LocationKind.QUARANTINE)
    first, second = shop.lots
    await move([replace(shop.arrival(shop.sku, 10, minute=1), lot_id=first, person="li")])
    await move([replace(shop.arrival(shop.sku, 7, minute=2), lot_id=second)])
    await move([_to(shop, shop.other, 4, 3), _to(shop, shop.quarantine, 2, 4), shop.sale(shop.sku, 3, minute=5)])
    await block(first, reason="recall")
    await reserve([ReserveLine(line_key=f"o-{n}", sku_id=shop.sku, quantity=n) for n in (1, 2)], site_id="s1")
    await allocate(["o-2"])
    return shop


def _to(shop: Busy, target: int, quantity: int, minute: int) -> Move:
    return replace(shop.sale(shop.sku, quantity, minute=minute), to_location_id=target)


async def all_entries(figure: Figure, where: Where, size: int) -> list[int]:
    """The changes, from a number of pages; each balance is what is left of the figure."""
    changes: list[int] = []
    before = None
    balance = (await figures(where))[figure]
    while True:
        found, before = await entries(figure, where, before=before, limit=size)
        for cause in found:
            assert cause.balance == balance
            balance -= cause.change
        changes += [cause.change for cause in found]
        if before is None:
            assert balance == 0
            return changes


@pytest.mark.parametrize("size", [1, 3, 50])
async def test_the_entries_add_up_to_the_number(shop: Busy, size: int) -> None:
    here = Where(sku_id=shop.sku, site_id="s1")
    assert await figures(here) == {
        Figure.ON_HAND: 34,
        Figure.QUARANTINED: 10,
        Figure.RESERVED: 1,
        Figure.ALLOCATED: 2,
        Figure.PRESOLD: 0,
        Figure.INCOMING: 0,
        Figure.AVAILABLE: 21,
    }
    places = (None, shop.bin, shop.other, shop.quarantine)
    for location in places:
        for lot in (None, 0, *shop.lots):
            where = replace(here, location_id=location, lot_id=lot)
            for figure in (Figure.ON_HAND, Figure.QUARANTINED):
                assert sum(await all_entries(figure, where, size)) == (await figures(where))[figure]


async def test_an_entry_names_its_cause(shop: Busy) -> None:
    found, _ = await entries(Figure.QUARANTINED, Where(sku_id=shop.sku, site_id="s1", lot_id=shop.lots[0]))
    assert [(cause.lot, cause.person, cause.document, cause.change) for cause in found] == [
        ("L1", None, "till", -2),  # by the earliest expiry: one of L2 was left
        ("L1", "li", "delivery 1", 10),
    ]


async def test_promises_are_their_holds(shop: Busy) -> None:
    here = Where(sku_id=shop.sku, site_id="s1")
    assert [(hold.line_key, hold.quantity) for hold in await holds(Figure.RESERVED, here)] == [("o-1", 1)]
    assert [(hold.line_key, hold.quantity) for hold in await holds(Figure.ALLOCATED, here)] == [("o-2", 2)]
    assert await holds(Figure.RESERVED, here, after=10**6) == []


async def test_what_was_there_at_an_instant(shop: Busy) -> None:
    assert [(row.location, row.lot, row.quantity) for row in await sku_at(shop.sku, "s1", at(2))] == [
        ("A-1", None, 20),
        ("A-1", "L1", 10),
        ("A-1", "L2", 7),
    ]
    now = {(row.location, row.lot): row.quantity for row in await sku_at(shop.sku, "s1", at(5))}
    rows = await db.fetch(
        "SELECT l.code AS place, o.code AS lot, b.on_hand FROM balance b JOIN location l ON l.id = b.location_id "
        "LEFT JOIN lot o ON o.id = b.lot_id WHERE b.on_hand > 0"
    )
    assert now == {(row["place"], row["lot"]): row["on_hand"] for row in rows}
    assert [row.quantity for row in await site_at("s1", at(2))] == [37]
    assert [row.quantity for row in await site_at("s1", at(-1))] == [0]
    assert [row.quantity for row in await site_at("s1", at(5), location_id=shop.other)] == [4]
    assert await site_at("s1", at(5), after=shop.sku) == []
