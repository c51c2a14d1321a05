"""The embedded broker: iotcore (rumqttd) with one MQTT 5 listener, on loopback only; for the demo, tests and a first try.

It runs in a child process, because rumqttd cannot be stopped; the child ends when its standard input closes, so that it never
outlives the controller.  It forgets everything on restart (DESIGN 6), which the delivery protocol survives.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from iotcore import IotCoreBroker

HOST = "127.0.0.1"
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
"""Seconds before a broker that died is started again: doubled each time, from the shortest on once it had lived for the longest."""
MAX_PACKET = 256 * 1024
"""Bytes of one packet; payloads are at most 64 KiB (`edge_agent.wire.codec.MAX_PAYLOAD`), the rest is topic and properties."""

log = logging.getLogger(__name__)

# rumqttd's own names.  Segments bound its memory: per topic filter it keeps at most max_segment_count * max_segment_size bytes.
_CONFIG = """\
id = 0
[router]
id = 0
max_connections = 1024
max_outgoing_packet_count = 200
max_segment_size = 16777216
max_segment_count = 4
[v5.1]
name = "v5"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {max_packet}
max_inflight_count = 500
dynamic_filters = true
"""


class BrokerFailed(Exception):
    """The embedded broker did not come up; the message says what to do."""


@asynccontextmanager
async def embedded_broker(*, port: int, folder: Path) -> AsyncIterator[None]:
    """Run the broker on `port` of loopback while the block runs; one that dies is started again.  Raises BrokerFailed."""
    if _listens(port):
        raise BrokerFailed(f"port {port} of {HOST} is taken: stop what listens there, or set [broker] port to a free one")
    broker = _Kept(_write_config(folder, port))
    await broker.start()
    keeper: asyncio.Task[None] | None = None
    try:
        await _until_listening(broker.child, port)
        log.info("embedded broker listens on %s:%d", HOST, port)
        keeper = asyncio.create_task(broker.keep(), name="embedded broker")
        yield
    finally:
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        await broker.end()


class _Kept:
    """The broker's process, and the one after it."""

    child: Process

    def __init__(self, config: Path) -> None:
        self._config = config

    async def start(self) -> None:
        command = (sys.executable, "-m", "controller.broker", str(self._config))
        self.child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)

    async def keep(self) -> None:
        """Start it again whenever it ends by itself: nothing of ours needs its memory (DESIGN 6)."""
        loop = asyncio.get_running_loop()
        pause = SHORTEST_PAUSE
        while True:
            began = loop.time()
            code = await self.child.wait()
            if loop.time() - began > LONGEST_PAUSE:
                pause = SHORTEST_PAUSE
            log.error("the embedded broker ended with %d; it is started again in %.1f s", code, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            await self.start()

    async def end(self) -> None:
        if self.child.returncode is None:
            self.child.terminate()
        await self.child.wait()


def _write_config(folder: Path, port: int) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "broker.toml"
    path.write_text(_CONFIG.format(host=HOST, port=port, max_packet=MAX_PACKET), encoding="utf-8")
    return path


async def _until_listening(child: Process, port: int) -> None:
    for _ in range(500):
        if child.returncode is not None:
            raise BrokerFailed(f"the embedded broker ended with {child.returncode} before it listened on port {port}")
        if _listens(port):
            return
        await asyncio.sleep(0.02)
    raise BrokerFailed(f"the embedded broker does not listen on port {port} after 10 s")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main(config: str) -> None:
    """The child: serve until terminated, or until the parent is gone.  Ctrl+C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # its error spans log every packet
    threading.Thread(target=_end_with_parent, daemon=True).start()
    IotCoreBroker(config_path=config).run_forever()


if __name__ == "__main__":
    main(sys.argv[1])
