"""Deciding about differences over HTTP.  Only these routes tell what was expected."""

from __future__ import annotations

from collections.abc import Mapping

from controller.counts import review_queries, reviewing, sessions, unmatched
from controller.counts.api import seen, session_view
from controller.counts.pieces import pieces_of
from controller.counts.queries import Session, session
from controller.counts.reviewing import Verdict
from controller.counts.states import RowState
from controller.counts.views import (
    CountAcceptAllIn,
    CountAccepted,
    CountDecisionIn,
    CountLinkIn,
    CountMovedView,
    CountNoteIn,
    CountPartView,
    CountPieceView,
    CountRowDetail,
    CountRowView,
    CountScanView,
    CountView,
)
from controller.errors import Forbidden
from controller.http.routing import BadParameter, Call, Page, Permission, Route, number, page

_STATES = frozenset({"differences", "waiting", "all", *RowState})


async def rows(call: Call[None]) -> Page[CountRowView]:
    found, state = await _fresh(call), call.query.get("state", "differences")
    if state not in _STATES:
        raise BadParameter("state", f"one of {', '.join(sorted(_STATES))}")
    wanted = await review_queries.rows(found.id, after=cursor(call.page.after), limit=call.page.limit, state=state)
    shown = page(wanted, call.page, key=lambda row: f"{row.weight}-{row.id}")
    return Page(items=[_row(row) for row in shown.items], next=shown.next)


def cursor(after: str | None) -> tuple[int, int] | None:
    """Weight and id of the last row shown.  Raises BadParameter."""
    if after is None:
        return None
    weight, _, row_id = after.partition("-")
    return number(weight, "after"), number(row_id, "after")


async def _fresh(call: Call[None]) -> Session:
    """The session, brought up to what facts said since."""
    found = await seen(call)
    return await session(found.no) if await sessions.refresh(found.no) else found


async def row(call: Call[None]) -> CountRowDetail:
    found = await _fresh(call)
    one = await review_queries.row(found.no, _id(call.path, "row"))
    scans, moved = await review_queries.evidence(one), await review_queries.movements(one)
    names = CountMovedView.__struct_fields__
    return CountRowDetail(
        row=_row(one),
        scans=[_scan(each) for each in scans],
        movements=[CountMovedView(**{name: getattr(each, name) for name in names}) for each in moved],
        pieces=[CountPieceView(serial=each.serial, what=each.what, bin=each.bin) for each in await pieces_of(one)],
    )


async def parts(call: Call[None]) -> Page[CountPartView]:
    found = await seen(call)
    wanted = await review_queries.parts(found.id, after=call.page.number(), limit=call.page.limit)
    shown = page(wanted, call.page, key=lambda each: each.id)
    names = CountPartView.__struct_fields__
    return Page(items=[CountPartView(**{name: getattr(each, name) for name in names}) for each in shown.items], next=shown.next)


async def unread(call: Call[None]) -> Page[CountScanView]:
    found = await seen(call)
    wanted = await review_queries.unmatched(found.id, after=call.page.number(), limit=call.page.limit)
    shown = page(wanted, call.page, key=lambda each: each.id)
    return Page(items=[_scan(each) for each in shown.items], next=shown.next)


async def accept(call: Call[CountDecisionIn]) -> CountRowView:
    found = await seen(call)
    await reviewing.accept(found.no, _id(call.path, "row"), _verdict(call, found))
    return await _one(call)


async def reject(call: Call[CountDecisionIn]) -> CountRowView:
    found = await seen(call)
    await reviewing.reject(found.no, _id(call.path, "row"), _verdict(call, found))
    return await _one(call)


async def recount(call: Call[None]) -> CountRowView:
    await reviewing.recount((await seen(call)).no, _id(call.path, "row"))
    return await _one(call)


async def undo(call: Call[CountNoteIn]) -> CountRowView:
    await reviewing.undo((await seen(call)).no, _id(call.path, "row"), call.body.note)
    return await _one(call)


async def accept_all(call: Call[CountAcceptAllIn]) -> CountAccepted:
    found, told = await seen(call), call.body
    verdict = Verdict(reason=told.reason, note=told.note, may_approve=_may_approve(call, found))
    return CountAccepted(rows=await reviewing.accept_all(found.no, told.rows, verdict))


async def withdraw_recount(call: Call[None]) -> CountView:
    found = await seen(call)
    await reviewing.withdraw_recount(found.no, _id(call.path, "bin"))
    return session_view(await session(found.no))


async def set_aside(call: Call[CountNoteIn]) -> CountView:
    found = await seen(call)
    await unmatched.set_aside(found.no, _id(call.path, "scan"), call.body.note)
    return session_view(await session(found.no))


async def link(call: Call[CountLinkIn]) -> CountView:
    found = await seen(call)
    if not call.actor.may_at(Permission.CATALOG_WRITE, found.site):
        raise Forbidden("linking a barcode needs the permission catalog.write")
    where = None if call.actor.at(Permission.CATALOG_WRITE).sites is None else found.site
    await unmatched.link(found.no, _id(call.path, "scan"), call.body.sku, units=call.body.units, site=where)
    return session_view(await session(found.no))


def _id(path: Mapping[str, str], name: str) -> int:
    return number(path[name], name)


def _may_approve(call: Call[CountAcceptAllIn] | Call[CountDecisionIn], found: Session) -> bool:
    return call.actor.may_at(Permission.COUNTS_APPROVE, found.site)


def _verdict(call: Call[CountDecisionIn], found: Session) -> Verdict:
    told = call.body
    return Verdict(reason=told.reason, note=told.note, seen=told.seen, may_approve=_may_approve(call, found))


async def _one(call: Call[CountDecisionIn] | Call[CountNoteIn] | Call[None]) -> CountRowView:
    return _row(await review_queries.row(call.path["no"], number(call.path["row"], "row")))


def _row(row: review_queries.Row) -> CountRowView:
    return CountRowView(**{name: getattr(row, name) for name in CountRowView.__struct_fields__})


def _scan(line: review_queries.Line) -> CountScanView:
    return CountScanView(**{name: getattr(line, name) for name in CountScanView.__struct_fields__})


_SESSION = "/api/v1/counts/{no}"
_ROW = f"{_SESSION}/rows/{{row}}"
_REVIEW = Permission.COUNTS_REVIEW

ROUTES = [
    Route(
        "GET",
        f"{_SESSION}/rows",
        rows,
        permission=_REVIEW,
        reply=Page[CountRowView],
        summary="What a count comes to, by value of the difference, the greatest first",
        filters={"state": "differences (default), waiting, all, or a row's state"},
    ),
    Route("GET", _ROW, row, permission=_REVIEW, reply=CountRowDetail, summary="One row with its scans, and what moved meanwhile"),
    Route(
        "GET",
        f"{_SESSION}/parts",
        parts,
        permission=_REVIEW,
        reply=Page[CountPartView],
        summary="Who counted which bin, when, with what",
    ),
    Route(
        "GET",
        f"{_SESSION}/unmatched",
        unread,
        permission=_REVIEW,
        reply=Page[CountScanView],
        summary="Scans of a count that say no article",
    ),
    Route(
        "POST",
        f"{_ROW}/accept",
        accept,
        permission=_REVIEW,
        body=CountDecisionIn,
        reply=CountRowView,
        summary="Accept a difference: it is booked as of the instant at which it was counted",
        example=CountDecisionIn(reason="theft", seen=-3),
    ),
    Route(
        "POST",
        f"{_ROW}/reject",
        reject,
        permission=_REVIEW,
        body=CountDecisionIn,
        reply=CountRowView,
        summary="Do not believe a difference: nothing is booked",
        example=CountDecisionIn(note="The shelf behind was not counted"),
    ),
    Route(
        "POST",
        f"{_ROW}/recount",
        recount,
        permission=_REVIEW,
        reply=CountRowView,
        summary="Have its bin counted again by somebody else",
    ),
    Route(
        "POST",
        f"{_ROW}/undo",
        undo,
        permission=_REVIEW,
        body=CountNoteIn,
        reply=CountRowView,
        summary="Take back an acceptance, by reversing entries",
        example=CountNoteIn(note="Wrong row"),
    ),
    Route(
        "POST",
        f"{_SESSION}/accept",
        accept_all,
        permission=_REVIEW,
        body=CountAcceptAllIn,
        reply=CountAccepted,
        summary="Accept all differences that you may decide about; say how many they are",
        example=CountAcceptAllIn(rows=12, reason="count_error"),
    ),
    Route(
        "POST",
        f"{_SESSION}/bins/{{bin}}/withdraw-recount",
        withdraw_recount,
        permission=_REVIEW,
        reply=CountView,
        summary="Nobody needs to count this bin again: what was counted before counts",
    ),
    Route(
        "POST",
        f"{_SESSION}/unmatched/{{scan}}/set-aside",
        set_aside,
        permission=_REVIEW,
        body=CountNoteIn,
        reply=CountView,
        summary="Set a scan aside that is none of our goods",
        example=CountNoteIn(note="A customer's own bottle"),
    ),
    Route(
        "POST",
        f"{_SESSION}/unmatched/{{scan}}/link",
        link,
        permission=_REVIEW,
        body=CountLinkIn,
        reply=CountView,
        summary="Link a scan's symbol to an article; what waits for it is counted soon after",
        example=CountLinkIn(sku="013-1", units=1),
    ),
]
