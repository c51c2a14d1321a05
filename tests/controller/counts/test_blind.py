"""Who counts a bin blind is not told what it should hold, until it is counted."""

from __future__ import annotations

import pytest

from controller.counts.blind import bins_kept_blind, hidden_from
from controller.counts.planning import Plan, plan
from controller.counts.states import SessionKind
from controller.http.routing import Actor, Permission
from controller.stock.operations import move
from tests.controller.counts.counting import a_shop, line, part, take

READS = Actor(name="li", permissions=frozenset({Permission.STOCK_READ, Permission.COUNTS_WRITE}))
REVIEWS = Actor(name="mei", permissions=frozenset({Permission.STOCK_READ, Permission.COUNTS_REVIEW}))


@pytest.mark.parametrize("blind", [True, False])
async def test_bins_of_a_blind_session_are_hidden_until_they_are_counted(database: str, blind: bool) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 10)])
    assert await bins_kept_blind("s1") == {}
    number = await plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=["A-1"], blind=blind))
    assert await hidden_from(READS, "s1") == ({shop.bin: "A-1"} if blind else {})
    assert await hidden_from(REVIEWS, "s1") == {}
    await take(part([line("milk", 10, 10)], done=11, session=number))
    assert await hidden_from(READS, "s1") == {}
