"""What the pages of one box and of one device show beyond the lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from controller.db import fetch
from controller.errors import NotFound
from controller.fleet.queries import box as box_of
from controller.fleet.queries import commands, devices, print_jobs
from controller.fleet.views import CommandView, DeviceView, PrintJobView
from edge_agent.wire.messages import BoxDescription

MANY: Final = 500
LOOKED_AT: Final = 200
"""Commands and print jobs of a box among which those of a device are looked for."""


class Identity(Struct, frozen=True, kw_only=True):
    """Who a box says it is.  `boot` and `session`: of its latest birth; `ended`: outboxes that ended before this one."""

    agent: str
    epoch: str
    speaks: dict[str, list[int]]
    boot: str | None
    session: str | None
    ended: int


async def identity(box_id: str) -> Identity | None:
    """None: it has not described itself yet."""
    rows = await fetch("SELECT description, boot, session FROM box WHERE id = ?", box_id)
    if not rows or rows[0]["description"] is None:
        return None
    told = msgspec.json.decode(rows[0]["description"], type=BoxDescription)
    ended = await fetch("SELECT count(*) AS ended FROM closed_epoch WHERE box = ?", box_id)
    return Identity(
        agent=told.agent,
        epoch=str(told.epoch),
        speaks=told.speaks,
        boot=rows[0]["boot"],
        session=None if rows[0]["session"] is None else str(rows[0]["session"]),
        ended=ended[0]["ended"],
    )


async def device(box_id: str, device_id: str, *, sites: Iterable[str] | None = None) -> DeviceView:
    """Raises NotFound."""
    await box_of(box_id, sites=sites)
    found = next((each for _, each in await devices(box_id=box_id, limit=MANY) if each.id == device_id), None)
    if found is None:
        raise NotFound(f"device of box {box_id}", device_id)
    return found


async def jobs_of(box_id: str, device_id: str, *, limit: int) -> list[PrintJobView]:
    """The newest print jobs that a printer has or had."""
    rows = await print_jobs(box_id=box_id, limit=LOOKED_AT)
    return [job for job in rows if (job.printer or job.device) == device_id][:limit]


async def commands_of(box_id: str, *, device_id: str | None = None, limit: int) -> list[CommandView]:
    """The newest commands to a box; of one device, if it is named."""
    rows = await commands(box_id=box_id, limit=LOOKED_AT if device_id else limit)
    return [each for each in rows if device_id in (None, each.device)][:limit]
