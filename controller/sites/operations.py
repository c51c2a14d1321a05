"""Create sites and bins."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from controller import db, events
from controller.errors import Conflict, NotFound, Rejected
from controller.facts import unpark
from controller.sites.events import BinCreated, SiteChanged, SiteCreated
from controller.sites.models import LocationKind

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_ID = re.compile(r"[a-z0-9-]{1,40}")


LARGEST_BIN = 10**12
"""Base units."""
LONGEST_ADDRESS = 200


class BadSite(Rejected):
    code = "bad_site"


class BadBin(Rejected):
    code = "bad_bin"


class AlreadyExists(Conflict):
    code = "already_exists"

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"{what} {key} exists already")
        self.what = what
        self.key = key


async def create_site(
    site_id: str,
    *,
    name: str,
    currency: str = "CNY",
    time_zone: str = "Asia/Shanghai",
    day_starts: str = "00:00",
    address: str = "",
) -> None:
    """A site with its virtual locations and its receiving and packing place; each has its kind as its code.

    Records SiteCreated.  Raises BadSite, AlreadyExists.
    """
    if not _ID.fullmatch(site_id):
        raise BadSite(f"site id {site_id!r} is not 1 to 40 of a-z, 0-9 and '-'")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise BadSite(f"currency {currency!r} is not an ISO 4217 code")
    _require_named(name, address)
    _require_clock(time_zone, day_starts)
    async with db.transaction():
        created = await db.execute(
            "INSERT INTO site (id, name, currency, time_zone, day_starts, address) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO NOTHING",
            *(site_id, name, currency, time_zone, day_starts, address),
        )
        if not created:
            raise AlreadyExists("site", site_id)
        places = [(site_id, kind.value, kind.value) for kind in LocationKind if kind is not LocationKind.BIN]
        await db.execute_many("INSERT INTO location (site_id, code, kind) VALUES (?, ?, ?)", places)
        await events.record(SiteCreated(title=name), subject=site_id, site=site_id)


def _require_named(name: str, address: str) -> None:
    """Raises BadSite."""
    if not name.strip() or len(name) > 128 or not name.isprintable():
        raise BadSite("a site has a name of 1 to 128 characters on one line")
    if len(address) > LONGEST_ADDRESS or not address.isprintable():
        raise BadSite(f"a site's address has at most {LONGEST_ADDRESS} characters on one line")


def _require_clock(time_zone: str, day_starts: str) -> None:
    """Raises BadSite."""
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise BadSite(f"time zone {time_zone!r} is not in the IANA database") from error
    if not _TIME.fullmatch(day_starts):
        raise BadSite(f"the business day starts at {day_starts!r}: expected a time of day such as 04:00")


async def change_site(site_id: str, *, name: str, time_zone: str, day_starts: str, address: str | None = None) -> None:
    """Say anew what it is called, where it stands (None: as before), and when its business days begin.  Records SiteChanged.

    The same again is nothing.  What was recorded with a day keeps it; what is counted by days is counted again.  Raises NotFound,
    BadSite.
    """
    _require_named(name, address or "")
    _require_clock(time_zone, day_starts)
    async with db.transaction():
        rows = await db.fetch(f"SELECT name, time_zone, day_starts, address FROM site WHERE id = ?{db.for_update()}", site_id)  # noqa: S608 -- a suffix of ours
        if not rows:
            raise NotFound("site", site_id)
        before, stands = (rows[0]["time_zone"], rows[0]["day_starts"]), rows[0]["address"] if address is None else address
        if (rows[0]["name"], rows[0]["address"], *before) == (name, stands, time_zone, day_starts):
            return
        await db.execute(
            "UPDATE site SET name = ?, time_zone = ?, day_starts = ?, address = ? WHERE id = ?",
            *(name, time_zone, day_starts, stands, site_id),
        )
        is_clock = before != (time_zone, day_starts)
        told = SiteChanged(title=name, time_zone=time_zone, day_starts=day_starts, is_clock=is_clock, address=stands)
        await events.record(told, subject=site_id, site=site_id)


async def create_bin(site_id: str, code: str, *, zone: str = "", capacity: int | None = None) -> int:
    """A bin of a site; its location id.  Facts that wait for it are applied.  `zone` and `capacity` as in `set_bin`.

    Records BinCreated.  Raises NotFound (site), BadBin, AlreadyExists.
    """
    if not code.strip() or len(code) > 64:
        raise BadBin(f"bin {code!r}: expected 1 to 64 characters")
    _require_sound(zone, capacity)
    async with db.transaction():
        if not await db.fetch("SELECT 1 FROM site WHERE id = ?", site_id):
            raise NotFound("site", site_id)
        rows = await db.fetch(
            "INSERT INTO location (site_id, code, kind, zone, capacity) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (site_id, code) DO NOTHING RETURNING id",
            site_id,
            code,
            LocationKind.BIN.value,
            zone,
            capacity,
        )
        if not rows:
            raise AlreadyExists("bin", code)
        await events.record(BinCreated(bin=code), subject=code, site=site_id)
        await unpark(f"bin:{site_id}:{code}")
    return int(rows[0]["id"])


async def set_bin(site_id: str, code: str, *, zone: str, capacity: int | None) -> None:
    """Where in the site a bin is (empty: nobody says) and how many base units fit in (None: nobody counted).

    Raises NotFound (the bin), BadBin.
    """
    _require_sound(zone, capacity)
    async with db.transaction():
        changed = await db.execute(
            "UPDATE location SET zone = ?, capacity = ? WHERE site_id = ? AND code = ? AND kind = ?",
            *(zone, capacity, site_id, code, LocationKind.BIN.value),
        )
        if not changed:
            raise NotFound("bin", code)


def _require_sound(zone: str, capacity: int | None) -> None:
    if len(zone) > 40 or not (zone.isprintable()):
        raise BadBin(f"zone {zone[:40]!r}: expected at most 40 characters on one line")
    if capacity is not None and not 0 < capacity <= LARGEST_BIN:
        raise BadBin(f"a bin's capacity is a number from 1 to {LARGEST_BIN} base units")
