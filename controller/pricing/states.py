"""States of a batch of shelf labels."""

from __future__ import annotations

from enum import StrEnum

from controller.states import Table


class BatchState(StrEnum):
    """Prepared: to be printed; printed: to be put on shelves; done: every label was scanned there; cancelled: no label is left."""

    PREPARED = "prepared"
    PRINTED = "printed"
    DONE = "done"
    CANCELLED = "cancelled"


class BatchAction(StrEnum):
    PRINT = "print"
    CONFIRM = "confirm"
    GROW = "grow"
    CANCEL = "cancel"


BATCH: Table[BatchState, BatchAction] = {
    BatchState.PREPARED: {
        BatchAction.PRINT: BatchState.PRINTED,
        BatchAction.CONFIRM: BatchState.DONE,
        BatchAction.CANCEL: BatchState.CANCELLED,
    },
    BatchState.PRINTED: {
        BatchAction.CONFIRM: BatchState.DONE,
        BatchAction.GROW: BatchState.PREPARED,
        BatchAction.CANCEL: BatchState.CANCELLED,
    },
    BatchState.DONE: {BatchAction.GROW: BatchState.PREPARED},
    BatchState.CANCELLED: {BatchAction.GROW: BatchState.PREPARED},
}
"""Grow: goods came onto a shelf, or another price of the same instant, so that a label more is needed."""
