"""A shop whose bins are counted, and people who count them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from controller import db, events
from controller.catalog.operations import NewBarcode, add_barcode
from controller.counts import planning, review_queries, reviewing
from controller.counts.facts import apply_counted
from controller.counts.limits import set_policy
from controller.counts.numbers import SESSIONS
from controller.counts.planning import Plan
from controller.counts.policies import Policy
from controller.counts.review_queries import Row
from controller.counts.reviewing import Verdict
from controller.counts.states import SessionKind
from controller.facts import FactIn, Outcome
from edge_agent.wire.facts import Counted, CountLine
from edge_agent.wire.messages import Symbol
from tests.controller.goods import Shop, add_sku, at

STRICT = Policy(units=0, grams=0, value_minor=0, approve_minor=10**12)
"""Every difference is a person's decision."""


async def a_shop(*skus: str, policy: Policy = STRICT) -> tuple[Shop, dict[str, int]]:
    """Each SKU has its own code in capitals as its barcode."""
    shop = await Shop.open()
    found = {}
    for code in skus:
        found[code] = await add_sku(code)
        await add_barcode(code, NewBarcode(barcode=code.upper()))
    await set_policy(policy)
    return shop, found


def line(code: str, quantity: int, minute: int, *, lot: str | None = None, id_: UUID | None = None) -> CountLine:
    return CountLine(symbol=Symbol(text=code.upper()), quantity=quantity, at=at(minute), lot=lot, id=id_)


def part(
    lines: list[CountLine],
    *,
    done: int,
    began: int | None = None,
    person: str | None = "wang",
    session: str | None = None,
    round_: int = 1,
    bin_code: str = "A-1",
    empty: bool = False,
) -> FactIn[Counted]:
    """One person's part; minutes after noon."""
    data = Counted(
        bin=bin_code,
        lines=lines,
        session=session,
        round=round_,
        began=at(began) if began is not None else None,
        empty=empty,
    )
    return FactIn(
        id=uuid4(), box="b1", site_id="s1", device="gun", person=person, data=data, occurred_at=at(done), told_at=at(done)
    )


async def take(fact: FactIn[Counted]) -> Outcome:
    """As ingest does."""
    return (await db.in_transaction(lambda: apply_counted([fact])))[0]


async def planned(*codes: str, blind: bool = True, counters: int = 1) -> str:
    return await planning.plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=list(codes), blind=blind, counters=counters))


async def rows_of(number: str, state: str = "all") -> list[Row]:
    return await review_queries.rows(SESSIONS.row_id(number), state=state)


async def accept_everything(number: str, person: str = "li", verdict: Verdict | None = None) -> None:
    """Somebody who did not count accepts what waits."""
    with events.acting(f"person:{person}"):
        for row in await rows_of(number, "open") if await state_of(number) == "review" else ():
            await reviewing.accept(number, row.id, verdict or Verdict(reason="theft", may_approve=True))


async def state_of(number: str) -> str:
    rows = await db.fetch("SELECT state FROM count_session WHERE id = ?", SESSIONS.row_id(number))
    return str(rows[0]["state"])


async def all_sessions() -> Mapping[str, str]:
    return {SESSIONS.number(row["id"]): row["state"] for row in await db.fetch("SELECT id, state FROM count_session ORDER BY id")}
