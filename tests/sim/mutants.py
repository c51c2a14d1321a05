"""Rules taken out, one at a time.  A rule whose absence the simulation does not notice is not tested."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from controller import gateway
from controller.fleet import acks, intake, storage
from controller.fleet.storage import Arrival
from controller.ingest import ingest
from edge_agent.delivery import Delivery, Parcel
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import Ack
from edge_agent.wire.session import Incoming
from tests.sim.world import Mutant

Undo = Callable[[], None]


def _swap(owner: object, name: str, new: object) -> Undo:
    old = getattr(owner, name)
    setattr(owner, name, new)
    return lambda: setattr(owner, name, old)


def _dedupe_off() -> Undo:
    """Facts that came before are taken for new: stored once by their key, but applied again."""
    insert_new = storage.insert_new

    async def all_are_new(first: Sequence[Arrival]) -> set[UUID]:
        await insert_new(first)
        return {arrival.reading.envelope.id for arrival in first}

    return _swap(storage, "insert_new", all_are_new)


def _ack_before_commit() -> Undo:
    """The gateway tells the box before it has stored anything."""
    original = gateway.Gateway._ingest_all

    async def ingest_all(self: gateway.Gateway) -> None:

        async def acked_first(batch: Sequence[Incoming]) -> list[acks.AckOut]:
            slots = [reading.slot for message in batch for reading in intake.read(message) if reading.slot]
            early = acks.acks_of([(slot, None) for slot in slots])
            await asyncio.gather(*(self._publish(ack.topic, encode(ack.ack)) for ack in early))
            return await ingest(batch)

        undo = _swap(gateway, "ingest", acked_first)
        try:
            await original(self)
        finally:
            undo()

    return _swap(gateway.Gateway, "_ingest_all", ingest_all)


def _publish_then_forget() -> Undo:
    """The broker's PUBACK is taken for the controller's word."""
    publish = Delivery._publish

    async def forget(self: Delivery, parcel: Parcel) -> None:
        before = self._session.is_connected
        await publish(self, parcel)
        if before and self._session.is_connected:
            for epoch, stream, seq in parcel.keys:
                await self.on_ack(Ack(epoch=epoch, stream=stream, ranges=[(seq, seq)]))

    return _swap(Delivery, "_publish", forget)


MUTANTS = (
    Mutant(name="dedupe off", arm=_dedupe_off),
    Mutant(name="ack before commit", arm=_ack_before_commit),
    Mutant(name="no outbox", outbox_survives=False),
    Mutant(name="publish, then forget", arm=_publish_then_forget),
)
