from __future__ import annotations

from datetime import timedelta

import pytest

from edge_agent.facts import FactsDb
from edge_agent.inbox import Arrival, Inbox, Kind, Request
from edge_agent.outbox import Outbox
from edge_agent.wire.facts import CommandDone, FactDraft
from edge_agent.wire.messages import Ack, Stream
from tests.edge_agent.conftest import NO_BALLAST, FixedClock

REQUEST = Request(Kind.COMMAND, "c1", "labels", b"{}")


@pytest.fixture
def inbox(facts: FactsDb, outbox: Outbox, clock: FixedClock) -> Inbox:
    return Inbox(facts, clock)


def finish(inbox: Inbox, outbox: Outbox) -> int:
    (envelope,) = outbox.append([FactDraft(data=CommandDone(command="c1", code="ok"), stream=Stream.RESULT)])
    inbox.finish(Kind.COMMAND, "c1", str(envelope.id))
    return envelope.seq


def test_a_request_is_new_once_then_open_then_finished(inbox: Inbox, outbox: Outbox) -> None:
    assert inbox.accept(REQUEST, None) is Arrival.NEW
    assert inbox.accept(REQUEST, None) is Arrival.OPEN
    assert inbox.open_requests(Kind.COMMAND) == [REQUEST]
    finish(inbox, outbox)
    assert inbox.accept(REQUEST, None) is Arrival.FINISHED
    assert inbox.open_requests(Kind.COMMAND) == []


def test_it_survives_a_restart(inbox: Inbox, facts: FactsDb, clock: FixedClock) -> None:
    inbox.accept(REQUEST, clock.now())
    facts.close()
    assert Inbox(FactsDb(facts.path, NO_BALLAST), clock).open_requests(Kind.COMMAND) == [REQUEST]


def test_an_acked_result_waits_again_with_the_same_identity(inbox: Inbox, outbox: Outbox) -> None:
    inbox.accept(REQUEST, None)
    seq = finish(inbox, outbox)
    outbox.apply(Ack(epoch=outbox.epoch, stream=Stream.RESULT, ranges=[(seq, seq)]))
    assert inbox.send_result_again(Kind.COMMAND, "c1")
    assert [row.seq for row in outbox.window(Stream.RESULT)] == [seq]
    assert not inbox.send_result_again(Kind.COMMAND, "other")


def test_only_finished_requests_are_forgotten(inbox: Inbox, outbox: Outbox, clock: FixedClock) -> None:
    inbox.accept(REQUEST, None)
    inbox.accept(Request(Kind.COMMAND, "c2", None, b"{}"), None)
    seq = finish(inbox, outbox)
    clock.advance(timedelta(days=31))
    assert inbox.forget() == 0  # its result waits: the controller may ask again, and it must not be done again
    assert inbox.accept(REQUEST, None) is Arrival.FINISHED
    outbox.apply(Ack(epoch=outbox.epoch, stream=Stream.RESULT, ranges=[(seq, seq)]))
    assert inbox.forget() == 1
    assert [request.id for request in inbox.open_requests(Kind.COMMAND)] == ["c2"]
