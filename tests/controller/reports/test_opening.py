"""The opening stock: what is wrong is told line by line, what is good is booked once."""

from __future__ import annotations

import asyncio
import csv
import io
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from controller import db
from controller.costing.operations import set_costs
from controller.errors import Conflict, NotFound
from controller.reports import opening, opening_queries
from controller.reports.opening_costs import costs_of_lines
from controller.reports.opening_reading import cost_of, quantity_of, read_file
from controller.sheets import BadFile
from tests.controller.goods import Shop, add_sku, numbers

HEADER = "site,bin,sku,quantity,lot,expiry,cost\n"
GOOD = HEADER + "s1,A-1,milk,10,,,1.25\ns1,A-2,tea,3,L7,2027-01-31,\n"


async def shop() -> tuple[int, int]:
    await Shop.open()
    return await add_sku("milk"), await add_sku("tea")


async def checked(text: str, **more: object) -> int:
    return await opening.check(text.encode(), "opening.csv", **more)  # type: ignore[arg-type]  # only sites


async def errors(file_id: int) -> dict[int, str]:
    return {row.line: row.error for row in await opening_queries.lines(file_id, limit=500, bad=True)}


async def test_nothing_is_booked_before_somebody_confirms_and_then_once(database: str) -> None:
    milk, tea = await shop()
    file_id = await checked(GOOD)
    assert await opening.apply_all() == 0
    assert await numbers(milk) == (0, 0, 0)
    await opening.confirm(file_id)
    await opening.confirm(file_id)
    assert await opening.apply_all() == 2
    assert await opening.apply_all() == 0
    assert (await numbers(milk), await numbers(tea)) == ((10, 0, 0), (3, 0, 0))
    row = await opening_queries.file(file_id)
    assert (row.state, row.applied, row.good, row.bad) == ("done", 2, 2, 0)
    lots = await db.fetch("SELECT code, expiry FROM lot WHERE sku_id = ?", tea)
    assert [(lot["code"], lot["expiry"].isoformat()) for lot in lots] == [("L7", "2027-01-31")]


async def test_the_same_bytes_are_the_same_file_and_book_nothing_twice(database: str) -> None:
    milk, _ = await shop()
    file_id = await checked(GOOD)
    assert await checked(GOOD) == file_id
    await opening.confirm(file_id)
    await opening.apply_all()
    assert await checked(GOOD) == file_id
    await opening.confirm(file_id)
    await opening.apply_all()
    assert await numbers(milk) == (10, 0, 0)


async def test_every_line_that_cannot_be_booked_says_why(database: str) -> None:
    await shop()
    file_id = await checked(
        HEADER
        + "s1,A-1,milk,10,,,\n"
        + "s1,A-1,milk,10,,,\n"
        + "s9,A-1,milk,10,,,\n"
        + "s1,Z,milk,10,,,\n"
        + "s1,A-1,cheese,10,,,\n"
        + "s1,A-2,milk,1.5,,,\n"
        + "s1,A-2,milk,-1,,,\n"
        + "s1,A-2,tea,1,,31.01.2027,\n"
        + "s1,A-2,tea,1,,,abc\n"
        + f"s1,A-2,tea,1,{'L' * 65},,\n"
    )
    assert await errors(file_id) == {
        3: "duplicate",
        4: "unknown_site",
        5: "unknown_bin",
        6: "unknown_sku",
        7: "bad_quantity",
        8: "bad_quantity",
        9: "bad_expiry",
        10: "bad_cost",
        11: "too_long",
    }
    report = b"".join([piece async for piece in opening_queries.error_report(file_id)]).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(report)))) == 10
    row = await opening_queries.file(file_id)
    assert (row.lines, row.good, row.units) == (10, 1, 10)


async def test_it_shows_what_it_would_add_to(database: str) -> None:
    milk, _ = await shop()
    file_id = await checked(GOOD)
    await opening.confirm(file_id)
    await opening.apply_all()
    other = await checked(HEADER + "s1,A-1,milk,4,,,\n")
    assert (await opening_queries.file(other)).occupied == 1
    (line,) = await opening_queries.lines(other)
    assert (line.there, line.quantity) == (10, 4)
    await opening.discard(other)
    await opening.apply_all()
    assert await numbers(milk) == (10, 0, 0)
    with pytest.raises(Conflict):
        await opening.confirm(other)


async def test_a_file_goes_on_after_a_crash_where_it_was(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    milk, _ = await shop()
    bins = [f"B-{number}" for number in range(10)]
    for code in bins:
        await db.execute("INSERT INTO location (site_id, code, kind, zone) VALUES ('s1', ?, 'bin', '')", code)
    file_id = await checked(HEADER + "".join(f"s1,{code},milk,1,,,\n" for code in bins))
    await opening.confirm(file_id)
    monkeypatch.setattr(opening, "AT_ONCE", 4)
    assert await opening.apply_next() == 4

    async def killed() -> int:
        async with db.transaction():
            await opening.apply_next()
            raise KeyError("killed before its commit")

    with pytest.raises(KeyError):
        await killed()
    assert (await opening_queries.file(file_id)).applied == 4
    await asyncio.gather(*(opening.apply_all() for _ in range(3)))
    assert await numbers(milk) == (10, 0, 0)


async def test_two_costs_of_one_article_are_weighed_by_how_much_they_bring(database: str) -> None:
    milk, _ = await shop()
    file_id = await checked(HEADER + "s1,A-1,milk,3,L1,,1.00\ns1,A-1,milk,1,L2,,2.00\ns1,A-1,milk,4,L3,,\n")
    await opening.confirm(file_id)
    await opening.apply_all()
    (basis,) = await db.fetch("SELECT minor, units FROM cost_basis WHERE sku_id = ?", milk)
    assert Fraction(basis["minor"], basis["units"]) == 125, "minor units a piece"


async def test_somebody_of_some_sites_books_and_sees_only_there(database: str) -> None:
    await shop()
    file_id = await checked(GOOD, sites=["s2"])
    assert set((await errors(file_id)).values()) == {"unknown_site"}
    other = await checked(GOOD + "s1,A-1,tea,1,,,\n")
    with pytest.raises(NotFound):
        await opening_queries.file(other, ["s2"])


async def test_a_large_file_is_checked_and_booked_in_reasonable_time(database: str) -> None:
    await shop()
    await db.execute_many(
        "INSERT INTO location (site_id, code, kind, zone) VALUES ('s1', ?, 'bin', '')", [(f"C-{number}",) for number in range(3000)]
    )
    file_id = await checked(HEADER + "".join(f"s1,C-{number},milk,2,,,\n" for number in range(3000)))
    await opening.confirm(file_id)
    assert await opening.apply_all() == 3000


def test_a_sheet_is_read_like_a_csv(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Site", "BIN", "sku", "quantity", "note"])
    sheet.append(["s1", "A-1", 4711, 10.0, "x"])
    sheet.append([None, None, None, None, None])
    sheet.append(["s1", "A-2", "tea", "3", None])
    book.save(tmp_path / "o.xlsx")
    lines = read_file((tmp_path / "o.xlsx").read_bytes())
    assert [(line.number, line.sku, line.quantity) for line in lines] == [(2, "4711", "10"), (4, "tea", "3")]


def test_what_chinese_spreadsheets_save_is_read() -> None:
    (line,) = read_file("site,bin,sku,quantity\ns1,货架,牛奶,3\n".encode("gb18030"))
    assert (line.bin, line.sku) == ("货架", "牛奶")


@pytest.mark.parametrize(
    "body", [b"", b"site,bin,sku\n", b"site,bin,sku,quantity\n", b"PK\x03\x04broken", b"\xff\xfe\x00", b'site,bin,sku,quantity\n"a']
)
def test_what_is_no_such_file_is_told(body: bytes) -> None:
    with pytest.raises(BadFile):
        read_file(body)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: ("site,bin,sku,quantity\n" + text).encode()))
@settings(max_examples=150)
def test_garbage_is_refused_or_read_and_never_breaks(body: bytes) -> None:
    try:
        lines = read_file(body)
    except BadFile:
        return
    assert all(len(line.sku) <= 64 and "\0" not in line.sku for line in lines)


@pytest.mark.parametrize(("text", "found"), [("10", 10), ("1 000", 1000), ("0", None), ("-1", None), ("1.0", None), ("٣", None)])
def test_quantities(text: str, found: int | None) -> None:
    assert quantity_of(text) == found


def test_a_cost_is_exact() -> None:
    assert (cost_of("1.2345"), cost_of("0"), cost_of("")) == (12345, 0, None)
    for text in ("1.23456", "-1", "NaN", "1e99", "x"):
        with pytest.raises(ValueError):
            cost_of(text)


async def test_what_an_article_costs_is_said_once_however_many_bins_it_lies_in(database: str) -> None:
    """The mean of the whole file, with the first batch that has the article: said again by each, a large file takes hours."""
    milk, _ = await shop()
    file_id = await checked(HEADER + "s1,A-1,milk,10,,,1.00\ns1,A-2,milk,30,,,3.00\ns1,A-1,tea,1,,,\n")
    lines = await db.fetch("SELECT * FROM opening_line WHERE file_id = ? ORDER BY line", file_id)
    (cost,) = await costs_of_lines("opening x", lines[:1])
    assert cost.sku_id == milk
    assert Fraction(cost.minor or 0, cost.units) == 250, "minor units a piece"
    await set_costs([cost])
    assert await costs_of_lines("opening x", lines[1:]) == []
    assert await costs_of_lines("opening x", []) == []


@pytest.mark.parametrize(("encoding", "word"), [("gb18030", "牛奶"), ("utf-16", "牛奶"), ("utf-8-sig", "牛奶"), ("cp1252", "CAFÉ")])
def test_what_spreadsheets_save_is_read_whatever_is_written_beside_it(encoding: str, word: str) -> None:
    (line,) = read_file(f"Site,Note,Bin,SKU,Quantity\r\ns1,{word},A-1,milk,10\r\n".encode(encoding))
    assert (line.site, line.bin, line.sku, line.quantity) == ("s1", "A-1", "milk", "10")
