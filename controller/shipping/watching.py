"""What carriers do not tell is asked; what is late, silent for too long or lost is noticed, once, and people are asked."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from controller import db, events
from controller.shipping import carriers, tracking
from controller.shipping.adapters import CarrierError, ManifestPaper
from controller.shipping.carriers import Apis, BadCarrier, StoredCarrier
from controller.shipping.events import ShipmentNoticed
from controller.shipping.numbers import MANIFESTS
from controller.shipping.shipments import StoredShipment, stored
from controller.shipping.states import MANIFEST, ManifestAction, ManifestState
from controller.states import advance
from controller.tasks.operations import open_task

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
ASKED_EVERY = 15
"""Rounds between two times that carriers are asked where things are."""
ASKED_AT_ONCE = 100
LOST_AFTER = 3
"""Times its carrier's silence: then it is probably lost."""
RETRY = timedelta(minutes=5)
_AWAY = "state IN ('handed_over', 'in_transit', 'out_for_delivery', 'exception')"


async def run(apis: Apis) -> None:
    """For ever."""
    turn = 0
    while True:
        try:
            await send_manifests(apis)
            if turn % ASKED_EVERY == 0:
                await ask_all(apis)
            await notice()
        except Exception:  # the worker's outermost loop: the database may be away
            log.exception("shipments could not be watched; it is tried again")
        turn += 1
        await asyncio.sleep(LOOK_SECONDS)


async def ask_all(apis: Apis) -> int:
    """Ask each carrier where its shipments are; how much was news.  One that does not answer holds up none of the others."""
    news = 0
    for one in await carriers.carriers():
        after = 0
        while rows := await db.fetch(
            f"SELECT id, tracking_no FROM shipment WHERE carrier = ? AND id > ? AND ({_AWAY} OR state = 'labelled') "  # noqa: S608
            "AND tracking_no IS NOT NULL ORDER BY id LIMIT ?",
            *(one.code, after, ASKED_AT_ONCE),
        ):
            after = rows[-1]["id"]
            try:
                seen = await apis.of(one).track([row["tracking_no"] for row in rows])
            except (CarrierError, BadCarrier) as error:
                log.info("carrier %s did not tell where things are: %s", one.code, error)
                break
            news += await tracking.take(one.code, seen, source="poll")
    return news


async def send_manifests(apis: Apis) -> int:
    """Tell carriers what they took away; how many lists went."""
    sent = 0
    rows = await db.fetch("SELECT * FROM carrier_manifest WHERE state = 'closed' AND next_at <= ? ORDER BY id LIMIT 50", db.now())
    for row in rows:
        numbers = await db.fetch("SELECT tracking_no FROM shipment WHERE manifest_id = ? ORDER BY id", row["id"])
        paper = ManifestPaper(
            number=MANIFESTS.number(row["id"]),
            site=row["site"],
            day=row["day"],
            tracking_nos=[each["tracking_no"] for each in numbers if each["tracking_no"]],
        )
        try:
            reference = await apis.of(await carriers.carrier(row["carrier"])).manifest(paper)
        except (CarrierError, BadCarrier) as error:
            log.info("carrier %s did not take list %s: %s", row["carrier"], paper.number, error)
            await db.execute("UPDATE carrier_manifest SET next_at = ? WHERE id = ?", db.now() + RETRY, row["id"])
            continue
        state = advance(MANIFEST, ManifestState.CLOSED, ManifestAction.SEND)
        sent += await db.execute(
            "UPDATE carrier_manifest SET state = ?, reference = ? WHERE id = ? AND state = 'closed'",
            *(state.value, reference[:80], row["id"]),
        )
    return sent


async def notice() -> int:
    """Of what is away: past its promise (late), no word for its carrier's days (silent), for three times as long (lost).

    How many people were told of now.  Each is told once of each; what comes later is worse.  Records ShipmentNoticed.
    """
    told = 0
    known = {one.code: one for one in await carriers.carriers()}
    after = 0
    while rows := await db.fetch(f"SELECT * FROM shipment WHERE id > ? AND {_AWAY} ORDER BY id LIMIT 500", after):  # noqa: S608
        after = rows[-1]["id"]
        for one in map(stored, rows):
            what, days = _wrong(one, known.get(one.carrier))
            if what and _RANKS.index(what) > _RANKS.index(one.noticed):
                told += await _tell(one, what, days)
    return told


_RANKS = ("", "late", "silent", "lost")


def _wrong(one: StoredShipment, carrier: StoredCarrier | None) -> tuple[str, int]:
    """The worst, and for how many days."""
    now = db.now()
    heard = max(filter(None, (one.heard_at, one.handed_over_at)), default=one.created_at)
    silent = (now - heard) // timedelta(days=1)
    limit = carrier.silent_days if carrier else 2
    if silent >= limit * LOST_AFTER:
        return "lost", silent
    if silent >= limit:
        return "silent", silent
    late = (now.date() - one.promised_on).days if one.promised_on else 0
    return ("late", late) if late > 0 else ("", 0)


async def _tell(one: StoredShipment, what: str, days: int) -> int:
    async with db.transaction():
        changed = await db.execute("UPDATE shipment SET noticed = ? WHERE id = ? AND noticed = ?", what, one.id, one.noticed)
        if changed:
            noticed = ShipmentNoticed(shipment=one.no, what=what, days=days)
            await events.record(noticed, subject=one.order_no, site=one.site)
            arguments = {
                "shipment": one.no,
                "order": one.order_no,
                "carrier": one.carrier,
                "tracking_no": one.tracking_no or "",
                "days": days,
            }
            await open_task(f"shipment_{what}", site=one.site, key=f"away:{one.no}", subject=one.no, arguments=arguments)
    return changed
