"""Lists as CSV files, with the filters that the list on the screen has: what people take into a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from controller import db
from controller.catalog import categories
from controller.catalog import queries as catalog
from controller.counts import queries as counts
from controller.http.routing import BadParameter, Permission
from controller.pricing import queries as pricing
from controller.pricing.states import BatchState
from controller.purchasing import queries as purchasing
from controller.purchasing import supplier_queries
from controller.purchasing.receipt_queries import AskedReceipts, receipts
from controller.recalls.queries import recalls
from controller.replenishment import queries as replenishment
from controller.sales import queries as sales
from controller.sales.no_goods import codes_no_goods
from controller.sales.policies import SaleState
from controller.sheets import BOM, defused
from controller.sites.queries import sites as sites_of
from controller.stock import queries as stock
from controller.tasks import queries as tasks
from controller.tasks.states import TaskState
from controller.transfers import queries as transfers
from controller.transfers.states import TransferState
from controller.web.access import actor_of
from controller.web.pages import text_of
from controller.web.routes import PageRoute
from controller.web.sales_code_pages import place_of
from controller.web.shown import MAX_SITES

AT_ONCE: Final = 500
FILTERS: Final = ("q", "site", "state", "supplier", "order", "kind", "origin", "category")
Sites = Collection[str] | None
Rows = Sequence[object]
Piece = Callable[[Mapping[str, str], str, Sites], Awaitable[Rows]]
"""Filters, the cursor ('' for the beginning) and sites -> the next rows."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list: its columns are the `attributes` of its rows; `cursor` is the one that the next rows come behind."""

    name: str
    permission: Permission
    piece: Piece
    cursor: str
    attributes: str

    @property
    def columns(self) -> list[str]:
        return self.attributes.split()

    async def lines(self, asked: Mapping[str, str], sites: Sites) -> AsyncIterator[bytes]:
        """RFC 4180, UTF-8 with a byte order mark."""
        yield (BOM + csv_of([self.columns])).encode()
        after = ""
        while rows := await self.piece(asked, after, sites):
            yield csv_of([[_cell(getattr(row, column)) for column in self.columns] for row in rows]).encode()
            if len(rows) < AT_ONCE:
                return
            after = str(getattr(rows[-1], self.cursor))


def _cell(value: object) -> str:
    """Times in UTC, so that a file says the same wherever it is opened; of several words, each behind a semicolon."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, tuple):
        value = "; ".join(map(str, value))
    return str(defused(value)) if isinstance(value, str) else str(value)


def csv_of(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


async def _levels(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    """Site after site; the cursor is `site:sku id`."""
    site_id, _, sku = after.rpartition(":")
    found: list[_Level] = []
    for site in await sites_of(limit=MAX_SITES, only=sites):
        if site.id < site_id or (asked["site"] and site.id != asked["site"]) or len(found) >= AT_ONCE:
            continue
        behind = int(sku) if site.id == site_id else 0
        rows = await stock.levels(site.id, after=behind, limit=AT_ONCE - len(found), q=asked["q"])
        found += [_Level(row) for row in rows]
    return found


@dataclass(frozen=True, slots=True)
class _Level:
    """A level with its cursor."""

    level: stock.Level

    def __getattr__(self, name: str) -> object:
        return f"{self.level.site_id}:{self.level.sku_id}" if name == "cursor" else getattr(self.level, name)


async def _counts(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    filters = {name: asked[name] for name in ("site", "state", "q")}
    return await counts.sessions(before=_id(after), limit=AT_ONCE, sites=sites, **filters)


async def _orders(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    filters = purchasing.AskedOrders(**{name: asked[name] for name in ("state", "site", "supplier", "q")})
    return await purchasing.orders(filters, before=_id(after), limit=AT_ONCE, sites=sites)


async def _receipts(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    filters = AskedReceipts(**{name: asked[name] for name in ("state", "site", "order", "q")})
    return await receipts(filters, before=_id(after), limit=AT_ONCE, sites=sites)


async def _suppliers(asked: Mapping[str, str], after: str, _sites: Sites) -> Rows:
    return await supplier_queries.suppliers(q=asked["q"], after=after, limit=AT_ONCE)


async def _transfers(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    state = asked["state"]
    filters = transfers.Asked(
        state=TransferState(state) if state in set(TransferState) else None,
        site=asked["site"],
        q=asked["q"],
        only_open=state == "open",
    )
    return await transfers.transfers(filters, before=_id(after), limit=AT_ONCE, sites=sites)


async def _prices(asked: Mapping[str, str], after: str, _sites: Sites) -> Rows:
    return await pricing.sku_prices(after=_id(after) or 0, limit=AT_ONCE, q=asked["q"])


async def _batches(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    state = asked["state"]
    chosen = BatchState(state) if state in set(BatchState) else None
    return await pricing.batches(state=chosen, only_open=state == "open", before=_id(after), limit=AT_ONCE, sites=sites)


async def _sales(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    state = SaleState(asked["state"]) if asked["state"] in set(SaleState) else None
    return await sales.sales(
        sales.Asked(site=asked["site"], q=asked["q"], state=state), before=_id(after), limit=AT_ONCE, sites=sites
    )


async def _sales_codes(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    return await sales.waiting_codes(q=asked["q"], after=place_of(after), limit=AT_ONCE, sites=sites)


async def _no_goods(asked: Mapping[str, str], after: str, _sites: Sites) -> Rows:
    return await codes_no_goods(q=asked["q"], reason=asked["kind"], before=_id(after), limit=AT_ONCE)


async def _proposals(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    is_moved = asked["kind"] == "transfer"
    filters = replenishment.Asked(
        site=asked["site"],
        kind=asked["kind"],
        supplier="" if is_moved else asked["origin"],
        source=asked["origin"] if is_moved else "",
    )
    return await replenishment.proposals(filters, after=_id(after) or 0, limit=AT_ONCE, sites=sites)


async def _alerts(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    return await replenishment.alerts(after=_id(after) or 0, limit=AT_ONCE, kind=asked["kind"], site=asked["site"], sites=sites)


async def _recalls(asked: Mapping[str, str], after: str, _sites: Sites) -> Rows:
    return await recalls(before=_id(after), limit=AT_ONCE, state=asked["state"], q=asked["q"])


async def _tasks(asked: Mapping[str, str], after: str, sites: Sites) -> Rows:
    state = TaskState(asked["state"]) if asked["state"] in set(TaskState) else None
    filters = tasks.Asked(state=state, site=asked["site"], kind=asked["kind"])
    return await tasks.tasks(filters, after=after or None, limit=AT_ONCE, sites=sites)


async def _articles(asked: Mapping[str, str], after: str, _sites: Sites) -> Rows:
    return await catalog.skus(after=_id(after) or 0, limit=AT_ONCE, q=asked["q"], category=asked["category"])


async def _categories(_asked: Mapping[str, str], after: str, _sites: Sites) -> Rows:
    """The tree in its own order: not so many that they come in pieces."""
    return [] if after else (await categories.categories())


def _id(after: str) -> int | None:
    return int(after) if after else None


_MAY = Permission
FILES: Final = (
    ListFile(
        "stock",
        _MAY.STOCK_READ,
        _levels,
        "cursor",
        "site_id sku name_en name_zh base_unit on_hand available reserved allocated quarantined incoming",
    ),
    ListFile(
        "articles",
        _MAY.CATALOG_READ,
        _articles,
        "id",
        "code product name_en name_zh base_unit price_minor currency weight_grams tracking shelf_life_days category",
    ),
    ListFile("categories", _MAY.CATALOG_READ, _categories, "code", "code name_en name_zh parent level skus"),
    ListFile(
        "counts",
        _MAY.COUNTS_READ,
        _counts,
        "id",
        "no site kind scope state bins counted open_rows unmatched created_at submitted_at closed_at reason",
    ),
    ListFile(
        "purchase-orders",
        _MAY.PURCHASING_READ,
        _orders,
        "id",
        "no state supplier supplier_name site units received total_minor currency expected_on created_at reference note",
    ),
    ListFile(
        "receipts",
        _MAY.PURCHASING_READ,
        _receipts,
        "id",
        "no state document order supplier supplier_name site day good damaged freight_minor duty_minor other_minor",
    ),
    ListFile(
        "suppliers",
        _MAY.PURCHASING_READ,
        _suppliers,
        "code",
        "code name channel address currency lead_days minimum_minor order_days over_percent min_days",
    ),
    ListFile(
        "transfers",
        _MAY.TRANSFERS_READ,
        _transfers,
        "id",
        "number state from_site to_site lines open_units created_at approved_at sent_closed_at received_closed_at note",
    ),
    ListFile(
        "prices", _MAY.PRICES_READ, _prices, "sku_id", "sku name_en name_zh base_unit price_minor currency sites coming next_at"
    ),
    ListFile(
        "labels", _MAY.PRICES_READ, _batches, "id", "number site_id state effective_at is_in_force labels created_at closed_at"
    ),
    ListFile(
        "sales",
        _MAY.SALES_READ,
        _sales,
        "id",
        "site_id till number occurred_at day state lines total_minor currency voids voided_by source",
    ),
    ListFile("sales-codes", _MAY.SALES_READ, _sales_codes, "cursor", "text is_sku sites lines since"),
    ListFile("sales-no-goods", _MAY.SALES_READ, _no_goods, "id", "text reason note lines said_at said_by"),
    ListFile(
        "proposals",
        _MAY.PURCHASING_READ,
        _proposals,
        "id",
        "kind site_id source supplier sku name_en name_zh state quantity proposed pack value_minor currency days_left_tenths",
    ),
    ListFile(
        "stock-alerts",
        _MAY.STOCK_READ,
        _alerts,
        "id",
        "kind site_id sku name_en name_zh number quantity value_minor currency opened_at acknowledged_at",
    ),
    ListFile("recalls", _MAY.STOCK_READ, _recalls, "id", "sku name_en name_zh lot expiry reason state"),
    ListFile(
        "tasks",
        _MAY.TASKS_READ,
        _tasks,
        "position",
        "kind site subject state times due created_at claimed_by closed_at closed_by reason",
    ),
)


def _handler(file: ListFile) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        asked = {name: text_of(request, name) for name in FILTERS}
        if not all(value.isprintable() for value in asked.values()):
            raise BadParameter("q", "printable characters")
        return await send(request, file, asked, actor_of(request).sites)

    return handle


async def send(request: web.Request, file: ListFile, asked: Mapping[str, str], sites: Sites) -> web.StreamResponse:
    """The answer that brings it, piece by piece."""
    stamp = db.now().strftime("%Y%m%d")
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{file.name}_{stamp}.csv"',
        "Cache-Control": "no-store",
    }
    response = web.StreamResponse(headers=headers)
    lines = file.lines(asked, sites)
    first = await anext(lines)
    await response.prepare(request)
    await response.write(first)
    async for piece in lines:
        await response.write(piece)
    await response.write_eof()
    return response


def list_file_routes() -> list[PageRoute]:
    return [PageRoute("GET", f"/lists/{file.name}.csv", _handler(file), permission=file.permission) for file in FILES]
