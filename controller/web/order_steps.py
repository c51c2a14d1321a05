"""What may be done next with an order, and what each step takes: the same for the buttons of its page and for its forms.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from controller.http.routing import Permission
from controller.orders.states import HOLDING, OPEN, ORDER, OrderAction, OrderState
from controller.review.states import CaseState

STAGES: Final = {
    CaseState.SERVICE.value: Permission.REVIEW_SERVICE,
    CaseState.FINANCE.value: Permission.REVIEW_FINANCE,
    CaseState.HELD.value: Permission.REVIEW_SERVICE,
}
"""Whose word an order waits for at a stage of its review."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Of an order, what steps depend on; `case`: where its review is, None: it has none.

    `pieces`: base units of all its lines; `waits`: something is promised and not released; `out`: something was handed over.
    """

    state: OrderState
    case: CaseState | None
    pieces: int = 0
    waits: bool = False
    is_released: bool = False
    is_out: bool = False
    is_flagged: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """`stage`: of the review that is asked for its word; empty: it is the order's own step."""

    verb: str
    permission: Permission
    stage: str = ""


def steps_of(order: Standing) -> Sequence[Step]:
    """What is legal now, the likeliest first."""
    legal, stage = ORDER[order.state], stage_of(order.case)
    found: list[Step] = []
    if OrderAction.PLACE in legal:
        found.append(_step("submit"))
    if order.state is OrderState.APPROVED and order.waits and not order.is_flagged:
        found.append(_step("release"))
    if order.state is OrderState.IN_REVIEW and order.case is not CaseState.HELD:
        found.append(_step("approve", stage))
    if OrderAction.RESUME in legal:
        found.append(_step("resume", stage if order.case is CaseState.HELD else ""))
    if OrderAction.HOLD in legal:
        found.append(_step("hold", "" if order.case is CaseState.HELD else stage))
    if order.state in OPEN and order.pieces > 1 and not order.is_released:
        found.append(_step("split"))
    if order.state in HOLDING and order.is_out:
        found.append(_step("close"))
    elif OrderAction.CANCEL in legal:
        found.append(_step("cancel"))
    return found


def stage_of(case: CaseState | None) -> str:
    return case.value if case is not None and case.value in STAGES else ""


def _step(verb: str, stage: str = "") -> Step:
    return Step(verb, permission_of(verb, stage), stage)


def permission_of(verb: str, stage: str) -> Permission:
    """What a verb takes.  An order that waits for nobody's review is approved by who reviews first."""
    if stage in STAGES:
        return STAGES[stage]
    if verb.startswith("invoice"):
        return Permission.PAYMENTS_WRITE
    named = {"approve": Permission.REVIEW_SERVICE, "release": Permission.FULFILMENT_WRITE, "release-claim": Permission.WAVES_MANAGE}
    return named.get(verb, Permission.ORDERS_WRITE)
