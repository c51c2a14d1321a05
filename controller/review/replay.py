"""What a table of rules would have said of the orders of the last weeks, beside what is said now.  Nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from controller.db import fetch, now
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState
from controller.review import reading
from controller.review.rules import Rule, judge
from controller.review.tables import live_rules

MAX_DAYS = 90
MAX_ORDERS = 50_000
MAX_CHANGED = 200
_AT_ONCE = 1_000
NO_RULE = "no_rule"
NO_TABLE = "no_table"


class Changed(Struct, frozen=True, kw_only=True):
    """An order that would go another way.  Outcomes, or `no_rule`, or (nothing was live) `no_table`."""

    order: str
    amount_minor: int
    currency: str
    now: str
    then: str


class Replay(Struct, frozen=True, kw_only=True):
    """`orders` were looked at; `now` and `then` count outcomes; `changed` names the newest orders that go another way, of
    `changes`.  `complete` false: there were more orders than are looked at.
    """

    days: int
    orders: int
    now: dict[str, int]
    then: dict[str, int]
    changes: int
    changed: tuple[Changed, ...]
    complete: bool


async def replay(rules: Sequence[Rule], *, days: int) -> Replay:
    """Judge what was placed in the last `days` by these rules and by those that are live, the newest first.

    Customers and flags are seen as they are today.
    """
    live, since = await live_rules(), now() - timedelta(days=min(days, MAX_DAYS))
    was: Counter[str] = Counter()
    would: Counter[str] = Counter()
    changed: list[Changed] = []
    before, looked, changes = 1 << 62, 0, 0
    while looked < MAX_ORDERS and (ids := await _orders(before, since)):
        for order_id, facts in sorted((await reading.facts_of(ids)).items(), reverse=True):
            said = NO_TABLE if live is None else judge(facts, live[1]).outcome or NO_RULE
            says = judge(facts, rules).outcome or NO_RULE
            was[str(said)] += 1
            would[str(says)] += 1
            if said != says:
                changes += 1
                if len(changed) < MAX_CHANGED:
                    changed.append(
                        Changed(
                            order=ORDERS.number(order_id),
                            amount_minor=facts.amount,
                            currency=facts.currency,
                            now=str(said),
                            then=str(says),
                        )
                    )
        looked += len(ids)
        before = ids[-1]
    complete = looked < MAX_ORDERS or not await _orders(before, since)
    return Replay(
        days=min(days, MAX_DAYS),
        orders=looked,
        now=dict(sorted(was.items())),
        then=dict(sorted(would.items())),
        changes=changes,
        changed=tuple(changed),
        complete=complete,
    )


async def _orders(before: int, since: datetime) -> list[int]:
    rows = await fetch(
        "SELECT id FROM sales_order WHERE id < ? AND placed_at >= ? AND state <> ? ORDER BY id DESC LIMIT ?",
        *(before, since, OrderState.DRAFT.value, _AT_ONCE),
    )
    return [row["id"] for row in rows]
