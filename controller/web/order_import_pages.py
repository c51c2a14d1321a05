"""Files of orders on the pages: sent, looked at, started; how far they are, and what is wrong with which row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

from controller.errors import DomainError
from controller.http.errors import Problem
from controller.http.routing import Permission, page
from controller.intake import file_queries, importing
from controller.intake.file_api import file_id_of
from controller.intake.file_queries import StoredFile
from controller.web.access import FILE
from controller.web.forms import sent_by
from controller.web.intake_words import FILE_ERROR
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.report_pages import streamed
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of

SECTION: Final = "/orders/import"
ERRORS_SHOWN: Final = 20
MISSING_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class OrderImportPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request)

    async def _listing(self, request: web.Request, error: str = "", message: str = "") -> web.Response:
        wanted = page_request(request)
        before = wanted.number() if request.method == "GET" else 0
        shown = page(await file_queries.files(before=before, limit=wanted.limit), wanted, key=lambda row: row.id)
        values: Values = {
            "rows": shown.items,
            "error": error,
            "message": message,
            "new_key": new_key,
            **paged(request, {"next": shown.next}),
        }
        return await self.pages.show(request, "order_files.html", SECTION, values, status=422 if error else 200)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Read before any transaction; what is wrong with the file as a whole is told where it was chosen."""
        sent = sent_by(request)
        name, body = request.get(FILE) or ("", b"")
        if not body:
            return await self._listing(request, "malformed_form")
        kept = list[int]()

        async def keep() -> None:
            kept.append(await importing.keep(await importing.read(body), name))

        try:
            await sent.acting(keep)  # the same file again is the same file by itself
        except DomainError as error:
            return await self._listing(request, error.code, str(error))
        return see_other(f"{SECTION}/{kept[0]}")

    async def file(self, request: web.Request) -> web.StreamResponse:
        return await self._file(request)

    async def _file(self, request: web.Request, error: str = "") -> web.Response:
        row = await file_queries.file(file_id_of(request.match_info["file"]))
        wanted, only = page_request(request), text_of(request, "only")
        only = only if only in file_queries.ONLY else ""
        orders = await file_queries.orders(row.id, after=wanted.number(), limit=wanted.limit, only=only)
        shown = page(orders, wanted, key=lambda order: order.number)
        values: Values = {
            **await _numbers(row),
            "orders": shown.items,
            "errors": [each.error for each in await file_queries.errors(row.id, limit=ERRORS_SHOWN)],
            "only": only,
            "filters_of_orders": file_queries.ONLY,
            "error": error,
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
            **paged(request, {"next": shown.next}, "only"),
        }
        return await self.pages.show(request, "order_file.html", SECTION, values, status=409 if error else 200)

    async def decide(self, request: web.Request) -> web.StreamResponse:
        sent, file_id = sent_by(request), file_id_of(request.match_info["file"])
        verb = {"start": importing.start, "discard": importing.discard}.get(sent.field("verb"))
        if verb is None:
            raise Problem(400, "malformed_form", "`verb`: expected start or discard.")
        await file_queries.file(file_id)
        try:
            await sent.once(partial(verb, file_id))
        except DomainError as error:
            return await self._file(request, error.code)
        return see_other(f"{SECTION}/{file_id}")

    async def errors(self, request: web.Request) -> web.StreamResponse:
        """In the words of whoever asks."""
        row = await file_queries.file(file_id_of(request.match_info["file"]))
        words = self.pages.renderer.said((await self.pages.look(request)).language, FILE_ERROR)
        report = file_queries.error_report(row.id, words)
        return await streamed(request, f"orders_{row.id}_errors.csv", "text/csv; charset=utf-8", report)


async def _numbers(row: StoredFile) -> dict[str, object]:
    results = await file_queries.results(row.id)
    return {
        "row": row,
        "results": {state.value: count for state, count in results.items()},
        "missing": row.missing[:MISSING_SHOWN],
        "names": await names_of(account_of(who) for who in (row.checked_by, row.started_by or "system")),
    }


def order_import_routes(pages: Pages) -> list[PageRoute]:
    shown, write = OrderImportPages(pages), Permission.ORDERS_WRITE
    one = f"{SECTION}/{{file}}"
    return [
        PageRoute("GET", SECTION, shown.listing, permission=write, whole_chain=True),
        PageRoute("POST", SECTION, shown.send, permission=write, with_file=True, whole_chain=True),
        PageRoute("GET", one, shown.file, permission=write, whole_chain=True),
        PageRoute("POST", one, shown.decide, permission=write, whole_chain=True),
        PageRoute("GET", f"{one}/errors.csv", shown.errors, permission=write, whole_chain=True),
    ]
