"""What is looked after without anybody asking: classes once a day, sessions by schedule, and those that late facts changed."""

from __future__ import annotations

import logging
from datetime import timedelta

from controller import db
from controller.counts.planning import classify_site
from controller.counts.scheduling import plan_due
from controller.counts.sessions import refresh_all

log = logging.getLogger(__name__)

CLASSIFIED_EVERY = timedelta(days=1)


async def look_after() -> None:
    """Say anew what is A, B and C where that is a day old, plan what is due, bring up to date what waits for a decision."""
    changed = await refresh_all()
    rows = await db.fetch(
        "SELECT s.id FROM site s WHERE NOT EXISTS "
        "(SELECT 1 FROM sku_class k WHERE k.site = s.id AND k.classified_at > ?) ORDER BY s.id",
        db.now() - CLASSIFIED_EVERY,
    )
    for row in rows:
        await classify_site(row["id"])
    planned = await plan_due()
    if planned:
        log.info("counts were planned by their schedules", extra={"sessions": planned})
    if changed:
        log.info("counts were brought up to date", extra={"sessions": changed})
