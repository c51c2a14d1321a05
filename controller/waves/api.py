"""Waves over HTTP: composed, looked at, released, cancelled, printed.  Their rules: `rule_api.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.fulfilment.states import PickListState
from controller.http.routing import PLAIN, BadParameter, Call, Page, Permission, Route, page
from controller.sites.queries import site as site_of
from controller.waves import operations, queries
from controller.waves.composing import compose_waves
from controller.waves.numbers import WAVES
from controller.waves.papers import print_lists
from controller.waves.policies import Test
from controller.waves.queries import StoredPart, StoredWave
from controller.waves.states import Mode, PartState, WaveState

T = TypeVar("T")
Order = Annotated[str, Meta(pattern=r"^SO-[0-9]{6,18}$(?!\n)")]


class ProgressView(Struct, frozen=True, kw_only=True):
    """Parts without a list yet (`planned`), lists by how far they are, and lines: how many of them are fetched or short."""

    planned: int
    waiting: int
    claimed: int
    picking: int
    picked: int
    packed: int
    withdrawn: int
    left_out: int
    lines: int
    lines_done: int


class WaveView(Struct, frozen=True, kw_only=True):
    """`rule`: as it was called when it composed this; `totes`: lists that one person carries at once; `due_at`: the earliest."""

    no: str
    site: str
    rule: str
    mode: Mode
    totes: int
    state: WaveState
    due_at: datetime | None
    composed_at: datetime
    composed_by: str
    released_at: datetime | None
    released_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str
    progress: ProgressView


class WorkerView(Struct, frozen=True, kw_only=True):
    """Who has so many lists of it in hand now, and for how many they fetched something."""

    who: str
    in_hand: int
    fetched: int


class WaveDetail(Struct, frozen=True, kw_only=True):
    wave: WaveView
    workers: list[WorkerView]


class PartView(Struct, frozen=True, kw_only=True):
    """An order's part: which conditions of the rule it met, why it was left out (a code, and words), how far its list is."""

    position: int
    cluster: int
    order: str
    state: PartState
    lines: int
    units: int
    because: list[Test]
    code: str
    detail: str
    due_at: datetime | None
    pick_list: str | None
    list_state: PickListState | None
    claimed_by: str | None
    claimed_box: str | None
    claimed_at: datetime | None
    tote: str | None


class ComposeWaves(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rules`: by their ids, only the waves of these; empty: of all."""

    rules: Annotated[list[Annotated[int, Meta(ge=1, le=2**53)]], Meta(max_length=50)] = []
    release: bool = False


class ComposedWaves(Struct, frozen=True, kw_only=True):
    waves: list[WaveView]


class CancelWave(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=operations.MAX_REASON, pattern=PLAIN)]


class CancelledWave(Struct, frozen=True, kw_only=True):
    """`given_back` parts wait again; `kept` lists are in somebody's hands, and go on."""

    wave: WaveView
    given_back: int
    kept: int


class TakeOut(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    order: Order


class TakenOut(Struct, frozen=True, kw_only=True):
    """`taken`: it was in the plan, and is not any more."""

    taken: bool


class PrintWave(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    box: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$(?!\n)")]


class PrintedWave(Struct, frozen=True, kw_only=True):
    sheets: int


async def listing(call: Call[None]) -> Page[WaveView]:
    rows = await queries.waves(
        before=call.page.number() or None,
        limit=call.page.limit,
        state=_state(call.query.get("state")),
        site=call.query.get("site", ""),
        sites=call.actor.sites,
    )
    return page([_view(row) for row in rows], call.page, key=lambda view: WAVES.row_id(view.no))


async def detail(call: Call[None]) -> WaveDetail:
    found = await _seen(call)
    workers = [WorkerView(who=one.who, in_hand=one.in_hand, fetched=one.fetched) for one in await queries.workers(found.id)]
    return WaveDetail(wave=_view(found), workers=workers)


async def members(call: Call[None]) -> Page[PartView]:
    found = await _seen(call)
    rows = await queries.parts(found.id, after=call.page.number(), limit=call.page.limit)
    return page([_part(row) for row in rows], call.page, key=lambda view: view.position)


async def compose(call: Call[ComposeWaves]) -> ComposedWaves:
    await site_of(call.path["site"])
    numbers = await compose_waves(call.path["site"], only=set(call.body.rules) or None)
    for no in numbers if call.body.release else ():
        await operations.release(no)
    return ComposedWaves(waves=[_view(await queries.wave(no)) for no in numbers])


async def release(call: Call[None]) -> WaveView:
    found = await _seen(call)
    await operations.release(found.no)
    return _view(await queries.wave(found.no))


async def cancel(call: Call[CancelWave]) -> CancelledWave:
    found = await _seen(call)
    undone = await operations.cancel(found.no, reason=call.body.reason)
    return CancelledWave(wave=_view(await queries.wave(found.no)), given_back=undone.given_back, kept=undone.kept)


async def take_out(call: Call[TakeOut]) -> TakenOut:
    found = await _seen(call)
    return TakenOut(taken=await operations.take_out(found.no, call.body.order))


async def printing(call: Call[PrintWave]) -> PrintedWave:
    found = await _seen(call)
    return PrintedWave(sheets=await print_lists(found.no, box=call.body.box))


async def _seen(call: Call[T]) -> StoredWave:
    """Raises NotFound, for a wave of another site too."""
    found = await queries.wave(call.path["no"])
    if call.actor.sites is not None and found.site not in call.actor.sites:
        raise NotFound(WAVES.what, found.no)
    return found


def _state(text: str | None) -> WaveState | None:
    if text is None:
        return None
    if text not in set(WaveState):
        raise BadParameter("state", f"one of {', '.join(WaveState)}")
    return WaveState(text)


def _view(row: StoredWave) -> WaveView:
    fields = {name: getattr(row, name) for name in WaveView.__struct_fields__ if name != "progress"}
    return WaveView(progress=_progress(row), **fields)


def _progress(row: StoredWave) -> ProgressView:
    return ProgressView(**{name: getattr(row.progress, name) for name in ProgressView.__struct_fields__})


def _part(row: StoredPart) -> PartView:
    fields = {name: getattr(row, name) for name in PartView.__struct_fields__ if name != "because"}
    return PartView(because=[Test(word) for word in row.because], **fields)


_BASE = "/api/v1/waves"

ROUTES = [
    Route(
        "GET",
        _BASE,
        listing,
        permission=Permission.FULFILMENT_READ,
        reply=Page[WaveView],
        summary="List waves with their progress, the newest first",
        filters={"state": "only those in this state", "site": "only those of this site"},
    ),
    Route(
        "GET",
        f"{_BASE}/{{no}}",
        detail,
        permission=Permission.FULFILMENT_READ,
        reply=WaveDetail,
        summary="One wave: how far it is, and who has lists of it",
    ),
    Route(
        "GET",
        f"{_BASE}/{{no}}/parts",
        members,
        permission=Permission.FULFILMENT_READ,
        reply=Page[PartView],
        summary="The orders of a wave in the order in which they are served, why each is in it, and its pick list",
    ),
    Route(
        "POST",
        "/api/v1/sites/{site}/waves",
        compose,
        permission=Permission.WAVES_MANAGE,
        body=ComposeWaves,
        reply=ComposedWaves,
        summary="Compose waves of what waits at a site, by its rules; release them at once if asked to",
        example=ComposeWaves(rules=[], release=False),
    ),
    Route(
        "POST",
        f"{_BASE}/{{no}}/release",
        release,
        permission=Permission.WAVES_MANAGE,
        reply=WaveView,
        summary="Release a wave: its pick lists are made from now on, some hundred at a time",
    ),
    Route(
        "POST",
        f"{_BASE}/{{no}}/cancel",
        cancel,
        permission=Permission.WAVES_MANAGE,
        body=CancelWave,
        reply=CancelledWave,
        summary="Cancel a wave: what nobody has in hand waits again",
        example=CancelWave(reason="the carrier comes tomorrow"),
    ),
    Route(
        "POST",
        f"{_BASE}/{{no}}/take-out",
        take_out,
        permission=Permission.WAVES_MANAGE,
        body=TakeOut,
        reply=TakenOut,
        summary="Take an order out of a wave that is not released yet",
        example=TakeOut(order="SO-100001"),
    ),
    Route(
        "POST",
        f"{_BASE}/{{no}}/print",
        printing,
        permission=Permission.FULFILMENT_WRITE,
        body=PrintWave,
        reply=PrintedWave,
        summary="Print what is still to be picked of a wave, a sheet per list or cluster, at a box of its site",
        example=PrintWave(box="b1"),
    ),
]
