"""States of what is bought, of a supplier's answer, and of what is sent to suppliers."""

from __future__ import annotations

from enum import StrEnum

from controller.states import Table


class OrderState(StrEnum):
    """Purchase order.  What is approved is on its way; partly received, received: its lines say how much.

    `closed_short`: somebody decided that the rest does not come.  Goods that come all the same are booked in any state.
    """

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    CONFIRMED = "confirmed"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    CLOSED_SHORT = "closed_short"
    CANCELLED = "cancelled"


class OrderAction(StrEnum):
    APPROVE = "approve"
    REVISE = "revise"
    SEND = "send"
    CONFIRM = "confirm"
    RECEIVE = "receive"
    COMPLETE = "complete"
    BACK_TO_CONFIRMED = "back_to_confirmed"
    BACK_TO_SENT = "back_to_sent"
    BACK_TO_APPROVED = "back_to_approved"
    CLOSE = "close"
    FALL_SHORT = "fall_short"
    REOPEN = "reopen"
    CANCEL = "cancel"


_OPEN = {
    OrderAction.RECEIVE: OrderState.PARTLY_RECEIVED,
    OrderAction.COMPLETE: OrderState.RECEIVED,
    OrderAction.CLOSE: OrderState.CLOSED_SHORT,
    OrderAction.CANCEL: OrderState.CANCELLED,
}
"""What may happen to an order while goods are to come."""
_BACK = {
    # a person took back what was received: the order is again what it was before
    OrderAction.BACK_TO_CONFIRMED: OrderState.CONFIRMED,
    OrderAction.BACK_TO_SENT: OrderState.SENT,
    OrderAction.BACK_TO_APPROVED: OrderState.APPROVED,
}

ORDER: Table[OrderState, OrderAction] = {
    OrderState.DRAFT: {OrderAction.APPROVE: OrderState.APPROVED, OrderAction.CANCEL: OrderState.CANCELLED},
    OrderState.APPROVED: {
        OrderAction.REVISE: OrderState.DRAFT,
        OrderAction.SEND: OrderState.SENT,
        OrderAction.CONFIRM: OrderState.CONFIRMED,
        **_OPEN,
    },
    OrderState.SENT: {OrderAction.CONFIRM: OrderState.CONFIRMED, **_OPEN},
    OrderState.CONFIRMED: {**_OPEN},
    OrderState.PARTLY_RECEIVED: {
        OrderAction.COMPLETE: OrderState.RECEIVED,
        OrderAction.CLOSE: OrderState.CLOSED_SHORT,
        **_BACK,
    },
    OrderState.RECEIVED: {
        OrderAction.RECEIVE: OrderState.PARTLY_RECEIVED,
        # goods of a line whose rest does not come were taken back; nobody closes what has come
        OrderAction.FALL_SHORT: OrderState.CLOSED_SHORT,
        **_BACK,
    },
    OrderState.CLOSED_SHORT: {OrderAction.REOPEN: OrderState.PARTLY_RECEIVED},
    OrderState.CANCELLED: {},
}


class ReceiptState(StrEnum):
    """Receipt.  `checked`: the floor said that this is all.  `settled`: the office looked, its costs are what they are."""

    OPEN = "open"
    CHECKED = "checked"
    SETTLED = "settled"


class ReceiptAction(StrEnum):
    CHECK = "check"
    SETTLE = "settle"
    REOPEN = "reopen"


RECEIPT: Table[ReceiptState, ReceiptAction] = {
    ReceiptState.OPEN: {ReceiptAction.CHECK: ReceiptState.CHECKED, ReceiptAction.SETTLE: ReceiptState.SETTLED},
    ReceiptState.CHECKED: {ReceiptAction.SETTLE: ReceiptState.SETTLED},
    ReceiptState.SETTLED: {ReceiptAction.REOPEN: ReceiptState.CHECKED},
}


class AnswerState(StrEnum):
    """A supplier's answer to an order.  One that differs from the order waits for a person."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"


class AnswerAction(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"
    OVERTAKE = "overtake"


ANSWER: Table[AnswerState, AnswerAction] = {
    AnswerState.WAITING: {
        AnswerAction.ACCEPT: AnswerState.ACCEPTED,
        AnswerAction.REFUSE: AnswerState.REFUSED,
        AnswerAction.OVERTAKE: AnswerState.OVERTAKEN,
    },
    AnswerState.ACCEPTED: {},
    AnswerState.REFUSED: {},
    AnswerState.OVERTAKEN: {},
}


class SendingState(StrEnum):
    """An order on its way to its supplier.  A failed one waits for a person; the ones behind it do not wait.

    A withdrawn one may have been on its way already: then it is sent all the same.
    """

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class SendingAction(StrEnum):
    SEND = "send"
    FAIL = "fail"
    RETRY = "retry"
    WITHDRAW = "withdraw"


SENDING: Table[SendingState, SendingAction] = {
    SendingState.WAITING: {
        SendingAction.SEND: SendingState.SENT,
        SendingAction.FAIL: SendingState.FAILED,
        SendingAction.WITHDRAW: SendingState.WITHDRAWN,
    },
    SendingState.SENT: {},
    SendingState.FAILED: {SendingAction.RETRY: SendingState.WAITING, SendingAction.WITHDRAW: SendingState.WITHDRAWN},
    SendingState.WITHDRAWN: {SendingAction.SEND: SendingState.SENT},
}
