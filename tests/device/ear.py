"""Listens at the broker to everything that a box in the guest says, with the times at which it was heard."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from uuid import UUID

from edge_agent.wire.codec import decode, decode_fact, encode
from edge_agent.wire.facts import JobChanged, JobState, Scan
from edge_agent.wire.messages import Ack, Condition, DeviceState, Envelope, GatewayState
from edge_agent.wire.session import Broker, Connected, Incoming, MqttSession
from edge_agent.wire.topics import ROOT, BoxTopic, Family, GatewayTopic, parse
from tests.edge_agent.conftest import FixedClock


@dataclass(frozen=True)
class Heard:
    """`at`: seconds of the host's monotonic clock."""

    at: float
    topic: BoxTopic
    payload: bytes


class Ear:
    def __init__(self, port: int) -> None:
        where = Broker(host="127.0.0.1", port=port, client_id="ear", retry_seconds=(0.05, 0.2))
        self._session = MqttSession(where, [f"{ROOT}/dv-01/#"], random=Random(1))
        self._heard: list[Heard] = []
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self, fits: Callable[[Heard], bool], *, since: float, seconds: float = 30) -> Heard:
        """The first message after `since` (monotonic) that fits."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                for each in self._heard:
                    if each.at >= since and fits(each):
                        return each
                remaining = deadline - time.monotonic()
                assert remaining > 0, f"not heard within {seconds} s; heard: {[str(each.topic) for each in self._heard[-20:]]}"
                self._news.wait(remaining)

    def heard(self, since: float, device: str) -> list[Heard]:
        """What was heard of a device up to now."""
        with self._news:
            return [each for each in self._heard if each.at >= since and each.topic.device == device]

    def wait_state(self, device: str, state: Condition, *, since: float, seconds: float = 30) -> float:
        """Seconds from `since` until the box told this state of a device."""

        def fits(each: Heard) -> bool:
            is_state = (each.topic.device, each.topic.family) == (device, Family.STATE)
            return is_state and decode(DeviceState, each.payload).state is state

        return self.wait(fits, since=since, seconds=seconds).at - since

    def publish(self, topic: BoxTopic, payload: bytes) -> None:
        """To the box; returns when the broker has it."""
        asyncio.run_coroutine_threadsafe(self._session.publish(str(topic), payload), self._loop).result(10)

    def wait_job(self, job: str, state: JobState, *, since: float) -> None:
        """Until the box told this state of a print job."""

        def fits(each: Heard) -> bool:
            if (each.topic.family, each.topic.name, each.topic.leg) != (Family.JOB, job, "res"):
                return False
            fact = decode_fact(decode(Envelope, each.payload))
            return isinstance(fact, JobChanged) and fact.state is state

        self.wait(fits, since=since, seconds=60)

    def wait_scan(self, text: str, *, since: float) -> bool:
        """True: it was taken; False: the scanner's next scan was refused."""

        def fits(each: Heard) -> bool:
            return each.topic.name == "scan_refused" or scanned(each) == text

        return self.wait(fits, since=since).topic.name == "scan"

    def close(self) -> None:
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        self._task = asyncio.current_task()
        running = asyncio.create_task(self._session.run())
        try:
            async for event in self._session.events():
                if isinstance(event, Connected):
                    await self._be_a_gateway()
                elif isinstance(event, Incoming):
                    await self._take(event)
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _be_a_gateway(self) -> None:
        """Boxes send facts only while there is one."""
        online = GatewayState(online=True, session=UUID(int=1), at=FixedClock().now())
        await self._session.publish(str(GatewayTopic("ear")), encode(online), qos=1, retain=True)

    async def _take(self, event: Incoming) -> None:
        topic = parse(event.topic)
        event.acknowledge()
        if not isinstance(topic, BoxTopic) or topic.family is Family.ACK:
            return
        with self._news:
            self._heard.append(Heard(time.monotonic(), topic, bytes(event.payload)))
            self._news.notify_all()
        if topic.family is Family.FACT or (topic.family, topic.leg) == (Family.JOB, "res"):
            fact = decode(Envelope, event.payload)
            ack = Ack(epoch=fact.epoch, stream=fact.stream, ranges=[(fact.seq, fact.seq)])
            await self._session.publish(str(BoxTopic(site=topic.site, box=topic.box, family=Family.ACK)), encode(ack))


def scanned(each: Heard) -> str | None:
    """The text of a scan."""
    if each.topic.family is not Family.FACT or each.topic.name != "scan":
        return None
    fact = decode_fact(decode(Envelope, each.payload))
    return fact.symbol.text if isinstance(fact, Scan) else None


@contextmanager
def listening(port: int) -> Iterator[Ear]:
    ear = Ear(port)
    try:
        yield ear
    finally:
        ear.close()
