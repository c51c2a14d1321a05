"""Alerts about boxes: what a box raised, and what the controller itself raises about one."""

from __future__ import annotations

from datetime import timedelta

from controller.db import execute, fetch, now
from controller.events import record
from controller.fleet.events import AlertCleared, AlertRaised
from controller.fleet.facts import clean
from edge_agent.wire.messages import Alert

PARKED_TOO_LONG = timedelta(minutes=10)
PARKED_KEY = "ctl-parked"
ENDS_SOON = timedelta(days=30)
CERTIFICATE_KEY = "ctl-certificate"


async def raise_alert(box: str, site: str, key: str, alert: Alert) -> None:
    """It holds from now on; saying it again changes nothing."""
    changed = await execute(
        "INSERT INTO alert (box, key, code, message, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (box, key) DO UPDATE "
        "SET code = excluded.code, message = excluded.message, at = excluded.at "
        "WHERE alert.code != excluded.code OR alert.message != excluded.message",
        box,
        key,
        clean(alert.code),
        clean(alert.message),
        alert.at,
    )
    if changed:
        await record(AlertRaised(box=box, key=key, code=alert.code, message=alert.message), subject=f"{box}/{key}", site=site)


async def clear_alert(box: str, site: str, key: str) -> None:
    """It holds no longer."""
    if await execute("DELETE FROM alert WHERE box = ? AND key = ?", box, key):
        await record(AlertCleared(box=box, key=key), subject=f"{box}/{key}", site=site)


async def tell_of_parked_facts() -> None:
    """Raise one alert per box with facts that wait for longer than 10 minutes, and clear those that hold no longer."""
    rows = await fetch(
        "SELECT fact.box, box.site, count(*) AS waiting, min(fact.waits_for) AS waits_for FROM fact JOIN box ON box.id = fact.box "
        "WHERE fact.outcome = 'parked' AND fact.received_at < ? GROUP BY fact.box, box.site",
        now() - PARKED_TOO_LONG,
    )
    for row in rows:
        message = (
            f"Readings of this box wait for longer than 10 minutes for something that is missing: {row['waiting']}, such as for "
            f"{row['waits_for']}. Its page lists them; enter what is missing."
        )
        await raise_alert(row["box"], row["site"], PARKED_KEY, Alert(code="facts_parked", message=message, at=now()))
    await _clear_others(PARKED_KEY, {row["box"] for row in rows})


async def tell_of_certificates() -> None:
    """Raise one alert per box whose newest certificate ends within 30 days, and clear those that hold no longer."""
    rows = await fetch(
        "SELECT c.box, b.site, c.not_after FROM box_certificate c JOIN box b ON b.id = c.box "
        "WHERE b.revoked_at IS NULL AND c.revoked_at IS NULL AND c.not_after < ? AND NOT EXISTS (SELECT 1 FROM box_certificate n "
        "WHERE n.box = c.box AND n.revoked_at IS NULL AND (n.not_after > c.not_after OR "
        "(n.not_after = c.not_after AND n.serial > c.serial)))",
        now() + ENDS_SOON,
    )
    for row in rows:
        message = (
            f"This box's certificate ends on {row['not_after']:%Y-%m-%d}; then it connects no more. Renew it "
            f"(shelfwire-provision renew {row['box']} --api …) and unpack its new bundle."
        )
        await raise_alert(row["box"], row["site"], CERTIFICATE_KEY, Alert(code="certificate_ends", message=message, at=now()))
    await _clear_others(CERTIFICATE_KEY, {row["box"] for row in rows})


async def _clear_others(key: str, boxes: set[str]) -> None:
    """The alert holds for these boxes and for no other."""
    for row in await fetch("SELECT alert.box, box.site FROM alert JOIN box ON box.id = alert.box WHERE alert.key = ?", key):
        if row["box"] not in boxes:
            await clear_alert(row["box"], row["site"], key)
