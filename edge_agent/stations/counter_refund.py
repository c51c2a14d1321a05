"""Money that goes back at the counter: of an order that was taken back after DONE; the page offers it at once.

Giving it back books it and prints its slip, with which the drawer opens.  Cards are given back at their terminal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from edge_agent.stations.counter_receipt import written
from edge_agent.stations.counter_state import Basket, Counter, Refund
from edge_agent.stations.counter_words import PAYS
from edge_agent.stations.item_words import price
from edge_agent.stations.model import Feedback, Paper, Pressed, ok, wrong
from edge_agent.stations.station import Activity, Done, Money, Took
from edge_agent.wire.facts import FactDraft, PrintRequested, Retracted
from edge_agent.wire.messages import JobRequest
from edge_agent.wire.order_facts import CounterOrder, GivenBack, PayBy

TEMPLATE: Final = "counter-refund"
MOST_REFUNDS: Final = 9
"""Refunds that one counter remembers; of older ones the office still knows."""
_TAKEN: Final = frozenset({PayBy.CASH, PayBy.CARD})


def taken_for(basket: Basket) -> Money | None:
    """What was taken when the order was done; None: nothing, it is owed."""
    if basket.pays not in _TAKEN or not basket.due_minor:
        return None
    return Money(amount_minor=basket.due_minor, currency=basket.currency, by=basket.pays)


def taken_back(now: Activity, took: Took, reading: str) -> Done:
    """The order counts for nothing; what was paid is offered to be given back at once, where the counter is open."""
    facts = (FactDraft(data=Retracted(fact=UUID(reading), kind=CounterOrder.name)),)
    if took.money is None:
        return Done(activity=now, feedback=ok("undone_counter_order", what=took.what), facts=facts)
    if not isinstance(now, Counter):
        money = took.money
        told = ok("undone_counter_paid", what=took.what, amount_minor=money.amount_minor, currency=money.currency)
        return Done(activity=now, feedback=told, facts=facts)
    by = PayBy(took.money.by)
    refund = Refund(order=reading, reference=took.what, amount_minor=took.money.amount_minor, currency=took.money.currency, by=by)
    after = replace(now, refunds=(refund, *now.refunds)[:MOST_REFUNDS])
    return Done(activity=after, feedback=_offered(refund), facts=facts)


def given_back(now: Counter, pressed: Pressed) -> Done:
    """A movement of the order's money; cash comes from the drawer, which opens with the slip."""
    if not now.refunds:
        return Done(activity=now, feedback=wrong("counter_no_refund"))
    refund, *rest = now.refunds
    fact = GivenBack(order=UUID(refund.order), amount_minor=refund.amount_minor, currency=refund.currency, by=refund.by)
    facts = [FactDraft(data=fact, device=pressed.device)]
    paper = slip(refund, pressed.paper, pressed.at) if refund.by is PayBy.CASH else None
    if paper is not None:
        facts.append(FactDraft(data=PrintRequested(job=f"{pressed.id}-1", request=paper), device=pressed.paper.receipts))
    code = "counter_given_back" if paper is not None or refund.by is not PayBy.CASH else "counter_given_back_plain"
    return Done(activity=replace(now, refunds=tuple(rest)), feedback=ok(code, **_args(refund)), facts=tuple(facts))


def slip(refund: Refund, paper: Paper, at: datetime | None) -> JobRequest | None:
    """None: the station has no receipt printer, or the box not the template."""
    version = paper.templates.get(TEMPLATE)
    if paper.receipts is None or version is None:
        return None
    data = {
        "title": "退款 Refund",
        "number": refund.reference,
        "at": written(at, paper.zone),
        "amount_word": f"退回 Given back: {PAYS[refund.by].zh} {PAYS[refund.by].en}",
        "amount": price(refund.amount_minor, refund.currency),
        "signature": "签名 Signature",
    }
    return JobRequest(template=TEMPLATE, version=version, data={**data})


def _offered(refund: Refund) -> Feedback:
    return ok("undone_counter_cash" if refund.by is PayBy.CASH else "undone_counter_card", **_args(refund))


def _args(refund: Refund) -> dict[str, str | int]:
    return {"what": refund.reference, "amount_minor": refund.amount_minor, "currency": refund.currency}
