"""Another box under this one's identity: a real broker ends the connection of the first, and the first says so."""

from __future__ import annotations

import asyncio
from random import Random

from edge_agent.health import SAME_ID, Health
from edge_agent.outbox import Identity
from edge_agent.taken_over import QUIET_MS, SHORT_ONES, TAKEN_OVER, TakenOver
from edge_agent.wire.session import Broker, Disconnected, MqttSession
from tests.doubles import FixedClock, MemorySession
from tests.servers import Mosquitto

TOPIC = f"shelfwire/1/sh-01/b1/_/alert/{SAME_ID}"
IDENTITY = Identity(site="sh-01", box="b1", boot="boot")


def watching(clock: FixedClock) -> tuple[TakenOver, Health]:
    health = Health(IDENTITY, MemorySession(), clock, Random(1))
    return TakenOver(health, clock, "b1"), health


async def why_the_first_lost(mosquitto: Mosquitto) -> str:
    """The reason that a session hears when another comes with its client id."""
    broker = Broker(host="127.0.0.1", port=mosquitto.port, client_id="sh-01.clone", retry_seconds=(60.0, 60.0))
    first, second = (MqttSession(broker, [], random=Random(number)) for number in range(2))
    running = [asyncio.create_task(first.run())]
    try:
        async with asyncio.timeout(20):
            async for event in first.events():
                if isinstance(event, Disconnected):
                    return event.reason
                if len(running) == 1:
                    running.append(asyncio.create_task(second.run()))
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)
    raise AssertionError("the session ended")


async def test_two_that_take_turns_at_a_real_broker_are_told_of(mosquitto: Mosquitto) -> None:
    """Whether the broker says why or not."""
    clock = FixedClock()
    taken_over, health = watching(clock)
    for _ in range(SHORT_ONES):
        taken_over.connected()
        clock.pass_time(2)
        taken_over.hear(await why_the_first_lost(mosquitto))
    assert health.retained.holds(TOPIC)


def test_a_broker_that_says_why_is_believed_at_once_and_it_ends_after_a_while() -> None:
    clock = FixedClock()
    taken_over, health = watching(clock)
    taken_over.connected()
    taken_over.hear(TAKEN_OVER)
    clock.pass_time(QUIET_MS / 1000 - 1)
    taken_over.tick()
    assert health.retained.holds(TOPIC)
    clock.pass_time(2)
    taken_over.tick()
    assert not health.retained.holds(TOPIC)


def test_connections_that_last_or_end_seldom_say_nothing() -> None:
    clock = FixedClock()
    taken_over, health = watching(clock)
    for seconds in (61, 3600, 90, 300, 200, 5, 5, 5, 5):
        taken_over.connected()
        clock.pass_time(seconds)
        taken_over.hear("Unspecified error")
    for _ in range(SHORT_ONES * 2):
        taken_over.connected()
        clock.pass_time(5)
        clock.pass_time(QUIET_MS / 1000 / 3)
        taken_over.hear("Keep alive timeout")
    for _ in range(SHORT_ONES):
        taken_over.hear("never up")
    assert not health.retained.holds(TOPIC)
