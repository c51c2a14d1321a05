"""Files of sales over HTTP: looked at first, then taken in piece by piece by a process with the role `jobs`."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from msgspec import Struct

from controller.errors import NotFound
from controller.http.routing import BadParameter, Call, Created, Page, Permission, Reply, Route, number, page
from controller.http.uploads import CSV, with_xlsx
from controller.sales import imports
from controller.sales.imports import ReadFile, SalesImport
from controller.sales.rows import Dates, HowToRead, RowError, SalesFile

ERRORS_SHOWN = 1000


class RowErrorView(Struct, frozen=True, kw_only=True):
    line: int
    column: str
    reason: str


class SalesPreview(Struct, frozen=True, kw_only=True):
    """What would be taken in; nothing was written.  `errors` are the first thousand of `bad_rows`.

    `same_lines`: rows that say the same as an earlier one of their receipt; they count.  `returned`: rows of what came back.
    """

    rows: int
    receipts: int
    lines: int
    bad_rows: int
    same_lines: int
    returned: int
    first: datetime | None
    last: datetime | None
    errors: list[RowErrorView]


class SalesImportView(Struct, frozen=True, kw_only=True):
    """How far it is: `receipts_done` of `receipts`.  `no_goods`: lines whose codes are none.  `failed`: why it was given up."""

    id: int
    site: str
    rows: int
    receipts: int
    receipts_done: int
    booked: int
    repeated: int
    waiting: int
    conflicts: int
    no_goods: int
    bad_rows: int
    started_at: datetime
    started_by: str
    finished_at: datetime | None
    failed: str | None


async def preview(call: Call[bytes]) -> SalesPreview:
    return _preview(await imports.preview(call.body, how_of(call)))


async def read(call: Call[bytes]) -> ReadFile:
    return await imports.read(call.body, how_of(call))


async def begin(call: Call[ReadFile]) -> Created[SalesImportView]:
    started = await imports.keep(call.body)
    return Created(_view(await imports.sales_import(started)), location=f"/api/v1/sales-imports/{started}")


async def listing(call: Call[None]) -> Page[SalesImportView]:
    rows = await imports.sales_imports(before=call.page.number() or None, limit=call.page.limit, sites=call.actor.sites)
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


async def show(call: Call[None]) -> SalesImportView:
    return _view(await imports.sales_import(number(call.path["id"], "id"), sites=call.actor.sites))


async def errors(call: Call[None]) -> Reply:
    found = await imports.sales_import(number(call.path["id"], "id"), sites=call.actor.sites)
    return Reply(errors_csv(await imports.errors_of(found.id)), "text/csv; charset=utf-8")


def errors_csv(errors: list[RowError]) -> bytes:
    """Every row that could not be read, for whoever puts the file right."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["line", "column", "reason"])
    writer.writerows([error.line, error.column, error.reason] for error in errors)
    return text.getvalue().encode()


def how_of(call: Call[bytes]) -> HowToRead:
    """How the file of a request is read.  Raises NotFound (site), BadParameter."""
    site = call.query.get("site", "")
    if not site or (call.actor.sites is not None and site not in call.actor.sites):
        raise NotFound("site", site)
    try:
        dates = Dates(call.query.get("dates", Dates.ISO.value))
    except ValueError as error:
        raise BadParameter("dates", f"one of {', '.join(Dates)}") from error
    decimal = call.query.get("decimal", "point")
    if decimal not in ("point", "comma"):
        raise BadParameter("decimal", "`point` or `comma`")
    till = call.query.get("till", "import")
    if not 0 < len(till) <= 40 or not till.isprintable():
        raise BadParameter("till", "1 to 40 printable characters")
    return HowToRead(site=site, time_zone="", currency="", till=till, dates=dates, decimal_comma=decimal == "comma")


def _preview(found: SalesFile) -> SalesPreview:
    instants = [receipt.occurred_at for receipt in found.receipts]
    shown = [RowErrorView(line=error.line, column=error.column, reason=error.reason) for error in found.errors[:ERRORS_SHOWN]]
    return SalesPreview(
        rows=found.rows,
        receipts=len(found.receipts),
        lines=found.lines,
        bad_rows=len(found.errors),
        same_lines=found.same_lines,
        returned=found.returned,
        first=min(instants, default=None),
        last=max(instants, default=None),
        errors=shown,
    )


def _view(row: SalesImport) -> SalesImportView:
    return SalesImportView(**{name: getattr(row, name) for name in SalesImportView.__struct_fields__})


WRITE = Permission.SALES_WRITE
_HOW = {
    "site": "the site that sold it",
    "till": "the till, where the file names none",
    "dates": "how dates are written: iso, mdy or dmy",
    "decimal": "`point` or `comma`",
}
_FILE = "receipt,occurred_at,barcode,quantity,unit_price\n4711,2026-11-21 11:58,6901234567892,2,5.90\n"
ROUTES = [
    *with_xlsx(
        Route(
            "POST",
            "/api/v1/sales-imports/preview",
            preview,
            permission=WRITE,
            body=bytes,
            accepts=CSV,
            reply=SalesPreview,
            summary="Look at a file of sales: what would be taken in, and each row that cannot be read; nothing is written",
            filters=_HOW,
            example=_FILE,
        )
    ),
    *with_xlsx(
        Route(
            "POST",
            "/api/v1/sales-imports",
            begin,
            before=read,
            permission=WRITE,
            body=bytes,
            accepts=CSV,
            reply=SalesImportView,
            summary="Take in a file of sales, piece by piece; the same file again is the same import",
            filters=_HOW,
            example=_FILE,
        )
    ),
    Route("GET", "/api/v1/sales-imports", listing, permission=WRITE, reply=Page[SalesImportView], summary="List files of sales"),
    Route("GET", "/api/v1/sales-imports/{id}", show, permission=WRITE, reply=SalesImportView, summary="How far a file of sales is"),
    Route(
        "GET",
        "/api/v1/sales-imports/{id}/errors",
        errors,
        permission=WRITE,
        reply=bytes,
        summary="Every row of a file of sales that could not be read, as CSV",
    ),
]
