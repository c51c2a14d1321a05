"""Station profiles over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from controller.http.routing import Call, Page, Permission, Route, page
from controller.profiles import operations, queries
from controller.profiles.operations import Profile
from controller.sites.queries import site

NAME = "^[a-z0-9-]{1,40}$(?!\n)"


class ProfileIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`activities`: the tasks that stations offer, by name (`counting`, `shelf_label`, …); empty: all.

    `quiet_minutes`: a task that nobody touched for so long is left; `double_read_ms`: the same symbol again within so long is one
    read; 0 turns either off.  `language`: of line displays; empty: the box's own.  `manager_adjusts`: an adjustment at a station
    needs a manager's badge.
    """

    activities: Annotated[list[Annotated[str, Meta(pattern="^[a-z_]{1,40}$(?!\n)")]], Meta(max_length=40)] = []
    sign_in: Literal["none", "badge", "pin"] = "none"
    language: Literal["", "zh-CN", "en"] = ""
    quiet_minutes: Annotated[int, Meta(ge=0, le=1440)] = 30
    double_read_ms: Annotated[int, Meta(ge=0, le=5000)] = 300
    manager_adjusts: bool = False


class ProfileView(Struct, frozen=True, kw_only=True):
    name: str
    activities: list[str]
    sign_in: str
    language: str
    quiet_minutes: int
    double_read_ms: int
    manager_adjusts: bool


class SiteProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`profile`: of the site's stations that name none themselves; null: none."""

    profile: Annotated[str, Meta(pattern=NAME)] | None


async def listing(call: Call[None]) -> Page[ProfileView]:
    rows = await queries.profiles(after=call.page.after or "", limit=call.page.limit)
    return page([_view(row) for row in rows], call.page, key=lambda view: view.name)


async def show(call: Call[None]) -> ProfileView:
    return _view(await queries.profile(call.path["profile"]))


async def put(call: Call[ProfileIn]) -> ProfileView:
    name, wanted = call.path["profile"], call.body
    await operations.put_profile(
        Profile(
            name=name,
            activities=tuple(wanted.activities),
            sign_in=wanted.sign_in,
            language=wanted.language,
            quiet_minutes=wanted.quiet_minutes,
            double_read_ms=wanted.double_read_ms,
            manager_adjusts=wanted.manager_adjusts,
        )
    )
    return _view(await queries.profile(name))


async def remove(call: Call[None]) -> None:
    await operations.remove_profile(call.path["profile"])


async def chosen(call: Call[None]) -> SiteProfile:
    await site(call.path["site"])
    return SiteProfile(profile=await queries.chosen(call.path["site"]))


async def choose(call: Call[SiteProfile]) -> SiteProfile:
    await operations.choose_profile(call.path["site"], call.body.profile)
    return call.body


def _view(row: Profile) -> ProfileView:
    return ProfileView(
        name=row.name,
        activities=list(row.activities),
        sign_in=row.sign_in,
        language=row.language,
        quiet_minutes=row.quiet_minutes,
        double_read_ms=row.double_read_ms,
        manager_adjusts=row.manager_adjusts,
    )


_ALL = "/api/v1/station-profiles"
_ONE = "/api/v1/station-profiles/{profile}"
_OF_SITE = "/api/v1/sites/{site}/station-profile"
_READ, _WRITE = Permission.FLEET_READ, Permission.FLEET_WRITE

ROUTES = [
    Route("GET", _ALL, listing, permission=_READ, reply=Page[ProfileView], summary="List station profiles"),
    Route("GET", _ONE, show, permission=_READ, reply=ProfileView, summary="A station profile"),
    Route(
        "PUT",
        _ONE,
        put,
        permission=_WRITE,
        body=ProfileIn,
        reply=ProfileView,
        whole_chain=True,
        summary="Set a station profile; boxes have it with their next pull",
        example=ProfileIn(activities=["receiving", "counting", "shelf_label"], sign_in="badge"),
    ),
    Route("DELETE", _ONE, remove, permission=_WRITE, whole_chain=True, summary="Remove a station profile that no site has"),
    Route("GET", _OF_SITE, chosen, permission=_READ, reply=SiteProfile, summary="The profile of a site's stations"),
    Route(
        "PUT",
        _OF_SITE,
        choose,
        permission=_WRITE,
        body=SiteProfile,
        reply=SiteProfile,
        summary="Choose the profile of a site's stations that name none themselves",
        example=SiteProfile(profile="stock-room"),
    ),
]
