"""The embedded broker (rumqttd) is stricter than Mosquitto: what it ends connections for must not happen."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from controller.broker import embedded_broker
from edge_agent.wire.session import Broker, Connected, Incoming, MqttSession
from tests.servers import free_port


async def test_messages_may_be_acknowledged_in_any_order(tmp_path: Path) -> None:
    port = free_port()
    async with embedded_broker(port=port, folder=tmp_path):
        session = MqttSession(Broker(host="127.0.0.1", port=port, client_id="reader"), ["any/#"], random=Random(1))
        running = asyncio.create_task(session.run())
        events = session.events()
        assert isinstance(await anext(events), Connected)
        for batch in range(3):
            await asyncio.gather(*(session.publish(f"any/{batch}/{number}", b"x") for number in range(10)))
            messages = [await anext(events) for _ in range(10)]
            for message in reversed(messages):
                assert isinstance(message, Incoming)
                message.acknowledge()
        await session.publish("any/last", b"still connected")
        last = await asyncio.wait_for(anext(events), 5)
        assert isinstance(last, Incoming)
        assert last.payload == b"still connected"
        running.cancel()
        await asyncio.wait([running])
