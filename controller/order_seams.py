"""What orders ask of features to their right, put into `orders/seams.py` by whoever composes a process."""

from __future__ import annotations

from controller.errors import NotFound
from controller.fulfilment import operations as fulfilment
from controller.fulfilment.withdrawing import withdraw_release
from controller.orders import transitions
from controller.orders.operations import hold
from controller.orders.seams import seams
from controller.orders.states import Bulk
from controller.review.cases import approve, reopen, resume
from controller.review.judging import judge_placed
from controller.review.queries import case
from controller.review.states import CaseState
from controller.sourcing.anew import source_anew
from controller.sourcing.deciding import source_order


def fill_seams() -> None:
    """Before the first order, on a connected database."""
    ours = seams()
    ours.source = source_order
    ours.judge = judge_placed
    ours.bulk = {
        Bulk.RELEASE: lambda no, _: fulfilment.release(no),
        Bulk.CANCEL: lambda no, reason: fulfilment.cancel(no, reason=reason),
        Bulk.HOLD: lambda no, reason: hold(no, reason=reason),
        Bulk.APPROVE: lambda no, reason: approve(no, CaseState.SERVICE, reason=reason),
        Bulk.RESUME: _resume,
        Bulk.WITHDRAW: lambda no, _: withdraw_release(no),
        Bulk.REVIEW: lambda no, reason: reopen(no, reason=reason),
        Bulk.SOURCE: lambda no, reason: source_anew(no, reason=reason),
    }


async def _resume(no: str, reason: str) -> None:
    """It goes on where it was: what was approved is approved still, what a review held is reviewed again."""
    await transitions.locked(no)
    try:
        state = (await case(no)).state
    except NotFound:
        state = None
    if state is CaseState.APPROVED:
        await transitions.approve(no, reason=reason)
    elif state is CaseState.HELD:
        await resume(no, reason=reason)
    else:
        await transitions.resume(no, reason=reason)
