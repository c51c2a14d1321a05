"""Changing what sourcing goes by.  Each change counts for what is sourced from then on, and is told with what was before."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller import db, events
from controller.errors import NotFound, Rejected
from controller.sites.queries import site as site_of
from controller.sourcing.events import SourcingChanged
from controller.sourcing.plans import Point, Rate
from controller.sourcing.settings import TermsSetting

MAX_REASON = 200
MAX_NAME = 40


class BadSetting(Rejected):
    code = "bad_sourcing_setting"


async def set_terms(channel: str, terms: TermsSetting | None, *, reason: str) -> None:
    """How a channel's orders (empty: everybody's) are sourced; None: as everybody's.

    Records SourcingChanged.  Raises BadSetting, NotFound (channel).
    """
    if channel and not await db.fetch("SELECT code FROM channel WHERE code = ?", channel):
        raise NotFound("channel", channel)
    data = None if terms is None else msgspec.json.encode(terms).decode()
    values = None if data is None else [data, db.now()]
    await _put(_Kept("terms", "sourcing_terms", {"channel": channel}, ("data", "changed_at")), values, told=data, reason=reason)


async def set_site(site: str, *, point: Point | None, capacity: int | None, reason: str) -> None:
    """Where a site is and how many parts of orders it can do in a day (None: any number).

    Records SourcingChanged.  Raises BadSetting, NotFound (site).
    """
    await site_of(site)
    check_point(point)
    if capacity is not None and not 0 <= capacity <= 10**6:
        raise BadSetting("a day's capacity is 0 to 1,000,000 parts of orders")
    ends = (point.latitude, point.longitude) if point else (None, None)
    kept = _Kept("site", "sourcing_site", {"site": site}, ("latitude", "longitude", "capacity", "changed_at"))
    await _put(kept, [*ends, capacity, db.now()], told=_told(*ends, capacity), reason=reason)


async def set_rank(channel: str, site: str, rank: int | None, *, used: bool = True, reason: str) -> None:
    """When a channel (empty: each) asks a site: lower first, not at all (`used` false), None: nothing is said of it any more.

    Records SourcingChanged.  Raises BadSetting, NotFound (site, channel).
    """
    await site_of(site)
    if channel and not await db.fetch("SELECT code FROM channel WHERE code = ?", channel):
        raise NotFound("channel", channel)
    if rank is not None and not 0 <= rank <= 1000:
        raise BadSetting("a rank is 0 to 1,000")
    kept = _Kept("rank", "sourcing_rank", {"channel": channel, "site": site}, ("position",))
    values: list[object] | None = [rank] if used else [None]
    if used and rank is None:
        values = None
    await _put(kept, values, told=None if values is None else str(rank) if used else "never", reason=reason)


async def set_rate(site: str, zone: str, rate: Rate | None, *, reason: str) -> None:
    """What a parcel costs from a site (empty: any) to a zone (empty: any); None: nothing is said of it any more.

    Records SourcingChanged.  Raises BadSetting, NotFound (site).
    """
    if site:
        await site_of(site)
    _check_name(zone)
    if rate is not None and not (0 <= rate.first_minor <= 10**9 and 0 <= rate.more_minor <= 10**9):
        raise BadSetting("a rate is 0 to 1,000,000,000 minor units")
    kept = _Kept("rate", "sourcing_rate", {"site": site, "zone": zone}, ("first_minor", "more_minor"))
    values = None if rate is None else [rate.first_minor, rate.more_minor]
    await _put(kept, values, told=None if rate is None else _told(rate.first_minor, rate.more_minor), reason=reason)


async def set_area(prefix: str, *, zone: str | None, point: Point | None, reason: str) -> None:
    """What regions that begin so belong to; `zone` None: nothing is said of them any more.

    Records SourcingChanged.  Raises BadSetting.
    """
    _check_name(prefix)
    _check_name(zone or "")
    check_point(point)
    ends = (point.latitude, point.longitude) if point else (None, None)
    kept = _Kept("area", "sourcing_area", {"prefix": prefix}, ("zone", "latitude", "longitude"))
    values = None if zone is None else [zone, *ends]
    await _put(kept, values, told=None if zone is None else _told(zone, *ends), reason=reason)


async def set_safety(sku_id: int, site: str, quantity: int | None, *, reason: str) -> None:
    """What a site (empty: each) would rather keep of a SKU (0: of each), in base units; None: nothing is said of it any more.

    Records SourcingChanged.  Raises BadSetting, NotFound (site).
    """
    if site:
        await site_of(site)
    if quantity is not None and not 0 <= quantity <= 10**12:
        raise BadSetting("what a site keeps is 0 to 10^12 base units")
    kept = _Kept("safety", "sourcing_safety", {"site": site, "sku_id": sku_id}, ("quantity",))
    await _put(kept, None if quantity is None else [quantity], told=None if quantity is None else str(quantity), reason=reason)


def check_point(point: Point | None) -> None:
    """Raises BadSetting."""
    if point is not None and not (abs(point.latitude) <= 90_000_000 and abs(point.longitude) <= 180_000_000):
        raise BadSetting("a point is within 90 degrees north or south and 180 east or west, × 1,000,000")


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        raise BadSetting(f"a zone or region is at most {MAX_NAME} characters on one line, without spaces around")


class _Kept(msgspec.Struct, frozen=True):
    """A row of settings: `what` it is called, its table, its key, and the columns beside."""

    what: str
    table: str
    key: dict[str, object]
    columns: tuple[str, ...]


async def _put(kept: _Kept, values: Sequence[object] | None, *, told: str | None, reason: str) -> None:
    """Store the row (None: delete it), when that changes anything."""
    if not 0 < len(reason.strip()) <= MAX_REASON or not reason.isprintable():
        raise BadSetting(f"a change has a reason, of 1 to {MAX_REASON} characters on one line")
    where = " AND ".join(f"{name} = ?" for name in kept.key)
    async with db.transaction():
        await db.execute("UPDATE sourcing_stamp SET stamp = stamp + 1 WHERE id = 1")  # whoever changes settings comes one by one
        rows = await db.fetch(f"SELECT * FROM {kept.table} WHERE {where}", *kept.key.values())
        compared = [name for name in kept.columns if name != "changed_at"]
        before = None if not rows else rows[0]["data"] if "data" in compared else _told(*(rows[0][name] for name in compared))
        if kept.what == "rank" and rows:
            before = "never" if rows[0]["position"] is None else str(rows[0]["position"])
        if before == told:
            return
        if values is None:
            await db.execute(f"DELETE FROM {kept.table} WHERE {where}", *kept.key.values())
        else:
            names = [*kept.key, *kept.columns]
            sets = ", ".join(f"{name} = excluded.{name}" for name in kept.columns)
            await db.execute(
                f"INSERT INTO {kept.table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
                f"ON CONFLICT ({', '.join(kept.key)}) DO UPDATE SET {sets}",
                *kept.key.values(),
                *values,
            )
        key = "/".join(str(part) for part in kept.key.values())
        changed = SourcingChanged(what=kept.what, key=key, before=before, after=told, reason=reason.strip())
        await events.record(changed, subject="sourcing")


def _told(*parts: object) -> str:
    return " ".join("-" if part is None else str(part) for part in parts)
