"""Numbers of count sessions."""

from __future__ import annotations

from controller.documents.numbers import Series

SESSIONS = Series("CT", "count session")


def document(session_id: int, round_: int) -> str:
    """What the ledger's entries of a session name: its number, and the round if it was a recount (`CT-100001/2`)."""
    number = SESSIONS.number(session_id)
    return number if round_ == 1 else f"{number}/{round_}"
