"""Files of sales on the pages: looked at first, then taken in, with how far it is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.http.routing import BadParameter, Permission, number
from controller.sales import imports
from controller.sales.import_api import errors_csv
from controller.sales.rows import Dates, HowToRead
from controller.sites import queries as site_queries
from controller.web.access import FILE, actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES

SECTION: Final = "/sales"
HERE: Final = "/sales/import"
KEPT: Final = 700_000
"""Bytes of a file that the page keeps between looking at it and taking it in; a larger one is chosen again."""
ERRORS_SHOWN: Final = 20
MAX_TILL: Final = 40


@dataclass(frozen=True, slots=True)
class SalesImportPages:
    pages: Pages

    async def form(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, {})

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Look at a file, or take it in.  What is wrong with it is told on the page, with what was chosen."""
        sent = sent_by(request)
        try:
            body, how = _body(request, sent), _how(sent)
            if sent.field("verb") != "take":
                return await self._form(request, await _seen(sent, body, how))
            found: list[int] = []

            async def begin() -> None:
                found.append(await imports.begin(body, how))

            await sent.acting(begin)  # the same file again is the same import by itself
        except (DomainError, BadParameter) as error:
            code = error.code if isinstance(error, DomainError) else "bad_parameter"
            told = {"error": code, "message": str(error), "typed": dict(sent.fields)}
            return await self._form(request, told, status=422)
        return see_other(f"{HERE}/{found[0]}")

    async def file(self, request: web.Request) -> web.StreamResponse:
        found = await imports.sales_import(number(request.match_info["id"], "id"), sites=actor_of(request).sites)
        errors = (await imports.errors_of(found.id))[:ERRORS_SHOWN]
        is_fragment = request.headers.get("HX-Request") == "true"
        return await self.pages.show(
            request, "sales_file.html", SECTION, {"row": found, "errors": errors, "is_fragment": is_fragment}
        )

    async def errors(self, request: web.Request) -> web.StreamResponse:
        found = await imports.sales_import(number(request.match_info["id"], "id"), sites=actor_of(request).sites)
        headers = {"Content-Disposition": f'attachment; filename="sales_{found.id}_errors.csv"', "Cache-Control": "no-store"}
        body = errors_csv(await imports.errors_of(found.id))
        return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)

    async def _form(self, request: web.Request, told: Mapping[str, object], status: int = 200) -> web.Response:
        sites, wanted = actor_of(request).sites, page_request(request)
        before = wanted.number() if request.method == "GET" else 0
        rows = await imports.sales_imports(before=before or None, limit=wanted.limit, sites=sites)
        last = rows[wanted.per - 1].id if len(rows) > wanted.per else None
        values: Values = {
            "sites": [row.id for row in await site_queries.sites(limit=MAX_SITES, only=sites)],
            "files": rows[: wanted.per],
            "dates": list(Dates),
            "seen": None,
            "kept": "",
            "error": "",
            "message": "",
            "typed": {},
            "new_key": new_key,
            **paged(request, {"next": last}),
            **told,
        }
        return await self.pages.show(request, "sales_import.html", SECTION, values, status=status)


async def _seen(sent: Sent, body: bytes, how: HowToRead) -> dict[str, object]:
    """What taking it in would read."""
    found = await imports.preview(body, how)
    instants = [receipt.occurred_at for receipt in found.receipts]
    return {
        "seen": found,
        "first": min(instants, default=None),
        "last": max(instants, default=None),
        "errors": found.errors[:ERRORS_SHOWN],
        "kept": base64.b64encode(body).decode() if len(body) <= KEPT else "",
        "typed": dict(sent.fields),
    }


def _body(request: web.Request, sent: Sent) -> bytes:
    """The file as it was chosen, or as the page kept it.  Raises BadParameter."""
    _, body = request.get(FILE) or ("", b"")
    if body:
        return body
    try:
        kept = base64.b64decode(sent.fields.get("kept", ""), validate=True)
    except binascii.Error as error:
        raise BadParameter("file", "a CSV or XLSX file") from error
    if not kept:
        raise BadParameter("file", "a CSV or XLSX file")
    return kept


def _how(sent: Sent) -> HowToRead:
    """Raises NotFound (site), BadParameter."""
    site, till, dates = sent.field("site"), sent.field("till") or "import", sent.field("dates") or Dates.ISO.value
    if not site or (sent.actor.sites is not None and site not in sent.actor.sites):
        raise NotFound("site", site)
    if dates not in set(Dates):
        raise BadParameter("dates", f"one of {', '.join(Dates)}")
    if len(till) > MAX_TILL or not till.isprintable():
        raise BadParameter("till", f"1 to {MAX_TILL} printable characters")
    is_comma = sent.field("decimal") == "comma"
    return HowToRead(site=site, time_zone="", currency="", till=till, dates=Dates(dates), decimal_comma=is_comma)


def sales_import_routes(pages: Pages) -> list[PageRoute]:
    shown, write = SalesImportPages(pages), Permission.SALES_WRITE
    return [
        PageRoute("GET", HERE, shown.form, permission=write),
        PageRoute("POST", HERE, shown.send, permission=write, with_file=True),
        PageRoute("GET", f"{HERE}/{{id}}", shown.file, permission=write),
        PageRoute("GET", f"{HERE}/{{id}}/errors.csv", shown.errors, permission=write),
    ]
