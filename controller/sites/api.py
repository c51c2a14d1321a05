"""Sites and bins over HTTP."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN, Call, Created, Page, Permission, Route, page
from controller.sites import operations, queries

Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=PLAIN)]


Address = Annotated[str, Meta(max_length=operations.LONGEST_ADDRESS, pattern=PLAIN)]
Zone = Annotated[str, Meta(max_length=40, pattern=PLAIN)]
Capacity = Annotated[int, Meta(ge=1, le=operations.LARGEST_BIN)]


class NewSite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`id` is in the topics of the site's boxes; `currency` is ISO 4217; `time_zone` an IANA name.

    `day_starts`: when the business day begins, in the site's own time; what is sold before belongs to the day before.
    `address`: where it stands, as customers who collect there are told.
    """

    id: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    name: Name
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "CNY"
    time_zone: Annotated[str, Meta(max_length=64)] = "Asia/Shanghai"
    day_starts: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "00:00"
    address: Address = ""


class ChangeSite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Its id and its currency stay; `time_zone` and `day_starts` as for a new site; `address` null: as it was."""

    name: Name
    time_zone: Annotated[str, Meta(max_length=64)]
    day_starts: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    address: Address | None = None


class SiteView(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    currency: str
    time_zone: str
    day_starts: str
    address: str


class NewBin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`zone`: where in the site; `capacity`: base units that fit in."""

    code: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
    zone: Zone = ""
    capacity: Capacity | None = None


class PutBin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`zone` empty: nobody says; `capacity` null: nobody counted."""

    zone: Zone = ""
    capacity: Capacity | None = None


class LocationView(Struct, frozen=True, kw_only=True):
    """`kind`: `bin`, or one of the places that every site has once; `capacity` in base units."""

    id: int
    site: str
    code: str
    kind: str
    zone: str
    capacity: int | None


async def listing(call: Call[None]) -> Page[SiteView]:
    rows = await queries.sites(after=call.page.after or "", limit=call.page.limit, only=call.actor.sites)
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


async def create(call: Call[NewSite]) -> Created[SiteView]:
    new = call.body
    where = {"currency": new.currency, "time_zone": new.time_zone, "day_starts": new.day_starts}
    await operations.create_site(new.id, name=new.name, address=new.address, **where)
    return Created(_view(await queries.site(new.id)), location=f"/api/v1/sites/{new.id}")


async def show(call: Call[None]) -> SiteView:
    return _view(await queries.site(call.path["site"]))


async def change(call: Call[ChangeSite]) -> SiteView:
    site, new = call.path["site"], call.body
    await operations.change_site(site, name=new.name, time_zone=new.time_zone, day_starts=new.day_starts, address=new.address)
    return _view(await queries.site(site))


async def locations(call: Call[None]) -> Page[LocationView]:
    rows = await queries.locations(call.path["site"], after=call.page.number(), limit=call.page.limit)
    return page([_location(row) for row in rows], call.page, key=lambda view: view.id)


async def create_bin(call: Call[NewBin]) -> Created[LocationView]:
    site = call.path["site"]
    await operations.create_bin(site, call.body.code, zone=call.body.zone, capacity=call.body.capacity)
    place = (await queries.bins(site, [call.body.code]))[call.body.code]
    return Created(_location(place), location=f"/api/v1/sites/{site}/locations")


async def put_bin(call: Call[PutBin]) -> LocationView:
    site, code = call.path["site"], call.path["bin"]
    await operations.set_bin(site, code, zone=call.body.zone, capacity=call.body.capacity)
    return _location((await queries.bins(site, [code]))[code])


def _location(row: queries.Place) -> LocationView:
    return LocationView(id=row.id, site=row.site_id, code=row.code, kind=row.kind.value, zone=row.zone, capacity=row.capacity)


def _view(row: queries.SiteRow) -> SiteView:
    told = ("id", "name", "currency", "time_zone", "day_starts", "address")
    return SiteView(**{name: getattr(row, name) for name in told})


ROUTES = [
    Route("GET", "/api/v1/sites", listing, permission=Permission.SITES_READ, reply=Page[SiteView], summary="List sites"),
    Route(
        "POST",
        "/api/v1/sites",
        create,
        permission=Permission.SITES_WRITE,
        body=NewSite,
        reply=SiteView,
        summary="Create a site with its virtual locations",
        whole_chain=True,
        example=NewSite(id="s1", name="Shop 1"),
    ),
    Route("GET", "/api/v1/sites/{site}", show, permission=Permission.SITES_READ, reply=SiteView, summary="Show a site"),
    Route(
        "PUT",
        "/api/v1/sites/{site}",
        change,
        permission=Permission.SITES_WRITE,
        body=ChangeSite,
        reply=SiteView,
        summary="Say anew what a site is called, and when its business days begin",
        example=ChangeSite(name="Shop 1", time_zone="Asia/Shanghai", day_starts="04:00"),
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/locations",
        locations,
        permission=Permission.SITES_READ,
        reply=Page[LocationView],
        summary="List the bins and virtual locations of a site",
    ),
    Route(
        "POST",
        "/api/v1/sites/{site}/bins",
        create_bin,
        permission=Permission.SITES_WRITE,
        body=NewBin,
        reply=LocationView,
        summary="Create a bin; facts that wait for it are applied",
        example=NewBin(code="A-01"),
    ),
    Route(
        "PUT",
        "/api/v1/sites/{site}/bins/{bin}",
        put_bin,
        permission=Permission.SITES_WRITE,
        body=PutBin,
        reply=LocationView,
        summary="Say where in the site a bin is, and how much fits in",
        example=PutBin(zone="chilled", capacity=240),
    ),
]
