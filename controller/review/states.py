"""The axes of review: a table of rules, and an order's way past the people who look at it."""

from __future__ import annotations

from enum import StrEnum


class TableState(StrEnum):
    """At most one is live."""

    DRAFT = "draft"
    LIVE = "live"
    PAST = "past"
    DISCARDED = "discarded"


class TableAction(StrEnum):
    GO_LIVE = "go_live"
    RETIRE = "retire"
    DISCARD = "discard"


RULE_TABLE: dict[TableState, dict[TableAction, TableState]] = {
    TableState.DRAFT: {TableAction.GO_LIVE: TableState.LIVE, TableAction.DISCARD: TableState.DISCARDED},
    TableState.LIVE: {TableAction.RETIRE: TableState.PAST},
    # undone: what was live before is live again
    TableState.PAST: {TableAction.GO_LIVE: TableState.LIVE},
    TableState.DISCARDED: {},
}


class CaseState(StrEnum):
    """Whose word an order waits for.  `HELD`: for something from outside; `ENDED`: it was cancelled or closed."""

    SERVICE = "service"
    FINANCE = "finance"
    HELD = "held"
    APPROVED = "approved"
    REFUSED = "refused"
    ENDED = "ended"


class CaseAction(StrEnum):
    PASS_ON = "pass_on"  # noqa: S105 -- no secret
    APPROVE = "approve"
    HOLD = "hold"
    RESUME = "resume"
    REFUSE = "refuse"
    REOPEN = "reopen"
    END = "end"


CASE: dict[CaseState, dict[CaseAction, CaseState]] = {
    CaseState.SERVICE: {
        CaseAction.PASS_ON: CaseState.FINANCE,
        CaseAction.APPROVE: CaseState.APPROVED,
        CaseAction.HOLD: CaseState.HELD,
        CaseAction.REFUSE: CaseState.REFUSED,
        CaseAction.END: CaseState.ENDED,
    },
    CaseState.FINANCE: {
        CaseAction.APPROVE: CaseState.APPROVED,
        CaseAction.HOLD: CaseState.HELD,
        CaseAction.REFUSE: CaseState.REFUSED,
        # the order was changed: service looks first again
        CaseAction.REOPEN: CaseState.SERVICE,
        CaseAction.END: CaseState.ENDED,
    },
    CaseState.HELD: {
        CaseAction.RESUME: CaseState.SERVICE,
        CaseAction.REFUSE: CaseState.REFUSED,
        CaseAction.END: CaseState.ENDED,
    },
    CaseState.APPROVED: {CaseAction.REOPEN: CaseState.SERVICE, CaseAction.END: CaseState.ENDED},
    CaseState.REFUSED: {CaseAction.END: CaseState.ENDED},
    # an order that was merged into another one, and is one of its own again
    CaseState.ENDED: {CaseAction.REOPEN: CaseState.SERVICE},
}
WAITING = frozenset({CaseState.SERVICE, CaseState.FINANCE, CaseState.HELD})
"""Somebody has still to say something."""
