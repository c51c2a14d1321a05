"""Something that a provider or a person is to do with money.  Orders and payments have no stored state: theirs is derived.

CALLING is written before the call, so that nothing is ever called twice blindly: whoever lost the answer asks for the key.
"""

from __future__ import annotations

from enum import StrEnum


class CallState(StrEnum):
    """`PROPOSED` waits for a second person, `BY_HAND` for somebody who does it (cash, a bank transfer)."""

    PROPOSED = "proposed"
    WAITING = "waiting"
    CALLING = "calling"
    ASKING = "asking"
    BY_HAND = "by_hand"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class CallAction(StrEnum):
    APPROVE = "approve"
    HAND_OVER = "hand_over"
    CLAIM = "claim"
    LOSE = "lose"
    MISS = "miss"
    SUCCEED = "succeed"
    REFUSE = "refuse"
    RETRY = "retry"
    WITHDRAW = "withdraw"


CALL: dict[CallState, dict[CallAction, CallState]] = {
    CallState.PROPOSED: {
        CallAction.APPROVE: CallState.WAITING,
        CallAction.HAND_OVER: CallState.BY_HAND,
        CallAction.SUCCEED: CallState.DONE,
        CallAction.WITHDRAW: CallState.WITHDRAWN,
    },
    CallState.WAITING: {
        CallAction.CLAIM: CallState.CALLING,
        CallAction.SUCCEED: CallState.DONE,
        CallAction.WITHDRAW: CallState.WITHDRAWN,
    },
    CallState.CALLING: {
        CallAction.SUCCEED: CallState.DONE,
        CallAction.REFUSE: CallState.FAILED,
        CallAction.LOSE: CallState.ASKING,
        CallAction.MISS: CallState.WAITING,
    },
    CallState.ASKING: {
        CallAction.SUCCEED: CallState.DONE,
        CallAction.REFUSE: CallState.FAILED,
        CallAction.LOSE: CallState.ASKING,
        CallAction.MISS: CallState.WAITING,
    },
    CallState.BY_HAND: {CallAction.SUCCEED: CallState.DONE, CallAction.WITHDRAW: CallState.WITHDRAWN},
    CallState.FAILED: {CallAction.RETRY: CallState.WAITING, CallAction.HAND_OVER: CallState.BY_HAND},
    CallState.DONE: {},
    CallState.WITHDRAWN: {},
}
OPEN = frozenset(
    {CallState.PROPOSED, CallState.WAITING, CallState.CALLING, CallState.ASKING, CallState.BY_HAND},
)
"""What may still happen: its amount is held."""
