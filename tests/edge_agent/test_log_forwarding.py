"""Warnings reach the controller once each, counted, numbered, few at a time, and without what is secret."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from edge_agent.log_forwarding import AT_ONCE, KEPT_LINES, WAITING, LogForwarder, LogTail
from edge_agent.masking import Masker
from edge_agent.wire.codec import decode
from edge_agent.wire.telemetry import LogLines
from tests.edge_agent.conftest import MemorySession, let_pass, settle

TOPIC = "shelfwire/1/sh-01/b1/_/log"


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.of.forwarding")
    logger.propagate = False
    yield logger
    logger.handlers.clear()


@pytest.fixture
def tail(log: logging.Logger) -> LogTail:
    made = LogTail()
    log.addHandler(made)
    log.setLevel(logging.DEBUG)
    return made


def forwarder(tail: LogTail, session: MemorySession) -> LogForwarder:
    return LogForwarder(tail, session, TOPIC, "start-1", lambda: Masker(["known-secret"]))


def told(session: MemorySession) -> list[LogLines]:
    return [decode(LogLines, payload) for topic, payload, _ in session.published if topic == TOPIC]


async def test_warnings_are_told_once_with_how_often_and_what_about(
    tail: LogTail, log: logging.Logger, session: MemorySession
) -> None:
    session.connect()
    for _ in range(3):
        log.warning("device is lost: %s", "known-secret", extra={"device": "scale"})
    log.info("nothing to tell")
    log.error("worse")
    await forwarder(tail, session).send()
    (lines,) = told(session)
    assert [(line.no, line.level, line.message, line.times) for line in lines.lines] == [
        (1, "WARNING", "device is lost: *** [device=scale]", 3),
        (2, "ERROR", "worse", 1),
    ]
    assert any("nothing to tell" in line for line in tail.lines())


async def test_few_go_at_a_time_the_rest_later_and_too_many_are_counted_as_lost(
    tail: LogTail, log: logging.Logger, session: MemorySession
) -> None:
    session.connect()
    for number in range(WAITING + 5):
        log.warning("line %d", number)
    sending = asyncio.create_task(forwarder(tail, session).run())
    await settle()
    assert [len(lines.lines) for lines in told(session)] == [AT_ONCE]
    assert told(session)[0].lost == 5
    await let_pass(20.5)
    assert [len(lines.lines) for lines in told(session)] == [AT_ONCE, AT_ONCE]
    assert told(session)[1].lines[0].no == AT_ONCE + 1
    sending.cancel()
    await asyncio.wait([sending])


async def test_what_did_not_arrive_goes_again_with_the_same_numbers(
    tail: LogTail, log: logging.Logger, session: MemorySession
) -> None:
    forwarding = forwarder(tail, session)
    log.warning("offline")
    await forwarding.send()
    assert told(session) == []
    session.connect()
    session.holds_pubacks = True
    lost = asyncio.create_task(forwarding.send())
    await settle()
    await let_pass(11)
    await lost
    session.holds_pubacks = False
    log.warning("later")
    await forwarding.send()
    await forwarding.send()
    first, again, later = told(session)
    assert first == again
    assert [line.no for line in later.lines] == [2]


def test_the_tail_is_bounded_and_a_record_that_cannot_be_formatted_stops_nobody(
    tail: LogTail, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    for number in range(KEPT_LINES + 10):
        log.info("line %d", number)
    log.warning("%d", "no number")
    log.warning("x" * 100_000)
    lines = tail.lines()
    assert len(lines) == KEPT_LINES
    assert max(len(line) for line in lines) <= 2000
