"""Reports over HTTP, as JSON; as files they are pages (`/reports/{name}.csv`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from controller import db
from controller.errors import NotFound
from controller.http.routing import BadParameter, Call, Page, Permission, Route, page
from controller.reports.model import Asked, Cell, Report
from controller.reports.table import REPORTS

USUAL_DAYS = 28
MOST_DAYS = 3 * 366


class ReportRow(Struct, frozen=True, kw_only=True):
    """One row: cells by the names of the report's columns, days as `2026-11-21`.  `key`: its place."""

    key: str
    cells: dict[str, str | int | float | None]


async def show(call: Call[None]) -> Page[ReportRow]:
    report = report_named(call.path["report"])
    asked = asked_for(dict(call.query), call.actor.sites)
    try:
        rows = await report.rows(asked, call.page.after or "", call.page.limit)
    except ValueError as error:
        raise BadParameter("after", "a cursor as an earlier page gave it") from error
    return page([_row(report, row.key, list(row.cells)) for row in rows], call.page, key=lambda row: row.key)


def _row(report: Report, key: str, cells: list[Cell]) -> ReportRow:
    plain = [cell.isoformat() if isinstance(cell, date) else cell for cell in cells]
    return ReportRow(key=key, cells={column.name: cell for column, cell in zip(report.columns, plain, strict=True)})


def report_named(name: str) -> Report:
    """Raises NotFound."""
    found = REPORTS.get(name)
    if found is None:
        raise NotFound("report", name[:40])
    return found


def asked_for(query: dict[str, str], sites: frozenset[str] | None) -> Asked:
    """The period is the last four weeks until yesterday, unless told.  Raises BadParameter."""
    yesterday = db.now().astimezone(UTC).date() - timedelta(days=1)
    last = _day(query, "to", yesterday)
    first = _day(query, "from", last - timedelta(days=USUAL_DAYS - 1))
    if not 0 <= (last - first).days < MOST_DAYS:
        raise BadParameter("from", f"a day not after `to`, and at most {MOST_DAYS} days before it")
    return Asked(
        first=first,
        last=last,
        site=query.get("site", "")[:40],
        q=query.get("q", "")[:80],
        product=query.get("product", "")[:64],
        sites=sites,
    )


def _day(query: dict[str, str], name: str, otherwise: date) -> date:
    text = query.get(name, "")
    if not text:
        return otherwise
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise BadParameter(name, "a day such as 2026-11-21") from error
    if not date(2000, 1, 1) <= found <= date(2200, 1, 1):
        raise BadParameter(name, "a day from 2000 to 2199")
    return found


ROUTES = [
    Route(
        "GET",
        "/api/v1/reports/{report}",
        show,
        permission=Permission.PURCHASING_READ,
        reply=Page[ReportRow],
        summary=f"A report: {', '.join(REPORTS)}",
        filters={
            "site": "only this site",
            "product": "only SKUs of this product",
            "q": "part of a SKU's code or name",
            "from": "first business day, such as 2026-10-25; four weeks unless told",
            "to": "last business day; yesterday unless told",
        },
    ),
]
