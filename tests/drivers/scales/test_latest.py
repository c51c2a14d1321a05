"""Listening never lags, never grows, never waits for what is there already."""

from __future__ import annotations

import time

import pytest

from drivers.errors import DeviceTimeout, ProtocolViolation
from drivers.scales.latest import LatestFrame
from drivers.transports.buffered import Buffered


class Chatter:
    """A pipe that hands out `pieces`, one for each wait; b"" is a silence.  `waits` are those that ended in it."""

    def __init__(self, *pieces: bytes, repeats: bool = False) -> None:
        self.pieces = list(pieces)
        self.repeats = repeats
        self.waits: list[float] = []

    def send(self, data: bytes) -> None:
        raise AssertionError(f"{data!r} was written to a device that is only listened to")

    def receive(self, timeout: float) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if self.repeats:
            self.pieces.append(piece)
        if not piece and timeout:
            self.waits.append(timeout)
        return piece

    def close(self) -> None: ...


def find_bracketed(received: bytes) -> tuple[bytes, int] | None:
    """Frames like ``<12>``."""
    start = received.rfind(b"<")
    while start >= 0 and received[start + 3 : start + 4] != b">":
        start = received.rfind(b"<", 0, start)
    return (received[start : start + 4], start + 4) if start >= 0 else None


def frames_of(pipe: Chatter) -> LatestFrame:
    return LatestFrame(Buffered(pipe, "chatter"), find_bracketed, 4)


def test_the_latest_of_all_that_arrived_is_had_without_a_wait() -> None:
    pipe = Chatter(b"<01><02>", b"<03><0", b"", b"", b"4>")
    frames = frames_of(pipe)
    assert frames.read() == b"<03>"
    assert pipe.waits == []
    pipe.pieces = [b"4>"]
    assert frames.read() == b"<04>"
    assert pipe.waits == []


def test_of_a_line_that_ran_full_nothing_is_believed_but_what_comes_next() -> None:
    pipe = Chatter(b"<01>" * 1024, b"", b"", b"<02>")
    frames = frames_of(pipe)
    with pytest.raises(ProtocolViolation):
        frames.read()
    pipe.pieces = [b"<02>"]
    assert frames.read() == b"<02>"


def test_one_that_never_stops_talking_is_not_listened_to_for_ever() -> None:
    frames = frames_of(Chatter(b"<01>", repeats=True))  # as fast as it is read
    started = time.monotonic()
    assert frames.read() == b"<01>"
    assert time.monotonic() - started < 0.5


def test_one_that_never_says_a_frame_is_given_up_after_a_second() -> None:
    frames = frames_of(Chatter(b"noise" * 100, repeats=True))
    started = time.monotonic()
    with pytest.raises(ProtocolViolation, match="no whole frame"):
        frames.read()
    assert time.monotonic() - started < 1.5
    assert len(frames._received) <= 64 * 500 + 4


def test_silence_is_a_timeout_and_the_part_before_it_is_kept() -> None:
    pipe = Chatter(b"<0")
    frames = frames_of(pipe)
    with pytest.raises(ProtocolViolation):  # something came, and it was no frame
        frames.read()
    with pytest.raises(DeviceTimeout):
        frames.read()
    pipe.pieces = [b"7>"]
    assert frames.read() == b"<07>"
    assert all(wait <= 1.0 for wait in pipe.waits)
