"""What the office has to look at in an order from a counter: a flag on it, a task, and never a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.facts import FactIn
from controller.orders.flags import FlagKind, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.queries import order
from controller.payments.stored import balances
from controller.tasks.operations import open_task
from edge_agent.wire.order_facts import CounterLine, CounterOrder, Goes, PayBy

_NAMED = 3
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Doubt:
    """`task`: its kind; `about`: what it is about, in codes and numbers."""

    flag: FlagKind
    task: str
    about: str


def doubts_of(told: CounterOrder, lines: Sequence[tuple[CounterLine, str]], prices: Mapping[str, int]) -> list[Doubt]:
    """Prices that are others here, sums that do not add up, somebody who is to be named.  Pure."""
    found = []
    other = [f"{sku}: {line.price_minor} / {prices[sku]}" for line, sku in lines if line.price_minor != prices.get(sku)]
    if other:
        found.append(Doubt(FlagKind.PRICE_ANOMALY, "counter_price", _listed(other)))
    goods = sum(line.amount_minor for line in told.lines)
    if goods - told.discount_minor + told.tax_minor + told.rounding_minor != told.total_minor:
        found.append(Doubt(FlagKind.PRICE_ANOMALY, "counter_price", f"{told.total_minor}"))
    if told.goes is Goes.SHIPPED:
        found.append(Doubt(FlagKind.BAD_ADDRESS, "counter_address", told.reference))
    return found


async def tell(order_id: int, fact: FactIn[CounterOrder], doubts: Sequence[Doubt]) -> None:
    """In the caller's transaction.  What it comes to, and what is wanting, is looked at when it is placed."""
    for doubt in doubts:
        await _doubt(order_id, fact, doubt)
    found = (await balances([order_id]))[order_id]
    stored = await order(ORDERS.number(order_id))
    if fact.data.pays is PayBy.ACCOUNT and not found.may_leave:
        await _doubt(order_id, fact, Doubt(FlagKind.UNPAID, "counter_account", fact.data.reference))
    if stored.total_minor != fact.data.total_minor and not doubts:
        about = f"{fact.data.total_minor} / {stored.total_minor}"
        await _doubt(order_id, fact, Doubt(FlagKind.PRICE_ANOMALY, "counter_price", about))
    if stored.is_stock_short:
        await _doubt(order_id, fact, Doubt(FlagKind.STOCK_SHORT, "counter_short", fact.data.reference))


async def unknown_goods(order_id: int, fact: FactIn[CounterOrder], lines: Sequence[CounterLine]) -> None:
    """They are on the receipt and not in the order."""
    about = _listed([line.symbol.text[:40] for line in lines])
    await _doubt(order_id, fact, Doubt(FlagKind.PRICE_ANOMALY, "counter_goods", about))


async def unknown_template(order_id: int, fact: FactIn[CounterOrder], numbers: Sequence[str]) -> None:
    await _doubt(order_id, fact, Doubt(FlagKind.PRICE_ANOMALY, "counter_template", _listed(numbers)))


async def _doubt(order_id: int, fact: FactIn[CounterOrder], doubt: Doubt) -> None:
    no = ORDERS.number(order_id)
    reason = f"counter {fact.data.reference}: {doubt.task.removeprefix('counter_')} {doubt.about}"
    await set_flag(order_id, doubt.flag, "".join(each if each.isprintable() else " " for each in reason)[:_LONGEST])
    arguments = {"order": no, "reference": fact.data.reference, "about": doubt.about}
    await open_task(doubt.task, site=fact.site_id, key=f"{doubt.task}:{no}", subject=no, arguments=arguments)


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_NAMED]) + ("…" if len(texts) > _NAMED else "")
