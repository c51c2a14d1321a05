"""What boxes say about themselves, as the tables have it."""

from __future__ import annotations

from uuid import UUID

from controller import db
from controller.fleet import presence
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import BoxDescription, Condition, DeviceDescription, DeviceState
from edge_agent.wire.session import Incoming
from tests.controller.boxes import register
from tests.doubles import NOON

ROOT = "shelfwire/1/sh-01/b1"
READY = encode(DeviceState(state=Condition.READY, at=NOON))


def retained(topic: str, payload: bytes) -> Incoming:
    return Incoming(f"{ROOT}/{topic}", payload, retain=True, duplicate=False, acknowledge=lambda: None)


def described(*devices: str) -> Incoming:
    of = [
        DeviceDescription(id=device, kind="scanner", model="scanner.wedge", address="evdev:/dev/input/event0") for device in devices
    ]
    return retained("_/desc", encode(BoxDescription(agent="0.1.0", epoch=UUID(int=1), speaks={}, devices=of)))


async def devices() -> list[tuple[str, str]]:
    return [(row["id"], row["state"]) for row in await db.fetch("SELECT id, state FROM device ORDER BY id")]


async def test_a_device_that_was_taken_away_does_not_come_back_with_a_retained_state(database: str) -> None:
    await register()
    async with db.transaction():
        await presence.note([described("scanner", "old"), retained("old/state", READY)])
    async with db.transaction():
        await presence.note([described("scanner")])
    async with db.transaction():  # the gateway subscribes anew: the broker still has both states, and gives them in any order
        await presence.note([described("scanner"), retained("old/state", READY), retained("scanner/state", READY)])
    assert await devices() == [("scanner", "ready")]


async def test_a_state_may_come_before_the_first_description(database: str) -> None:
    await register()
    async with db.transaction():
        await presence.note([retained("scanner/state", READY), described("scanner")])
    assert await devices() == [("scanner", "ready")]
