"""States of count sessions, of their rows, of what was counted and of what was read."""

from __future__ import annotations

from enum import StrEnum

from controller.states import Table


class SessionKind(StrEnum):
    """Why a session was made: by class, by zone, because of a suspicion, chosen bins, or after the fact."""

    CLASS = "class"
    ZONE = "zone"
    SUSPICION = "suspicion"
    CHOSEN = "chosen"
    ADHOC = "adhoc"
    ZERO_CHECK = "zero_check"


class SessionState(StrEnum):
    """Planned and open are counted, submitted and in review are decided; one that was booked is looked at again when more comes."""

    PLANNED = "planned"
    OPEN = "open"
    SUBMITTED = "submitted"
    REVIEW = "review"
    BOOKED = "booked"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class SessionAction(StrEnum):
    COUNT = "count"
    SUBMIT = "submit"
    ASK = "ask"
    BOOK = "book"
    REJECT = "reject"
    CANCEL = "cancel"
    REOPEN = "reopen"


SESSION: Table[SessionState, SessionAction] = {
    SessionState.PLANNED: {
        SessionAction.COUNT: SessionState.OPEN,
        SessionAction.CANCEL: SessionState.CANCELLED,
    },
    SessionState.OPEN: {
        SessionAction.COUNT: SessionState.OPEN,
        SessionAction.SUBMIT: SessionState.SUBMITTED,
        SessionAction.CANCEL: SessionState.CANCELLED,
    },
    SessionState.SUBMITTED: {
        SessionAction.ASK: SessionState.REVIEW,
        SessionAction.BOOK: SessionState.BOOKED,
    },
    SessionState.REVIEW: {
        SessionAction.ASK: SessionState.REVIEW,
        SessionAction.BOOK: SessionState.BOOKED,
        SessionAction.REJECT: SessionState.REJECTED,
    },
    SessionState.BOOKED: {SessionAction.REOPEN: SessionState.REVIEW},
    SessionState.REJECTED: {SessionAction.REOPEN: SessionState.REVIEW},
    SessionState.CANCELLED: {},
}
COUNTED_IN = (SessionState.PLANNED, SessionState.OPEN)
"""A session in one of these still waits for bins."""
OVER = (SessionState.BOOKED, SessionState.REJECTED, SessionState.CANCELLED)


class RowState(StrEnum):
    """Open waits for a decision, or for the session to be submitted; superseded by a later round; undone after it was accepted."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RECOUNT = "recount"
    SUPERSEDED = "superseded"
    UNDONE = "undone"


class RowAction(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"
    RECOUNT = "recount"
    WITHDRAW = "withdraw"
    SUPERSEDE = "supersede"
    UNDO = "undo"


ROW: Table[RowState, RowAction] = {
    RowState.OPEN: {
        RowAction.ACCEPT: RowState.ACCEPTED,
        RowAction.REJECT: RowState.REJECTED,
        RowAction.RECOUNT: RowState.RECOUNT,
        RowAction.SUPERSEDE: RowState.SUPERSEDED,
    },
    RowState.RECOUNT: {
        RowAction.WITHDRAW: RowState.OPEN,
        RowAction.SUPERSEDE: RowState.SUPERSEDED,
    },
    RowState.ACCEPTED: {RowAction.UNDO: RowState.UNDONE},
    RowState.REJECTED: {},
    RowState.SUPERSEDED: {},
    RowState.UNDONE: {},
}


class LineState(StrEnum):
    """Known: it says a SKU.  Unknown and bad wait in the unmatched list; set aside: somebody said that it is none of ours."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    BAD = "bad"
    SET_ASIDE = "set_aside"


class PartState(StrEnum):
    COUNTS = "counts"
    REFUSED = "refused"


class Needs(StrEnum):
    """Whose decision a row is: nobody's (within tolerance), a reviewer's, a manager's."""

    NOBODY = "nobody"
    REVIEW = "review"
    APPROVAL = "approval"
