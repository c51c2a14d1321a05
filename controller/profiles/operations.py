"""Set, remove and choose station profiles."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from controller import db, events
from controller.errors import Conflict, NotFound, Rejected
from controller.profiles.events import SiteProfileChosen, StationProfileChanged, StationProfileRemoved
from controller.sites.queries import site

_NAME = re.compile("[a-z0-9-]{1,40}")


class BadProfile(Rejected):
    code = "bad_profile"


class ProfileInUse(Conflict):
    code = "profile_in_use"

    def __init__(self, profile: str, sites: list[str]) -> None:
        super().__init__(f"station profile {profile} is that of the sites {', '.join(sites)}: choose another one there first")
        self.profile = profile
        self.sites = sites


SignIn = Literal["none", "badge", "pin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`activities`: the stations' tasks that are offered, by name; empty: all.  0 turns a time's rule off."""

    name: str
    activities: tuple[str, ...] = ()
    sign_in: SignIn = "none"
    language: str = ""
    quiet_minutes: int = 30
    double_read_ms: int = 300
    manager_adjusts: bool = False


async def put_profile(profile: Profile) -> None:
    """Make it so.  Records StationProfileChanged.  Raises BadProfile."""
    if not _NAME.fullmatch(profile.name):
        raise BadProfile(f"the name of a station profile is 1 to 40 of a-z, 0-9 and '-', not {profile.name!r}")
    columns = (profile.sign_in, profile.language, profile.quiet_minutes, profile.double_read_ms, profile.manager_adjusts)
    async with db.transaction():
        await db.execute(
            "INSERT INTO station_profile (name, activities, sign_in, language, quiet_minutes, double_read_ms, manager_adjusts) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET activities = excluded.activities, sign_in = excluded.sign_in, "
            "language = excluded.language, quiet_minutes = excluded.quiet_minutes, double_read_ms = excluded.double_read_ms, "
            "manager_adjusts = excluded.manager_adjusts",
            *(profile.name, json.dumps(profile.activities), *columns),
        )
        told = StationProfileChanged(
            activities=list(profile.activities),
            sign_in=profile.sign_in,
            language=profile.language,
            quiet_minutes=profile.quiet_minutes,
            double_read_ms=profile.double_read_ms,
            manager_adjusts=profile.manager_adjusts,
        )
        await events.record(told, subject=profile.name)


async def remove_profile(name: str) -> None:
    """Stations that name it are as without one.  Records StationProfileRemoved.  Raises NotFound, ProfileInUse."""
    async with db.transaction():
        rows = await db.fetch(f"SELECT name FROM station_profile WHERE name = ?{db.for_update()}", name)  # noqa: S608 -- ours
        if not rows:
            raise NotFound("station profile", name)
        used = await db.fetch("SELECT site_id FROM site_profile WHERE profile_id = ? ORDER BY site_id", name)
        if used:
            raise ProfileInUse(name, [row["site_id"] for row in used])
        await db.execute("DELETE FROM station_profile WHERE name = ?", name)
        await events.record(StationProfileRemoved(), subject=name)


async def choose_profile(site_id: str, name: str | None) -> None:
    """For the site's stations that name none; None: none.  Records SiteProfileChosen.  Raises NotFound (site, profile)."""
    async with db.transaction():
        await site(site_id)
        if name is None:
            await db.execute("DELETE FROM site_profile WHERE site_id = ?", site_id)
        else:
            sql = f"SELECT name FROM station_profile WHERE name = ?{db.for_key_share()}"  # noqa: S608 -- ours
            if not await db.fetch(sql, name):
                raise NotFound("station profile", name)
            await db.execute(
                "INSERT INTO site_profile (site_id, profile_id) VALUES (?, ?) "
                "ON CONFLICT (site_id) DO UPDATE SET profile_id = excluded.profile_id",
                *(site_id, name),
            )
        await events.record(SiteProfileChosen(profile=name), subject=site_id, site=site_id)
