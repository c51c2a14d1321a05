"""The pages of reports, their files, and the opening stock."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.http.errors import Problem
from controller.http.routing import BadParameter, Permission, page
from controller.http.uploads import XLSX
from controller.reports import opening, opening_queries
from controller.reports.api import asked_for, report_named
from controller.reports.files import Sheet, csv_of, file_name, pieces
from controller.reports.model import Asked, Report
from controller.reports.table import REPORTS
from controller.sites.queries import sites as sites_of
from controller.web.access import FILE, actor_of
from controller.web.forms import sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES

SECTION: Final = "/reports"
OPENING: Final = "/stock/import"
KEPT: Final = ("site", "product", "q", "from", "to")


@dataclass(frozen=True, slots=True)
class ReportPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self.pages.show(request, "reports.html", SECTION, {"reports": list(REPORTS)})

    async def report(self, request: web.Request) -> web.StreamResponse:
        report, asked = _of(request)
        wanted = page_request(request)
        try:
            rows = await report.rows(asked, wanted.after or "", wanted.limit)
        except ValueError as error:
            raise BadParameter("after", "a cursor as an earlier page gave it") from error
        shown = page(rows, wanted, key=lambda row: row.key)
        values: Values = {
            "report": report,
            "rows": [dict(zip([column.name for column in report.columns], row.cells, strict=True)) for row in shown.items],
            "bars": await report.bars(asked) if shown.items else [],
            "asked": asked,
            "sites": [row.id for row in await sites_of(limit=MAX_SITES, only=asked.sites)],
            "kept": {name: text_of(request, name) for name in KEPT if text_of(request, name)},
            **paged(request, {"next": shown.next}, *KEPT),
        }
        return await self.pages.show(request, "report.html", SECTION, values)

    async def as_csv(self, request: web.Request) -> web.StreamResponse:
        report, asked = _of(request)
        return await streamed(request, file_name(report, asked, "csv"), "text/csv; charset=utf-8", csv_of(report, asked))

    async def as_xlsx(self, request: web.Request) -> web.StreamResponse:
        report, asked = _of(request)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.xlsx"
            await _write(path, report, asked)
            return await streamed(request, file_name(report, asked, "xlsx"), XLSX, _bytes_of(path))

    async def opening(self, request: web.Request) -> web.StreamResponse:
        return await self._opening(request)

    async def _opening(self, request: web.Request, error: str = "", status: int = 200) -> web.Response:
        wanted = page_request(request)
        rows = await opening_queries.files(before=wanted.number(), limit=wanted.limit, sites=actor_of(request).sites)
        shown = page(rows, wanted, key=lambda row: row.id)
        values: Values = {"rows": shown.items, "error": error, "new_key": new_key, **paged(request, {"next": shown.next})}
        return await self.pages.show(request, "opening.html", OPENING, values, status=status)

    async def send(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        name, body = request.get(FILE) or ("", b"")
        if not body:
            return await self._opening(request, "malformed_form", status=422)
        try:
            found: list[int] = []

            async def check() -> None:
                found.append(await opening.check(body, name, sites=sent.actor.sites))

            await sent.acting(check)
        except DomainError as error:
            return await self._opening(request, error.code, status=422)
        return see_other(f"{OPENING}/{found[0]}")

    async def file(self, request: web.Request) -> web.StreamResponse:
        wanted, actor = page_request(request), actor_of(request)
        row = await opening_queries.file(_id(request), actor.sites)
        only = text_of(request, "only")
        lines = await opening_queries.lines(
            row.id, after=wanted.number(), limit=wanted.limit, bad={"bad": True, "good": False}.get(only)
        )
        shown = page(lines, wanted, key=lambda line: line.line)
        values: Values = {
            "row": row,
            "lines": shown.items,
            "errors": await opening_queries.errors(row.id),
            "only": only,
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true",
            **paged(request, {"next": shown.next}, "only"),
        }
        return await self.pages.show(request, "opening_file.html", OPENING, values)

    async def errors(self, request: web.Request) -> web.StreamResponse:
        row = await opening_queries.file(_id(request), actor_of(request).sites)
        name = f"opening_stock_{row.id}_errors.csv"
        return await streamed(request, name, "text/csv; charset=utf-8", opening_queries.error_report(row.id))

    async def decide(self, request: web.Request) -> web.StreamResponse:
        sent, file_id = sent_by(request), _id(request)
        await opening_queries.file(file_id, sent.actor.sites)
        verb = {"confirm": opening.confirm, "discard": opening.discard}.get(sent.field("verb"))
        if verb is None:
            raise Problem(400, "malformed_form", "`verb`: expected confirm or discard.")
        await sent.once(lambda: verb(file_id))
        return see_other(f"{OPENING}/{file_id}")


def _of(request: web.Request) -> tuple[Report, Asked]:
    report = report_named(request.match_info["report"])
    return report, asked_for({name: text_of(request, name) for name in KEPT}, actor_of(request).sites)


def _id(request: web.Request) -> int:
    text = request.match_info["file"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("opening-stock file", text[:40])
    return int(text)


async def _write(path: Path, report: Report, asked: Asked) -> None:
    """Row by row, in a thread: a million rows take no more memory than one batch of them."""
    loop = asyncio.get_running_loop()
    sheet = await loop.run_in_executor(None, Sheet, path, report)
    async for rows in pieces(report, asked):
        await loop.run_in_executor(None, sheet.add, rows)
    await loop.run_in_executor(None, sheet.save)


async def _bytes_of(path: Path) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    with path.open("rb") as file:
        while piece := await loop.run_in_executor(None, file.read, 1 << 16):
            yield piece


async def streamed(request: web.Request, name: str, media_type: str, body: AsyncIterator[bytes]) -> web.StreamResponse:
    """A file to be kept, sent piece by piece."""
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    async for piece in body:
        await response.write(piece)
    await response.write_eof()
    return response


def report_routes(pages: Pages) -> list[PageRoute]:
    shown = ReportPages(pages)
    read, write = Permission.PURCHASING_READ, Permission.STOCK_WRITE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("GET", f"{SECTION}/{{report}}", shown.report, permission=read),
        PageRoute("GET", f"{SECTION}/{{report}}/file.csv", shown.as_csv, permission=read),
        PageRoute("GET", f"{SECTION}/{{report}}/file.xlsx", shown.as_xlsx, permission=read),
        PageRoute("GET", OPENING, shown.opening, permission=write),
        PageRoute("POST", OPENING, shown.send, permission=write, with_file=True),
        PageRoute("GET", f"{OPENING}/{{file}}", shown.file, permission=write),
        PageRoute("POST", f"{OPENING}/{{file}}", shown.decide, permission=write),
        PageRoute("GET", f"{OPENING}/{{file}}/errors.csv", shown.errors, permission=write),
    ]
