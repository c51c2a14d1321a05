"""Answers that the box gives at a station by itself: its disk is full, a read was no read, which station this is."""

from __future__ import annotations

from edge_agent.stations.model import Feedback, Verdict, ok, wrong


def not_saved(code: str, reading: str | None) -> Feedback:
    """This reading was not stored: `not_saved`, `not_saved_full` or `not_saved_damaged`."""
    return Feedback(verdict=Verdict.WRONG, code=code, reading=reading)


def misread(reason: str) -> Feedback:
    """The scanner read something that cannot be trusted."""
    return wrong("misread", reason=reason)


def identify(station: str) -> Feedback:
    return ok("identify", station=station)
