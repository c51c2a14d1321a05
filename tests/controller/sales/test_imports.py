"""Files of sales: read as public data sets write them, reported in full, taken in piece by piece."""

from __future__ import annotations

import csv
import io
import time
from datetime import datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from controller import db
from controller.errors import NotFound
from controller.sales.imports import BadFile, begin, errors_of, go_on, preview, sales_import
from controller.sales.rows import Dates, HowToRead, read_sales
from tests.controller.goods import Shop, add_sku, numbers

HOW = HowToRead(site="s1", time_zone="Europe/London", currency="GBP", dates=Dates.MONTH_FIRST)
DIRTY = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850,United Kingdom
C536379,D,Discount,-1,12/1/2010 9:41,27.5,14527,United Kingdom
536365,85123A,WHITE HANGING HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom
536414,,,56,12/1/2010 11:52,0,,United Kingdom
536415,22139,A TEA SET,0,12/1/2010 11:53,1.25,,United Kingdom
536416,22139,A TEA SET,1,13/1/2010 11:53,1.25,,United Kingdom
536417,22139,A TEA SET,two,12/1/2010 11:53,1.25,,United Kingdom
A563185,B,Adjust bad debt,1,8/12/2011 14:50,-11062.06,,United Kingdom
536418,22139,A TEA SET,1.5,12/1/2010 11:53
""".replace("\n", "\r\n")


def test_a_dirty_public_file_is_read_row_by_row() -> None:
    found = read_sales(DIRTY.encode(), HOW)
    assert [(error.line, error.column) for error in found.errors] == [
        (6, "sku"), (7, "quantity"), (8, "occurred_at"), (9, "quantity"), (11, ""),
    ]  # fmt: skip
    assert (found.rows, found.lines, found.same_lines, found.returned) == (10, 5, 1, 1)
    first, cancelled, debt = found.receipts
    assert (first.number, len(first.lines), first.total_minor) == ("536365", 3, 2 * 1530 + 2034)
    assert first.occurred_at.isoformat() == "2010-12-01T08:26:00+00:00"
    assert (cancelled.number, cancelled.lines[0].quantity, cancelled.total_minor) == ("C536379", -1, -2750)
    assert debt.total_minor == -1106206


@pytest.mark.parametrize(
    ("header", "column"), [("invoice,date,quantity", "sku"), ("sku,quantity,date", "receipt"), ("", "receipt")]
)
def test_a_file_without_a_column_that_is_needed_says_which(header: str, column: str) -> None:
    found = read_sales(f"{header}\n1,2,3".encode(), HOW)
    assert column in [error.column for error in found.errors]
    assert found.receipts == []


@pytest.mark.parametrize(
    ("currency", "price", "minor"), [("GBP", "0.125", 12), ("GBP", "0.135", 14), ("JPY", "120", 120), ("KWD", "1.2345", 1234)]
)
def test_amounts_are_exact_in_minor_units(currency: str, price: str, minor: int) -> None:
    how = HowToRead(site="s1", time_zone="UTC", currency=currency)
    found = read_sales(f"receipt,date,sku,quantity,price\n1,2026-01-01T10:00:00Z,milk,1,{price}".encode(), how)
    assert found.receipts[0].total_minor == minor


def test_a_decimal_comma_and_a_day_first_are_read_when_said() -> None:
    how = HowToRead(site="s1", time_zone="Europe/Berlin", currency="EUR", dates=Dates.DAY_FIRST, decimal_comma=True)
    found = read_sales(b'receipt,date,barcode,qty,price,till\n1,13.1.2026 23:30,4006381333931,2,"1.234,50",7', how)
    (receipt,) = found.receipts
    assert (receipt.total_minor, receipt.till, receipt.lines[0].is_sku) == (246900, "7", False)
    assert receipt.occurred_at.isoformat() == "2026-01-13T22:30:00+00:00"


CELLS = st.text(max_size=12) | st.sampled_from(
    ["1", "-1", "0", "9" * 30, "1e9", "12/1/2010 8:26", "0001-01-01", "9999-12-31T23:59"]
)


@given(st.lists(st.lists(CELLS, min_size=6, max_size=6), max_size=8), st.sampled_from(list(Dates)), st.booleans())
@settings(deadline=None)
def test_any_cells_are_receipts_or_errors(rows: list[list[str]], dates: Dates, comma: bool) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["receipt", "date", "sku", "quantity", "price", "voids"], *rows])
    how = HowToRead(site="s1", time_zone="Asia/Shanghai", currency="CNY", dates=dates, decimal_comma=comma)
    found = read_sales(text.getvalue().encode(), how)
    assert found.lines == sum(len(receipt.lines) for receipt in found.receipts)
    assert len(found.errors) >= found.rows - found.lines


@given(st.binary(max_size=300))
def test_any_bytes_are_a_report(body: bytes) -> None:
    found = read_sales(body, HOW)
    assert found.receipts == [] or found.lines > 0


def sheet(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@pytest.mark.parametrize("comma", [False, True])
def test_a_sheet_says_what_a_file_of_text_says(*, comma: bool) -> None:
    how = HowToRead(site="s1", time_zone="Asia/Shanghai", currency="CNY", decimal_comma=comma)
    body = sheet(
        ("receipt", "date", "sku", "quantity", "price", "till", "note"),
        (4711, datetime(2026, 1, 13, 23, 30, 5), "milk", 2, 5.9, 7),  # noqa: DTZ001 -- as a sheet has it
        (4711, datetime(2026, 1, 13, 23, 30, 5), "milk", "two", 5.9, 7),  # noqa: DTZ001 -- as above
    )
    found = read_sales(body, how)
    (receipt,) = found.receipts
    assert (receipt.number, receipt.till, receipt.total_minor) == ("4711", "7", 1180)
    assert receipt.occurred_at.isoformat() == "2026-01-13T15:30:05+00:00"
    assert [(error.line, error.column) for error in found.errors] == [(3, "quantity")]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig", "cp1252"])
def test_what_tills_and_spreadsheets_save_is_read(encoding: str) -> None:
    word = "café £" if encoding == "cp1252" else "牛奶"
    found = read_sales(f"receipt;date;sku;quantity;description\n1;2026-01-01T10:00:00Z;milk;2;{word}\n".encode(encoding), HOW)
    assert ([receipt.lines[0].text for receipt in found.receipts], found.errors) == (["milk"], [])


def test_a_file_that_breaks_off_keeps_what_was_read() -> None:
    found = read_sales(b'receipt,date,sku,quantity\n1,2026-01-01T10:00:00Z,milk,2\n2,"broken', HOW)
    assert ([receipt.number for receipt in found.receipts], [error.line for error in found.errors]) == (["1"], [3])


async def test_a_file_is_previewed_begun_once_and_taken_in(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("85123A", 20)
    body = DIRTY.encode("cp1252")
    seen = await preview(body, HOW)
    assert len(seen.receipts) == 3
    assert await db.fetch("SELECT 1 FROM sale") == []
    started = await begin(body, HOW)
    assert await begin(body, HOW) == started
    done: list[tuple[int, int]] = []
    result = await go_on(started, lambda now, total: done.append((now, total)), lines_at_once=1)
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert (result.booked, result.waiting, result.bad_rows, result.finished_at is not None) == (0, 3, 5, True)
    assert len(await errors_of(started)) == 5
    assert await numbers(sku) == (8, 0, 0)
    assert await go_on(started) == result, "a file that is done stays as it is"


async def test_an_import_that_was_interrupted_goes_on_from_where_it_was(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 100)
    rows = [f"{n},2026-01-01 10:00,milk,1,1" for n in range(10)]
    started = await begin("\n".join(["receipt,date,sku,quantity,price", *rows]).encode(), HOW)

    class Killed(Exception):
        pass

    def kill(done: int, _total: int) -> None:
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        await go_on(started, kill, lines_at_once=2)
    assert (await sales_import(started)).receipts_done == 4
    seen: list[int] = []
    result = await go_on(started, lambda done, _: seen.append(done), lines_at_once=2)
    assert seen == [6, 8, 10]
    assert (result.booked, result.repeated) == (10, 0)
    assert await numbers(sku) == (90, 0, 0)


async def test_a_file_with_nothing_in_it_is_refused_with_words(database: str) -> None:
    await Shop.open()
    with pytest.raises(BadFile, match="no column"):
        await begin(b"a,b\n1,2\n", HOW)
    with pytest.raises(NotFound):
        await begin(DIRTY.encode(), HowToRead(site="nowhere", time_zone="", currency=""))


async def test_thousands_of_rows_a_second_are_stored_and_booked(database: str) -> None:
    """The limit is for a loaded machine; `make bench` and docs/numbers.md say what it is on a quiet one."""
    await Shop.open()
    for index in range(50):
        await add_sku(f"s{index}")
    random = Random(3)
    rows = [f"{n // 20},2026-01-01 10:00,s{random.randrange(50)},{random.randint(1, 9)},1.5" for n in range(6000)]
    started = await begin("\n".join(["receipt,date,sku,quantity,price", *rows]).encode(), HOW)
    before = time.process_time()
    result = await go_on(started, lines_at_once=3000)
    assert result.booked == 300
    assert 6000 / (time.process_time() - before) > 3000
