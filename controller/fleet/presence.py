"""What boxes say about themselves: retained state, description, alerts, telemetry.  The topic's site decides nothing.

A box's will that is not of its latest birth is stale and ignored, except in the retained snapshot of a new subscription: what the
broker still holds there is the last word of some connection, and no later birth came after it.
"""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.db import Row, execute, execute_many, fetch, now
from controller.events import acting, record
from controller.facts import Rejected
from controller.fleet import clones, measured, rejects, storage, twin
from controller.fleet.alerts import clear_alert, raise_alert
from controller.fleet.dating import in_utc
from controller.fleet.events import BoxLinkChanged, DeviceChanged
from controller.fleet.facts import LARGEST, clean
from controller.fleet.intake import UNREADABLE_KEPT, Unreadable, box_topic
from edge_agent.wire.codec import decode
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Alert, BoxDescription, BoxState, DeviceState, Link, TwinReported
from edge_agent.wire.session import Incoming
from edge_agent.wire.telemetry import LogLines, Telemetry
from edge_agent.wire.topics import BOX_ITSELF, BoxTopic, Family

FAMILIES = frozenset({Family.STATE, Family.DESC, Family.ALERT, Family.TEL, Family.LOG, Family.TWIN})


async def note(messages: Sequence[Incoming]) -> set[str]:
    """Take them in, in their order, in the caller's transaction; the boxes that said that they are online."""
    topics = [(topic, message) for message in messages if (topic := box_topic(message.topic)) and topic.family in FAMILIES]
    boxes = {topic.box for topic, _ in topics}
    sites = await storage.sites_of(boxes)
    reasons = await storage.refusals_of(boxes - sites.keys())
    online: set[str] = set()
    for topic, message in topics:
        if topic.box not in sites:
            await _refuse(message, reasons[topic.box])
            continue
        try:
            with acting(f"box:{topic.box}"):
                if await _note(topic, sites[topic.box], message):
                    online.add(topic.box)
        except WireError as error:
            await _refuse(message, Rejected(error.code, str(error)[:1000]))
    return online


async def _refuse(message: Incoming, why: Rejected) -> None:
    if message.payload:
        await rejects.store([Unreadable(message.topic[:500], message.payload[:UNREADABLE_KEPT], why)], now())


async def _note(topic: BoxTopic, site: str, message: Incoming) -> bool:
    """Whether it was a birth.  Raises WireError."""
    match topic.family:
        case Family.STATE if topic.device == BOX_ITSELF:
            return bool(message.payload) and await _box_state(topic.box, site, message)
        case Family.STATE:
            await _device_state(topic, site, message.payload)
        case Family.DESC if message.payload:
            description = decode(BoxDescription, message.payload)
            await clones.hear(topic.box, site, description.epoch)
            await _description(topic.box, description)
        case Family.ALERT if topic.name is not None:
            await _alert(topic.box, site, topic.name, message.payload)
        case Family.TWIN if topic.name == "reported" and message.payload:
            await twin.note_reported(topic.box, site, decode(TwinReported, message.payload))
        case Family.TEL:
            telemetry = decode(Telemetry, message.payload)
            await _telemetry(topic.box, telemetry)
            await measured.note_telemetry(topic.box, telemetry)
        case Family.LOG:
            await measured.note_log(topic.box, decode(LogLines, message.payload))
    return False


async def _box_state(box: str, site: str, message: Incoming) -> bool:
    state = decode(BoxState, message.payload)
    if state.state is Link.ONLINE:
        changed = await execute(
            "UPDATE box SET link = 'online', session = ?, boot = ?, since = ?, last_seen = ? "
            "WHERE id = ? AND (link != 'online' OR session IS NULL OR session != ?)",
            state.session,
            clean(state.boot),
            now(),
            now(),
            box,
            state.session,
        )
        # what was sent to the connection before may be lost: ask again
        await execute("UPDATE print_job SET sent_at = NULL WHERE box = ? AND state = 'requested'", box)
        await execute("UPDATE command SET sent_at = NULL WHERE box = ? AND state = 'requested'", box)
        await twin.due(box)
    else:
        of_session = "" if message.retain else "AND session = ?"
        changed = await execute(
            f"UPDATE box SET link = 'offline', since = ? WHERE id = ? AND link != 'offline' {of_session}",
            now(),
            box,
            *([] if message.retain else [state.session]),
        )
    if changed:
        await record(BoxLinkChanged(box=box, link=state.state.value), subject=box, site=site)
    return state.state is Link.ONLINE


async def _description(box: str, description: BoxDescription) -> None:
    text = msgspec.json.encode(description).decode()
    await execute("UPDATE box SET description = ?, last_seen = ? WHERE id = ?", text, now(), box)
    await execute("UPDATE device SET described = false WHERE box = ?", box)
    await execute_many(
        "INSERT INTO device (box, id, kind, model, address, state, faults, described) "
        "VALUES (?, ?, ?, ?, ?, 'unknown', '[]', true) "
        "ON CONFLICT (box, id) DO UPDATE SET kind = excluded.kind, model = excluded.model, address = excluded.address, "
        "described = true",
        [
            (box, device.id[:40], clean(device.kind), clean(device.model), clean(device.address))
            for device in sorted(description.devices, key=lambda device: device.id)
        ],
    )
    await execute("DELETE FROM device WHERE box = ? AND NOT described", box)


async def _device_state(topic: BoxTopic, site: str, payload: bytes) -> None:
    if not payload:
        await execute("DELETE FROM device WHERE box = ? AND id = ?", topic.box, topic.device)
        return
    state = decode(DeviceState, payload)
    faults = msgspec.json.encode(state.faults).decode()
    before = await _device(topic)
    if before is None and await _is_described(topic.box):
        return  # none of its devices: an earlier configuration left this topic at the broker
    if before and (before["state"], before["faults"]) == (state.state.value, faults):
        return
    await execute(
        "INSERT INTO device (box, id, kind, model, address, state, faults, since, described) "
        "VALUES (?, ?, '', '', '', ?, ?, ?, true) "
        "ON CONFLICT (box, id) DO UPDATE SET state = excluded.state, faults = excluded.faults, since = excluded.since",
        topic.box,
        topic.device,
        state.state.value,
        faults,
        in_utc(state.at),
    )
    event = DeviceChanged(
        box=topic.box,
        device=topic.device,
        state=state.state.value,
        faults=[{"code": fault.code, "message": fault.message} for fault in state.faults],
    )
    await record(event, subject=f"{topic.box}/{topic.device}", site=site)


async def _device(topic: BoxTopic) -> Row | None:
    rows = await fetch("SELECT state, faults FROM device WHERE box = ? AND id = ?", topic.box, topic.device)
    return rows[0] if rows else None


async def _is_described(box: str) -> bool:
    return bool(await fetch("SELECT 1 AS one FROM box WHERE id = ? AND description IS NOT NULL", box))


async def _alert(box: str, site: str, key: str, payload: bytes) -> None:
    if not payload:
        await clear_alert(box, site, key)
        return
    alert = decode(Alert, payload)
    await raise_alert(box, site, key, msgspec.structs.replace(alert, at=in_utc(alert.at)))


async def _telemetry(box: str, telemetry: Telemetry) -> None:
    await execute(
        "UPDATE box SET waiting = ?, oldest_at = ?, disk_free = ?, last_seen = ? WHERE id = ?",
        min(telemetry.waiting, LARGEST),
        None if telemetry.oldest_at is None else in_utc(telemetry.oldest_at),
        min(telemetry.disk_free, LARGEST),
        now(),
        box,
    )
