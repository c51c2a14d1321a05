"""What a box tells about itself: retained state with a last will, description, devices, alerts; telemetry each minute.

Retained topics are a wish list: `Retained` publishes what the broker does not have yet, and everything again after a reconnect.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from random import Random
from uuid import UUID

from edge_agent.config import DeviceConfig
from edge_agent.outbox import Identity
from edge_agent.seams import Clock, uuid4
from edge_agent.wire.codec import encode
from edge_agent.wire.errors import NotConnected, Refused
from edge_agent.wire.facts import FACTS
from edge_agent.wire.messages import Alert, BoxDescription, BoxState, Condition, DeviceDescription, DeviceState, Link
from edge_agent.wire.session import Session, Will
from edge_agent.wire.telemetry import Telemetry
from edge_agent.wire.topics import BOX_ITSELF, BoxTopic, Family

PUBACK_SECONDS = 10.0
FAREWELL_SECONDS = 1.0
AGENT_VERSION = "0.1.0"
DISK_FULL, REFUSED, CONFIG_WRONG, STUCK, SAME_ID = "disk-full", "mqtt-refused", "config-wrong", "stuck", "same-id"
"""Keys of this box's alerts."""

_log = logging.getLogger(__name__)


class Retained:
    """The retained topics of this box as they should be; `run` brings the broker there."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._wanted: dict[str, bytes] = {}
        self._there: dict[str, bytes] = {}
        self._wake = asyncio.Event()
        self.working: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
        """Around each publication."""

    def put(self, topic: str, payload: bytes) -> None:
        """This is the topic's content from now on; empty: cleared.  Topics are published in the order they were first put."""
        self._wanted[topic] = payload
        self._wake.set()

    def holds(self, topic: str) -> bool:
        return bool(self._wanted.get(topic))

    def publish_again(self) -> None:
        """The broker may have forgotten everything."""
        self._there.clear()
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            for topic in [topic for topic, payload in self._wanted.items() if self._there.get(topic) != payload]:
                if not self._session.is_connected:
                    break
                with self.working():
                    await self._publish(topic, self._wanted[topic])
            await self._wake.wait()

    async def _publish(self, topic: str, payload: bytes) -> None:
        self._there[topic] = payload
        try:
            async with asyncio.timeout(PUBACK_SECONDS):
                await self._session.publish(topic, payload, qos=1, retain=True)
        except (NotConnected, TimeoutError):
            if self._there.get(topic) == payload:
                del self._there[topic]
            if self._session.is_connected:
                self._wake.set()
        except Refused as refused:
            _log.warning(
                "the broker refuses a retained topic: write its access list again (mosquitto --to)", extra={"reason": str(refused)}
            )


class Health:
    """See the module's docstring."""

    def __init__(self, identity: Identity, session: Session, clock: Clock, random: Random) -> None:
        self.retained = Retained(session)
        self._identity = identity
        self._session = session
        self._clock = clock
        self._random = random
        self.begin_session()
        for key in (DISK_FULL, REFUSED, STUCK, SAME_ID):  # what an earlier run told holds no longer, unless it is told again
            self.retained.put(self._topic(Family.ALERT, name=key), b"")

    # --- the box itself ------------------------------------------------------------------------------------------------------

    def begin_session(self) -> None:
        """A new session id for the next connection: its will can then be told from the one before."""
        self._session_id = uuid4(self._random)
        topic = self._topic(Family.STATE)
        self.retained.put(topic, self._state(Link.ONLINE))
        self._session.set_will(Will(topic=topic, payload=self._state(Link.OFFLINE)))

    def describe(self, description: BoxDescription) -> None:
        self.retained.put(self._topic(Family.DESC), encode(description))

    async def farewell(self) -> None:
        """Offline on purpose; a clean DISCONNECT suppresses the will."""
        with contextlib.suppress(NotConnected, Refused, TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._session.publish(self._topic(Family.STATE), self._state(Link.OFFLINE), qos=1, retain=True)

    # --- devices and alerts --------------------------------------------------------------------------------------------------

    def device(self, device: str, state: DeviceState) -> None:
        self.retained.put(self._topic(Family.STATE, device=device), encode(state))

    def forget_device(self, device: str) -> None:
        """It is configured no more: the broker is to hold nothing of it."""
        self.retained.put(self._topic(Family.STATE, device=device), b"")

    def alert(self, key: str, code: str, message: str) -> None:
        """Holds until `clear`; raising it again changes nothing."""
        topic = self._topic(Family.ALERT, name=key)
        if not self.retained.holds(topic):
            _log.warning("alert: %s", message, extra={"alert": key})
            self.retained.put(topic, encode(Alert(code=code, message=message[:512], at=self._clock.now())))

    def clear(self, key: str) -> None:
        topic = self._topic(Family.ALERT, name=key)
        if self.retained.holds(topic):
            _log.info("alert is over", extra={"alert": key})
            self.retained.put(topic, b"")

    async def telemetry(self, message: Telemetry) -> None:
        """QoS 0: an old one is worth nothing."""
        with contextlib.suppress(NotConnected, Refused):
            await self._session.publish(self._topic(Family.TEL), encode(message), qos=0)

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _topic(self, family: Family, *, device: str = BOX_ITSELF, name: str | None = None) -> str:
        return str(BoxTopic(site=self._identity.site, box=self._identity.box, device=device, family=family, name=name))

    def _state(self, link: Link) -> bytes:
        return encode(BoxState(state=link, session=self._session_id, boot=self._identity.boot, at=self._clock.now()))


def description(devices: Sequence[DeviceConfig], epoch: UUID) -> BoxDescription:
    """What this agent is and has."""
    speaks: dict[str, list[int]] = {}
    for name, version in FACTS:
        speaks.setdefault(name, []).append(version)
    return BoxDescription(
        agent=AGENT_VERSION,
        epoch=epoch,
        speaks=speaks,
        devices=[DeviceDescription(id=d.id, kind=d.kind.value, model=d.model, address=d.address) for d in devices],
    )


def unknown_devices(devices: Sequence[DeviceConfig], clock: Clock) -> dict[str, DeviceState]:
    """Until its thread tells, a device's state is unknown, and says so."""
    return {device.id: DeviceState(state=Condition.UNKNOWN, at=clock.now()) for device in devices}
