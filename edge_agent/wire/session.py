"""An MQTT session that outlives its connections.

`Session` is what the agent and the gateway are written against (edge_agent/wire/link.py); `MqttSession` is the real one, on
paho-mqtt (MQTT 5, manual acknowledgement); this file is the only one that imports it.  The simulation brings its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.wire.errors import NotConnected, Refused, WireError
from edge_agent.wire.link import Connected, Disconnected, Event, Incoming, Session, SubscriptionRefused, Will
from edge_agent.wire.pipe import Pipe
from edge_agent.wire.tls import Tls, TlsFailed, client_context, trouble_of

REFUSED = 0x80
"""Reason codes from here on are refusals (MQTT 5, section 2.4)."""
QUEUED_QOS0 = 10_000
"""Events that may wait for the consumer before messages with QoS 0 are dropped; QoS 1 is bounded by the receive maximum."""
ANSWER_SECONDS = 10.0
"""How long CONNACK and SUBACK may take."""

__all__ = [
    "Broker",
    "Connected",
    "Disconnected",
    "Event",
    "Incoming",
    "MqttSession",
    "Session",
    "SubscriptionRefused",
    "Tls",
    "Will",
]

_log = logging.getLogger("wire.session")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where and how to connect.  `expiry` in seconds is how long the broker keeps the session without a connection (0: not)."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: Tls | None = None
    expiry: int = 0
    receive_maximum: int = 100
    keepalive: int = 30
    connect_seconds: float = 5.0
    retry_seconds: tuple[float, float] = (1.0, 60.0)


class _Client(paho.Client):
    """paho over a `Pipe`.  One lives as long as one connection, so that nothing of an old one can leak into the next."""

    pipe: Pipe | None = None

    def _create_socket(self) -> Pipe:  # type: ignore[override]  # the same Protocol, which paho keeps private
        sock = super()._create_socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[attr-defined]  # a socket, as no WebSocket is asked for
        self.pipe = Pipe(sock)  # type: ignore[arg-type]  # see above
        return self.pipe

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        """As paho does, but one that fails is closed at once, and a silent other end has no longer than for the connection."""
        if self._ssl_context is None:
            raise ConnectionError("no TLS was set up")
        wrapped = self._ssl_context.wrap_socket(tcp_sock, server_hostname=self._host, do_handshake_on_connect=False)
        try:
            wrapped.settimeout(self._connect_timeout)
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped


class _Connection:
    """One connection: its client, its waiting publishes, its end."""

    def __init__(self, number: int, client: _Client) -> None:
        self.number = number
        self.client = client
        self.loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self.loop.create_future()
        self.lost: asyncio.Future[str] = self.loop.create_future()
        self.waiting: dict[int, asyncio.Future[None]] = {}
        self.slots = asyncio.Semaphore(1)
        self.session_present = False
        self.early: list[Event] = []
        self._received: deque[tuple[int, int]] = deque()
        self._safe: set[int] = set()
        self._numbers = count(1)

    def end(self, reason: str) -> None:
        """The connection is gone: everything that waits for it learns so.  Again and again is fine."""
        trouble = trouble_of(self.client.pipe.error if self.client.pipe else None)
        reason = trouble.words if trouble else reason
        if not self.lost.done():
            self.lost.set_result(reason)
        if not self.ready.done():
            self.ready.set_exception(TlsFailed(trouble) if trouble else ConnectionError(reason))
            self.ready.exception()  # seen: nobody may be waiting any more
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(NotConnected(f"the connection went before the broker's answer: {reason}"))
        self.waiting.clear()

    def received(self, mid: int) -> Callable[[], None]:
        """A message with QoS 1 came in; what to call once it is safe.

        PUBACKs leave in the order in which their messages came (MQTT 5, MQTT-4.6.0-2): rumqttd ends a connection that
        does otherwise.  One that is held back holds back those behind it.
        """
        number = next(self._numbers)
        self._received.append((number, mid))
        return partial(self._acknowledge, number)

    def _acknowledge(self, number: int) -> None:
        if self.lost.done() or not self._received or number < self._received[0][0]:
            return
        self._safe.add(number)
        while self._received and self._received[0][0] in self._safe:
            first, mid = self._received.popleft()
            self._safe.discard(first)
            self.client.ack(mid, 1)

    def on_readable(self) -> None:
        pipe = self.client.pipe
        if pipe is None:
            return
        pipe.fill()
        while pipe.has_input and not self.lost.done():
            before = pipe.pending()
            if self.client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS or pipe.pending() == before:
                break
        if self.client.want_write():
            self.client.loop_write()

    def close(self) -> None:
        """Let go of the socket without a DISCONNECT (after one, or when the connection is lost)."""
        self.end("closed")
        if self.client.pipe is not None:
            self.client.pipe.close()


class MqttSession:
    """The real `Session`: paho-mqtt, MQTT 5, run by the event loop (only the blocking connect is in a thread).

    With `expiry` > 0 the broker keeps what it could not deliver; what was not acknowledged comes again after a reconnect.
    """

    def __init__(self, broker: Broker, filters: Sequence[str], *, random: Random, will: Will | None = None) -> None:
        self._broker = broker
        self._filters = list(filters)
        self._random = random
        self._will = will
        self._connection: _Connection | None = None
        self._number = 0
        self._queue: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._dropped = 0
        self.trouble: str | None = None
        """Why there is no connection, for people; None while there is one."""

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and not self._connection.lost.done()

    @property
    def dropped(self) -> int:
        """Messages with QoS 0 that came faster than the consumer took them."""
        return self._dropped

    def set_will(self, will: Will) -> None:
        """The will of the next connection."""
        self._will = will

    async def events(self) -> AsyncIterator[Event]:
        """All events, in order; one consumer."""
        while True:
            while self._queue:
                yield self._queue.popleft()
            self._wake.clear()
            await self._wake.wait()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """See `Session.publish`."""
        connection = self._connected()
        if qos == 0:
            self._send(connection, topic, payload, qos, retain=retain)
            return
        async with connection.slots:
            self._check_same(connection)
            mid = self._send(connection, topic, payload, qos, retain=retain)
            future = connection.waiting[mid] = connection.loop.create_future()
            try:
                await future
            except Refused as refused:
                raise Refused(f"to publish on {topic}", refused.reason_code, refused.reason) from None

    async def run(self) -> None:
        """See `Session.run`."""
        attempt = 0
        while True:
            try:
                await self._connect_and_serve()
                attempt = 0
            except (OSError, WireError, TimeoutError) as error:
                self._tell_trouble(error)
            attempt += 1
            low, high = self._broker.retry_seconds
            await asyncio.sleep(self._random.uniform(low, max(low, min(high, low * 2**attempt))))

    def _tell_trouble(self, error: Exception) -> None:
        """Once, and again when it is another one: behind a broker that was away, its certificate may have ended."""
        trouble = trouble_of(error)
        words = trouble.words if trouble else str(error) or type(error).__name__
        if words != self.trouble:
            code = trouble.code if trouble else error.code if isinstance(error, WireError) else "no_connection"
            _log.warning("no connection to the broker; trying on", extra={"reason": words, "code": code})
        self.trouble = words

    # --- a connection's life -------------------------------------------------------------------------------------------------

    async def _connect_and_serve(self) -> None:
        """Returns when a connection that was up is lost.  Raises OSError, TimeoutError, Refused when none came up."""
        self._number += 1
        connection = _Connection(self._number, self._new_client())
        reason = "the agent stopped"
        try:
            await self._open(connection)
            self._connection = connection
            self.trouble = None
            self._deliver(Connected(connection.number, connection.session_present), *connection.early)
            _log.info("connected to the broker", extra={"connection": connection.number})
            reason = await self._serve(connection)
        finally:
            if self._connection is connection:
                self._connection = None
                self._say_goodbye(connection)
                self._deliver(Disconnected(connection.number, reason))
            connection.close()
        _log.warning("lost the connection to the broker", extra={"reason": reason})

    async def _open(self, connection: _Connection) -> None:
        client = connection.client
        self._listen(connection)
        opening = connection.loop.run_in_executor(None, self._connect, client)
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                await opening  # at most `connect_seconds`: a socket must not be left behind
            raise
        if client.pipe is None:
            raise ConnectionError("paho made no connection")
        client.pipe.attach(connection.loop, connection.on_readable, partial(connection.end, "the socket broke"))
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.ready

    def _connect(self, client: _Client) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's only untyped constructor
        properties.SessionExpiryInterval = self._broker.expiry
        properties.ReceiveMaximum = self._broker.receive_maximum
        clean = self._broker.expiry == 0
        if self._broker.tls is not None:
            client.tls_set_context(client_context(self._broker.tls))
        client.connect(self._broker.host, self._broker.port, self._broker.keepalive, clean_start=clean, properties=properties)

    async def _serve(self, connection: _Connection) -> str:
        while not connection.lost.done():
            await asyncio.wait([connection.lost], timeout=1.0)
            connection.client.loop_misc()
        return connection.lost.result()

    def _say_goodbye(self, connection: _Connection) -> None:
        if not connection.lost.done():
            connection.client.disconnect()

    # --- paho's side ---------------------------------------------------------------------------------------------------------

    def _new_client(self) -> _Client:
        broker = self._broker
        client = _Client(CallbackAPIVersion.VERSION2, broker.client_id, protocol=paho.MQTTv5, manual_ack=True)
        client.connect_timeout = broker.connect_seconds
        client.max_inflight_messages_set(0)  # `slots` bounds it by the broker's receive maximum, which paho ignores
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, self._will.qos, self._will.retain)
        return client

    def _listen(self, connection: _Connection) -> None:
        def on_connect(
            client: paho.Client, _: object, flags: paho.ConnectFlags, reason: ReasonCode, properties: Properties | None
        ) -> None:
            if reason.is_failure:
                _fail(connection.ready, Refused("the connection", reason.value, str(reason)))
                return
            connection.session_present = flags.session_present
            connection.slots = asyncio.Semaphore(getattr(properties, "ReceiveMaximum", 65535))
            if not self._filters:
                connection.ready.set_result(None)
                return
            client.subscribe([(name, SubscribeOptions(qos=1)) for name in self._filters])

        def on_subscribe(_client: paho.Client, _: object, _mid: int, reasons: list[ReasonCode], _properties: object) -> None:
            for name, reason in zip(self._filters, reasons, strict=False):
                if reason.value >= REFUSED:
                    connection.early.append(SubscriptionRefused(name, reason.value))
            if not connection.ready.done():
                connection.ready.set_result(None)

        def on_publish(_client: paho.Client, _: object, mid: int, reason: ReasonCode, _properties: object) -> None:
            future = connection.waiting.pop(mid, None)
            if future is None or future.done():
                return
            if reason.value >= REFUSED:
                future.set_exception(Refused("a message", reason.value, str(reason)))
            else:
                future.set_result(None)

        def on_disconnect(_client: paho.Client, _: object, _flags: object, reason: ReasonCode, _properties: object) -> None:
            connection.end(str(reason))

        client = connection.client
        client.on_connect, client.on_subscribe, client.on_publish = on_connect, on_subscribe, on_publish
        client.on_disconnect = on_disconnect
        client.on_message = partial(self._on_message, connection)

    def _on_message(self, connection: _Connection, _client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            if message.qos:
                connection.received(message.mid)()  # no topic of ours; it would come again for ever
            return
        if message.qos == 0 and len(self._queue) >= QUEUED_QOS0:
            self._dropped += 1
            return
        acknowledge = connection.received(message.mid) if message.qos else _nothing
        incoming = Incoming(topic, bytes(message.payload), message.retain, message.dup, acknowledge)
        if self._connection is connection:
            self._queue.append(incoming)
            self._wake.set()
        else:
            connection.early.append(incoming)  # before the SUBACK: the consumer hears of the connection first

    def _deliver(self, *events: Event) -> None:
        self._queue.extend(events)
        self._wake.set()

    def _connected(self) -> _Connection:
        if self._connection is None or self._connection.lost.done():
            raise NotConnected("no connection to the broker")
        return self._connection

    def _check_same(self, connection: _Connection) -> None:
        if connection.lost.done():
            raise NotConnected("the connection went while the message waited for its turn")

    def _send(self, connection: _Connection, topic: str, payload: bytes, qos: int, *, retain: bool) -> int:
        info = connection.client.publish(topic, payload, qos, retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise NotConnected(f"paho did not take the message: {paho.error_string(info.rc)}")
        return info.mid


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _nothing() -> None:
    """A message with QoS 0 has no acknowledgement."""
