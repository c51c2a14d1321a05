"""Alerts that the controller itself raises about a box."""

from __future__ import annotations

from datetime import timedelta

from controller.db import fetch, now
from controller.fleet.presence import clear_alert, raise_alert
from edge_agent.wire.messages import Alert

PARKED_TOO_LONG = timedelta(minutes=10)
PARKED_KEY = "ctl-parked"


async def tell_of_parked_facts() -> None:
    """Raise one alert per box with facts that wait for longer than 10 minutes, and clear those that hold no longer."""
    rows = await fetch(
        "SELECT fact.box, box.site, count(*) AS waiting, min(fact.waits_for) AS waits_for FROM fact JOIN box ON box.id = fact.box "
        "WHERE fact.outcome = 'parked' AND fact.received_at < ? GROUP BY fact.box, box.site",
        now() - PARKED_TOO_LONG,
    )
    for row in rows:
        message = (
            f"{row['waiting']} fact(s) of this box wait for what has not arrived in 10 minutes, such as {row['waits_for']}. "
            "Look at the parked facts; enter what is missing."
        )
        await raise_alert(row["box"], row["site"], PARKED_KEY, Alert(code="facts_parked", message=message, at=now()))
    stuck = {row["box"] for row in rows}
    for row in await fetch("SELECT alert.box, box.site FROM alert JOIN box ON box.id = alert.box WHERE alert.key = ?", PARKED_KEY):
        if row["box"] not in stuck:
            await clear_alert(row["box"], row["site"], PARKED_KEY)
