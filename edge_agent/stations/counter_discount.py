"""A discount given by hand: digits and PERCENT (or DISCOUNT: minor units), then why; a manager's badge where it is a large one."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from edge_agent.stations.counter_state import Counter, Discount
from edge_agent.stations.model import Feedback, Person, Pressed, ok, wrong
from edge_agent.stations.reasons import OF_DISCOUNT, reason_args, reason_of
from edge_agent.stations.station import Done
from edge_agent.wire.roles import Role

FREE_PERCENT: Final = 10
"""Up to so much of the order may be given without a manager, unless the station asks for one for any (`manager_adjusts`)."""
_MOST_PERCENT: Final = 100
_MAY: Final = frozenset({Role.MANAGER.value, Role.ADMIN.value})


def discounted(now: Counter, pressed: Pressed) -> Done:
    """It is asked why; a discount that is there already is replaced by this one."""
    number = pressed.number or now.number
    goods = now.basket.goods_minor
    if not now.basket.lines:
        return Done(activity=now, feedback=wrong("counter_no_line"))
    is_percent = pressed.control == "percent"
    if not 0 < number <= (_MOST_PERCENT if is_percent else goods):
        return Done(activity=replace(now, number=0), feedback=wrong("counter_discount_number", most=_MOST_PERCENT))
    offer = Discount(percent=number) if is_percent else Discount(minor=number)
    return Done(activity=replace(now, offer=offer, number=0), feedback=_said("counter_why", offer, now))


def reasoned(now: Counter, pressed: Pressed) -> Done | None:
    """Why it is given; None: nothing waits for a reason."""
    reason = reason_of(pressed.control, OF_DISCOUNT)
    if reason is None or now.offer is None:
        return None
    offer = replace(now.offer, reason=reason)
    worker = pressed.worker
    is_manager = worker is not None and not _MAY.isdisjoint(worker.roles)
    if not is_manager and _needs_manager(now, offer, asks=pressed.asks_manager):
        return Done(activity=replace(now, offer=offer), feedback=wrong("counter_manager", **_args(offer, now)))
    return _given(now, replace(offer, approved_by=worker.id if is_manager and worker is not None else None))


def badge(now: Counter, person: Person) -> Done | None:
    """A manager's badge allows the discount that waits for one; who works here is not changed by it."""
    if now.offer is None or now.offer.reason is None or _MAY.isdisjoint(person.roles):
        return None
    return _given(now, replace(now.offer, approved_by=person.id))


def _needs_manager(now: Counter, offer: Discount, *, asks: bool) -> bool:
    if offer.percent:  # as it was told: rounded, 10 % may be a little more
        return asks or offer.percent > FREE_PERCENT
    goods = now.basket.goods_minor
    return asks or offer.of(goods) * _MOST_PERCENT > goods * FREE_PERCENT


def _given(now: Counter, offer: Discount) -> Done:
    after = replace(now, basket=replace(now.basket, discount=offer), offer=None)
    args = reason_args(offer.reason or "")
    return Done(activity=after, feedback=ok("counter_discounted", **args, **_args(offer, after)))


def _said(code: str, offer: Discount, now: Counter) -> Feedback:
    return ok(code, **_args(offer, now))


def _args(offer: Discount, now: Counter) -> dict[str, str | int]:
    basket = now.basket
    return {"discount_minor": offer.of(basket.goods_minor), "due_minor": basket.due_minor, "currency": basket.currency}
