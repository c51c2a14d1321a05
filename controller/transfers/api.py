"""Transfers between sites over HTTP.  What leaves and what comes is told by stations; the office plans, approves and decides."""

from __future__ import annotations

from typing import TypeVar

from controller.errors import NotFound
from controller.http.routing import BadParameter, Call, Created, Page, Permission, Route, page
from controller.transfers import operations, queries
from controller.transfers.operations import Decision, NewLine, NewTransfer, Settlement
from controller.transfers.queries import Asked, StoredTransfer
from controller.transfers.states import TransferState
from controller.transfers.views import (
    BookingView,
    PlanLine,
    PlanLines,
    PlanTransfer,
    Settle,
    TransferDetail,
    TransferLineView,
    TransferView,
    transfer_view,
)

T = TypeVar("T")


async def plan(call: Call[PlanTransfer]) -> Created[TransferDetail]:
    wanted = call.body
    _both_here(call, wanted.from_site, wanted.to_site)
    new = NewTransfer(from_site=wanted.from_site, to_site=wanted.to_site, lines=_lines(wanted.lines), note=wanted.note)
    number = await operations.create(new)
    return Created(await _detail(await queries.transfer(number)), location=f"/api/v1/transfers/{number}")


def _both_here(call: Call[PlanTransfer], *sites: str) -> None:
    for site in sites:
        if call.actor.sites is not None and site not in call.actor.sites:
            raise NotFound("site", site)


async def listing(call: Call[None]) -> Page[TransferView]:
    asked = Asked(
        state=_state(call.query.get("state", "")),
        site=call.query.get("site", ""),
        q=call.query.get("q", ""),
        only_open=call.query.get("open") == "yes",
    )
    rows = await queries.transfers(asked, before=call.page.number() or None, limit=call.page.limit, sites=call.actor.sites)
    shown = page(rows, call.page, key=lambda row: row.id)
    return Page(items=[transfer_view(row) for row in shown.items], next=shown.next)


async def show(call: Call[None]) -> TransferDetail:
    return await _detail(await _visible(call))


async def change(call: Call[PlanLines]) -> TransferDetail:
    found = await _mine(call)
    await operations.change_lines(found.number, _lines(call.body.lines))
    return await show_again(found)


async def approve(call: Call[None]) -> TransferDetail:
    found = await _mine(call)
    await operations.approve(found.number)
    return await show_again(found)


async def cancel(call: Call[None]) -> TransferDetail:
    found = await _mine(call)
    await operations.cancel(found.number)
    return await show_again(found)


async def close_sent(call: Call[None]) -> TransferDetail:
    found = await _mine(call)
    await operations.close(found.number, sent=True)
    return await show_again(found)


async def close_received(call: Call[None]) -> TransferDetail:
    found = await _mine(call)
    await operations.close(found.number, sent=False)
    return await show_again(found)


async def settle(call: Call[Settle]) -> TransferDetail:
    found, wanted = await _mine(call), call.body
    settlement = Settlement(sku=wanted.sku, quantity=wanted.quantity, decision=wanted.decision, reason=wanted.reason)
    await operations.settle(found.number, settlement)
    return await show_again(found)


async def show_again(found: StoredTransfer) -> TransferDetail:
    return await _detail(await queries.transfer(found.number))


async def _visible(call: Call[T]) -> StoredTransfer:
    return await queries.transfer(call.path["no"], sites=call.actor.sites)


async def _mine(call: Call[T]) -> StoredTransfer:
    """One that the caller may change: both of its sites are theirs, so far as they are known.  Raises NotFound."""
    found = await _visible(call)
    sites = {found.from_site, found.to_site} - {None}
    if call.actor.sites is not None and not sites <= set(call.actor.sites):
        raise NotFound("transfer", found.number)
    return found


def _lines(lines: list[PlanLine]) -> list[NewLine]:
    return [NewLine(sku=line.sku, quantity=line.quantity) for line in lines]


def _state(text: str) -> TransferState | None:
    if not text:
        return None
    try:
        return TransferState(text)
    except ValueError as error:
        raise BadParameter("state", f"one of {', '.join(TransferState)}") from error


async def _detail(found: StoredTransfer) -> TransferDetail:
    lines = [
        TransferLineView(
            sku=row.sku,
            name_en=row.name_en,
            name_zh=row.name_zh,
            base_unit=row.base_unit,
            quantity=row.quantity,
            sent=row.sent,
            received=row.received,
            damaged=row.damaged,
            lost=row.lost,
            found=row.found,
            in_transit=row.in_transit,
        )
        for row in await queries.lines(found.id)
    ]
    bookings = [
        BookingView(
            kind=row.kind,
            sku=row.sku,
            quantity=row.quantity,
            site=row.site,
            place=row.place,
            lot=row.lot,
            occurred_at=row.occurred_at,
            person=row.person,
            reason=row.reason,
            undone=row.is_undone,
        )
        for row in await queries.bookings(found.id)
    ]
    return TransferDetail(transfer=transfer_view(found), lines=lines, bookings=bookings)


READ, WRITE = Permission.TRANSFERS_READ, Permission.TRANSFERS_WRITE
ALL, ONE = "/api/v1/transfers", "/api/v1/transfers/{no}"
_LINES = [PlanLine(sku="milk-250", quantity=24)]
ROUTES = [
    Route(
        "GET",
        ALL,
        listing,
        permission=READ,
        reply=Page[TransferView],
        summary="List transfers, the newest first",
        filters={
            "state": "only those in this state",
            "site": "only those that leave or reach this site",
            "q": "part of the number",
            "open": "`yes`: only those that are not done",
        },
    ),
    Route(
        "POST",
        ALL,
        plan,
        permission=WRITE,
        body=PlanTransfer,
        reply=TransferDetail,
        summary="Plan a transfer: a draft",
        example=PlanTransfer(from_site="s1", to_site="s2", lines=_LINES, note="before the weekend"),
    ),
    Route("GET", ONE, show, permission=READ, reply=TransferDetail, summary="One transfer: lines, and the movements behind them"),
    Route(
        "PUT",
        f"{ONE}/lines",
        change,
        permission=WRITE,
        body=PlanLines,
        reply=TransferDetail,
        summary="Change the lines of a draft",
        example=PlanLines(lines=_LINES),
    ),
    Route(
        "POST",
        f"{ONE}/approve",
        approve,
        permission=WRITE,
        reply=TransferDetail,
        summary="Approve a transfer: its goods are held where they are, and expected where they go",
    ),
    Route(
        "POST", f"{ONE}/cancel", cancel, permission=WRITE, reply=TransferDetail, summary="Cancel a transfer that nothing left for"
    ),
    Route(
        "POST", f"{ONE}/close-sent", close_sent, permission=WRITE, reply=TransferDetail, summary="Say that all that goes has left"
    ),
    Route(
        "POST",
        f"{ONE}/close-received",
        close_received,
        permission=WRITE,
        reply=TransferDetail,
        summary="Say that all that comes has come",
    ),
    Route(
        "POST",
        f"{ONE}/settle",
        settle,
        permission=WRITE,
        body=Settle,
        reply=TransferDetail,
        summary="Decide what became of goods that did not arrive as they left",
        example=Settle(sku="milk-250", quantity=2, decision=Decision.LOST, reason="the van was searched"),
    ),
]
