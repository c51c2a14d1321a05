"""Whatever order the facts of transfers arrive in, and however often, the books end the same and transit ends empty."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import UUID, uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.facts import FactIn
from controller.stock.queries import reconcile
from controller.transfers import operations, queries
from controller.transfers.operations import Decision, NewLine, NewTransfer, Settlement
from edge_agent.wire.facts import Fact
from edge_agent.wire.goods_facts import TransferEnd
from tests.controller.transfers.two_sites import closed, fact, open_sites, received, sent, tell

SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
Told = tuple[str, str, int, str]
"""What (with `!`: that end is done), SKU, how many, at which site."""


@dataclass(frozen=True)
class Books:
    """What must not depend on the order: each place's balance less what it borrowed, what sites count on, the lines, the state."""

    places: dict[tuple[str, str, str], int]
    availability: dict[tuple[str, str], tuple[int, int, int]]
    lines: list[tuple[object, ...]]
    states: list[tuple[object, ...]]


async def books() -> Books:
    balances = await db.fetch(
        "SELECT s.code AS sku, l.site_id, l.code, SUM(b.on_hand - b.borrowed) AS n FROM balance b JOIN sku s ON s.id = b.sku_id "
        "JOIN location l ON l.id = b.location_id GROUP BY s.code, l.site_id, l.code"
    )
    available = await db.fetch("SELECT s.code, a.* FROM availability a JOIN sku s ON s.id = a.sku_id")
    lines = await db.fetch(
        "SELECT t.number, s.code, l.quantity, l.sent, l.received, l.damaged, l.lost, l.found, l.expected FROM transfer_line l "
        "JOIN transfer t ON t.id = l.transfer_id JOIN sku s ON s.id = l.sku_id ORDER BY t.number, s.code"
    )
    states = await db.fetch("SELECT number, state, from_site, to_site FROM transfer ORDER BY number")
    return Books(
        places={(row["sku"], row["site_id"], row["code"]): int(row["n"]) for row in balances if row["n"]},
        availability={
            (row["code"], row["site_id"]): (row["on_hand"], row["quarantined"], row["incoming"])
            for row in available
            if row["on_hand"] or row["quarantined"] or row["incoming"]
        },
        lines=[tuple(row.values()) for row in lines],
        states=[tuple(row.values()) for row in states],
    )


def facts_of(told: Sequence[Told], number: str) -> list[FactIn[Fact]]:
    made: list[FactIn[Fact]] = []
    for index, (what, sku, quantity, site) in enumerate(told):
        data: Fact
        match what:
            case "sent":
                data = sent(number, sku, quantity, to="s2" if quantity % 2 else None)
            case "received":
                data = received(number, sku, quantity)
            case "damaged":
                data = received(number, sku, quantity, damaged=True)
            case _:
                data = closed(number, TransferEnd(what.removesuffix("!")))
        made.append(fact(data, site, index, uuid5(SPACE, f"{index}")))
    return made


@cache
def _shops() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


async def shop() -> Path:
    """Two shops with goods, made once."""
    made = Path(_shops().name, "controller.db")
    if not made.exists():
        await db.connect(f"sqlite://{made}", create_schema=True)
        opened = await open_sites()
        for code in ("milk", "tea"):
            await opened.stock(code, 50)
            await add_barcode(code, NewBarcode(barcode=code))
        await db.close()
    return made


async def played(told: Sequence[Told], order: Sequence[int], *, announced: bool, settle: bool = False) -> Books:
    """The books after the facts came in this order, on a database of their own."""
    with TemporaryDirectory() as folder:
        shutil.copy(await shop(), f"{folder}/controller.db")
        await db.connect(f"sqlite://{folder}/controller.db")
        try:
            number = "TR-7"
            if announced:
                plan = [NewLine(sku="milk", quantity=6), NewLine(sku="tea", quantity=4)]
                number = await operations.create(NewTransfer(from_site="s1", to_site="s2", lines=plan))
                await operations.approve(number)
            facts = facts_of(told, number)
            for at in order:
                await tell([facts[at]])
                await tell([facts[at]])  # what is told twice counts once
            if settle and facts:
                await settled(number)
            assert await reconcile() == []
            return await books()
        finally:
            await db.close()


async def settled(number: str) -> None:
    found = await queries.transfer(number)
    for line in await queries.lines(found.id):
        if line.in_transit:
            decision = Decision.LOST if line.in_transit > 0 else Decision.FOUND
            wanted = Settlement(sku=line.sku, quantity=abs(line.in_transit), decision=decision, reason="looked everywhere")
            await operations.settle(number, wanted)


GOODS = st.one_of(
    st.tuples(st.just("sent"), st.sampled_from(["milk", "tea"]), st.integers(1, 5), st.just("s1")),
    st.tuples(st.sampled_from(["received", "damaged"]), st.sampled_from(["milk", "tea"]), st.integers(1, 5), st.just("s2")),
)
CLOSED = st.lists(st.sampled_from([("sent!", "", 0, "s1"), ("received!", "", 0, "s2")]), max_size=2)
STORIES = st.tuples(st.lists(GOODS, min_size=1, max_size=5), CLOSED).map(lambda parts: [*parts[0], *parts[1]])


@given(STORIES, st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_books_are_the_same_in_any_order(told: list[Told], announced: bool, random: Random) -> None:
    straight = list(range(len(told)))
    shuffled = straight[:]
    random.shuffle(shuffled)

    async def both() -> tuple[Books, Books]:
        return (
            await played(told, straight, announced=announced, settle=True),
            await played(told, shuffled, announced=announced, settle=True),
        )

    first, second = asyncio.run(both())
    assert first == second
    assert not [place for place in first.places if place[2] == "transit"], "transit ends empty"


def test_every_order_of_a_short_story() -> None:
    """Announced and not: two sent, one came damaged, one is missing, both ends closed."""
    told: list[Told] = [
        ("sent", "milk", 4, "s1"),
        ("damaged", "milk", 1, "s2"),
        ("received", "milk", 2, "s2"),
        ("sent!", "", 0, "s1"),
        ("received!", "", 0, "s2"),
    ]

    async def all_of_them() -> None:
        for announced in (True, False):
            expected = await played(told, range(5), announced=announced)
            assert expected.places["milk", "s2", "transit"] == 1
            for order in list(permutations(range(5)))[1::12]:
                assert await played(told, order, announced=announced) == expected

    asyncio.run(all_of_them())
