"""What orders ask of features to their right, put into `orders/seams.py` by whoever composes a process."""

from __future__ import annotations

from controller.fulfilment import operations as fulfilment
from controller.orders.operations import hold
from controller.orders.seams import seams
from controller.orders.states import Bulk
from controller.review.cases import approve
from controller.review.judging import judge_placed
from controller.review.states import CaseState
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
    }
