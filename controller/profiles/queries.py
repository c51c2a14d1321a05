"""Station profiles as they are stored."""

from __future__ import annotations

import json

from controller import db
from controller.errors import NotFound
from controller.profiles.operations import Profile

_SELECT = "SELECT name, activities, sign_in, language, quiet_minutes, double_read_ms, manager_adjusts FROM station_profile"


async def profile(name: str) -> Profile:
    """Raises NotFound."""
    rows = await db.fetch(f"{_SELECT} WHERE name = ?", name)
    if not rows:
        raise NotFound("station profile", name)
    return _profile(rows[0])


async def profiles(*, after: str = "", limit: int | None = None) -> list[Profile]:
    """In the order of their names; `limit` None: all."""
    at_most = "" if limit is None else f" LIMIT {limit:d}"
    return [_profile(row) for row in await db.fetch(f"{_SELECT} WHERE name > ? ORDER BY name{at_most}", after)]


async def chosen(site_id: str) -> str | None:
    """The name of a site's profile, if it has one."""
    rows = await db.fetch("SELECT profile_id FROM site_profile WHERE site_id = ?", site_id)
    return str(rows[0]["profile_id"]) if rows else None


def _profile(row: db.Row) -> Profile:
    known = {"activities": tuple(json.loads(row["activities"])), "manager_adjusts": bool(row["manager_adjusts"])}
    return Profile(**{**row, **known})
