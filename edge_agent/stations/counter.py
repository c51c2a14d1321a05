"""The counter: ORDER, then items: a line each with its price; DONE books a `counter_order` and prints its receipt, even offline.

Digits before an item say how many; what is sold by weight waits for the scale.  A template's barcode adds its lines, a preset's
says how it is paid and gets away.  Digits and CORRECT set the quantity of the latest line, NOTHING takes it out; CORRECT alone and
an item choose another one.  HOLD puts the order aside, CONTINUE goes on with the one put aside first.
"""

from __future__ import annotations

from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts, counter_asked
from edge_agent.stations.counter_discount import badge, discounted, reasoned
from edge_agent.stations.counter_lines import corrected, scanned_item, shortcut, taken_out, weighed_goods
from edge_agent.stations.counter_receipt import receipt
from edge_agent.stations.counter_refund import given_back, taken_back, taken_for
from edge_agent.stations.counter_shown import notes, offers, shows
from edge_agent.stations.counter_state import EMPTY, MOST_PARKED, Counter, kept, taxed
from edge_agent.stations.counter_words import BUTTONS, CONTROLS, WORDS, how
from edge_agent.stations.model import Feedback, Pressed, Scanned, Weighed, ok, wrong
from edge_agent.stations.station import Activity, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import FactDraft, PrintRequested
from edge_agent.wire.order_facts import CounterOrder


def begin() -> Done:
    return Done(activity=Counter(), feedback=ok("counter_item"))


def scan(now: Counter, read: Scanned) -> Done:
    now = taxed(now, read)
    if now.asking is not None:
        return counter_asked.answer(now, now.asking, read)
    if now.weighing is not None:
        return Done(activity=now, feedback=wrong("counter_weigh_first", symbol=read.symbol.text, **now.weighing.goods.args))
    if now.offer is not None:
        return Done(activity=now, feedback=wrong("counter_finish_first"))
    return shortcut(now, read) or scanned_item(now, read)


def weigh(now: Counter, weighed: Weighed) -> Done | None:
    return weighed_goods(taxed(now, weighed), weighed) if now.weighing is not None else None


def finish(now: Counter, by: Pressed) -> Done:
    now = taxed(now, by)
    if now.asking is not None:
        return counter_asked.pressed_meanwhile(now, now.asking, by)
    if now.weighing is not None:
        return Done(activity=now, feedback=ok("counter_weigh", **now.weighing.goods.args))
    if now.offer is not None:
        return Done(activity=now, feedback=wrong("counter_finish_first"))
    if not now.basket.lines:
        return given_back(now, by) if now.refunds else Done(activity=Idle(), feedback=ok("left"))
    return _ordered(now, by)


def control(now: Counter, pressed: Pressed) -> Done | None:
    now = taxed(now, pressed)
    if now.asking is not None:
        return counter_asked.pressed_meanwhile(now, now.asking, pressed)
    match pressed.control:
        case "undo" if now.weighing is not None:
            return Done(activity=replace(now, weighing=None), feedback=ok("undone_asked", **now.weighing.goods.args))
        case "undo" if now.offer is not None:
            return _without_offer(now)
        case "correct":
            return corrected(now, pressed.number or now.number)
        case "nothing":
            return taken_out(now)
        case "hold":
            return _held(now)
        case "continue":
            return _continued(now, pressed)
        case "given":
            return given_back(now, pressed)
        case "discount" | "percent":
            return discounted(now, pressed)
        case _:
            return reasoned(now, pressed) or _numbered(now, pressed)


def undo(now: Activity, took: Took, reading: str) -> Done:
    """A line of the order at hand; a whole order that is done: it is cancelled, its receipt is paper that is thrown away."""
    if took.fact is not None:
        return taken_back(now, took, reading)
    basket = now.basket if isinstance(now, Counter) else EMPTY
    if not isinstance(now, Counter) or not any(line.key.startswith(took.key or "-") for line in basket.lines):
        return Done(activity=now, feedback=wrong("undo_counter_gone", what=took.what))
    line = basket.line(took.key)
    if line is None:  # a template's
        for each in [each for each in basket.lines if each.key.startswith(took.key or "-")]:
            basket = basket.without(each.key)
        after = replace(now, basket=replace(basket, templates=tuple(one for one in basket.templates if one != took.document)))
        feedback = ok("undone_counter_template", what=took.what, **_due(after))
        return Done(activity=after, feedback=feedback)
    fewer = replace(line, quantity=line.quantity - took.quantity)
    basket = basket.with_line(fewer) if fewer.quantity > 0 and line.is_counted else basket.without(line.key)
    after = replace(now, basket=basket)
    return Done(activity=after, feedback=ok("undone_counter_line", **line.goods.args, **_due(after)))


def open_work(now: Counter) -> Feedback | None:
    if now.asking is not None:
        return wrong("asked_open", **now.asking.asked.goods.args)
    return wrong("counter_open", **_due(now)) if now.basket.lines or now.weighing is not None else None


def _ordered(now: Counter, by: Pressed) -> Done:
    """The order, its number and its receipt, in one commit."""
    basket, totals, count = now.basket, now.basket.totals, by.orders + 1
    reference = f"{by.box}-{count:06d}"
    fact = CounterOrder(
        reference=reference,
        lines=[line.told() for line in basket.lines],
        currency=basket.currency,
        total_minor=totals.payable_minor,
        tax_minor=totals.gross_minor - basket.goods_minor + basket.discount_minor,
        rounding_minor=totals.rounding_minor,
        pays=basket.pays,
        goes=basket.goes,
        discount_minor=basket.discount_minor,
        discount_reason=basket.discount.reason if basket.discount is not None and basket.discount_minor else None,
        approved_by=basket.discount.approved_by if basket.discount is not None and basket.discount_minor else None,
        preset=basket.preset,
        templates=list(basket.templates),
    )
    facts = [FactDraft(data=fact, device=by.device)]
    paper = receipt(basket, reference, by.paper, by.at)
    if paper is not None:
        facts.append(FactDraft(data=PrintRequested(job=f"{by.id}-1", request=paper), device=by.paper.receipts))
    says = how(basket.pays, basket.goes)
    code = "counter_done" if paper is not None else "counter_done_plain"
    feedback = ok(code, reference=reference, how_en=says.en, how_zh=says.zh, **_due(now))
    return Done(
        activity=Counter(parked=now.parked, refunds=now.refunds),
        feedback=feedback,
        facts=tuple(facts),
        took=Took(station="counter", what=reference, fact=CounterOrder.name, money=taken_for(basket)),
        orders=count,
    )


def _held(now: Counter) -> Done:
    if now.weighing is not None or now.offer is not None or not now.basket.lines:
        return Done(activity=now, feedback=wrong("counter_finish_first" if now.offer is not None else "counter_no_line"))
    if len(now.parked) >= MOST_PARKED:
        return Done(activity=now, feedback=wrong("counter_held_all", most=MOST_PARKED))
    parked = (*now.parked, now.basket)
    return Done(activity=Counter(parked=parked, refunds=now.refunds), feedback=ok("counter_held", parked=len(parked)))


def _continued(now: Counter, pressed: Pressed) -> Done:
    """The one put aside first; the order at hand is not lost for it."""
    if not now.parked:
        return Done(activity=now, feedback=wrong("counter_nothing_held"))
    if now.basket.lines or now.weighing is not None:
        return Done(activity=now, feedback=wrong("counter_open", **_due(now)))
    basket, *rest = now.parked
    names = [(line.goods.name_en or line.goods.what, line.goods.name_zh or line.goods.what) for line in basket.lines[:3]]
    after = taxed(Counter(basket=basket, parked=tuple(rest), refunds=now.refunds), pressed)
    lines = {"lines_en": ", ".join(en for en, _ in names), "lines_zh": "、".join(zh for _, zh in names)}
    return Done(activity=after, feedback=ok("counter_resumed", **lines, **_due(after)))


def _without_offer(now: Counter) -> Done:
    after = replace(now, offer=None)
    return Done(activity=after, feedback=ok("undone_counter_discount", **_due(after)))


def _numbered(now: Counter, pressed: Pressed) -> Done | None:
    told = amounts.typed(now.number, pressed)
    return None if told is None else Done(activity=replace(now, number=told.number), feedback=told.feedback)


def _due(now: Counter) -> dict[str, str | int]:
    return {"due_minor": now.basket.due_minor, "currency": now.basket.currency}


STATION = Station(
    name="counter",
    command=Command.ORDER,
    state=Counter,
    title=Says(en="Order at the counter", zh="柜台开单"),
    words=WORDS,
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(*CONTROLS, *DIGITS),
    buttons=BUTTONS,
    offers=offers,
    undo=undo,
    weigh=weigh,
    awaits_weight=lambda now: now.weighing is not None,
    wants_item=True,
    opens="order_templates",
    works_on=lambda _: False,
    shows=shows,
    notes=notes,
    badge=badge,
    open_work=open_work,
    farewell=lambda now: ok("counter_left" if now.basket.lines or now.weighing is not None else "left"),
    keeps=kept,
)
