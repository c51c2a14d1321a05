"""`python -m tests.bench.bare_client PORT CLIENT COUNT`: how fast bare paho takes COUNT messages that wait for it.

QoS 1, acknowledged by hand, as the gateway does it.
With COUNT 0 it only subscribes, so that the broker keeps messages for it.  Prints messages per second.
"""

from __future__ import annotations

import sys
from time import perf_counter

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.wire.topics import ROOT

SESSION_SECONDS = 3600
RECEIVE_MAXIMUM = 4000
"""As the gateway has it (`controller/app.py`)."""
FACTS = f"{ROOT}/+/+/+/fact/+"


def main(port: int, client_id: str, count: int) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5, manual_ack=True)
    began = 0.0
    taken = 0

    def on_connect(client: paho.Client, *_: object) -> None:
        nonlocal began
        began = perf_counter()
        if count == 0:
            client.subscribe([(FACTS, SubscribeOptions(qos=1))])

    def on_message(client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        nonlocal taken
        taken += 1
        client.ack(message.mid, message.qos)
        if taken == count:
            print(taken / (perf_counter() - began))
            client.disconnect()

    client.on_connect, client.on_message = on_connect, on_message
    client.on_subscribe = lambda client, *_: client.disconnect()
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's only untyped constructor
    properties.SessionExpiryInterval = SESSION_SECONDS
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    client.loop_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
