"""How the site taxes what it sells: so that a counter tells what is to be paid, and prints it, alone."""

from __future__ import annotations

from controller import db
from controller.replica.parts import Whole
from controller.taxes.schedule import schedule
from edge_agent.wire.taxes import SiteTaxes


async def _read(site_id: str) -> list[SiteTaxes]:
    return await schedule(site_id, db.now())


TAXES = Whole(name="taxes", read=_read)
