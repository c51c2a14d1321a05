"""The controller's MQTT side.  One `Gateway` on one session; several may run at once, in any order (shared subscriptions).

What arrives is gathered while a transaction runs, and goes into the next one together (no waiting when idle).  After the commit the
acks go out and the broker is freed of the messages; never before.  When the database fails, the batch stays and is tried again;
when it fails for one message only, that one is put aside.  Requests go out from their tables.  Clock, random source and session are
injected, so that a simulation runs this same code.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from datetime import timedelta
from random import Random

from controller.backlog import Backlog
from controller.db import in_transaction
from controller.fleet import alerts, clones, presence, requests, twin
from controller.fleet.acks import AckOut
from controller.fleet.intake import box_topic, carries_facts
from controller.ingest import ingest, retry_parked
from controller.observer import Observer
from controller.read_ahead import ReadAhead
from edge_agent.seams import Clock, failpoint, uuid4
from edge_agent.wire.codec import encode
from edge_agent.wire.errors import NotConnected, Refused
from edge_agent.wire.messages import GatewayState
from edge_agent.wire.session import Connected, Disconnected, Incoming, Session, SubscriptionRefused, Will
from edge_agent.wire.topics import Family, GatewayTopic

log = logging.getLogger(__name__)

ACKS_WAITING = 10_000
"""More than this and the oldest go: the box sends again what was not acked."""
NEWS_WAITING = 10_000
"""With so much news waiting, telemetry is dropped: there is a new one each minute.  All else is bounded by the receive maximum."""
TEND_SECONDS = 1.0
SWEEP_SECONDS = 30.0
PUBACK_SECONDS = 10.0
"""The longest wait for a PUBACK: what was lost with it is sent again, an ack when its box sends the fact again."""
BIRTH_SECONDS = 5.0
"""The longest wait for the PUBACK of our own state; meanwhile nothing else is taken from the session."""
FAREWELL_SECONDS = 1.0


class Gateway:
    """See the module's docstring.

    The session subscribes to `topics.gateway_filters(share)`.  Where gateways share, its expiry is 0: Mosquitto goes on giving a
    member's share to its stored session, and those facts would wait for their box to send them again.
    """

    def __init__(
        self, session: Session, clock: Clock, random: Random, gateway_id: str = "controller", observer: Observer | None = None
    ) -> None:
        self._session = session
        self._clock = clock
        self._random = random
        self._topic = str(GatewayTopic(gateway_id))
        self._observer = observer
        self._birth = uuid4(random)
        self._facts = Backlog(random)
        self._ahead = ReadAhead(self._facts)
        self._news = Backlog(random)
        self._acks: deque[tuple[AckOut, int]] = deque(maxlen=ACKS_WAITING)
        self._has_acks, self._has_requests = asyncio.Event(), asyncio.Event()

    @property
    def is_connected(self) -> bool:
        return self._session.is_connected

    async def run(self) -> None:
        """Serve until cancelled; then say goodbye and disconnect."""
        self._session.set_will(Will(topic=self._topic, payload=self._state(online=False)))
        requests.wake_on_requests(self._has_requests)
        try:
            async with asyncio.TaskGroup() as group:
                link = group.create_task(self._session.run(), name="gateway session")
                try:
                    await self._serve()
                finally:
                    await self._farewell()
                    link.cancel()
        finally:
            requests.forget_wake(self._has_requests)

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="gateway events")
            group.create_task(self._ingest_all(), name="gateway ingest")
            group.create_task(self._note_all(), name="gateway presence")
            group.create_task(self._send_acks(), name="gateway acks")
            group.create_task(self._send_requests(), name="gateway requests")
            group.create_task(self._tend(), name="gateway sweep")

    # --- the session ---------------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        async for event in self._session.events():
            match event:
                case Incoming():
                    self._sort(event)
                case Connected():
                    await self._tell_online()
                    self._has_requests.set()
                case Disconnected():
                    self._on_disconnected()
                case SubscriptionRefused(filter=name, reason_code=code):
                    log.error("the broker refuses a subscription: check its ACLs", extra={"filter": name, "reason_code": code})

    def _on_disconnected(self) -> None:
        """What was not acknowledged comes again; the next connection is a new session to the boxes, which send again too."""
        self._facts.clear()
        self._ahead.forget()
        self._news.clear()
        self._acks.clear()
        self._birth = uuid4(self._random)
        self._session.set_will(Will(topic=self._topic, payload=self._state(online=False)))

    def _sort(self, message: Incoming) -> None:
        topic = box_topic(message.topic)
        if topic is None or carries_facts(topic):
            self._facts.add(message)
        elif topic.family not in presence.FAMILIES or (topic.family is Family.TEL and len(self._news) >= NEWS_WAITING):
            message.acknowledge()
        else:
            self._news.add(message)

    def _state(self, *, online: bool) -> bytes:
        return encode(GatewayState(online=online, session=self._birth, at=self._clock.now()))

    async def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Whether the broker has it."""
        try:
            async with asyncio.timeout(PUBACK_SECONDS):
                await self._session.publish(topic, payload, retain=retain)
        except (NotConnected, TimeoutError):
            return False
        except Refused as refused:
            log.error("the broker refuses a message: check its ACLs", extra={"topic": topic, "reason_code": refused.reason_code})  # noqa: TRY400 -- the code says it all
            return False
        return True

    async def _tell_online(self) -> None:
        """Same session id, same birth: boxes that know us send nothing again."""
        try:
            async with asyncio.timeout(BIRTH_SECONDS):
                await self._publish(self._topic, self._state(online=True), retain=True)
        except TimeoutError:
            log.warning("the broker did not take our state in time; it is told again", extra={"topic": self._topic})

    async def _farewell(self) -> None:
        if self._session.is_connected:
            try:
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await self._publish(self._topic, self._state(online=False), retain=True)
            except TimeoutError:
                log.info("the broker did not take our goodbye in time; our will says it")

    # --- facts ---------------------------------------------------------------------------------------------------------------

    async def _ingest_all(self) -> None:
        while True:
            batch = await self._facts.next()
            began = self._clock.mono_ms()
            reading = asyncio.create_task(self._ahead.run(), name="gateway reads ahead")
            try:
                acks = await ingest(batch, self._observer.taken if self._observer else None, self._ahead.read)
            except Exception as error:  # the worker's outermost loop
                log.exception("facts could not be stored; trying again", extra={"messages": len(batch)})
                self._ahead.forget()
                await self._facts.failed(batch, error)
                continue
            finally:
                reading.cancel()
            self._acks.extend((ack, began) for ack in acks)
            self._has_acks.set()
            self._facts.done(batch)
            if self._observer:
                self._observer.committed(len(batch), (self._clock.mono_ms() - began) / 1000)

    async def _send_acks(self) -> None:
        while True:
            await self._has_acks.wait()
            self._has_acks.clear()
            acks = list(self._acks)
            self._acks.clear()
            sent = await asyncio.gather(*(self._publish(ack.topic, encode(ack.ack)) for ack, _ in acks))
            failpoint("ctl.acks_sent")
            for (_, began), is_sent in zip(acks, sent, strict=True):
                if self._observer and is_sent:
                    self._observer.acked((self._clock.mono_ms() - began) / 1000)

    # --- what boxes say about themselves -------------------------------------------------------------------------------------

    async def _note_all(self) -> None:
        while True:
            batch = await self._news.next()
            try:
                online = await in_transaction(lambda batch=batch: presence.note(batch))  # type: ignore[misc]  # mypy and defaults
            except Exception as error:  # the worker's outermost loop
                log.exception("the state of boxes could not be stored; trying again", extra={"messages": len(batch)})
                await self._news.failed(batch, error)
                continue
            failpoint("ctl.news_noted")
            self._news.done(batch)
            if online:
                self._has_requests.set()

    # --- requests ------------------------------------------------------------------------------------------------------------

    async def _send_requests(self) -> None:
        while True:
            await self._has_requests.wait()
            self._has_requests.clear()
            try:
                await self._publish_requests()
                await self._publish_twins()
            except Exception:  # the worker's outermost loop
                log.exception("requests to boxes could not be sent; trying again")

    async def _publish_twins(self) -> None:
        while self._session.is_connected:
            claimed = await in_transaction(twin.claim)
            sent = await asyncio.gather(*(self._publish(one.topic, one.payload, retain=True) for one in claimed))
            await in_transaction(lambda: twin.unclaim([one for one, done in zip(claimed, sent, strict=True) if not done]))  # noqa: B023 -- awaited here
            if len(claimed) < twin.AT_ONCE:
                return

    async def _publish_requests(self) -> None:
        while self._session.is_connected:
            claimed = await in_transaction(requests.claim)
            if claimed:
                failpoint("ctl.requests_claimed")
            sent = await asyncio.gather(*(self._publish(request.topic, request.payload) for request in claimed))
            if claimed:
                failpoint("ctl.requests_published")
            await in_transaction(lambda: requests.unclaim([one for one, done in zip(claimed, sent, strict=True) if not done]))  # noqa: B023 -- awaited here
            if len(claimed) < requests.AT_ONCE:
                return

    async def _tend(self) -> None:
        """What has to be looked at now and then; also finds what other processes asked for.

        Our state is told again, too: a broker that lost what it retained would keep us from every box that connects later.
        """
        swept = self._clock.now()
        while True:
            await asyncio.sleep(TEND_SECONDS)
            self._has_requests.set()
            is_time = self._clock.now() - swept >= timedelta(seconds=SWEEP_SECONDS)
            if is_time:
                swept = self._clock.now()
                await self._tell_online()
            try:
                await retry_parked(due_only=not is_time)
                if is_time:
                    await in_transaction(requests.give_up_late)
                    await in_transaction(alerts.tell_of_parked_facts)
                    await in_transaction(alerts.tell_of_certificates)
                    await in_transaction(clones.tell_when_over)
            except Exception:  # the worker's outermost loop
                log.exception("the sweep failed; it comes again")
