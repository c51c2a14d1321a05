"""States of a proposal, and of a run that makes them."""

from __future__ import annotations

from enum import StrEnum

from controller.states import Table


class Kind(StrEnum):
    """What a proposal would do."""

    PURCHASE = "purchase"
    TRANSFER = "transfer"


class Cause(StrEnum):
    """Why a run began."""

    NIGHT = "night"
    PERSON = "person"


class ProposalState(StrEnum):
    """A proposal to buy or to transfer.  Proposed and changed ones are open: runs make them anew, but keep a person's quantity.

    Lapsed: a later run found that it is not needed any more.  Done: the purchase order or transfer is there.
    """

    PROPOSED = "proposed"
    CHANGED = "changed"
    DONE = "done"
    DISMISSED = "dismissed"
    LAPSED = "lapsed"


class ProposalAction(StrEnum):
    CHANGE = "change"
    ACCEPT = "accept"
    DISMISS = "dismiss"
    LAPSE = "lapse"


PROPOSAL: Table[ProposalState, ProposalAction] = {
    ProposalState.PROPOSED: {
        ProposalAction.CHANGE: ProposalState.CHANGED,
        ProposalAction.ACCEPT: ProposalState.DONE,
        ProposalAction.DISMISS: ProposalState.DISMISSED,
        ProposalAction.LAPSE: ProposalState.LAPSED,
    },
    ProposalState.CHANGED: {
        ProposalAction.CHANGE: ProposalState.CHANGED,
        ProposalAction.ACCEPT: ProposalState.DONE,
        ProposalAction.DISMISS: ProposalState.DISMISSED,
    },
    ProposalState.DONE: {},
    ProposalState.DISMISSED: {},
    ProposalState.LAPSED: {},
}


class RunState(StrEnum):
    """A replenishment run of a site.  One that stopped telling how far it is may be taken over, and begins anew."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class RunAction(StrEnum):
    START = "start"
    FINISH = "finish"
    FAIL = "fail"
    RETRY = "retry"


RUN: Table[RunState, RunAction] = {
    RunState.WAITING: {RunAction.START: RunState.RUNNING},
    RunState.RUNNING: {RunAction.FINISH: RunState.DONE, RunAction.FAIL: RunState.FAILED},
    RunState.DONE: {},
    RunState.FAILED: {RunAction.RETRY: RunState.WAITING},
}
