"""A catalogue from a CSV file (UTF-8, a header line, columns as in `controller.catalog.rows`)."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from controller import db, events
from controller.catalog.events import CatalogImported
from controller.catalog.operations import barcodes_changed
from controller.catalog.rows import KEEPING, BadCell, CatalogRow, RowError, header_errors, read_row
from controller.errors import Rejected

CHUNK = 2000
ERRORS_SHOWN = 1000
Progress = Callable[[int, int], None]
"""Called with the lines done and the lines in all."""


class Mode(StrEnum):
    """Whether one bad line keeps all others out."""

    ALL_OR_NOTHING = "all"
    GOOD_ROWS = "good"


@dataclass(slots=True)
class ImportReport:
    """`errors` are the first thousand of `bad_rows`."""

    rows: int = 0
    bad_rows: int = 0
    errors: list[RowError] = field(default_factory=list)

    def refuse(self, error: RowError) -> None:
        self.bad_rows += 1
        if len(self.errors) < ERRORS_SHOWN:
            self.errors.append(error)


class ImportRejected(Rejected):
    """Nothing was imported: some lines are bad, and all or nothing was asked."""

    code = "import_rejected"

    def __init__(self, report: ImportReport) -> None:
        super().__init__(f"{report.bad_rows} bad lines, nothing was imported")
        self.bad_rows = report.bad_rows
        self.errors = [{"line": error.line, "column": error.column, "reason": error.reason} for error in report.errors]
        self._report = report

    @property
    def report(self) -> ImportReport:
        return self._report


class _File:
    """Lines -> good rows; what contradicts an earlier line of the same file is bad."""

    def __init__(self, lines: Iterable[str], report: ImportReport, sites: frozenset[str], categories: frozenset[str]) -> None:
        self._reader = csv.reader(lines, strict=True)
        self._report = report
        self._sites = sites
        self._categories = categories
        self._owner: dict[tuple[str, str, str | None], CatalogRow] = {}
        self._first: dict[str, CatalogRow] = {}

    def rows(self) -> Iterator[CatalogRow | None]:
        """A good row, or None for a bad one, line by line; ends where the file cannot be read on."""
        try:
            header = [name.strip().removeprefix("\ufeff") for name in next(self._reader, [])]
            wrong = header_errors(header)
            for error in wrong:
                self._report.refuse(error)
            if wrong:
                return
            for cells in self._reader:
                if any(cells):
                    yield self._row(header, cells)
        except csv.Error as error:
            self._report.refuse(RowError(self._reader.line_num, "", f"cannot be read as CSV from here on: {error}"))

    def _row(self, header: Sequence[str], cells: Sequence[str]) -> CatalogRow | None:
        line = self._reader.line_num
        self._report.rows += 1
        try:
            row = read_row(line, _named(header, cells))
            self._check(row)
        except BadCell as error:
            self._report.refuse(RowError(line, error.column, str(error)))
            return None
        return row

    def _check(self, row: CatalogRow) -> None:
        if row.site is not None and row.site not in self._sites:
            raise BadCell("site", f"there is no site {row.site[:40]}")
        if row.category and row.category not in self._categories:
            raise BadCell("category", f"there is no category {row.category[:40]}")
        first = self._first.setdefault(row.sku, row)
        if first.base_unit != row.base_unit:
            raise BadCell("base_unit", f"SKU {row.sku} has {first.base_unit} on line {first.line}")
        if row.kind is None:
            return
        owner = self._owner.setdefault((row.kind.value, row.symbol, row.site), row)
        if (owner.sku, owner.numerator, owner.denominator) != (row.sku, row.numerator, row.denominator):
            raise BadCell("barcode", f"it is SKU {owner.sku} with pack {owner.numerator}/{owner.denominator} on line {owner.line}")


def _named(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise BadCell("", f"has {len(cells)} cells, expected {len(header)}")
    return dict(zip(header, map(str.strip, cells), strict=True))


def lines_of(text: str) -> list[str]:
    """A CSV file's lines with their ends; others that Unicode knows (U+001D, U+0085, U+2028) belong to a cell (RFC 4180)."""
    return list(io.StringIO(text, newline=""))


async def import_catalog(
    lines: Iterable[str], *, mode: Mode = Mode.ALL_OR_NOTHING, total: int = 0, progress: Progress | None = None
) -> ImportReport:
    """Create or update SKUs and their barcodes; the same file again changes nothing.  `total`: lines, for `progress`.

    All or nothing is one transaction; good rows are one per 2000 lines.  Records CatalogImported.  Raises ImportRejected.
    """
    report = ImportReport()
    sites = frozenset(row["id"] for row in await db.fetch("SELECT id FROM site"))
    known = frozenset(row["code"] for row in await db.fetch("SELECT code FROM category"))
    rows = _File(lines, report, sites, known).rows()
    outer: AbstractAsyncContextManager[None] = db.transaction() if mode is Mode.ALL_OR_NOTHING else nullcontext()
    async with outer:
        while chunk := list(islice(rows, CHUNK)):
            async with db.transaction():
                await _write([row for row in chunk if row is not None], report)
                if report.rows <= CHUNK:
                    await db.analyze("product", "sku", "barcode")
            if progress:
                progress(min(report.rows, total or report.rows), total or report.rows)
            await asyncio.sleep(0)
        if report.bad_rows and mode is Mode.ALL_OR_NOTHING:
            raise ImportRejected(report)
        async with db.transaction():
            await barcodes_changed()
            await events.record(CatalogImported(rows=report.rows, bad_rows=report.bad_rows), subject="catalog")
    return report


async def _write(rows: Sequence[CatalogRow], report: ImportReport) -> None:
    good = await _without_changed_units(rows, report)
    codes = await _save_skus(good)
    await _save_categories({row.sku: row.category for row in good if row.category is not None})
    await _save_barcodes([row for row in good if row.kind is not None], codes, report)


async def _without_changed_units(rows: Sequence[CatalogRow], report: ImportReport) -> list[CatalogRow]:
    found = await db.fetch(
        f"SELECT code, base_unit FROM sku WHERE {db.among('code')}", db.listing(sorted({row.sku for row in rows}))
    )
    unit = {row["code"]: row["base_unit"] for row in found}
    good = []
    for row in rows:
        if unit.get(row.sku, row.base_unit) == row.base_unit:
            good.append(row)
        else:
            report.refuse(RowError(row.line, "base_unit", f"SKU {row.sku} is kept in {unit[row.sku]}; that cannot change"))
    return good


_KEPT = ("product_id", "name_en", "name_zh", "price_minor", "currency", "weight_grams", *KEEPING)
"""Columns that a file says anew; a SKU's code and base unit stay."""
_NULLABLE = frozenset({"weight_grams", "shelf_life_days", "min_remaining_days"})


def _comparable(table: str) -> str:
    return ", ".join(f"COALESCE({table}.{name}, -1)" if name in _NULLABLE else f"{table}.{name}" for name in _KEPT)


_SAVE_SKU = (
    f"INSERT INTO sku (code, base_unit, {', '.join(_KEPT)}) VALUES (?, ?, {', '.join('?' * len(_KEPT))}) "
    f"ON CONFLICT (code) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _KEPT)}, version = NULL "
    f"WHERE ({_comparable('sku')}) <> ({_comparable('excluded')})"
)


def _values(product: int, row: CatalogRow) -> tuple[object, ...]:
    sold = (product, row.name_en, row.name_zh, row.price_minor, row.currency, row.weight_grams)
    return (row.sku, row.base_unit, *sold, row.tracking, row.shelf_life_days, row.min_remaining_days)


async def _save_skus(rows: Sequence[CatalogRow]) -> dict[str, int]:
    """Ids by code."""
    last = {row.sku: row for row in rows}
    products = {row.product: row for row in last.values()}
    await db.execute_many(
        "INSERT INTO product (code, name_en, name_zh) VALUES (?, ?, ?) ON CONFLICT (code) DO NOTHING",
        [(code, row.name_en, row.name_zh) for code, row in sorted(products.items())],
    )
    ids = {
        row["code"]: row["id"]
        for row in await db.fetch(f"SELECT id, code FROM product WHERE {db.among('code')}", db.listing(sorted(products)))
    }
    await db.execute_many(_SAVE_SKU, [_values(ids[row.product], row) for _, row in sorted(last.items())])
    found = await db.fetch(f"SELECT id, code FROM sku WHERE {db.among('code')}", db.listing(sorted(last)))
    return {row["code"]: row["id"] for row in found}


async def _save_categories(wanted: Mapping[str, str]) -> None:
    """Codes of categories by SKU; empty: it is in none."""
    ids = {row["code"]: row["id"] for row in await db.fetch("SELECT id, code FROM category")} if wanted else {}
    await db.execute_many(
        "UPDATE sku SET category_id = CAST(? AS BIGINT) WHERE code = ? AND COALESCE(category_id, 0) <> ?",
        [(ids.get(code), sku, ids.get(code, 0)) for sku, code in sorted(wanted.items())],
    )


async def _save_barcodes(rows: Sequence[CatalogRow], skus: dict[str, int], report: ImportReport) -> None:
    found = await db.fetch(
        "SELECT b.id, b.kind, b.symbol, b.site_id, b.numerator, b.denominator, s.code FROM barcode b JOIN sku s ON s.id = b.sku_id "
        f"WHERE b.active AND {db.among('b.symbol')}",
        db.listing(sorted({row.symbol for row in rows})),
    )
    known = {(row["kind"], row["symbol"], row["site_id"]): row for row in found}
    new: dict[tuple[str, str, str | None], tuple[object, ...]] = {}
    repacked = []
    changed = set()
    for row in rows:
        key = (row.kind.value if row.kind else "", row.symbol, row.site)
        there = known.get(key)
        if there is None:
            new[key] = (*key, skus[row.sku], row.numerator, row.denominator, True)
        elif there["code"] != row.sku:
            report.refuse(RowError(row.line, "barcode", f"it names SKU {there['code']} already"))
        elif (there["numerator"], there["denominator"]) != (row.numerator, row.denominator):
            repacked.append((row.numerator, row.denominator, there["id"]))
            changed.add(skus[row.sku])
    await db.execute_many("UPDATE barcode SET numerator = ?, denominator = ? WHERE id = ?", repacked)
    await db.execute_many(
        "INSERT INTO barcode (kind, symbol, site_id, sku_id, numerator, denominator, active) VALUES (?, ?, ?, ?, ?, ?, ?)",
        list(new.values()),
    )
    changed |= {skus[row.sku] for row in rows if (row.kind.value if row.kind else "", row.symbol, row.site) in new}
    await db.execute(f"UPDATE sku SET version = NULL WHERE {db.among('id')}", db.listing(sorted(changed)))
