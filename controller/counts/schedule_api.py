"""Sessions that plan themselves, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.counts import scheduling
from controller.counts.scheduling import Schedule
from controller.counts.states import SessionKind
from controller.http.routing import PLAIN, Call, Permission, Route
from controller.sites.queries import site as site_of


class CountScheduleIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind`: class (`scope` A, B, C or all), zone (`scope` its name), suspicion.  `every_days` 0: not any more."""

    kind: Annotated[str, Meta(pattern="^(class|zone|suspicion)$")]
    every_days: Annotated[int, Meta(ge=0, le=366)]
    scope: Annotated[str, Meta(max_length=40, pattern=PLAIN)] = ""
    blind: bool = True
    counters: Annotated[int, Meta(ge=1, le=20)] = 1
    most: Annotated[int, Meta(ge=1, le=2000)] = 2000


class CountScheduleView(Struct, frozen=True, kw_only=True):
    """`next_at`: when the next session is planned, unless it is paused; `last_no`: the one that was planned last."""

    kind: str
    scope: str
    every_days: int
    blind: bool
    counters: int
    most: int
    next_at: datetime | None
    last_no: str | None
    is_paused: bool


class PauseSchedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which schedule: its kind and scope.  Paused, it plans nothing until it is let go on."""

    kind: Annotated[str, Meta(pattern="^(class|zone|suspicion)$")]
    is_paused: bool
    scope: Annotated[str, Meta(max_length=40, pattern=PLAIN)] = ""


class CountSchedules(Struct, frozen=True, kw_only=True):
    """None: nothing is planned by itself."""

    items: list[CountScheduleView]


async def listing(call: Call[None]) -> CountSchedules:
    await site_of(call.path["site"])
    return await _all(call.path["site"])


async def put(call: Call[CountScheduleIn]) -> CountSchedules:
    asked = call.body
    schedule = Schedule(
        site=call.path["site"],
        kind=SessionKind(asked.kind),
        scope=asked.scope,
        every_days=asked.every_days,
        blind=asked.blind,
        counters=asked.counters,
        most=asked.most,
    )
    await scheduling.set_schedule(schedule)
    return await _all(call.path["site"])


async def pause(call: Call[PauseSchedule]) -> CountSchedules:
    asked = call.body
    await scheduling.pause(call.path["site"], SessionKind(asked.kind), asked.scope, is_paused=asked.is_paused)
    return await _all(call.path["site"])


async def _all(site: str) -> CountSchedules:
    names = CountScheduleView.__struct_fields__
    found = await scheduling.schedules(site)
    return CountSchedules(items=[CountScheduleView(**{name: getattr(each, name) for name in names}) for each in found])


_PATH = "/api/v1/sites/{site}/counts/schedules"
ROUTES = [
    Route(
        "GET",
        _PATH,
        listing,
        permission=Permission.COUNTS_READ,
        reply=CountSchedules,
        summary="List the sessions of counts that plan themselves at a site",
    ),
    Route(
        "PUT",
        _PATH,
        put,
        permission=Permission.COUNTS_APPROVE,
        body=CountScheduleIn,
        reply=CountSchedules,
        summary="Have sessions of a kind planned every so many days, or (0) not any more",
        example=CountScheduleIn(kind="class", scope="A", every_days=7, most=50),
    ),
    Route(
        "POST",
        f"{_PATH}/pause",
        pause,
        permission=Permission.COUNTS_APPROVE,
        body=PauseSchedule,
        reply=CountSchedules,
        summary="Pause a schedule, or let it go on",
        example=PauseSchedule(kind="class", scope="A", is_paused=True),
    ),
]
