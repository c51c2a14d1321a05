"""The opening stock over HTTP: send a file, see what it would do, confirm, follow its progress."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from controller.errors import NotFound
from controller.http.routing import BadParameter, Call, Created, Page, Permission, Reply, Route, page
from controller.http.uploads import CSV, with_xlsx
from controller.reports import opening, opening_queries
from controller.reports.opening import CheckedFile
from controller.reports.opening_queries import FileRow, LineRow
from controller.reports.states import FileState


class OpeningFileView(Struct, frozen=True, kw_only=True):
    """`good` of `lines` can be booked, `applied` of them are; `errors`: how many lines have which; `units`: base units in all.

    `occupied`: good lines whose bin holds some of the SKU already: what the file says is added to it.
    """

    id: int
    name: str
    state: FileState
    lines: int
    good: int
    bad: int
    units: int
    occupied: int
    applied: int
    sites: list[str]
    errors: dict[str, int]
    created_at: datetime
    created_by: str
    confirmed_by: str | None
    done_at: datetime | None


class OpeningLineView(Struct, frozen=True, kw_only=True):
    """A line by its number in the file; `error` empty: it can be booked, and then `after` is what will be in the bin."""

    line: int
    site: str
    bin: str
    sku: str
    quantity: str
    lot: str
    expiry: str
    error: str
    before: int
    after: int | None


async def read(call: Call[bytes]) -> CheckedFile:
    return await opening.read(call.body, sites=call.actor.sites)


async def send(call: Call[CheckedFile]) -> Created[OpeningFileView]:
    file_id = await opening.keep(call.body, call.query.get("name", "opening stock"))
    view = await _view(await opening_queries.file(file_id, call.actor.sites))
    return Created(view, location=f"/api/v1/stock/imports/{file_id}")


async def listing(call: Call[None]) -> Page[OpeningFileView]:
    rows = await opening_queries.files(before=call.page.number(), limit=call.page.limit, sites=call.actor.sites)
    return page([await _view(row) for row in rows], call.page, key=lambda view: view.id)


async def show(call: Call[None]) -> OpeningFileView:
    return await _view(await opening_queries.file(_id(call), call.actor.sites))


async def line_list(call: Call[None]) -> Page[OpeningLineView]:
    await opening_queries.file(_id(call), call.actor.sites)
    only = call.query.get("only", "")
    if only not in ("", "bad", "good"):
        raise BadParameter("only", "bad or good")
    bad = {"": None, "bad": True, "good": False}[only]
    rows = await opening_queries.lines(_id(call), after=call.page.number(), limit=call.page.limit, bad=bad)
    return page([_line(row) for row in rows], call.page, key=lambda view: view.line)


async def errors(call: Call[None]) -> Reply:
    await opening_queries.file(_id(call), call.actor.sites)
    body = b"".join([piece async for piece in opening_queries.error_report(_id(call))])
    return Reply(body, "text/csv; charset=utf-8")


async def confirm(call: Call[None]) -> OpeningFileView:
    await opening_queries.file(_id(call), call.actor.sites)
    await opening.confirm(_id(call))
    return await show(call)


async def discard(call: Call[None]) -> OpeningFileView:
    await opening_queries.file(_id(call), call.actor.sites)
    await opening.discard(_id(call))
    return await show(call)


def _id(call: Call[Any]) -> int:
    text = call.path["file"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("opening-stock file", text[:40])
    return int(text)


async def _view(row: FileRow) -> OpeningFileView:
    return OpeningFileView(
        id=row.id,
        name=row.name,
        state=FileState(row.state),
        lines=row.lines,
        good=row.good,
        bad=row.bad,
        units=row.units,
        occupied=row.occupied,
        applied=row.applied,
        sites=row.sites,
        errors=await opening_queries.errors(row.id),
        created_at=row.created_at,
        created_by=row.created_by,
        confirmed_by=row.confirmed_by,
        done_at=row.done_at,
    )


def _line(row: LineRow) -> OpeningLineView:
    return OpeningLineView(
        line=row.line,
        site=row.site,
        bin=row.bin,
        sku=row.sku,
        quantity=row.amount,
        lot=row.lot,
        expiry=row.expiry,
        error=row.error,
        before=row.there,
        after=None if row.quantity is None else row.there + row.quantity,
    )


_ALL, _ONE = "/api/v1/stock/imports", "/api/v1/stock/imports/{file}"
_READ, _WRITE = Permission.STOCK_WRITE, Permission.STOCK_WRITE
_NAMED = {"name": "the file's name, for people"}

ROUTES = [
    Route("GET", _ALL, listing, permission=_READ, reply=Page[OpeningFileView], summary="Opening-stock files, the newest first"),
    *with_xlsx(
        Route(
            "POST",
            _ALL,
            send,
            before=read,
            permission=_WRITE,
            body=bytes,
            accepts=CSV,
            reply=OpeningFileView,
            summary="Check an opening stock (CSV: site, bin, sku, quantity, lot, expiry, cost); nothing is booked yet",
            filters=_NAMED,
            example=b"site,bin,sku,quantity\ns1,A-01,TEA-500,48\n",
        )
    ),
    Route("GET", _ONE, show, permission=_READ, reply=OpeningFileView, summary="An opening-stock file and how far it is"),
    Route(
        "GET",
        f"{_ONE}/lines",
        line_list,
        permission=_READ,
        reply=Page[OpeningLineView],
        summary="Its lines: what each would do, or what is wrong with it",
        filters={"only": "bad or good"},
    ),
    Route("GET", f"{_ONE}/errors.csv", errors, permission=_READ, summary="Every line that cannot be booked, as CSV"),
    Route("POST", f"{_ONE}/confirm", confirm, permission=_WRITE, reply=OpeningFileView, summary="Book its good lines"),
    Route("POST", f"{_ONE}/discard", discard, permission=_WRITE, reply=OpeningFileView, summary="Book none of it"),
]
