"""What people say of an order: claim it, pass it on, approve, hold, resume, refuse.  Conditional UPDATEs, one transaction each.

Who acts is `events.actor()`.  Repeating a word that was said changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from controller import events
from controller.db import Row, fetch, now, savepoint, transaction
from controller.errors import Conflict, DomainError, Forbidden, NotFound, Rejected
from controller.fulfilment import operations as fulfilment
from controller.orders import transitions
from controller.orders.flags import FlagKind, clear_flag, require_unflagged
from controller.orders.numbers import ORDERS
from controller.review import ticking
from controller.review.clocks import ClockKind
from controller.review.events import ReviewClaimed, ReviewDecided, ReviewGivenBack
from controller.review.states import CASE, CaseAction, CaseState
from controller.states import advance

MAX_REASON = 200
MOST_AT_ONCE = 500
_ANSWERED = (ClockKind.TOUCH, ClockKind.PROBLEM)


class CaseTaken(Conflict):
    """Somebody else is at it; `by` as events name them."""

    code = "review_taken"

    def __init__(self, order: str, by: str) -> None:
        super().__init__(f"{order} is looked at by {by}: leave it to them, or have it given back first")
        self.order = order
        self.by = by


class CaseMoved(Conflict):
    """Somebody said something meanwhile; `state`: where it is now."""

    code = "review_moved"

    def __init__(self, order: str, state: CaseState) -> None:
        super().__init__(f"{order} is {state} meanwhile: look at it again")
        self.order = order
        self.state = state.value


class OwnOrder(Forbidden):
    """Four eyes: who made an order does not approve it."""

    code = "own_order"

    def __init__(self, order: str) -> None:
        super().__init__(f"you made {order}: somebody else approves it")
        self.order = order


class ReviewReasonNeeded(Rejected):
    code = "review_reason_needed"


@dataclass(frozen=True, slots=True)
class Refused:
    """One order of many that was not approved, and why."""

    order: str
    code: str


async def claim(order_no: str, stage: CaseState) -> None:
    """Whoever acts looks at it from now on; it was touched.  Records ReviewClaimed.  Raises NotFound, CaseTaken, CaseMoved."""
    me = events.actor().actor
    async with transaction():
        rows = await fetch(
            "UPDATE review_case SET claimed_by = ?, claimed_at = ? WHERE order_id = ? AND state = ? AND claimed_by IS NULL "
            "RETURNING order_id",
            *(me, now(), ORDERS.row_id(order_no), stage.value),
        )
        if not rows:
            case = await _case(order_no, stage)
            if case["claimed_by"] != me:
                raise CaseTaken(order_no, case["claimed_by"])
            return
        await ticking.end(rows[0]["order_id"], [ClockKind.TOUCH], at=now())
        await events.record(ReviewClaimed(stage=stage.value), subject=order_no, site=await transitions.site_of(rows[0]["order_id"]))


async def give_back(order_no: str, stage: CaseState) -> None:
    """It is anybody's again: said by who claimed it, or by who leads.  Records ReviewGivenBack.  Raises NotFound, CaseMoved."""
    async with transaction():
        case = await _case(order_no, stage)
        rows = await fetch(
            "UPDATE review_case SET claimed_by = NULL, claimed_at = NULL WHERE id = ? AND state = ? AND claimed_by = ? "
            "RETURNING order_id",
            *(case["id"], stage.value, case["claimed_by"]),
        )
        if rows:
            event = ReviewGivenBack(stage=stage.value, claimed_by=case["claimed_by"])
            await events.record(event, subject=order_no, site=await transitions.site_of(case["order_id"]))


async def approve(order_no: str, stage: CaseState, *, reason: str = "", clear: Collection[FlagKind] = ()) -> CaseState:
    """Service passes on what finance has to see; else the order is approved.  Where it is then.

    `clear`: flags that are settled by this, with the reason; with others that are set it is not approved.
    Records ReviewDecided, OrderApproved.  Raises NotFound, CaseMoved, CaseTaken, OwnOrder, OrderIsFlagged, ReviewReasonNeeded.
    """
    words = _words(reason, needed=bool(clear))
    async with transaction():
        await transitions.locked(order_no)
        if await _is_said(order_no, stage, (CaseState.APPROVED, CaseState.FINANCE)):
            return CaseState(await _state(order_no))
        case = await _case(order_no, stage)
        if case["placed_by"].startswith("person:") and case["placed_by"] == events.actor().actor:
            raise OwnOrder(order_no)
        for kind in sorted(clear):
            await clear_flag(case["order_id"], kind, words)
        passes_on = stage is CaseState.SERVICE and bool(case["needs_finance"])
        if not passes_on:
            await require_unflagged([case["order_id"]])
        state = await _say(case, order_no, CaseAction.PASS_ON if passes_on else CaseAction.APPROVE, words)
        if not passes_on:
            await transitions.approve(order_no, reason=words)
    return state


async def hold(order_no: str, stage: CaseState, *, reason: str) -> None:
    """It waits for something from outside.  Records ReviewDecided, OrderHeld.

    Raises NotFound, CaseMoved, CaseTaken, ReviewReasonNeeded, IllegalTransition.
    """
    words = _words(reason)
    async with transaction():
        await transitions.locked(order_no)
        if await _is_said(order_no, stage, (CaseState.HELD,)):
            return
        await _say(await _case(order_no, stage), order_no, CaseAction.HOLD, words)
        await transitions.hold(order_no, reason=words)


async def resume(order_no: str, *, reason: str) -> None:
    """What it waited for has come: service looks again.  Records ReviewDecided, OrderResumed.

    Raises NotFound, CaseMoved, ReviewReasonNeeded, IllegalTransition.
    """
    words = _words(reason)
    async with transaction():
        await transitions.locked(order_no)
        if await _is_said(order_no, CaseState.HELD, (CaseState.SERVICE,)):
            return
        await _say(await _case(order_no, CaseState.HELD), order_no, CaseAction.RESUME, words)
        await transitions.resume(order_no, reason=words)


async def reopen(order_no: str, *, reason: str) -> None:
    """What was approved is looked at again: service first.  Records ReviewDecided, OrderReviewNeeded.

    Raises NotFound, CaseMoved, CaseTaken, ReviewReasonNeeded, ReleasedAlready, IllegalTransition.
    """
    words = _words(reason)
    async with transaction():
        await transitions.locked(order_no)
        await transitions.require_unreleased(order_no)
        await _say(await _case(order_no, CaseState.APPROVED), order_no, CaseAction.REOPEN, words)
        await transitions.send_to_review(order_no)


async def refuse(order_no: str, stage: CaseState, *, reason: str) -> None:
    """The order is cancelled: its goods are free again, its money goes back.  Records ReviewDecided, OrderCancelled.

    Raises NotFound, CaseMoved, CaseTaken, ReviewReasonNeeded, IllegalTransition (some of it was handed over).
    """
    words = _words(reason)
    async with transaction():
        await transitions.locked(order_no)
        if await _is_said(order_no, stage, (CaseState.REFUSED,)):
            return
        await _say(await _case(order_no, stage), order_no, CaseAction.REFUSE, words)
        await fulfilment.cancel(order_no, reason=words)


async def approve_all(orders: Sequence[str], stage: CaseState, *, reason: str = "") -> list[Refused]:
    """Approve many, each by itself; those that were not, and why.  Raises ReviewReasonNeeded."""
    if len(orders) > MOST_AT_ONCE:
        raise ReviewReasonNeeded(f"at most {MOST_AT_ONCE} orders at once")
    _words(reason, needed=False)
    refused = []
    for order_no in dict.fromkeys(orders):
        try:
            async with transaction(), savepoint():
                await approve(order_no, stage, reason=reason)
        except DomainError as error:
            refused.append(Refused(order_no, error.code))
    return refused


async def _say(case: Row, order_no: str, action: CaseAction, reason: str) -> CaseState:
    """Write what somebody said, and that it was answered.  Raises CaseTaken, CaseMoved, IllegalTransition."""
    me, before = events.actor().actor, CaseState(case["state"])
    after = advance(CASE, before, action)
    column = "service" if before is CaseState.SERVICE else "decided"
    rows = await fetch(
        f"UPDATE review_case SET state = ?, reason = ?, claimed_by = NULL, claimed_at = NULL, {column}_by = ?, {column}_at = ? "  # noqa: S608 -- a column of ours
        "WHERE id = ? AND state = ? AND (claimed_by IS NULL OR claimed_by = ?) RETURNING order_id",
        *(after.value, reason or None, me, now(), case["id"], before.value, me),
    )
    if not rows:
        found = await _case(order_no, before)
        raise CaseTaken(order_no, found["claimed_by"])
    await ticking.end(case["order_id"], _ANSWERED, at=now())
    event = ReviewDecided(stage=before.value, state=after.value, reason=reason)
    await events.record(event, subject=order_no, site=await transitions.site_of(case["order_id"]))
    return after


async def _case(order_no: str, stage: CaseState) -> Row:
    """The case, if it is at this stage.  Raises NotFound, CaseMoved."""
    rows = await fetch("SELECT * FROM review_case WHERE order_id = ?", ORDERS.row_id(order_no))
    if not rows:
        raise NotFound("review of order", order_no)
    state = CaseState(rows[0]["state"])
    if state is not stage:
        raise CaseMoved(order_no, state)
    return rows[0]


async def _state(order_no: str) -> str:
    """Raises NotFound."""
    rows = await fetch("SELECT state FROM review_case WHERE order_id = ?", ORDERS.row_id(order_no))
    if not rows:
        raise NotFound("review of order", order_no)
    return str(rows[0]["state"])


async def _is_said(order_no: str, stage: CaseState, states: Collection[CaseState]) -> bool:
    """Whether this very person said this already.  Raises NotFound."""
    rows = await fetch("SELECT state, service_by, decided_by FROM review_case WHERE order_id = ?", ORDERS.row_id(order_no))
    if not rows:
        raise NotFound("review of order", order_no)
    by = rows[0]["service_by"] if stage is CaseState.SERVICE else rows[0]["decided_by"]
    return CaseState(rows[0]["state"]) in states and rows[0]["state"] != stage.value and by == events.actor().actor


def _words(reason: str, *, needed: bool = True) -> str:
    """Raises ReviewReasonNeeded."""
    text = reason.strip()
    if len(text) > MAX_REASON or (needed and not text) or not text.isprintable():
        raise ReviewReasonNeeded(f"expected a reason of 1 to {MAX_REASON} characters on one line")
    return text
