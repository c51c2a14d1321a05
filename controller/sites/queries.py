"""Reads of sites and locations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from controller import db
from controller.errors import NotFound
from controller.sites.models import LocationKind


@dataclass(frozen=True, slots=True)
class Place:
    """A location; `zone`: where in the site, `capacity`: base units that fit in, None: nobody counted."""

    id: int
    site_id: str
    code: str
    kind: LocationKind
    zone: str = ""
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class SiteRow:
    """`day_starts`: `04:00` of the site's own time; `address`: where it stands, empty: nobody said."""

    id: str
    name: str
    currency: str
    time_zone: str
    day_starts: str = "00:00"
    address: str = ""


_SITE = "SELECT id, name, currency, time_zone, day_starts, address FROM site"


def _place(row: db.Row) -> Place:
    kind = LocationKind(row["kind"])
    return Place(row["id"], row["site_id"], row["code"], kind, row.get("zone") or "", row.get("capacity"))


async def sites(*, after: str = "", limit: int = 50, only: Collection[str] | None = None, q: str = "") -> list[SiteRow]:
    """In order of id; those among `only`, None: all; with `q` in their id or name."""
    among, values = ("", []) if only is None else (f"AND {db.among('id')}", [db.listing(sorted(only))])
    if q:
        found = _like(q)
        among, values = f"{among} AND (id LIKE ? ESCAPE '!' OR LOWER(name) LIKE ? ESCAPE '!')", [*values, found, found]
    rows = await db.fetch(f"{_SITE} WHERE id > ? {among} ORDER BY id LIMIT ?", *(after, *values, limit))
    return [SiteRow(**row) for row in rows]


def _like(q: str) -> str:
    """What has these characters somewhere in it."""
    return "%" + q.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


async def site(site_id: str) -> SiteRow:
    """Raises NotFound."""
    rows = await db.fetch(f"{_SITE} WHERE id = ?", site_id)
    if not rows:
        raise NotFound("site", site_id)
    return SiteRow(**rows[0])


async def known_sites(site_ids: Iterable[str]) -> set[str]:
    """Those of some ids that are sites."""
    rows = await db.fetch(f"SELECT id FROM site WHERE {db.among('id')}", db.listing(sorted(set(site_ids))))  # noqa: S608 -- ours
    return {row["id"] for row in rows}


async def special(site_id: str, kind: LocationKind) -> int:
    """The id of a site's one location of a kind (not bins).  Raises NotFound."""
    rows = await db.fetch("SELECT id FROM location WHERE site_id = ? AND code = ? AND kind = ?", site_id, kind.value, kind.value)
    if not rows:
        raise NotFound("site", site_id)
    return int(rows[0]["id"])


async def specials(site_ids: Iterable[str]) -> dict[tuple[str, LocationKind], int]:
    """All the locations but bins of some sites, by site and kind."""
    rows = await db.fetch(
        f"SELECT * FROM location WHERE kind <> 'bin' AND {db.among('site_id')}",  # noqa: S608 -- a column name of ours
        db.listing(sorted(set(site_ids))),
    )
    return {(row["site_id"], LocationKind(row["kind"])): int(row["id"]) for row in rows}


async def bins(site_id: str, codes: Sequence[str]) -> dict[str, Place]:
    """The bins of a site among `codes`; the receiving place and quarantine count as such."""
    rows = await db.fetch(
        f"SELECT * FROM location WHERE site_id = ? AND kind IN ('bin', 'receiving', 'quarantine') "  # noqa: S608 -- ours
        f"AND {db.among('code')}",
        site_id,
        db.listing(sorted(set(codes))),
    )
    return {row["code"]: _place(row) for row in rows}


async def zones(site_ids: Iterable[str]) -> list[str]:
    """The zones that bins of these sites are in, by name."""
    rows = await db.fetch(
        f"SELECT DISTINCT zone FROM location WHERE zone <> '' AND {db.among('site_id')} ORDER BY zone",  # noqa: S608 -- ours
        db.listing(sorted(set(site_ids))),
    )
    return [row["zone"] for row in rows]


async def place(location_id: int) -> Place:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM location WHERE id = ?", location_id)
    if not rows:
        raise NotFound("location", location_id)
    return _place(rows[0])


async def location(site_id: str, code: str) -> Place:
    """Any place of a site by its code.  Raises NotFound."""
    rows = await db.fetch("SELECT * FROM location WHERE site_id = ? AND code = ?", site_id, code)
    if not rows:
        raise NotFound("location", code)
    return _place(rows[0])


async def locations(site_id: str, *, after: int = 0, limit: int = 50) -> list[Place]:
    """Raises NotFound (site)."""
    await site(site_id)
    rows = await db.fetch("SELECT * FROM location WHERE site_id = ? AND id > ? ORDER BY id LIMIT ?", site_id, after, limit)
    return [_place(row) for row in rows]


async def bins_by_code(site_id: str, *, after: str = "", limit: int = 50, q: str = "") -> list[Place]:
    """The bins of a site in order of code; with `q` in their code or zone."""
    rows = await db.fetch(
        "SELECT * FROM location WHERE site_id = ? AND kind = 'bin' AND code > ? "
        "AND (? = '' OR LOWER(code) LIKE ? ESCAPE '!' OR LOWER(zone) LIKE ? ESCAPE '!') ORDER BY code LIMIT ?",
        *(site_id, after, q, _like(q), _like(q), limit),
    )
    return [_place(row) for row in rows]
