"""What a station keeps of its readings: the history that people see and undo, and the answers to what screens sent."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from edge_agent.stations.model import Feedback, Pressed, Scanned, SignedIn, Weighed
from edge_agent.stations.state import KEPT_POSTS, KEPT_READINGS, Reading, Seen, StationState, Step
from edge_agent.stations.station import Done, Idle
from edge_agent.stations.table import at

_LONGEST: Final = 80
"""Characters of a symbol that an answer and the history show."""

Given = Scanned | Pressed | Weighed | SignedIn


def answer_to(state: StationState, post: str | None) -> Feedback | None:
    """What was answered to what a screen sends again."""
    return next((seen.feedback for seen in state.seen if seen.id == post), None) if post is not None else None


def told(before: StationState, given: Given, after: Step) -> Step:
    """The answer names its reading and says TRAINING; in training nothing is booked, printed or cancelled.

    A screen's own reading is remembered with its answer, so that it counts once however often it is sent.
    """
    in_training = before.training or after.state.training
    post = None if isinstance(given, Weighed) else given.post
    feedback = after.feedback
    if feedback is not None:
        args = {name: _shown(value) for name, value in feedback.args.items()}
        feedback = replace(feedback, args=args, reading=post or given.id or None, training=in_training)
    state = after.state
    if post is not None and feedback is not None:
        state = replace(state, seen=(Seen(id=post, feedback=feedback), *state.seen)[:KEPT_POSTS])
    if in_training:
        return Step(state=state, feedback=feedback)
    return replace(after, state=state, feedback=feedback)


def noted(state: StationState, given: Scanned | Pressed | Weighed, done: Done) -> StationState:
    """With this reading in its history, if it is one: no command, or one that took something in."""
    if isinstance(given, Scanned) and given.command is None and not given.is_badge:
        text = given.symbol.text
    elif done.took is not None:
        text = done.took.what
    else:
        return state
    args = {name: _shown(value) for name, value in done.feedback.args.items()}
    feedback = replace(done.feedback, args=args, training=state.training)
    post = None if isinstance(given, Weighed) else given.post
    reading = Reading(id=given.id, symbol=str(_shown(text)), feedback=feedback, at=given.at, post=post, took=done.took)
    return replace(state, history=(reading, *state.history)[:KEPT_READINGS])


def to_take_back(state: StationState, target: str | None) -> Reading | None:
    """The reading of this id, or the latest, that took something in and was not taken back; in training one of the training."""
    for reading in state.history:
        if reading.took is not None and target in (None, reading.id) and reading.feedback.training == state.training:
            return reading
    return None


def undone(state: StationState, reading: str) -> StationState:
    history = tuple(replace(one, is_undone=True, took=None) if one.id == reading else one for one in state.history)
    return replace(state, history=history)


def final(state: StationState, reading: str) -> StationState:
    """It cannot be taken back any more."""
    return replace(state, history=tuple(replace(one, took=None) if one.id == reading else one for one in state.history))


def carried(before: StationState, now: StationState) -> StationState:
    """With what the task that was left keeps, and with what the one that was begun had kept; in training nothing is."""
    if before.training or now.training or type(before.activity) is type(now.activity):
        return now
    kept = at(before.activity).keeps(before.activity)
    if kept is not None:
        now = replace(now, left=kept)
    return replace(now, activity=now.left, left=None) if type(now.left) is type(now.activity) else now


def without_training(state: StationState) -> StationState:
    """Nothing of a training stays."""
    history = tuple(one for one in state.history if not one.feedback.training)
    return replace(state, training=False, activity=Idle(), history=history)


def _shown(value: str | int) -> str | int:
    return value if isinstance(value, int) or len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
