"""Files of orders over HTTP: send one, look at what it would do, start it, follow it.  Of the whole chain, as channels are."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from controller.errors import NotFound
from controller.http.routing import BadParameter, Call, Created, Page, Permission, Reply, Route, page
from controller.http.uploads import CSV, with_xlsx
from controller.intake import file_queries, importing
from controller.intake.file_queries import ErrorRow, FileOrder, StoredFile
from controller.intake.importing import CheckedFile
from controller.intake.states import FileState, RawState


class MissingGoods(Struct, frozen=True, kw_only=True):
    """So many orders of the file wait for somebody to say what these goods are."""

    goods: str
    orders: int


class OrderFileView(Struct, frozen=True, kw_only=True):
    """`handed` of `orders` are on their way, `results` say what became of them; `known` were here before; `bad` are left out.

    `errors`: rows that are wrong; `missing`: the goods that most orders wait for, 200 at most.
    """

    id: int
    name: str
    state: FileState
    rows: int
    orders: int
    known: int
    bad: int
    errors: int
    handed: int
    results: dict[RawState, int]
    missing: list[MissingGoods]
    checked_at: datetime
    checked_by: str
    started_by: str | None
    done_at: datetime | None


class FileOrderView(Struct, frozen=True, kw_only=True):
    """`row`: its first; `state`: new, known or bad; `raw_state`, `code` and `detail`: what became of it, and why.

    `terms`: how it is paid, empty: another till takes the money; `presale`: lines that may be promised before they arrive.
    """

    number: int
    row: int
    rows: int
    reference: str
    state: str
    units: int
    total_minor: int
    currency: str
    delivery: str
    terms: str
    presale: int
    unmapped: bool
    raw_state: RawState | None
    code: str | None
    detail: str | None
    order: str | None


class FileErrorView(Struct, frozen=True, kw_only=True):
    """`value`: the cell, where it is of no person."""

    number: int
    row: int
    column: str
    code: str
    value: str


async def read(call: Call[bytes]) -> CheckedFile:
    return await importing.read(call.body)


async def send(call: Call[CheckedFile]) -> Created[OrderFileView]:
    file_id = await importing.keep(call.body, call.query.get("name", "orders"))
    return Created(await _view(await file_queries.file(file_id)), location=f"{_ALL}/{file_id}")


async def listing(call: Call[None]) -> Page[OrderFileView]:
    rows = await file_queries.files(before=call.page.number(), limit=call.page.limit)
    return page([await _view(row) for row in rows], call.page, key=lambda view: view.id)


async def show(call: Call[None]) -> OrderFileView:
    return await _view(await file_queries.file(file_id_of(call.path["file"])))


async def order_list(call: Call[None]) -> Page[FileOrderView]:
    file = await file_queries.file(file_id_of(call.path["file"]))
    only = call.query.get("only", "")
    if only not in file_queries.ONLY:
        raise BadParameter("only", f"one of {', '.join(file_queries.ONLY[1:])}")
    rows = await file_queries.orders(file.id, after=call.page.number(), limit=call.page.limit, only=only)
    return page([_order(row) for row in rows], call.page, key=lambda view: view.number)


async def error_list(call: Call[None]) -> Page[FileErrorView]:
    file = await file_queries.file(file_id_of(call.path["file"]))
    rows = await file_queries.errors(file.id, after=call.page.number(), limit=call.page.limit)
    return page([_error(row) for row in rows], call.page, key=lambda view: view.number)


async def errors_csv(call: Call[None]) -> Reply:
    file = await file_queries.file(file_id_of(call.path["file"]))
    body = b"".join([piece async for piece in file_queries.error_report(file.id, str)])
    return Reply(body, "text/csv; charset=utf-8")


async def start(call: Call[None]) -> OrderFileView:
    await importing.start(file_id_of(call.path["file"]))
    return await show(call)


async def discard(call: Call[None]) -> OrderFileView:
    await importing.discard(file_id_of(call.path["file"]))
    return await show(call)


def file_id_of(text: str) -> int:
    """Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("file of orders", text[:40])
    return int(text)


async def _view(row: StoredFile) -> OrderFileView:
    return OrderFileView(
        id=row.id,
        name=row.name,
        state=row.state,
        rows=row.rows,
        orders=row.orders,
        known=row.known,
        bad=row.bad,
        errors=row.errors,
        handed=row.handed,
        results=await file_queries.results(row.id),
        missing=[MissingGoods(goods=goods, orders=orders) for goods, orders in row.missing],
        checked_at=row.checked_at,
        checked_by=row.checked_by,
        started_by=row.started_by,
        done_at=row.done_at,
    )


def _order(row: FileOrder) -> FileOrderView:
    names = [name for name in FileOrderView.__struct_fields__ if name != "unmapped"]
    return FileOrderView(unmapped=row.is_unmapped, **{name: getattr(row, name) for name in names})


def _error(row: ErrorRow) -> FileErrorView:
    return FileErrorView(number=row.number, row=row.error.row, column=row.error.column, code=row.error.code, value=row.error.told)


_ALL, _ONE = "/api/v1/order-files", "/api/v1/order-files/{file}"
_WRITE = Permission.ORDERS_WRITE
_NAMED = {"name": "the file's name, for people"}

ROUTES = [
    Route(
        "GET",
        _ALL,
        listing,
        permission=_WRITE,
        reply=Page[OrderFileView],
        summary="Files of orders, the newest first",
        whole_chain=True,
    ),
    *with_xlsx(
        Route(
            "POST",
            _ALL,
            send,
            before=read,
            permission=_WRITE,
            body=bytes,
            accepts=CSV,
            reply=OrderFileView,
            summary="Check a file of orders (CSV: reference, sku, quantity, and more); nothing is taken yet",
            filters=_NAMED,
            example=b"reference,sku,quantity,price,site\nA-1001,013-1,2,3.50,s1\n",
            whole_chain=True,
            confidential=True,
        )
    ),
    Route(
        "GET", _ONE, show, permission=_WRITE, reply=OrderFileView, summary="A file of orders and how far it is", whole_chain=True
    ),
    Route(
        "GET",
        f"{_ONE}/orders",
        order_list,
        permission=_WRITE,
        reply=Page[FileOrderView],
        summary="Its orders: what each would be, or what became of it",
        filters={"only": "bad, known, waiting, unmapped, refused or placed"},
        whole_chain=True,
    ),
    Route(
        "GET",
        f"{_ONE}/errors",
        error_list,
        permission=_WRITE,
        reply=Page[FileErrorView],
        summary="The rows that are wrong, in order",
        whole_chain=True,
    ),
    Route(
        "GET",
        f"{_ONE}/errors.csv",
        errors_csv,
        permission=_WRITE,
        summary="All that is wrong with it, rows and refused orders, as CSV",
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{_ONE}/start",
        start,
        permission=_WRITE,
        reply=OrderFileView,
        summary="Take its good orders, in the background; what was interrupted goes on",
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{_ONE}/discard",
        discard,
        permission=_WRITE,
        reply=OrderFileView,
        summary="Forget a file that was not started",
        whole_chain=True,
    ),
]
